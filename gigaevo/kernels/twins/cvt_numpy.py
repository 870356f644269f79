"""The nearest centroid in numpy: the twin of ``_cvt.pyx``, with the same results and the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks, cvt_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

BLOCK = 2**22  # distances that are looked at together


class CentroidIndex:
    """Tells of points which centroid is nearest: the cells of a Voronoi tessellation.

    Distances are Euclidean, sums of squares from the first axis to the last; of equally near centroids the first has
    the point (with more than four axes and a k-d tree: the first of the nearest 17). The answer is exact for every
    point, inside the box or not. The compiled index looks it up in a table of buckets (up to 4 axes), each of which
    knows the centroids that are nearest somewhere within it; a point outside of the box, or of more axes, is compared
    with all.

    Args:
        centroids: float64 (k, d), finite, all different.
        lower: float64 (d,), lower bounds of where points are expected; by default a little less than the centroids.
        upper: float64 (d,), upper bounds, above ``lower``.

    Raises:
        ValueError: An argument does not fit its description; the text names argument, index and value.
    """

    def __init__(self, centroids: ArrayLike, lower: ArrayLike | None = None, upper: ArrayLike | None = None) -> None:
        self._centroids = cvt_checks.checked_centroids(centroids)
        self._centroids.flags.writeable = False
        self._lower, self._upper = cvt_checks.expected_box(self._centroids, lower, upper)
        self._tree = None
        if self._centroids.shape[1] <= cvt_checks.TREE_AXES:
            from scipy.spatial import cKDTree

            self._tree = cKDTree(self._centroids)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return type(self), (self._centroids, self._lower, self._upper)

    @property
    def centroids(self) -> NDArray[np.float64]:
        """float64 (k, d), read-only."""
        return self._centroids

    def cells(self, values: ArrayLike) -> NDArray[np.int64]:
        """The nearest centroid of each point.

        Args:
            values: float64 (n, d), finite.

        Returns:
            int64 (n,), rows of ``centroids``.

        Raises:
            ValueError: ``values`` does not fit its description.
        """
        points = array_checks.float_array("values", values, 2)
        k, d = self._centroids.shape
        cvt_checks.check_point_shape(points, d)
        array_checks.check_finite("values", points)
        if self._tree is not None and len(points):
            # Whoever may be as near as the nearest: as many neighbours as meet at a corner of a lattice.
            _, near = self._tree.query(points, k=np.arange(1, min(k, 2 ** min(d, 4) + 1) + 1))
            near = np.sort(near, axis=1)
            return np.take_along_axis(near, self._nearest(points, self._centroids[near])[:, None], axis=1)[:, 0]
        step = max(1, BLOCK // k)
        blocks = [self._nearest(points[at : at + step], self._centroids) for at in range(0, len(points), step)]
        return np.concatenate(blocks) if blocks else np.empty(0, np.int64)

    def cell(self, values: ArrayLike) -> int:
        """The nearest centroid of one point, float64 (d,); as ``cells``."""
        point = array_checks.float_array("values", values, 1)
        cvt_checks.check_point_shape(point, self._centroids.shape[1])
        array_checks.check_finite("values", point)
        return int(self.cells(point[None])[0])

    @staticmethod
    def _nearest(points: NDArray[np.float64], candidates: NDArray[np.float64]) -> NDArray[np.int64]:
        """The place among its candidates of the nearest of each point; candidates are (k, d) or (n, k, d)."""
        squares: NDArray[np.float64] = np.zeros(1)
        for axis in range(points.shape[1]):
            difference = points[:, None, axis] - candidates[..., axis]
            squares = squares + difference * difference
        nearest: NDArray[np.int64] = squares.argmin(axis=1)
        return nearest
