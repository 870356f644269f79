"""The selectors and the remover of an island, and what is asked of them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from gigaevo.evolution.strategies.archive import ProgramArchive
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import EpsilonGreedyEliteSelector
from gigaevo.evolution.strategies.faults import PartFaults
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.migrant_selectors import TopFitnessMigrantSelector
from gigaevo.evolution.strategies.parts import bind_part, keys_of
from gigaevo.evolution.strategies.selectors import SumArchiveSelector
from gigaevo.programs import Program


class IslandParts:
    """The parts in use, defaults for those that were left out. Any may be a user's class or a plain function.

    Args:
        config: What the island is made of.

    Attributes:
        archive_selector: Decides who holds a cell.
        elite_selector: Chooses parents.
        archive_remover: Chooses who goes when there are too many; None where there is no limit of size.
        migrant_selector: Chooses whom to send to other islands.
        faults: Counts what parts raise; one for all islands of a strategy.
    """

    def __init__(self, config: IslandConfig) -> None:
        self.archive_selector = config.archive_selector or SumArchiveSelector()
        self.elite_selector = config.elite_selector or EpsilonGreedyEliteSelector()
        self.archive_remover = config.archive_remover
        self.migrant_selector = config.migrant_selector or TopFitnessMigrantSelector()
        self.faults = PartFaults()
        self._island_id = config.island_id
        self._limited = config.max_size is not None

    def bind(self, space: BehaviorSpace, context: StrategyContext) -> None:
        """Hand the island's space and the run's context to those that want them.

        Raises:
            ValueError: A part does not fit the problem.
        """
        for part in self._in_use():
            use_space = getattr(part, "use_space", None)
            if use_space is not None:
                use_space(space)
            bind_part(part, context)

    def columns(self) -> list[str]:
        """Metrics that they look at."""
        return [key for part in self._in_use() for key in keys_of(part)]

    def guard(self, role: str, part: Any = None) -> AbstractContextManager[None]:
        """Around each call of the part of this role, or of ``part`` in it; what it raises is counted, and becomes a
        ``PartFailed``."""
        return self.faults.guard(getattr(self, role) if part is None else part, role, self._island_id)

    def elites(self, archive: ProgramArchive, count: int) -> list[Program]:
        """The choice of the elite selector."""
        return _chosen(self.elite_selector, "select_rows", archive, count)

    def migrants(self, archive: ProgramArchive, count: int) -> list[Program]:
        """At most ``count`` elites to be sent elsewhere."""
        return _chosen(self.migrant_selector, "select_rows", archive, count)[:count]

    def excess(self, archive: ProgramArchive, limit: int) -> list[str]:
        """Ids of the elites that must go so that ``limit`` are left.

        Raises:
            ValueError: The remover named too few.
        """
        named = _chosen(self.archive_remover, "excess_rows", archive, limit)
        leaving = list(dict.fromkeys(program.id for program in named if program.id in archive))
        wanted = len(archive) - limit
        if len(leaving) < wanted:
            raise ValueError(f"it named {len(leaving)} elites where {wanted} must go")
        return leaving

    def _in_use(self) -> tuple[Any, ...]:
        remover = (self.archive_remover,) if self._limited else ()
        return (self.archive_selector, self.elite_selector, *remover, self.migrant_selector)


def _chosen(part: Any, by_rows: str, archive: ProgramArchive, count: int) -> list[Program]:
    """What a part chooses; without touching every program where it can choose by rows."""
    choose = getattr(part, by_rows, None)
    rows = None if choose is None else choose(archive, count)
    if rows is not None:
        return archive.programs(rows)
    return [program for program in part(archive.programs(), count) if program.id in archive]
