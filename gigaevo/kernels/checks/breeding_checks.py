"""What the kernels of generations accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.checks.selection_checks import check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes: TypeAlias = NDArray[Any]
    Merits: TypeAlias = NDArray[np.float64]


def check_population(codes: Codes, merits: Merits, dtype: type[np.generic] | None = None) -> None:
    """Raise ValueError unless both are C-contiguous arrays, (n, d) and float64 (n,), of one candidate or more."""
    _check_arrays(codes=codes, merits=merits)
    if dtype is not None and codes.dtype != np.dtype(dtype):
        raise ValueError(f"codes is of {codes.dtype}, expected {np.dtype(dtype).name}")
    if codes.ndim != 2 or not codes.size:
        raise ValueError(f"codes has shape {codes.shape}, expected (n, d) with 1 or more of each")
    if merits.dtype != np.float64 or merits.shape != (len(codes),):
        raise ValueError(f"merits is {merits.dtype} of shape {merits.shape}, expected float64 of shape ({len(codes)},)")


def check_changeable(codes: Codes, merits: Merits) -> None:
    """Raise ValueError unless both arrays may be written to."""
    for name, array in (("codes", codes), ("merits", merits)):
        if not array.flags.writeable:
            raise ValueError(f"{name} must be writable, it is changed in place")


def check_children(codes: Codes, children: Codes, child_merits: Merits, count: int | None = None) -> None:
    """Raise ValueError unless children are of the kind of ``codes``, ``count`` of them if that is given."""
    _check_arrays(codes=codes, children=children, child_merits=child_merits)
    if codes.ndim != 2:
        raise ValueError(f"codes has shape {codes.shape}, expected (n, d)")
    n = len(children) if count is None else count
    if children.dtype != codes.dtype or children.shape != (n, codes.shape[1]):
        expected = f"{codes.dtype} of shape ({n}, {codes.shape[1]})"
        raise ValueError(f"children is {children.dtype} of shape {children.shape}, expected {expected}")
    if child_merits.dtype != np.float64 or child_merits.shape != (n,):
        given = f"{child_merits.dtype} of shape {child_merits.shape}"
        raise ValueError(f"child_merits is {given}, expected float64 of shape ({n},)")


def _check_arrays(**arrays: Any) -> None:
    """Raise ValueError unless all can be read in place, row by row, and hold numbers rather than objects."""
    for name, array in arrays.items():
        if not (isinstance(array, np.ndarray) and array.ndim and array.flags.c_contiguous and array.flags.aligned):
            raise ValueError(f"{name} must be a C-contiguous array")
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name} is of {array.dtype}, expected numbers")


def check_ordered(merits: Merits, child_merits: Merits) -> None:
    """Raise ValueError if a merit is NaN, which is neither larger nor smaller than any other."""
    for name, array in (("merits", merits), ("child_merits", child_merits)):
        wrong = np.isnan(array)
        if wrong.any():
            raise ValueError(f"{name}[{int(wrong.argmax())}] is nan, expected a number, or -inf for an invalid one")


def check_apart(codes: Codes, merits: Merits, children: Codes, child_merits: Merits) -> None:
    """Raise ValueError if what is changed in place and what is read from are one piece of memory."""
    for name, changed, read in (("children", codes, children), ("child_merits", merits, child_merits)):
        if np.may_share_memory(changed, read):
            raise ValueError(f"{name} must be an array of its own: the population is changed while it is read")


def check_elites(elites: int, n: int) -> None:
    """Raise ValueError unless ``elites`` of ``n`` can stay and leave room for one child."""
    if not 0 <= elites < n:
        raise ValueError(f"elites is {elites}, expected 0 to {n - 1}, fewer than the population has")


def check_order(order: int, genes: int) -> None:
    """Raise ValueError unless generations can be made on traps of ``order`` bits, as functions without any have 1."""
    if not 1 <= order <= 64 or genes % order:
        raise ValueError(f"order is {order}, expected 1 to 64 and a divisor of the {genes} genes")


def check_breeding(count: int, size: int, cuts: int = 0) -> None:
    """Raise ValueError if a number of children, of a tournament or of cuts is out of range."""
    if count < 0:
        raise ValueError(f"count is {count}, expected 0 or more")
    check_size(size)
    if cuts < 0:
        raise ValueError(f"cuts is {cuts}, expected 0 (uniform crossover) or more")
