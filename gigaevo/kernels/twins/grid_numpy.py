"""Grid binning in numpy: the twin of ``_grid.pyx``, with the same results and the same errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.array_checks import check_finite, float_array
from gigaevo.kernels.checks.grid_checks import Axis, checked_axes, stretched
from gigaevo.kernels.codes import Binning

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def bin_grid(
    values: ArrayLike, lower: ArrayLike, upper: ArrayLike, resolution: ArrayLike, binning: ArrayLike
) -> NDArray[np.int64]:
    """The cell of a grid that each point falls into.

    A cell holds its lower edge and not its upper one; the last cell of an axis holds both. Values beyond the bounds
    go to the edge cells. Arrays of other types are converted, which costs a copy.

    Args:
        values: float64 (n, d), 1 <= d <= 8, finite.
        lower: float64 (d,), finite; positive on logarithmic axes.
        upper: float64 (d,), finite, above ``lower``.
        resolution: int64 (d,), cells along each axis, 1 to 2**31, their product at most 2**62.
        binning: uint8 (d,), ``Binning`` codes.

    Returns:
        int64 (n,), cells numbered in C order (the last axis varies fastest).

    Raises:
        ValueError: An argument does not fit its description; the text names argument, index and value.
    """
    points = float_array("values", values, 2)
    axes = checked_axes(lower, upper, resolution, binning, points.shape[1])
    check_finite("values", points)
    cells = np.zeros(len(points), dtype=np.int64)
    for number, axis in enumerate(axes):
        inside = np.clip(points[:, number], axis.lower, axis.upper)
        position = np.minimum(_stretched_column(inside, axis) * axis.scale, axis.resolution - 1)
        cells = cells * axis.resolution + position.astype(np.int64)
    return cells


def bin_cell(values: ArrayLike, lower: ArrayLike, upper: ArrayLike, resolution: ArrayLike, binning: ArrayLike) -> int:
    """The cell of one point, by its number.

    Args:
        values: float64 (d,), finite. The other arguments are those of ``bin_grid``, and so is the rule.

    Returns:
        The number that ``bin_grid`` gives the point.

    Raises:
        ValueError: As ``bin_grid``.
    """
    point = float_array("values", values, 1)
    axes = checked_axes(lower, upper, resolution, binning, len(point))
    check_finite("values", point)
    cell = 0
    for value, axis in zip(point.tolist(), axes, strict=True):
        cell = cell * axis.resolution + _index(value, axis)
    return cell


def bin_point(
    values: ArrayLike, lower: ArrayLike, upper: ArrayLike, resolution: ArrayLike, binning: ArrayLike
) -> tuple[int, ...]:
    """The cell of one point, as its index along each axis.

    Args:
        values: float64 (d,), finite. The other arguments are those of ``bin_grid``, and so is the rule.

    Returns:
        d indices, each from 0 to ``resolution - 1``.

    Raises:
        ValueError: As ``bin_grid``.
    """
    point = float_array("values", values, 1)
    axes = checked_axes(lower, upper, resolution, binning, len(point))
    check_finite("values", point)
    return tuple(_index(value, axis) for value, axis in zip(point.tolist(), axes, strict=True))


def _index(value: float, axis: Axis) -> int:
    inside = min(max(value, axis.lower), axis.upper)
    return min(int(stretched(inside, axis.lower, axis.binning) * axis.scale), axis.resolution - 1)


def _stretched_column(inside: NDArray[np.float64], axis: Axis) -> NDArray[np.float64]:
    if axis.binning is Binning.LOGARITHMIC:
        # math.log is the C library's, as in the compiled kernel; numpy's own differs from it in the last digit.
        logs = np.fromiter(map(math.log, inside.tolist()), dtype=np.float64, count=len(inside))
        return logs - math.log(axis.lower)
    distance = inside - axis.lower
    return np.sqrt(distance) if axis.binning is Binning.SQUARE_ROOT else distance
