"""What people are told about a configuration that cannot be run."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConfigError(ValueError):
    """The configuration is wrong. The message is one line: what is wrong, which key, what would be right."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """``"; did you mean x"`` for the choice nearest to ``word``, or an empty text where none is near."""
    nearest = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]}" if nearest else ""


def one_line(text: object) -> str:
    """``text`` with every run of white space, line ends included, made one space."""
    return " ".join(str(text).split())
