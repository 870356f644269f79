"""Migrant selectors: which elites an island sends to others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.behavior_parts import DiversityPart, by_spread
from gigaevo.evolution.strategies.parts import FitnessPart, FloatArray, PopulationPart
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program


class MigrantSelector(PopulationPart, ABC):
    """Chooses migrants. A user's subclass defines ``__call__`` and nothing else."""

    role: ClassVar[str] = "migrant_selector"
    fast_way: ClassVar[str] = "select_rows"

    @abstractmethod
    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        """At most ``count`` different programs."""

    def select_rows(self, archive: ArchiveView, count: int) -> RowArray | None:
        """The same choice over an archive, without touching every program; None means: use the call."""
        return None


class TopFitnessMigrantSelector(FitnessPart, MigrantSelector):
    """The best by one metric, best first, of equals the one in the lower row. O(log n) a migrant.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        ranking = ValueRanking(self.fitness_of(programs))
        return [programs[row] for row in self.best_rows(ranking, max(0, count))]

    def select_rows(self, archive: ArchiveView, count: int) -> RowArray:
        return self.best_rows(archive.ranking(self.fitness_key), max(0, count))


class RandomMigrantSelector(MigrantSelector):
    """Uniform, without replacement."""

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        return [programs[row] for row in self._draw(len(programs), count)]

    def select_rows(self, archive: ArchiveView, count: int) -> RowArray:
        return self._draw(len(archive), count)

    def _draw(self, held: int, count: int) -> RowArray:
        return self.rng.choice(held, size=max(0, min(count, held)), replace=False)


class DiverseMigrantSelector(DiversityPart, MigrantSelector):
    """The best, then again and again the one that is farthest from all that were chosen; without replacement.

    Farthest means that the distance to the nearest of the chosen is greatest, of equals the lower row (Gonzalez, 1985).
    Distances are Euclidean, each metric in units of its spread among the elites. Nothing is drawn.

    Args:
        behavior_keys: The metrics that describe behaviour; None means the axes of the island's behaviour space.
        fitness_key: Metric by which the best is told; None means the problem's primary one. Where that is not known
            either, the first comes first.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        rows = spread_out(self.points_of(programs), self.worth_of(programs), count)
        return [programs[row] for row in rows]

    def select_rows(self, archive: ArchiveView, count: int) -> RowArray:
        points = by_spread(np.column_stack([archive.metric(key) for key in self.behavior_keys]))
        return spread_out(points, self.worth_of_rows(archive), count)


def spread_out(points: FloatArray, worth: FloatArray, count: int) -> RowArray:
    """Rows that lie far apart: the one of greatest worth, then each time the farthest from those before.

    Args:
        points: Shape (n, d).
        worth: Shape (n,).
        count: How many rows are wanted.

    Returns:
        Different rows, int64, shape (m,), m being the lesser of ``count`` and n.
    """
    rows = np.empty(max(0, min(count, len(points))), dtype=np.int64)
    nearest = np.full(len(points), np.inf)  # squared distance to the nearest of the chosen
    for place in range(len(rows)):
        row = int(nearest.argmax()) if place else int(worth.argmax())
        rows[place] = row
        squares = sum(np.square(axis - axis[row]) for axis in points.T)
        np.minimum(nearest, squares, out=nearest)
        nearest[row] = -1.0  # nothing that lies in the same place is farther
    return rows
