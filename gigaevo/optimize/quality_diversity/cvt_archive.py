"""An archive whose cells are those of a centroidal Voronoi tessellation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.cvt import CentroidIndex
from gigaevo.optimize.arguments import check_whole
from gigaevo.optimize.quality_diversity.grid_archive import checked_ranges
from gigaevo.optimize.quality_diversity.vector_archive import VectorArchive
from gigaevo.optimize.seeds import Seed, seed_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

STILL = 1e-4  # of the ranges: centroids that move by less stand still


class CVTArchive(VectorArchive):
    """MAP-Elites with as many cells as wanted, whatever the number of axes.

    A behaviour belongs to the nearest centroid, wherever it is. Distances are those of the numbers as they are: where
    axes are to count alike, let them have ranges of like width. After V. Vassiliades, K. Chatzilygeroudis and J.-B.
    Mouret, "Using centroidal Voronoi tessellations to scale up the MAP-Elites algorithm" (IEEE TEVC, 2018).

    Args:
        centroids: How many, spread evenly over the ranges by ``spread_centroids``; or the centroids themselves, shape
            (n, axes).
        ranges: (lowest, highest) along each axis: where behaviours are expected.
        samples: Points by which centroids are spread.
        seed: Of these points. None: others each time.
        elites_per_cell: Elites that a cell may hold, at least 1.
        qd_score_offset: The worst fitness there can be, in the user's direction, so that every elite counts.

    Attributes:
        centroids: float64 of shape (n, axes), not to be changed.

    Raises:
        ValueError: An argument does not fit its description; the message names it.
    """

    def __init__(
        self,
        centroids: int | ArrayLike,
        ranges: Sequence[tuple[float, float]],
        *,
        samples: int = 100_000,
        seed: Seed = None,
        elites_per_cell: int = 1,
        qd_score_offset: float = 0.0,
    ) -> None:
        self.ranges = checked_ranges(ranges)
        if isinstance(centroids, (int, np.integer)) and not isinstance(centroids, bool):
            centroids = spread_centroids(int(centroids), self.ranges, samples=samples, seed=seed)
        self._index = self._index_of_centroids(centroids)
        super().__init__(
            len(self.centroids), len(self.ranges), elites_per_cell=elites_per_cell, qd_score_offset=qd_score_offset
        )

    @property
    def centroids(self) -> Floats:
        """float64 of shape (n, axes), not to be changed."""
        return self._index.centroids

    def index_of(self, behaviors: ArrayLike) -> NDArray[np.int64]:
        return self._index.cells(behaviors)

    def index_of_single(self, behavior: ArrayLike) -> int:
        return self._index.cell(behavior)

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["_index"]
        return {**state, "centroids": self.centroids}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.ranges = state["ranges"]
        self._index = self._index_of_centroids(state.pop("centroids"))
        super().__setstate__(state)

    def _index_of_centroids(self, centroids: ArrayLike) -> CentroidIndex:
        lower, upper = np.array(self.ranges, np.float64).reshape(-1, 2).T.copy()
        return CentroidIndex(centroids, lower, upper)

    def _shape(self) -> str:
        return f"{self.total_cells} centroids, ranges={[tuple(pair) for pair in self.ranges]}"


def spread_centroids(
    n: int, ranges: Sequence[tuple[float, float]], *, samples: int = 100_000, iterations: int = 60, seed: Seed = None
) -> Floats:
    """Points that are spread evenly over a box: a centroidal Voronoi tessellation, by Lloyd's algorithm on samples.

    Args:
        n: How many, at least 1.
        ranges: (lowest, highest) along each axis.
        samples: Random points that stand for the box, at least ``n``.
        iterations: At most; it ends earlier where the points hardly move.
        seed: Of the samples. None: others each time.

    Returns:
        float64 of shape (n, axes), all different.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """
    box = np.array(checked_ranges(ranges), np.float64).reshape(-1, 2)
    check_whole("centroids", n)
    check_whole("samples", samples, n)
    generator = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed_sequence(seed))
    lower, upper = np.ascontiguousarray(box.T)
    points = lower + generator.random((samples, len(box))) * (upper - lower)
    centroids: Floats = points[:n].copy()
    for _ in range(iterations):
        cells = CentroidIndex(centroids, lower, upper).cells(points)
        sizes = np.bincount(cells, minlength=n)
        sums = np.stack([np.bincount(cells, points[:, axis], minlength=n) for axis in range(len(box))], axis=1)
        moved: Floats = np.where(sizes[:, None] > 0, sums / np.maximum(sizes, 1)[:, None], centroids)
        shift = float((np.abs(moved - centroids) / (upper - lower)).max())
        centroids = moved
        if shift < STILL:
            break
    return centroids
