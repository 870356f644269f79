"""Archive removers: who goes when an island holds more than it may."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray, birth_order
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_parts import DiversityPart
from gigaevo.evolution.strategies.parts import FitnessPart, FloatArray, PopulationPart
from gigaevo.kernels import NeighborIndex, ValueRanking
from gigaevo.programs import Program

NEIGHBORS = 2  # the partner of the closest pair, and the one after it, which tells who of the two has less room


class ArchiveRemover(PopulationPart, ABC):
    """Names the programs that must go. It looks; the island removes. A user's subclass defines ``__call__`` only."""

    role: ClassVar[str] = "archive_remover"
    fast_way: ClassVar[str] = "excess_rows"

    @abstractmethod
    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        """The programs to remove so that at most ``max_size`` remain, first to go first."""

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray | None:
        """The same choice over an archive, without touching every program; None means: use the call."""
        return None

    def could_spare(self, archive: ArchiveView, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether a newcomer to a full archive might stay; True when in doubt. For the arguments see
        ``EvolutionStrategy.could_keep``."""
        return True


class FitnessArchiveRemover(FitnessPart, ArchiveRemover):
    """Removes the worst by one metric; of equals the one in the lower row. O(log n) a program.

    With ``fitness_key: complexity_score`` it is the longest programs that go.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    _bounds_are_upper: bool | None = None  # whether the problem has larger values better

    def bind(self, context: StrategyContext) -> None:
        super().bind(context)
        self._bounds_are_upper = context.metrics.higher_is_better(self.fitness_key)

    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        ranking = ValueRanking(self.fitness_of(programs))
        return [programs[row] for row in self.worst_rows(ranking, _excess(programs, max_size))]

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray:
        return self.worst_rows(archive.ranking(self.fitness_key), _excess(archive, max_size))

    def could_spare(self, archive: ArchiveView, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        if type(self).excess_rows is not FitnessArchiveRemover.excess_rows:
            return True
        value = metrics.get(self.fitness_key)
        if value is None and self.higher_is_better is self._bounds_are_upper:
            value = bounds.get(self.fitness_key)
        if value is None or not len(archive):
            return True
        ranking = archive.ranking(self.fitness_key)
        # Of equals the one in the lower row goes, and a newcomer is in the last one.
        return value >= ranking.minimum if self.higher_is_better else value <= ranking.maximum


class AgeArchiveRemover(ArchiveRemover):
    """Removes the oldest. O(log n) a program.

    Programs are as old as the order in which they were submitted says (``Program.number``), not as a clock says, so
    that a run repeats; ``created_at`` decides between programs that share a number, as those have that no run made.
    """

    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        return heapq.nsmallest(_excess(programs, max_size), programs, key=_birth)

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray:
        return archive.ages().smallest(_excess(archive, max_size))


class DiversityArchiveRemover(DiversityPart, ArchiveRemover):
    """Removes the worse of the two that are most alike, until the size fits.

    Of two that are equally good the one that has less room goes: whose second nearest neighbour is nearer, else the
    later. Distances are Euclidean, each metric in units of its axis in an archive; in a plain list, and where several
    must go at once, in units of its spread.

    Args:
        behavior_keys: The metrics that describe behaviour; None means the axes of the island's behaviour space.
        fitness_key: Metric by which the worse is told; None means the problem's primary one. Where that is not known
            either, all count as equally good.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        index = NeighborIndex(self.points_of(programs), NEIGHBORS)
        worth = self.worth_of(programs)
        staying, leaving = list(programs), []
        for _ in range(_excess(programs, max_size)):
            row = _least_missed(index, worth) if len(index) > 1 else 0
            leaving.append(staying[row])
            index.remove(row)  # the last row moves into the hole
            staying[row], worth[row] = staying[-1], worth[-1]
            staying, worth = staying[:-1], worth[:-1]
        return leaving

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray | None:
        excess = _excess(archive, max_size)
        if excess == 0:
            return np.empty(0, dtype=np.int64)
        if excess > 1 or len(archive) == 1:
            return None
        index = archive.neighbors(self.behavior_keys, NEIGHBORS)
        return np.array([_least_missed(index, self.worth_of_rows(archive))], dtype=np.int64)


def _excess(held: list[Program] | ArchiveView, max_size: int) -> int:
    return max(0, len(held) - max_size)


def _birth(program: Program) -> tuple[float, float]:
    return birth_order(program), program.created_at


def _least_missed(index: NeighborIndex, worth: FloatArray) -> int:
    """The row of the closest pair that is worse, else has less room, else is later."""
    novelty = index.novelty
    return min(index.closest_pair(), key=lambda row: (worth[row], novelty[row], -row))
