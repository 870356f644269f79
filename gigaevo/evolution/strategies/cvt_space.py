"""A behaviour space of any number of cells however many axes it has: a centroidal Voronoi tessellation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.axes import FloatArray
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace, IntArray

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

DEFAULT_CELLS = 1_000
ROUNDS = 10  # of Lloyd's algorithm; 100 leave points 0.5 % nearer to their centroids
AS_GOOD_AS_EQUAL = 1e-12  # difference of squared distances that rounding may make, in the unit cube


class CVTBehaviorSpace(BehaviorSpace):
    """Cells are the regions nearest to points spread evenly over the space (Vassiliades, Chatzilygeroudis and Mouret,
    2018, https://doi.org/10.1109/TEVC.2017.2735550).

    The points live in the unit cube, into which each metric is scaled by its bounds; a value beyond them counts as the
    bound. Where bounds move, as for ``BehaviorSpace``, the points stay and the elites are binned anew. A point that is
    equally near to several belongs to the first of them.

    Args:
        keys: The metrics, 1 to 8; left out, those of ``feature_bounds``.
        cells: Number of cells; 1,000 where left out, or as many as there are ``centroids``.
        feature_bounds: As for ``BehaviorSpace``: what is left out is declared or observed.
        samples: Points drawn uniformly from which the centroids are made by k-means, at least ``cells``.
        seed: Of those points: the same seed gives the same cells.
        centroids: The points themselves, float64 (cells, d) in the unit cube, to be used as they are.
        dynamic_bounds: As for ``BehaviorSpace``.

    Raises:
        ValueError: As ``BehaviorSpace``; fewer samples than cells; centroids of another shape or outside the cube.
    """

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        *,
        cells: int | None = None,
        feature_bounds: Mapping[str, Sequence[float | None] | None]
        | Sequence[Sequence[float | None] | None]
        | None = None,
        samples: int = 25_000,
        seed: int = 0,
        centroids: npt.ArrayLike | None = None,
        dynamic_bounds: Mapping[str, bool] | Sequence[bool] | bool = False,
    ) -> None:
        super().__init__(keys=keys, feature_bounds=feature_bounds, resolution=1, dynamic_bounds=dynamic_bounds)
        self._samples = samples
        self._seed = seed
        if centroids is not None:
            self.centroids = _checked_centroids(centroids, cells, len(self._axes))
            cells = len(self.centroids)
        self._cells = DEFAULT_CELLS if cells is None else cells
        if self._cells < 1:
            raise ValueError(f"CVTBehaviorSpace: cells must be at least 1; found {self._cells}")
        if centroids is None and samples < self._cells:
            raise ValueError(f"CVTBehaviorSpace: samples must be at least cells, {self._cells}; found {samples}")

    @cached_property
    def centroids(self) -> FloatArray:
        """The points whose regions are the cells, float64 (cells, d) in the unit cube; made at first use."""
        return spread_centroids(
            self._cells, dimensions=len(self._axes), samples=self._samples, rng=np.random.default_rng(self._seed)
        )

    def bind(self, context: StrategyContext) -> None:
        super().bind(context)
        _ = self._tree  # now, and not when the first program is waiting

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of cells: one index names a cell."""
        return (self._cells,)

    def get_cell(self, metrics: Mapping[str, float]) -> tuple[int, ...]:
        return (int(self.get_cells(self._point(metrics)[None])[0]),)

    def get_cells(self, points: FloatArray) -> IntArray:
        lower = np.array([0.0 if cut.lower is None else cut.lower for cut in self._cuts])
        known = np.array([cut.lower is not None and cut.upper is not None for cut in self._cuts])
        widths = np.array([cut.width for cut in self._cuts])
        return self._nearest(np.where(known, np.clip((points - lower) / widths, 0.0, 1.0), 0.0))

    def _nearest(self, points: FloatArray) -> IntArray:
        """The first of the nearest centroids of each of ``points``, (n, d) in the unit cube."""
        if self._cells == 1:
            return np.zeros(len(points), dtype=np.int64)
        found = self._tree.query(points, k=2)
        squares, cells = np.square(found[0]), np.array(found[1], dtype=np.int64)[:, 0]
        for row in np.flatnonzero(squares[:, 1] - squares[:, 0] <= AS_GOOD_AS_EQUAL):
            offsets = ((self.centroids - points[row]) ** 2).sum(axis=1)
            cells[row] = np.argmax(offsets <= offsets.min() + AS_GOOD_AS_EQUAL)
        return cells

    @cached_property
    def _tree(self) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(self.centroids)


def spread_centroids(cells: int, *, dimensions: int, samples: int, rng: np.random.Generator) -> FloatArray:
    """Points spread evenly over the unit cube: k-means of uniform points by Lloyd's algorithm.

    Args:
        cells: How many.
        dimensions: Of the cube.
        samples: Uniform points that they are the means of, at least ``cells``.
        rng: What the uniform points are drawn from.

    Returns:
        float64 (cells, dimensions).
    """
    from scipy.spatial import cKDTree

    points = rng.random((samples, dimensions))
    centroids = points[:cells].copy()
    for _ in range(ROUNDS):
        _, owners = cKDTree(centroids).query(points)
        counts = np.bincount(owners, minlength=cells)
        owned = counts > 0
        sums = np.column_stack([np.bincount(owners, weights=column, minlength=cells) for column in points.T])
        centroids[owned] = sums[owned] / counts[owned, None]
    return centroids


def _checked_centroids(given: npt.ArrayLike, cells: int | None, dimensions: int) -> FloatArray:
    centroids = np.array(given, dtype=np.float64)
    if centroids.ndim != 2 or centroids.shape[1] != dimensions or not len(centroids):
        raise ValueError(f"CVTBehaviorSpace: centroids has shape {centroids.shape}; expected (cells, {dimensions})")
    if cells is not None and cells != len(centroids):
        raise ValueError(f"CVTBehaviorSpace: cells is {cells} and there are {len(centroids)} centroids; leave it out")
    if not ((centroids >= 0.0) & (centroids <= 1.0)).all():
        raise ValueError("CVTBehaviorSpace: centroids must be in the unit cube, 0 at each lower bound, 1 at each upper")
    return centroids
