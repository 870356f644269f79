"""What several families of kernels accept. Both implementations raise through here, so that errors read the same.

The compiled kernels look at their input with a few C comparisons and come here when something does not fit: either it
can be converted, or the error is raised that names argument, index and value.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

MAX_ROWS = 2**31 - 2  # rows are counted in 32 bits
# What an array must be to be read in C: contiguous, and aligned, which numbers amid bytes are not.
IN_PLACE: tuple[Literal["C"], Literal["A"]] = ("C", "A")


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


def index_array(name: str, given: ArrayLike, ndim: int, limit: int) -> NDArray[np.int64]:
    """``given`` as indices below ``limit``.

    Raises:
        ValueError: It is of no integers, of another number of dimensions, or one is out of its range.
    """
    array = int_array(name, given, ndim)
    if ndim == 1:
        check_below(name, array, limit)
        return array
    bad = np.argwhere((array < 0) | (array >= limit))
    if len(bad):
        row, column = bad[0].tolist()
        raise ValueError(f"{name}[{row}, {column}] is {array[row, column]}, expected 0 to {limit - 1}")
    return array


def flag_array(name: str, given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """``given`` as bytes of 0 and 1.

    Raises:
        ValueError: It is of another shape, or not of truth values.
    """
    array = np.asarray(given)
    check_shape(name, array, shape)
    if array.dtype.kind not in "bu":
        raise ValueError(f"{name} must be truth values (bool or uint8), not {array.dtype}")
    return np.ascontiguousarray(array != 0).view(np.uint8)


def owned_array(name: str, given: Any, ndim: int) -> NDArray[np.float64]:
    """``given``, which a kernel will write to.

    Raises:
        ValueError: It is not a writable C-contiguous float64 array: a copy would be changed in its place.
    """
    kind = type(given).__name__
    if isinstance(given, np.ndarray):
        if given.dtype == np.float64 and given.ndim == ndim and given.flags.carray:
            return given
        kind = f"{given.dtype} of shape {given.shape}"
    dimensions = f"{ndim} dimension{'s' if ndim > 1 else ''}"
    raise ValueError(f"{name} is {kind}, expected a writable C-contiguous float64 array of {dimensions}")


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


def check_uniforms(uniforms: NDArray[np.float64]) -> None:
    """Raise ValueError naming the first of ``uniforms`` that is not in [0, 1)."""
    bad = np.flatnonzero(~((uniforms >= 0.0) & (uniforms < 1.0)))
    if len(bad):
        raise ValueError(f"uniforms[{bad[0]}] is {uniforms[bad[0]]}, expected a number in [0, 1)")


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


def check_not_negative(name: str, number: float) -> None:
    """Raise ValueError unless ``number`` is finite and 0 or more."""
    try:
        fits = 0.0 <= number < math.inf
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"{name} is {number!r}, expected a finite number of 0 or more")


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
    """Raise ValueError if there would be more rows than can be counted."""
    if rows > MAX_ROWS:
        raise ValueError(f"room for {rows} rows would be needed, at most {MAX_ROWS} are possible")


def _check_ndim(name: str, array: NDArray[np.generic], ndim: int) -> None:
    if array.ndim != ndim:
        raise ValueError(f"{name} has shape {array.shape}, expected {ndim} dimension{'s' if ndim > 1 else ''}")
