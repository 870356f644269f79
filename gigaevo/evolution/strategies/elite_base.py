"""What elite selectors have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.parts import FitnessPart, FloatArray, PopulationPart
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program


class EliteSelector(PopulationPart, ABC):
    """Chooses parents among elites. A subclass of the user's defines ``__call__`` and nothing else."""

    role: ClassVar[str] = "elite_selector"
    fast_way: ClassVar[str] = "select_rows"

    @abstractmethod
    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        """At most ``total`` of ``programs``; empty only where there is nothing to choose from."""

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray | None:
        """The same choice over an archive, without touching every program; None means: use the call.

        Args:
            archive: At least one elite.
            total: How many parents are wanted, at least 1.

        Returns:
            Rows of the archive, int64, shape (m,) with 1 <= m <= total.
        """
        return None


class FitnessEliteSelector(FitnessPart, EliteSelector):
    """Base of the selectors that look at the values of one metric: a subclass defines ``draw``."""

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        if not programs or total < 1:
            return []
        return [programs[row] for row in self.draw(self.fitness_of(programs), total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self.draw(archive.metric(self.fitness_key), total)

    @abstractmethod
    def draw(self, values: FloatArray, total: int) -> RowArray:
        """Indices of the chosen, int64, at least one and at most ``total``.

        Args:
            values: The metric of each elite in its own sign, shape (n,), n >= 1.
            total: How many to choose.
        """


class RankedEliteSelector(FitnessEliteSelector):
    """Base of the selectors that look at the order of elites by one metric, O(log n) a parent over an archive.

    A subclass defines ``draw_ranked``. For a plain list the order is made anew.
    """

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self.draw_ranked(archive.ranking(self.fitness_key), total)

    def draw(self, values: FloatArray, total: int) -> RowArray:
        return self.draw_ranked(ValueRanking(values), total)

    @abstractmethod
    def draw_ranked(self, ranking: ValueRanking, total: int) -> RowArray:
        """Indices of the chosen, int64, shape (total,).

        Args:
            ranking: Of the metric in its own sign; not empty.
            total: How many to choose.
        """
