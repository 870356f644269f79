"""An island: one MAP-Elites population (Mouret and Clune, 2015) with its own space, selectors and size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.evolution.strategies.archive import FloatArray, Placement, ProgramArchive
from gigaevo.evolution.strategies.base import ArchiveEvent, StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import EliteSelector, EpsilonGreedyEliteSelector
from gigaevo.evolution.strategies.migrant_selectors import MigrantSelector, TopFitnessMigrantSelector
from gigaevo.evolution.strategies.parts import bind_part, keys_of
from gigaevo.evolution.strategies.removers import ArchiveRemover, FitnessArchiveRemover
from gigaevo.evolution.strategies.selectors import (
    ArchiveSelector,
    SumArchiveSelector,
    comparison,
    scalar_score,
)
from gigaevo.programs import Program

CURRENT_ISLAND = "current_island"  # where a program's metadata says which island keeps it


@dataclass(kw_only=True)
class IslandConfig:
    """What an island is made of. What is left out gets a default on the problem's primary metric.

    Attributes:
        island_id: Unique among the islands of a strategy.
        behavior_space: How programs are told apart.
        max_size: Elites it holds at most; None means one per cell.
        archive_selector: Decides who holds a cell; also a plain function of (candidate, current).
        elite_selector: Chooses parents.
        archive_remover: Chooses who goes when ``max_size`` is exceeded.
        migrant_selector: Chooses whom to send to other islands.
    """

    island_id: str
    behavior_space: BehaviorSpace
    max_size: int | None = None
    archive_selector: ArchiveSelector | Callable[[Program, Program], bool] | None = None
    elite_selector: EliteSelector | None = None
    archive_remover: ArchiveRemover | None = None
    migrant_selector: MigrantSelector | None = None

    def __post_init__(self) -> None:
        if not self.island_id:
            raise ValueError("island_id must not be empty")
        if self.max_size is not None and self.max_size < 1:
            raise ValueError(f"island {self.island_id}: max_size must be at least 1; found {self.max_size}")


class Island:
    """One population. Nothing it does waits: its methods are coroutines because the interface is.

    Args:
        config: What it is made of; or give the fields of ``IslandConfig`` as keywords.

    Attributes:
        config: What it was made from; the parts in use, defaults included, are attributes of the same names.
        refused: Programs that were turned away before any comparison, by reason.
        clamped: Programs beyond the bounds of a behaviour key, by key.
    """

    def __init__(self, config: IslandConfig | None = None, **settings: Any) -> None:
        self.config = IslandConfig(**settings) if config is None else config
        self.refused: Counter[str] = Counter()
        self.clamped: Counter[str] = Counter()
        self.behavior_space = self.config.behavior_space
        self.archive_selector = self.config.archive_selector or SumArchiveSelector()
        self.elite_selector = self.config.elite_selector or EpsilonGreedyEliteSelector()
        self.archive_remover = self.config.archive_remover or FitnessArchiveRemover()
        self.migrant_selector = self.config.migrant_selector or TopFitnessMigrantSelector()
        self._score = scalar_score(self.archive_selector)
        self._is_better = comparison(self.archive_selector)
        self._primary: tuple[str, float] | None = None
        self._archive: ProgramArchive | None = None
        self._events: list[ArchiveEvent] = []

    def bind(self, context: StrategyContext) -> None:
        """Hand the run's context to every part.

        Raises:
            ValueError: A part does not fit the problem; the message names island, part and key.
        """
        primary = context.metrics.primary_key
        self._primary = (primary, 1.0 if context.metrics.higher_is_better(primary) else -1.0)
        try:
            for part in self._parts():
                bind_part(part, context)
        except ValueError as error:
            raise ValueError(f"island {self.id}: {error}") from error

    @property
    def id(self) -> str:
        """The island's name."""
        return self.config.island_id

    @property
    def archive(self) -> ProgramArchive:
        """The elites; made when first needed, since the space may get axes and bounds when it is bound."""
        if self._archive is None:
            keys = [*self.behavior_space.behavior_keys, *(key for part in self._parts() for key in keys_of(part))]
            if self._primary is not None:
                keys.append(self._primary[0])
            self._archive = ProgramArchive(self.behavior_space.shape, keys)
        return self._archive

    def __len__(self) -> int:
        return len(self.archive)

    def __contains__(self, program_id: object) -> bool:
        return program_id in self.archive

    def missing_keys(self, program: Program) -> list[str]:
        """Metrics that this island needs and the program lacks."""
        return [key for key in self.archive.columns if key not in program.metrics]

    async def add(self, program: Program) -> bool:
        """Offer a program; whether the island keeps it now."""
        if program.id in self.archive:
            return True
        reason = self._reason_to_refuse(program)
        if reason is not None:
            self.refused[reason] += 1
            return False
        self.clamped.update(self.behavior_space.out_of_range(program.metrics))
        cell = self.behavior_space.get_cell(program.metrics)
        placement = self._compete(cell, program)
        if not placement.kept:
            return False
        self._settle(cell, program, placement.displaced)
        return program.id in self.archive

    async def remove(self, program_id: str) -> bool:
        """Take a program out; False where it is not here."""
        if program_id not in self.archive:
            return False
        self._take_out(program_id)
        return True

    async def get_elites(self) -> list[Program]:
        """All elites."""
        return self.archive.programs()

    async def select_elites(self, total: int) -> list[Program]:
        """At most ``total`` parents."""
        if total < 1 or not len(self.archive):
            return []
        select_rows = getattr(self.elite_selector, "select_rows", None)
        rows = None if select_rows is None else select_rows(self.archive, total)
        if rows is None:
            return list(self.elite_selector(self.archive.programs(), total))
        return self.archive.programs(rows)

    async def select_migrants(self, count: int) -> list[Program]:
        """At most ``count`` elites to be sent elsewhere."""
        return list(self.migrant_selector(self.archive.programs(), count))

    def drain_events(self) -> list[ArchiveEvent]:
        """What changed since the last call, in order."""
        events, self._events = self._events, []
        return events

    def apply(self, event: ArchiveEvent, program: Program) -> None:
        """Repeat a journalled change.

        Raises:
            ValueError: The archive is not in the state that the event was written in.
        """
        if event.action == "insert":
            placement = self._place_again(event.cell, program)
            displaced = None if placement.displaced is None else placement.displaced.id
            fits = displaced == event.displaced
        elif event.action == "remove":
            fits = event.program_id in self.archive and self.archive.remove(event.program_id) == event.cell
        else:
            raise ValueError(f"island {self.id}: unknown action {event.action!r} in the journal")
        if not fits:
            raise ValueError(
                f"island {self.id}: the journal does not fit the archive at {event.action} of {event.program_id}"
            )

    def snapshot(self) -> dict[str, Any]:
        """Elites in row order with their cells, and counters, as JSON values."""
        return {
            "elites": [[program.id, list(cell)] for cell, program in self.archive],
            "refused": dict(self.refused),
            "clamped": dict(self.clamped),
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``."""
        self._archive = None
        self._events.clear()
        for program_id, cell in state["elites"]:
            self._place_again(cell, programs[program_id])
        self.refused = Counter(state["refused"])
        self.clamped = Counter(state["clamped"])

    def primary_values(self) -> FloatArray:
        """Primary metric of each elite, shape (n,); the objective where the island is not bound to a run."""
        return self.archive.objectives if self._primary is None else self.archive.metric(self._primary[0])

    def _parts(self) -> tuple[Any, ...]:
        return (
            self.behavior_space,
            self.archive_selector,
            self.elite_selector,
            *self._limit_parts(),
            self.migrant_selector,
        )

    def _limit_parts(self) -> tuple[Any, ...]:
        return () if self.config.max_size is None else (self.archive_remover,)

    def _reason_to_refuse(self, program: Program) -> str | None:
        if program.error is not None:
            return "invalid"
        metrics = program.metrics
        for key in self.archive.columns:
            value = metrics.get(key)
            if value is None:
                return f"missing metric: {key}"
            if not math.isfinite(value):
                return f"not finite: {key}"
        if self._score is not None and not math.isfinite(self._score(program)):
            return "score not finite"
        return None

    def _compete(self, cell: Sequence[int], program: Program) -> Placement:
        """Put a program into its cell if it is better than who sits there."""
        if self._score is not None:
            return self.archive.add(cell, self._score(program), program)
        current = self.archive.elite_at(cell)
        if current is not None and not self._is_better(program, current):
            return Placement(kept=False)
        return self.archive.put(cell, self._objective(program), program)

    def _settle(self, cell: tuple[int, ...], program: Program, displaced: Program | None) -> None:
        """Hold the size limit after a program took its cell, and journal what changed."""
        try:
            leaving = self._excess()
        except Exception:
            if displaced is None:
                self.archive.remove(program.id)
            else:
                self._place_again(cell, displaced)
            raise
        if displaced is None and program.id in leaving:
            # It is in the last row: without it the archive is what it was, row by row, and there is nothing to journal.
            self.archive.remove(program.id)
            leaving.remove(program.id)
        else:
            self._events.append(self._event("insert", cell, program.id, displaced))
            program.metadata[CURRENT_ISLAND] = self.id
        for program_id in leaving:
            self._take_out(program_id)

    def _place_again(self, cell: Sequence[int], program: Program) -> Placement:
        program.metadata[CURRENT_ISLAND] = self.id
        return self.archive.put(cell, self._objective(program), program)

    def _objective(self, program: Program) -> float:
        """What the archive keeps as the program's objective; only a scalar selector compares by it."""
        if self._score is not None:
            return self._score(program)
        if self._primary is None:
            return 0.0
        key, sign = self._primary
        return sign * program.metrics[key]

    def _excess(self) -> list[str]:
        """Ids of the elites that must go so that the size limit holds.

        Raises:
            ValueError: The remover named too few.
        """
        limit, archive = self.config.max_size, self.archive
        if limit is None or len(archive) <= limit:
            return []
        excess_rows = getattr(self.archive_remover, "excess_rows", None)
        rows = None if excess_rows is None else excess_rows(archive, limit)
        named = self.archive_remover(archive.programs(), limit) if rows is None else archive.programs(rows)
        leaving = list(dict.fromkeys(program.id for program in named if program.id in archive))
        wanted = len(archive) - limit
        if len(leaving) < wanted:
            name = type(self.archive_remover).__name__
            raise ValueError(f"island {self.id}: {name} named {len(leaving)} elites where {wanted} must go")
        return leaving

    def _take_out(self, program_id: str) -> None:
        cell = self.archive.remove(program_id)
        self._events.append(self._event("remove", cell, program_id))

    def _event(
        self, action: str, cell: tuple[int, ...], program_id: str, displaced: Program | None = None
    ) -> ArchiveEvent:
        return ArchiveEvent(
            action=action,
            island_id=self.id,
            cell=cell,
            program_id=program_id,
            displaced=None if displaced is None else displaced.id,
        )
