"""What the kernels that make children of elites accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class Emission(NamedTuple):
    """The arguments of ``iso_line`` as arrays that fit together."""

    pool: Floats
    sigma: Floats
    line_sigma: float
    lower: Floats
    upper: Floats
    rows: NDArray[np.int64] | None


def checked_emission(
    pool: ArrayLike,
    count: int,
    sigma: ArrayLike,
    line_sigma: float,
    lower: ArrayLike,
    upper: ArrayLike,
    rows: ArrayLike | None,
) -> Emission:
    """The arguments of ``iso_line``, converted where they must be.

    Raises:
        ValueError: An argument does not fit its description.
    """
    array_checks.check_count(count)
    parents = array_checks.float_array("pool", pool, 2)
    if len(parents) == 0:
        raise ValueError("pool is empty, there is no parent")
    d = parents.shape[1]
    steps = array_checks.float_array("sigma", sigma, 1)
    lows, highs = array_checks.float_array("lower", lower, 1), array_checks.float_array("upper", upper, 1)
    for name, array in (("sigma", steps), ("lower", lows), ("upper", highs)):
        array_checks.check_shape(name, array, (d,))
    array_checks.check_finite("sigma", steps)
    bad = np.flatnonzero(steps < 0.0)
    if len(bad):
        raise ValueError(f"sigma[{bad[0]}] is {steps[bad[0]]}, expected 0 or more")
    if not 0.0 <= line_sigma < np.inf:
        raise ValueError(f"line_sigma is {line_sigma}, expected 0 or more")
    bad = np.flatnonzero(~(lows <= highs))
    if len(bad):
        raise ValueError(f"lower[{bad[0]}] is {lows[bad[0]]}, expected at most upper[{bad[0]}], {highs[bad[0]]}")
    if rows is None:
        return Emission(parents, steps, line_sigma, lows, highs, None)
    chosen = array_checks.int_array("rows", rows, 1)
    array_checks.check_shape("rows", chosen, (count,))
    array_checks.check_below("rows", chosen, len(parents))
    return Emission(parents, steps, line_sigma, lows, highs, chosen)
