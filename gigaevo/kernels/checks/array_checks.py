"""What kernels accept. Both implementations raise through here, so that their errors read the same.

The compiled kernels look at their input with a few C comparisons and come here when something does not fit: either it
can be converted, or the error is raised that names argument, index and value.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from gigaevo.kernels.codes import Binning

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

MAX_AXES = 8
MAX_CELLS = 2**62
MAX_RESOLUTION = 2**31
MAX_ROWS = 2**31 - 2  # rows are counted in 32 bits
# What an array must be to be read in C: contiguous, and aligned, which numbers amid bytes are not.
IN_PLACE: tuple[Literal["C"], Literal["A"]] = ("C", "A")

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


def float_array(name: str, given: ArrayLike, ndim: int) -> NDArray[np.float64]:
    """``given`` as a C-contiguous, aligned float64 array, copied only if it must be.

    Raises:
        ValueError: It is not numeric or has not ``ndim`` dimensions.
    """
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be real numbers (float64), not {array.dtype}")
    _check_ndim(name, array, ndim)
    return np.require(array, np.float64, IN_PLACE)


def int_array(name: str, given: ArrayLike, ndim: int) -> NDArray[np.int64]:
    """``given`` as a C-contiguous, aligned int64 array, copied only if it must be.

    Raises:
        ValueError: It is not of integers that fit into int64, or has not ``ndim`` dimensions.
    """
    array = np.asarray(given)
    if array.size and not (array.dtype.kind in "iu" and np.can_cast(array.dtype, np.int64)):
        raise ValueError(f"{name} must be integers (int64), not {array.dtype}")
    _check_ndim(name, array, ndim)
    return np.require(array, np.int64, IN_PLACE)


def output(out: Any, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
    """``out``, to which a kernel writes, or a new array where none is given.

    Raises:
        ValueError: It is no C-contiguous array of that shape and type that may be written to.
    """
    if out is None:
        return np.empty(shape, dtype)
    if not (isinstance(out, np.ndarray) and out.dtype == dtype and out.shape == shape):
        given = f"{out.dtype} of shape {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"out is {given}, expected {np.dtype(dtype)} of shape {shape}")
    if not out.flags.carray:
        raise ValueError("out must be a writable C-contiguous array")
    return out


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


def check_shape(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless ``array`` has ``shape``."""
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")


def check_finite(name: str, array: NDArray[np.float64]) -> None:
    """Raise ValueError naming the first NaN or infinity of ``array``: its index (row first, then axis) and value."""
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(bad[0].tolist())
        where = ", ".join(map(str, index))
        row_and_axis = f" (row {index[0]}, axis {index[1]})" if array.ndim == 2 else ""
        raise ValueError(f"{name}[{where}]{row_and_axis} is {array[index]}, expected a finite number")


def int64(name: str, given: int) -> int:
    """``given`` as an integer that fits into 64 bits, by the rule of a C argument.

    Raises:
        TypeError: It is no integer.
        OverflowError: It does not fit.
    """
    number = operator.index(given)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(f"{name} is {number}, expected an integer of 64 bits")
    return number


def check_objective(objective: float) -> None:
    """Raise ValueError if a single objective is NaN or infinite."""
    if not math.isfinite(objective):
        raise ValueError(f"objective is {objective}, expected a finite number")


def check_cell(cell: int, total_cells: int) -> None:
    """Raise ValueError if a single cell is not of the archive."""
    if not 0 <= cell < total_cells:
        raise ValueError(f"cell is {cell}, expected 0 to {total_cells - 1}")


def check_cells(cells: NDArray[np.int64], total_cells: int) -> None:
    """Raise ValueError naming the first of ``cells`` that is not of the archive."""
    bad = np.flatnonzero((cells < 0) | (cells >= total_cells))
    if len(bad):
        raise ValueError(f"cells[{bad[0]}] is {cells[bad[0]]}, expected 0 to {total_cells - 1}")


def check_uniforms(uniforms: NDArray[np.float64]) -> None:
    """Raise ValueError naming the first of ``uniforms`` that is not in [0, 1)."""
    bad = np.flatnonzero(~((uniforms >= 0.0) & (uniforms < 1.0)))
    if len(bad):
        raise ValueError(f"uniforms[{bad[0]}] is {uniforms[bad[0]]}, expected a number in [0, 1)")


def check_not_empty(elites: int) -> None:
    """Raise ValueError if there is no elite to sample."""
    if elites == 0:
        raise ValueError("the archive is empty, there is no elite to sample")


def check_number(name: str, number: float) -> None:
    """Raise ValueError if a single number is NaN or infinite."""
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}, expected a finite number")


def check_not_nan(name: str, number: float) -> None:
    """Raise ValueError if a single number is NaN."""
    if math.isnan(number):
        raise ValueError(f"{name} is nan, expected a number")


def check_row(row: int, rows: int) -> None:
    """Raise ValueError if a single row is not one of ``rows``."""
    if not 0 <= row < rows:
        raise ValueError(f"row is {row}, " + (f"expected 0 to {rows - 1}" if rows else "but there are no rows yet"))


def check_below(name: str, given: NDArray[np.int64], limit: int) -> None:
    """Raise ValueError naming the first of ``given`` that is not in 0 to ``limit - 1``."""
    bad = np.flatnonzero((given < 0) | (given >= limit))
    if len(bad):
        expected = f"expected 0 to {limit - 1}" if limit else "but there are no rows yet"
        raise ValueError(f"{name}[{bad[0]}] is {given[bad[0]]}, {expected}")


def check_has_rows(rows: int) -> None:
    """Raise ValueError if a ranking is empty."""
    if rows == 0:
        raise ValueError("the ranking is empty, it has no least, greatest or random row")


def check_count(n: int) -> None:
    """Raise ValueError if a number of rows is negative."""
    if n < 0:
        raise ValueError(f"n is {n}, expected 0 or more")


def check_genes(genes: int) -> None:
    """Raise ValueError if a genome would have no gene, or more than can be counted."""
    if not 1 <= genes < 2**31:
        raise ValueError(f"genes is {genes}, expected 1 to 2**31 - 1")


def check_limit(limit: int) -> None:
    """Raise ValueError if integers below ``limit`` cannot be drawn."""
    if not 1 <= limit < 2**31:
        raise ValueError(f"limit is {limit}, expected 1 to 2**31 - 1")


def check_rate(name: str, rate: float) -> None:
    """Raise ValueError unless ``rate`` is a probability."""
    try:
        fits = 0.0 <= rate <= 1.0
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{name} is {rate!r}, expected a probability, 0 to 1")


def random_state(words: ArrayLike) -> NDArray[np.uint64]:
    """The state of a random stream, uint64 of shape (4,).

    Raises:
        ValueError: It is not of four words, or all are 0.
    """
    state = np.asarray(words, np.uint64)
    if state.shape != (4,) or not state.any():
        raise ValueError(f"state is {state.tolist()}, expected four words of 64 bits, not all of them 0")
    return state


def check_rows(rows: int) -> None:
    """Raise ValueError if an archive would need more rows than it can count."""
    if rows > MAX_ROWS:
        raise ValueError(f"the archive would need room for {rows} elites, at most {MAX_ROWS} are possible")


def check_archive(total_cells: int, behavior_dim: int, solution_dim: int, capacity: int) -> None:
    """Raise ValueError if an archive cannot have this shape."""
    if not 1 <= total_cells <= MAX_CELLS:
        raise ValueError(f"total_cells is {total_cells}, expected 1 to 2**62")
    if behavior_dim < 0 or solution_dim < 0:
        name, value = ("behavior_dim", behavior_dim) if behavior_dim < 0 else ("solution_dim", solution_dim)
        raise ValueError(f"{name} is {value}, expected 0 or more")
    if not 1 <= capacity <= MAX_ROWS:
        raise ValueError(f"capacity is {capacity}, expected 1 to {MAX_ROWS}")


def optional_rows(name: str, given: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.float64] | None:
    """What an archive keeps beside the objective: an array of ``shape``, or None where the archive keeps none.

    Raises:
        ValueError: Given though the archive keeps none, missing though it does, or of another shape.
    """
    if shape[-1] == 0:
        if given is not None:
            raise ValueError(f"{name} given, but the archive was made without any (dimension 0)")
        return None
    if given is None:
        raise ValueError(f"{name} missing, expected shape {shape}")
    array = float_array(name, given, len(shape))
    check_shape(name, array, shape)
    return array


def optional_keys(given: ArrayLike | None, n: int, keyed: bool) -> NDArray[np.int64] | None:
    """The keys of ``n`` items, or None where an archive keeps none.

    Raises:
        ValueError: Given though the archive keeps none, missing though it does, or of another shape or type.
    """
    if not keyed:
        if given is not None:
            raise ValueError("keys given, but the archive was made without any (keyed=False)")
        return None
    if given is None:
        raise ValueError(f"keys missing, expected shape ({n},)")
    keys = int_array("keys", given, 1)
    check_shape("keys", keys, (n,))
    return keys


def check_keyed(keyed: bool) -> None:
    """Raise ValueError if an archive keeps no keys."""
    if not keyed:
        raise ValueError("the archive was made without keys (keyed=False)")


def check_depth(depth: int, total_cells: int) -> None:
    """Raise ValueError unless the cells of an archive are whole runs of ``depth``."""
    if depth < 1 or total_cells % depth:
        raise ValueError(f"depth is {depth}, expected a divisor of the {total_cells} cells")


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


def _check_ndim(name: str, array: NDArray[np.generic], ndim: int) -> None:
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}, expected {ndim} dimension{'s' if ndim > 1 else ''}")
