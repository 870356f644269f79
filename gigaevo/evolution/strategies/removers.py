"""Archive removers: who goes when an island holds more than it may."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.parts import FitnessPart, StrategyPart
from gigaevo.programs import Program


class ArchiveRemover(StrategyPart, ABC):
    """Names the programs that must go. It looks; the island removes. A user's subclass defines ``__call__`` only."""

    role: ClassVar[str] = "archive_remover"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__call__" in cls.__dict__ and "excess_rows" not in cls.__dict__:
            cls.excess_rows = ArchiveRemover.excess_rows  # type: ignore[method-assign]

    @abstractmethod
    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        """The programs to remove so that at most ``max_size`` remain, first to go first."""

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray | None:
        """The same choice over an archive, without touching every program; None means: use the call."""
        return None


class FitnessArchiveRemover(FitnessPart, ArchiveRemover):
    """Removes the worst by one metric; of equals the one that was kept first.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        excess = max(0, len(programs) - max_size)
        order = np.argsort(self.signed(self.fitness_of(programs)), kind="stable")
        return [programs[row] for row in order[:excess]]

    def excess_rows(self, archive: ArchiveView, max_size: int) -> RowArray:
        excess = max(0, len(archive) - max_size)
        values = self.signed_rows(archive)
        if excess == 1:
            return np.array([np.argmin(values)], dtype=np.int64)
        return np.argsort(values, kind="stable")[:excess]
