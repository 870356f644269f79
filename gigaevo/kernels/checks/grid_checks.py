"""What grids accept; both implementations raise through here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.kernels.checks.array_checks import check_finite, check_shape, float_array, int_array
from gigaevo.kernels.codes import Binning

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_AXES = 8
MAX_CELLS = 2**62
MAX_RESOLUTION = 2**31

# Positions are stretched by this much, so that rounding never puts a value that lies on an edge (3 of 10 on [0, 10],
# 100 on a logarithmic axis) into the cell below it.
EDGE_SLACK = 1.0 + 1e-12


class Axis(NamedTuple):
    """One axis of a grid: the cell of ``value`` is ``int(scale * stretched(value))``, at most ``resolution - 1``."""

    lower: float
    upper: float
    resolution: int
    binning: Binning
    scale: float


def binning_array(given: ArrayLike) -> NDArray[np.uint8]:
    """``given`` as binning codes.

    Raises:
        ValueError: One of them is no ``Binning``.
    """
    codes = int_array("binning", given, 1)
    for axis, code in enumerate(codes.tolist()):
        if code not in list(Binning):
            kinds = ", ".join(f"{kind.value} ({kind.name})" for kind in Binning)
            raise ValueError(f"binning[{axis}] is {code}, expected one of {kinds}")
    return codes.astype(np.uint8)


def checked_axes(
    lower: ArrayLike, upper: ArrayLike, resolution: ArrayLike, binning: ArrayLike, axes: int
) -> list[Axis]:
    """The axes of a grid.

    Args:
        lower: float64 (axes,), finite.
        upper: float64 (axes,), finite, above ``lower``.
        resolution: int64 (axes,), 1 to 2**31.
        binning: ``Binning`` codes (axes,).
        axes: Number of axes, 1 to 8.

    Raises:
        ValueError: Naming argument, axis and value; or the grid would have more than 2**62 cells.
    """
    if not 1 <= axes <= MAX_AXES:
        raise ValueError(f"values have {axes} axes, expected 1 to {MAX_AXES}")
    lowers, uppers = float_array("lower", lower, 1), float_array("upper", upper, 1)
    resolutions, kinds = int_array("resolution", resolution, 1), binning_array(binning)
    check_shape("lower", lowers, (axes,))
    check_shape("upper", uppers, (axes,))
    check_shape("resolution", resolutions, (axes,))
    check_shape("binning", kinds, (axes,))
    check_finite("lower", lowers)
    check_finite("upper", uppers)
    columns = zip(lowers.tolist(), uppers.tolist(), resolutions.tolist(), kinds.tolist(), strict=True)
    made = [_checked_axis(number, *column) for number, column in enumerate(columns)]
    if math.prod(axis.resolution for axis in made) > MAX_CELLS:
        raise ValueError(f"resolution {resolutions.tolist()} makes more than 2**62 cells")
    return made


def _checked_axis(number: int, lower: float, upper: float, resolution: int, code: int) -> Axis:
    if not lower < upper:
        raise ValueError(f"lower[{number}] is {lower}, expected less than upper[{number}], which is {upper}")
    if not 1 <= resolution <= MAX_RESOLUTION:
        raise ValueError(f"resolution[{number}] is {resolution}, expected 1 to 2**31")
    binning = Binning(code)
    if binning is Binning.LOGARITHMIC and lower <= 0.0:
        raise ValueError(f"lower[{number}] is {lower}, expected more than 0 as the axis is logarithmic")
    span = stretched(upper, lower, binning)
    scale = resolution / span * EDGE_SLACK if span > 0.0 else math.inf
    if not (math.isfinite(span) and math.isfinite(scale)):
        raise ValueError(f"lower[{number}] to upper[{number}], {lower} to {upper}, is too narrow or too wide to bin")
    return Axis(lower, upper, resolution, binning, scale)


def stretched(value: float, lower: float, binning: Binning) -> float:
    """Distance of ``value`` from ``lower`` in the measure in which the cells are of equal width."""
    if binning is Binning.LOGARITHMIC:
        return math.log(value) - math.log(lower)
    return math.sqrt(value - lower) if binning is Binning.SQUARE_ROOT else value - lower
