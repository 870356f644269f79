"""What the kernels of bits, alleles and permutations accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.checks.array_checks import IN_PLACE, int_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Codes: TypeAlias = NDArray[Any]


def codes(name: str, given: ArrayLike, *kinds: type[np.generic]) -> Codes:
    """Rows of codes as a C-contiguous array of shape (n, d).

    Raises:
        ValueError: They are not of one of ``kinds``, or not of two dimensions.
    """
    array = np.asarray(given)
    if array.dtype not in [np.dtype(kind) for kind in kinds]:
        names = " or ".join(np.dtype(kind).name for kind in kinds)
        raise ValueError(f"{name} is of {array.dtype}, expected {names}")
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}, expected (n, d)")
    return np.require(array, None, IN_PLACE)


def parents(a: ArrayLike, b: ArrayLike, *kinds: type[np.generic]) -> tuple[Codes, Codes]:
    """Both parents of each pair, of one type and shape.

    Raises:
        ValueError: They are something else.
    """
    first, second = codes("a", a, *kinds), codes("b", b, *kinds)
    if first.shape != second.shape or first.dtype != second.dtype:
        given = f"{second.dtype} of shape {second.shape}"
        raise ValueError(f"b is {given}, expected as a {first.dtype} of shape {first.shape}")
    return first, second


def limits(given: ArrayLike, genes: int) -> NDArray[np.int32]:
    """Alleles of each gene, int32 of shape (genes,).

    Raises:
        ValueError: They are of another shape, or one is below 1 or too large for 32 bits.
    """
    array = np.asarray(given)
    if array.dtype.kind not in "iu" or array.shape != (genes,):
        raise ValueError(f"limits is {array.dtype} of shape {array.shape}, expected whole numbers of shape ({genes},)")
    if array.size and array.min() < 1:
        raise ValueError(f"limits[{int(array.argmin())}] is {array.min()}, expected 1 or more")
    if array.size and array.max() >= 2**31:
        raise ValueError(f"limits[{int(array.argmax())}] is {array.max()}, expected at most 2**31 - 1")
    return np.require(array, np.int32, IN_PLACE)


def set_ends(given: ArrayLike | None, genes: int) -> NDArray[np.int64]:
    """Where each set of a permutation ends, int64, the last being ``genes``; None: all genes are one set.

    Raises:
        ValueError: They are no whole numbers, or do not ascend to ``genes``.
    """
    array = int_array("ends", [genes] if given is None else given, 1)
    if (np.diff(array, prepend=0) < (1 if genes else 0)).any() or array[-1:].tolist() != [genes]:
        raise ValueError(f"ends is {array.tolist()}, expected ascending numbers of which the last is {genes}")
    return array


def check_permutations(name: str, rows: Codes, ends: NDArray[np.int64]) -> None:
    """Raise ValueError if a row is not made of a permutation of 0 to size - 1 for each set."""
    start = 0
    for end in ends.tolist():
        wrong = (np.sort(rows[:, start:end], axis=1) != np.arange(end - start)).any(axis=1)
        if wrong.any():
            row = int(np.argmax(wrong))
            whole = f"genes {start} to {end - 1} of {name}[{row}]"
            raise ValueError(
                f"{whole} are {rows[row, start:end].tolist()}, expected each of 0 to {end - start - 1} once"
            )
        start = end
