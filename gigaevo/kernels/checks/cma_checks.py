"""What the kernels of CMA-ES work on, and what they accept. Both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.kernels.checks.array_checks import check_shape, float_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

# Where the constants of CMA-ES lie in ``rates``, in the words of Hansen's tutorial.
C_MEAN, C_SIGMA, D_SIGMA, C_PATH, C_ONE, C_MU, MU_EFF, CHI = range(8)
RATES = 8


class CmaState(NamedTuple):
    """A normal distribution of vectors of n numbers, and what CMA-ES remembers beside it.

    A vector is drawn as ``mean + step * scale * (factor @ z)`` with standard normal ``z``. All are C-contiguous float64
    arrays, which the kernels change in place.

    Attributes:
        mean: Shape (n,).
        step: The step length sigma, shape (1,), positive.
        scale: The unit of each variable, shape (n,), positive; no kernel changes it.
        covariance: C, shape (n, n); the lower half counts, and is positive definite.
        factor: Lower triangular L with ``L @ L.T`` near C, shape (n, n).
        step_path: The evolution path p_sigma, shape (n,).
        shape_path: The evolution path p_c, shape (n,).
    """

    mean: Numbers
    step: Numbers
    scale: Numbers
    covariance: Numbers
    factor: Numbers
    step_path: Numbers
    shape_path: Numbers


def check_state(state: CmaState) -> None:
    """Raise ValueError unless ``state`` is made of float64 arrays of the shapes that ``CmaState`` says."""
    n = len(state[0])
    shapes: tuple[tuple[int, ...], ...] = ((n,), (1,), (n,), (n, n), (n, n), (n,), (n,))
    for name, array, shape in zip(CmaState._fields, state, shapes, strict=True):
        if not isinstance(array, np.ndarray) or array.dtype != np.float64 or not array.flags.carray:
            raise ValueError(f"{name} must be a writable C-contiguous array of float64")
        check_shape(name, array, shape)
    if n < 1:
        raise ValueError("mean has no number, expected at least 1")


def checked_samples(
    genomes: ArrayLike, merits: ArrayLike, weights: ArrayLike, rates: ArrayLike, n: int
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The arguments of an update as float64 arrays.

    Raises:
        ValueError: One of them has another shape, a merit is NaN, or the weights are not as in the tutorial.
    """
    points = float_array("genomes", genomes, 2)
    check_shape("genomes", points, (len(points), n))
    values = float_array("merits", merits, 1)
    check_shape("merits", values, (len(points),))
    nans = np.flatnonzero(np.isnan(values))
    if len(nans):
        raise ValueError(f"merits[{nans[0]}] is nan, expected a number or -inf")
    ranked = float_array("weights", weights, 1)
    check_shape("weights", ranked, (len(points),))
    if not (len(ranked) and ranked[0] > 0.0 and bool((np.diff(ranked) <= 0.0).all())):
        raise ValueError("weights must begin above 0 and never rise")
    constants = float_array("rates", rates, 1)
    check_shape("rates", constants, (RATES,))
    return points, values, ranked, constants


def checked_bounds(lower: ArrayLike, upper: ArrayLike, rim: ArrayLike, n: int) -> tuple[Numbers, Numbers, Numbers]:
    """The bounds of a fold as float64 arrays.

    Raises:
        ValueError: One of them has another shape, bounds are reversed or NaN, or a rim is too wide or negative.
    """
    low, high, edge = (
        float_array(name, given, 1) for name, given in (("lower", lower), ("upper", upper), ("rim", rim))
    )
    for name, array in (("lower", low), ("upper", high), ("rim", edge)):
        check_shape(name, array, (n,))
    for bad in np.flatnonzero(~(low <= high))[:1]:
        raise ValueError(f"lower[{bad}] is {low[bad]}, expected at most upper[{bad}], which is {high[bad]}")
    for bad in np.flatnonzero(~((edge >= 0.0) & (edge <= 0.5 * (high - low))))[:1]:
        raise ValueError(f"rim[{bad}] is {edge[bad]}, expected 0 to half of the range")
    return low, high, edge


def check_advance(codes: Numbers, merits: Numbers, extremes: Numbers, n: int, patience: int, kept: int) -> None:
    """Raise ValueError unless a run of generations has arrays to write to."""
    shapes = {"codes": (len(codes), n), "merits": (len(codes),), "extremes": (len(extremes), 2)}
    arrays = {"codes": codes, "merits": merits, "extremes": extremes}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype != np.float64 or not array.flags.carray:
            raise ValueError(f"{name} must be a writable C-contiguous array of float64")
        check_shape(name, array, shapes[name])
    if len(extremes) < 1 or patience < 1:
        raise ValueError(f"extremes has {len(extremes)} rows and patience is {patience}, expected 1 or more of both")
    if not 0 <= kept < 2**62:
        raise ValueError(f"kept is {kept}, expected 0 or more")


def check_largest(largest: float) -> None:
    """Raise ValueError unless a largest deviation is above 0."""
    if not largest > 0.0:
        raise ValueError(f"largest is {largest}, expected a number above 0")


def checked_foreign(foreign: ArrayLike | None, count: int) -> NDArray[np.bool_] | None:
    """Which samples were drawn from another distribution: bool of shape (count,), None where none was.

    Raises:
        ValueError: It is not of booleans or has another shape.
    """
    if foreign is None:
        return None
    flags = np.ascontiguousarray(foreign)
    if flags.dtype != np.bool_:
        raise ValueError(f"foreign must be booleans, not {flags.dtype}")
    check_shape("foreign", flags, (count,))
    return flags if flags.any() else None
