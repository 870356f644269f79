"""What a broken problem folder says."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class ProblemError(ValueError):
    """A problem folder cannot be used. Its text is one line: where, what is wrong, what would be right.

    Args:
        what: What is wrong and how to put it right.
        path: The file or folder concerned.
        line: Line of ``path``, counted from 1; None where no single line is to blame.

    Attributes:
        path: As given.
        line: As given.
    """

    def __init__(self, what: str, *, path: Path, line: int | None = None) -> None:
        self.path = path
        self.line = line
        where = f"{path}:{line}" if line is not None else str(path)
        super().__init__(" ".join(f"{where}: {what}".split()))


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """The remedy for an unknown key: the nearest of ``choices``, or all of them."""
    known = sorted(choices)
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
