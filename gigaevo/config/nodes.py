"""Walking a configuration without losing sight of what is written in it: OmegaConf's own access follows references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig, Node
from omegaconf.errors import OmegaConfBaseException

from gigaevo.config.errors import ConfigError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def child(container: DictConfig | ListConfig, key: Any) -> Node:
    """The node at ``key`` as it stands; ``key`` must be there."""
    node = container._get_node(key)
    assert isinstance(node, Node)
    return node


def follow(node: Node, *, at: str) -> Node:
    """The node that ``node`` refers to, by however many steps; itself where it is no reference.

    Args:
        node: Any node.
        at: Its key, for the message.

    Raises:
        ConfigError: The reference leads nowhere.
    """
    try:
        target = node._maybe_dereference_node(throw_on_resolution_failure=True)
    except OmegaConfBaseException as error:
        raise ConfigError(f"{at}: {one_line(error.msg or error)}") from error
    assert target is not None
    return target


def path_of(node: Node) -> str:
    """Where ``node`` stands, such as ``islands[0].behavior_space``; empty for what is not part of a configuration.

    OmegaConf's own ``_get_full_key`` forgets the brackets of some lists, which would make two places look like one.
    """
    steps: list[str] = []
    current: Node = node
    while (parent := current._get_parent()) is not None:
        key = current._key()
        if key is None:  # made by a resolver
            return ""
        steps.append(f"[{key}]" if isinstance(parent, ListConfig) else f".{key}")
        current = parent
    return "".join(reversed(steps)).removeprefix(".")


def leaves(node: Node) -> Iterator[Node]:
    """Every value below ``node``, references not followed."""
    if isinstance(node, DictConfig | ListConfig) and not node._is_interpolation() and not node._is_none():
        keys: Iterable[object] = range(len(node)) if isinstance(node, ListConfig) else list(node)
        for key in keys:
            yield from leaves(child(node, key))
    else:
        yield node
