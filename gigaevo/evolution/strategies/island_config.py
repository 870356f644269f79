"""What an island is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import EliteSelector
from gigaevo.evolution.strategies.migrant_selectors import MigrantSelector
from gigaevo.evolution.strategies.patient_walk import PatientWalk
from gigaevo.evolution.strategies.removers import ArchiveRemover, FitnessArchiveRemover
from gigaevo.evolution.strategies.selectors import ArchiveSelector
from gigaevo.programs import Program

_DEFAULT_REMOVER: Any = object()


@dataclass(kw_only=True)
class IslandConfig:
    """What an island is made of. What is left out gets a default on the problem's primary metric.

    Attributes:
        island_id: Unique among the islands of a strategy.
        behavior_space: How programs are told apart.
        max_size: Elites it holds at most; None means as many as its cells hold.
        archive_selector: Decides who holds a cell; also a plain function of (candidate, current).
        elite_selector: Chooses parents.
        archive_remover: Chooses who goes when ``max_size`` is exceeded; the worst by the primary metric if left out.
        walk: Leads most parents beside the archive, out of local optima; None where all come from ``elite_selector``.
        migrant_selector: Chooses whom to send to other islands.

    Raises:
        ValueError: The id is empty, the size less than 1, or there is a size and None for a remover.
    """

    island_id: str
    behavior_space: BehaviorSpace
    max_size: int | None = None
    archive_selector: ArchiveSelector | Callable[[Program, Program], bool] | None = None
    elite_selector: EliteSelector | Callable[[list[Program], int], list[Program]] | None = None
    archive_remover: ArchiveRemover | Callable[[list[Program], int], list[Program]] | None = _DEFAULT_REMOVER
    migrant_selector: MigrantSelector | Callable[[list[Program], int], list[Program]] | None = None
    walk: PatientWalk | None = None

    def __post_init__(self) -> None:
        if not self.island_id:
            raise ValueError("island_id must not be empty")
        if self.max_size is not None and self.max_size < 1:
            raise ValueError(f"island {self.island_id}: max_size must be at least 1; found {self.max_size}")
        if self.archive_remover is None and self.max_size is not None:
            raise ValueError(
                f"island {self.island_id}: max_size={self.max_size} needs an archive_remover; found null "
                "(leave the key out for the fitness remover)"
            )
        if self.archive_remover is _DEFAULT_REMOVER:
            self.archive_remover = FitnessArchiveRemover()
