"""What the Pareto kernels accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.array_checks import MAX_ROWS, check_finite, check_shape, float_array, int64

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def check_objectives(objectives: NDArray[np.float64]) -> None:
    """Raise ValueError unless there is an objective, and not more rows than can be counted."""
    rows, axes = objectives.shape
    if axes == 0:
        raise ValueError(f"objectives has shape {objectives.shape}, expected one column or more")
    if rows > MAX_ROWS:
        raise ValueError(f"objectives has {rows} rows, expected at most {MAX_ROWS}")


def survivor_count(n: int, rows: int) -> int:
    """How many of ``rows`` rows survive.

    Raises:
        TypeError: ``n`` is no integer.
        ValueError: There are not so many rows.
    """
    count = int64("n", n)
    if not 0 <= count <= rows:
        raise ValueError(f"n is {count}, expected 0 to {rows}, the rows of objectives")
    return count


def tournament_count(count: int, ranks: NDArray[np.int64], crowding: NDArray[np.float64]) -> int:
    """How many tournaments are held among rows of these ranks and crowding.

    Raises:
        TypeError: ``count`` is no integer.
        ValueError: It is negative, there is nobody to take part, or ranks and crowding differ in length.
    """
    check_shape("crowding", crowding, ranks.shape)
    number = int64("count", count)
    if number < 0:
        raise ValueError(f"count is {number}, expected 0 or more")
    if number and not len(ranks):
        raise ValueError("ranks is empty, there is nobody to take part in a tournament")
    return number


def reference_point(reference: ArrayLike, objectives: NDArray[np.float64]) -> NDArray[np.float64]:
    """The reference point of a hypervolume, float64 of shape (m,).

    Raises:
        ValueError: It is not numeric, of another length than the rows of ``objectives``, or not finite.
    """
    point = float_array("reference", reference, 1)
    check_shape("reference", point, objectives.shape[1:])
    check_finite("reference", point)
    return point
