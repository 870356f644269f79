"""A behaviour space without cells of its own: programs that differ enough from every elite get a place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView
from gigaevo.evolution.strategies.axes import FloatArray
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace, IntArray

DEFAULT_CAPACITY = 1_000


class UnstructuredBehaviorSpace(BehaviorSpace):
    """A novelty archive (Lehman and Stanley, 2011, https://doi.org/10.1162/EVCO_a_00025) with local competition, after
    Cully (2019, https://arxiv.org/abs/1905.11874).

    A program whose mean distance to the nearest elites is at least ``min_distance`` takes a free place; any other
    competes with the elite nearest to it, and so do all while every place is taken. Distances are Euclidean over
    metrics divided by the widths of their axes. With ``k_nearest=1`` an elite is at least ``min_distance`` away from
    every other when it takes a free place; one that took over the place of another may be nearer to the rest.

    Cells are places: they are numbered and say nothing of behaviour, and only ``locate`` can tell the one of a program.

    Args:
        keys: The metrics, 1 to 8; left out, those of ``feature_bounds``.
        min_distance: How far a program must be from the elites to get a place of its own, above 0.
        capacity: Number of places.
        k_nearest: How many of the nearest elites the distance is the mean of.
        feature_bounds: As for ``BehaviorSpace``; only the widths matter here.
        dynamic_bounds: As for ``BehaviorSpace``.

    Raises:
        ValueError: As ``BehaviorSpace``, or a number out of its range.
    """

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        *,
        min_distance: float = 0.05,
        capacity: int = DEFAULT_CAPACITY,
        k_nearest: int = 1,
        feature_bounds: Mapping[str, Sequence[float | None] | None]
        | Sequence[Sequence[float | None] | None]
        | None = None,
        dynamic_bounds: Mapping[str, bool] | Sequence[bool] | bool = False,
    ) -> None:
        super().__init__(keys=keys, feature_bounds=feature_bounds, resolution=1, dynamic_bounds=dynamic_bounds)
        if not (math.isfinite(min_distance) and min_distance > 0):
            raise ValueError(f"UnstructuredBehaviorSpace: min_distance must be above 0; found {min_distance!r}")
        for name, count in (("capacity", capacity), ("k_nearest", k_nearest)):
            if count < 1:
                raise ValueError(f"UnstructuredBehaviorSpace: {name} must be at least 1; found {count}")
        self._min_distance = min_distance
        self._capacity = capacity
        self._k_nearest = k_nearest

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of places: one index names a place."""
        return (self._capacity,)

    def get_cell(self, metrics: Mapping[str, float]) -> tuple[int, ...]:
        """Not to be had: a place depends on the elites.

        Raises:
            ValueError: Always.
        """
        raise ValueError("an unstructured behaviour space has no fixed cells: ask locate(metrics, archive)")

    def get_cells(self, points: FloatArray) -> IntArray:
        """Not to be had either. Raises ValueError always."""
        raise ValueError("an unstructured behaviour space has no fixed cells: ask locate(metrics, archive)")

    def locate(self, metrics: Mapping[str, float], archive: ArchiveView) -> tuple[int, ...]:
        point = self._point(metrics)
        if not len(archive):
            return (0,)
        squares = np.zeros(len(archive))
        for axis, cut, value in zip(self._axes, self._cuts, point.tolist(), strict=True):
            squares += ((archive.metric(axis.key) - value) / cut.width) ** 2
        if self._is_novel(squares) and (free := archive.lowest_free_cell()) < self._capacity:
            return (free,)
        return archive.cell_at(int(squares.argmin()))

    def _is_novel(self, squares: FloatArray) -> bool:
        """Whether elites at these squared distances leave room for another."""
        k = min(self._k_nearest, len(squares))
        nearest = squares.min() if k == 1 else np.partition(squares, k - 1)[:k]
        return bool(np.sqrt(nearest).mean() >= self._min_distance)
