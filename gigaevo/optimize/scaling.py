"""Sums of numbers that are near to the largest that a float64 can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGE = 1e140  # squares of less, and sums of as many of them as there is room for, are finite


def scaled(values: Floats) -> tuple[Floats, float]:
    """Numbers whose squares can be added up, and the power of two by which they are to be multiplied to be ``values``.

    Args:
        values: Finite, of any shape.

    Returns:
        ``values`` themselves and 1.0 where none is large.
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest <= LARGE:
        return values, 1.0
    scale = 2.0 ** (np.frexp(largest)[1] - 1)  # at most 2^1023, which is a float64
    return values / scale, float(scale)


def mean(values: Floats) -> float:
    """The mean of finite numbers of shape (n,), which is finite though their sum need not be; NaN of none."""
    if not values.size:
        return float("nan")
    parts, scale = scaled(values)
    return float(parts.mean()) * scale
