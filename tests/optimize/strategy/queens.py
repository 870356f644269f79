"""The queens problem: fitness of a permutation, row by row the column of each queen."""

from __future__ import annotations

from typing import Any

import numpy as np


def conflicts(columns: Any) -> float:
    """Queens that share a diagonal with an earlier one; 0 where no two attack each other."""
    rows = np.arange(len(columns))
    free = len(np.unique(columns + rows)) + len(np.unique(columns - rows))
    return float(2 * len(columns) - free)
