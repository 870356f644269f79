"""What the kernels of selection accept; both implementations raise through here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def check_picks(candidates: int, count: int) -> None:
    """Raise ValueError if ``count`` picks from ``candidates`` cannot be made."""
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more")
    if count and not candidates:
        raise ValueError(f"merits is empty, there is no candidate to select (count is {count})")
    if candidates > array_checks.MAX_ROWS:
        raise ValueError(f"merits has {candidates} candidates, at most {array_checks.MAX_ROWS} are possible")


def check_size(size: int) -> None:
    """Raise ValueError if a tournament of ``size`` cannot be held."""
    if size < 1:
        raise ValueError(f"size is {size}, expected 1 or more")


def contested(size: int, candidates: int) -> int:
    """How many draws decide a tournament of ``size``: beyond 64 for each candidate the best one was drawn for certain.

    That it was not has a probability of e^-64, which 64 random bits cannot tell from 0.
    """
    return min(size, 64 * max(candidates, 1))


def pick_counts(counts: ArrayLike, candidates: int) -> NDArray[np.int64]:
    """How often each candidate has been selected so far: int64 of shape (candidates,).

    Raises:
        ValueError: Not integers, of another shape, or one of them is negative.
    """
    array = array_checks.int_array("counts", counts, 1)
    array_checks.check_shape("counts", array, (candidates,))
    negative = np.flatnonzero(array < 0)
    if len(negative):
        raise ValueError(f"counts[{negative[0]}] is {array[negative[0]]}, expected 0 or more")
    return array


def contestants(merits: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """The merits among which is selected, and the row of each; None where these are all of ``merits``.

    The invalid (NaN, minus infinity) take part only where there is no valid one, and then they are all equal.
    """
    valid = merits > -math.inf
    if valid.all():
        return merits, None
    rows = np.flatnonzero(valid)
    return (merits[rows], rows) if len(rows) else (np.zeros(len(merits)), None)


def shares(merits: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Weights of a roulette wheel: how far each merit is along the way from the least to the greatest, plus ``floor``.

    Args:
        merits: Valid ones, float64 (n,). Where some are infinite, these share the wheel.
        floor: What is added to each.

    Returns:
        float64 (n,) of 0 to ``1 + floor``; all 1 where all merits are equal.
    """
    least, greatest = float(merits.min(initial=math.inf)), float(merits.max(initial=-math.inf))
    if greatest == math.inf:
        return np.where(merits == math.inf, 1.0, 0.0)
    if not least < greatest:
        return np.ones(len(merits))
    shift = 0.5 if greatest - least == math.inf else 1.0  # of halves the difference does not overflow
    above: NDArray[np.float64] = (merits * shift - least * shift) / (greatest * shift - least * shift)
    return above + floor
