"""What arguments of optimizers are."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_number(given: Any) -> bool:
    """Whether it is a real number, of Python or numpy; a truth value is none."""
    return isinstance(given, (int, float, np.integer, np.floating)) and not isinstance(given, bool)


def is_true(given: Any) -> bool:
    """Whether it is the truth value True, of Python or numpy; a number or a text is none."""
    return isinstance(given, (bool, np.bool_)) and bool(given)


def is_count(given: Any) -> bool:
    """Whether it is a whole number from 1."""
    return isinstance(given, (int, np.integer)) and not isinstance(given, bool) and int(given) >= 1
