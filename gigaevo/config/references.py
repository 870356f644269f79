"""Which parts of a configuration refer to which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from omegaconf import DictConfig, Node

from gigaevo.config.builder import ALIASES
from gigaevo.config.nodes import child, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def unused_keys(config: DictConfig, used: Iterable[str]) -> list[str]:
    """Top-level keys that nothing refers to, directly or by way of others, starting from the keys in ``used``.

    An identifier inside ``${...}`` counts as a reference to the key of that name, so a doubtful case counts as used.
    """
    keys = {str(key) for key in config}
    reached: set[str] = set()
    waiting = [key for key in used if key in keys]
    while waiting:
        key = waiting.pop()
        if key in reached:
            continue
        reached.add(key)
        waiting.extend(name for name in _names(child(config, key)) if name in keys)
    return [str(key) for key in config if str(key) not in reached]


def _names(node: Node) -> set[str]:
    """Identifiers in the interpolations below ``node``, with what they are aliases of."""
    names: set[str] = set()
    for leaf in leaves(node):
        text = leaf._value()
        if isinstance(text, str) and "${" in text:
            names.update(_IDENTIFIER.findall(text))
    return names | {ALIASES[name] for name in names if name in ALIASES}
