"""What arguments of optimizers are, and how they are shown."""

from __future__ import annotations

from typing import Any

import numpy as np

LONGEST = 200  # characters of what is shown


def is_number(given: Any) -> bool:
    """Whether it is a real number, of Python or numpy; a truth value is none."""
    return isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)


def is_count(given: Any) -> bool:
    """Whether it is a whole number from 1."""
    return isinstance(given, (int, np.integer)) and not isinstance(given, bool) and int(given) >= 1


def brief(thing: Any) -> str:
    """``repr`` of it, with the middle left out where that is long: of a thousand alleles or ranges."""
    shown = repr(thing)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 43]} ... {shown[-38:]}"
