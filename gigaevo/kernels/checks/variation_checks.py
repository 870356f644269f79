"""What the kernels of variation accept; both implementations raise through here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LARGEST_WHOLE = 2.0**53  # from here on float64 leaves out whole numbers


def check_cuts(cuts: int) -> None:
    """Raise ValueError if genomes cannot be cut at so many points."""
    if cuts < 1:
        raise ValueError(f"cuts is {cuts}, expected 1 or more")


def parents(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Both parents of each pair, float64 of the same shape (n, d).

    Raises:
        ValueError: They are not numeric, not of two dimensions or of different shapes.
    """
    first, second = array_checks.float_array("a", a, 2), array_checks.float_array("b", b, 2)
    if first.shape != second.shape:
        raise ValueError(f"b has shape {second.shape}, expected that of a, {first.shape}")
    return first, second


def bounds(
    lower: ArrayLike | None, upper: ArrayLike | None, genes: int, names: tuple[str, str] = ("lower", "upper")
) -> tuple[Floats, Floats] | None:
    """Least and greatest value of each gene, float64 (genes,); None where there are no bounds.

    Args:
        names: Of the arguments, for errors.

    Raises:
        ValueError: Only one was given, not of one number for each gene, not finite, or reversed. Equal ones are fine:
            they fix a gene.
    """
    if lower is None and upper is None:
        return None
    if lower is None or upper is None:
        raise ValueError(f"{names[lower is not None]} is None, expected bounds on both sides or on none")
    low, high = array_checks.float_array(names[0], lower, 1), array_checks.float_array(names[1], upper, 1)
    for name, side in zip(names, (low, high), strict=True):
        array_checks.check_shape(name, side, (genes,))
        array_checks.check_finite(name, side)
    bad = np.flatnonzero(low > high)
    if len(bad):
        gene = bad[0]
        raise ValueError(
            f"{names[0]}[{gene}] is {low[gene]}, expected at most {names[1]}[{gene}], which is {high[gene]}"
        )
    with np.errstate(over="ignore"):
        wide = np.flatnonzero(~np.isfinite(high - low))
    if len(wide):
        raise ValueError(f"{_range(names, wide[0], low, high)} is wider than float64 can tell")
    return low, high


def bounds_and_integers(
    lower: ArrayLike | None,
    upper: ArrayLike | None,
    integer: ArrayLike | None,
    genes: int,
    names: tuple[str, str, str] = ("lower", "upper", "integer"),
) -> tuple[Floats | None, Floats | None, NDArray[np.bool_] | None]:
    """Bounds, and which genes are whole numbers (None if none is); the bounds of these are moved inwards to such.

    Raises:
        ValueError: As in ``bounds``; ``integer`` is not of one bool for each gene; or no whole number lies between the
            bounds of a gene that has to be one, or some that float64 leaves out.
    """
    both = bounds(lower, upper, genes, names[:2])
    low, high = both if both is not None else (None, None)
    if integer is None:
        return low, high, None
    whole = np.asarray(integer)
    if whole.dtype != np.bool_ and whole.size:
        raise ValueError(f"{names[2]} must be bools, one for each gene, not {whole.dtype}")
    array_checks.check_shape(names[2], whole, (genes,))
    whole = np.ascontiguousarray(whole, np.bool_)
    if not whole.any():
        return low, high, None
    if low is None or high is None:
        return None, None, whole
    inner_low, inner_high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
    bad = np.flatnonzero(inner_low > inner_high)
    if len(bad):
        raise ValueError(f"{_range(names, bad[0], low, high)} holds no whole number")
    far = np.flatnonzero(np.maximum(-inner_low, inner_high)[whole] > LARGEST_WHOLE)
    if len(far):
        gene = np.flatnonzero(whole)[far[0]]
        raise ValueError(f"{_range(names, gene, low, high)} is too far out for whole numbers, expected within 2**53")
    return inner_low, inner_high, whole


def _range(names: tuple[str, ...], gene: int, low: Floats, high: Floats) -> str:
    return f"{names[0]}[{gene}] to {names[1]}[{gene}], {low[gene]} to {high[gene]},"


def needed_bounds(
    what: str,
    lower: ArrayLike,
    upper: ArrayLike,
    integer: ArrayLike | None,
    genes: int,
    names: tuple[str, str, str] = ("lower", "upper", "integer"),
) -> tuple[Floats, Floats, NDArray[np.bool_] | None]:
    """As ``bounds_and_integers``, for ``what`` cannot do without bounds.

    Raises:
        ValueError: Also where there are none.
    """
    low, high, whole = bounds_and_integers(lower, upper, integer, genes, names)
    if low is None or high is None:
        raise ValueError(f"{names[0]} and {names[1]} are None, but {what} needs bounds")
    return low, high, whole


def deviations(sigma: ArrayLike, genes: int, lower: Floats | None, upper: Floats | None) -> Floats:
    """Standard deviation of each gene's noise: ``sigma`` times its range, or ``sigma`` itself without bounds.

    Raises:
        ValueError: Neither one number nor one for each gene, or one that is negative or not finite.
    """
    array = np.asarray(sigma)
    if array.dtype.kind not in "fiu" or array.shape not in ((), (genes,)):
        raise ValueError(f"sigma is {sigma!r}, expected a number or one for each of {genes} genes")
    if not ((array >= 0.0) & (array < math.inf)).all():
        raise ValueError(f"sigma is {sigma!r}, expected finite numbers of 0 or more")
    unit = np.ones(genes) if lower is None or upper is None else upper - lower
    return np.ascontiguousarray(array * unit, np.float64)
