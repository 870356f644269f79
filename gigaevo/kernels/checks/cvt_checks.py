"""What the index of centroids accepts; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_CENTROIDS = 2**27
TREE_AXES = 10  # beyond it a k-d tree looks at nearly all centroids
MANY = 12_000  # coordinates with which a point is compared in the time of a look-up in a k-d tree


def checked_centroids(given: ArrayLike) -> NDArray[np.float64]:
    """Centroids as a float64 array of its own, shape (k, d).

    Raises:
        ValueError: There is none, one is not finite, or two are the same.
    """
    centroids = array_checks.float_array("centroids", given, 2).copy()
    k, d = centroids.shape
    if not 1 <= k <= MAX_CENTROIDS or d < 1:
        raise ValueError(f"centroids has shape {centroids.shape}, expected (1 to 2**27, 1 or more)")
    array_checks.check_finite("centroids", centroids)
    order = np.lexsort(centroids.T)
    equal = np.flatnonzero((centroids[order[1:]] == centroids[order[:-1]]).all(axis=1))
    if len(equal):
        first, second = sorted((int(order[equal[0]]), int(order[equal[0] + 1])))
        raise ValueError(f"centroids[{second}] is centroids[{first}] again, {centroids[first].tolist()}")
    return centroids


def expected_box(
    centroids: NDArray[np.float64], lower: ArrayLike | None, upper: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds, each of shape (d,), of a box that holds the centroids and where points are expected.

    Raises:
        ValueError: A bound is not finite, or not below its counterpart.
    """
    least, greatest = centroids.min(axis=0), centroids.max(axis=0)
    d = centroids.shape[1]
    if (lower is None) != (upper is None):
        raise ValueError("lower and upper belong together: give both or none")
    if lower is not None and upper is not None:
        lows, highs = array_checks.float_array("lower", lower, 1), array_checks.float_array("upper", upper, 1)
        for name, bounds in (("lower", lows), ("upper", highs)):
            array_checks.check_shape(name, bounds, (d,))
            array_checks.check_finite(name, bounds)
        bad = np.flatnonzero(lows >= highs)
        if len(bad):
            axis = bad[0]
            raise ValueError(f"lower[{axis}] is {lows[axis]}, expected less than upper[{axis}], {highs[axis]}")
        return np.minimum(lows, least), np.maximum(highs, greatest)
    margin = 0.05 * (greatest - least)
    margin[margin == 0.0] = 0.05 * max(1.0, float(margin.max()))
    return least - margin, greatest + margin


def check_point_shape(values: NDArray[np.float64], d: int) -> None:
    """Raise ValueError unless points have as many coordinates as centroids."""
    if values.shape[-1] != d:
        raise ValueError(f"values has shape {values.shape}, expected {d} coordinates as the centroids have")


def tree_pays(k: int, d: int) -> bool:
    """Whether a k-d tree of ``k`` centroids with ``d`` > 4 axes is faster than a compiled comparison with all."""
    return d <= TREE_AXES and k * d > MANY
