"""The three ``prctl`` calls the sandbox needs; they do nothing on other systems."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent(signal_number: int) -> None:
    """Be sent ``signal_number`` when the parent dies; 0 takes that back."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def hide_from_peers() -> None:
    """Keep other processes of this user from tracing this one and from reading its memory and environment."""
    _prctl(_PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, argument: int) -> None:
    if _libc is not None:
        _libc.prctl(option, argument, 0, 0, 0)
