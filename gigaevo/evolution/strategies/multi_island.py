"""MAP-Elites on one or several islands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import (
    ArchiveEvent,
    EvolutionStrategy,
    StrategyContext,
    StrategyMetrics,
)
from gigaevo.evolution.strategies.island import Island, IslandConfig
from gigaevo.evolution.strategies.migration import migrate
from gigaevo.evolution.strategies.mutant_router import MutantRouter, RandomMutantRouter
from gigaevo.evolution.strategies.parts import bind_part
from gigaevo.evolution.strategies.quality import QualityScale
from gigaevo.programs import Program


class MapElitesMultiIsland(EvolutionStrategy):
    """Islands that evolve side by side; a program is kept by one island at most.

    Args:
        island_configs: One for each island.
        program_storage: Accepted for configurations that name it, and not used: a strategy is given its programs.
        mutant_router: Decides which island receives a new program; uniform where left out.
        migration_interval: Generations between migrations, counted in proposals (``StrategyContext.generation_size``).
        enable_migration: Whether elites migrate; with one island there is nowhere to go.
        max_migrants_per_island: Elites that each island offers to the others at a migration.

    Raises:
        ValueError: No island, two of the same id, or a number below 1.

    Attributes:
        islands: By id.
        unrouted: Programs that no island could place or that the router turned away, by reason.
    """

    def __init__(
        self,
        *,
        island_configs: Sequence[IslandConfig],
        program_storage: Any = None,
        mutant_router: MutantRouter | None = None,
        migration_interval: int = 50,
        enable_migration: bool = True,
        max_migrants_per_island: int = 5,
    ) -> None:
        ids = [config.island_id for config in island_configs]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"island_configs must be islands of different ids; found {ids}")
        for name, number in (
            ("migration_interval", migration_interval),
            ("max_migrants_per_island", max_migrants_per_island),
        ):
            if number < 1:
                raise ValueError(f"{name} must be at least 1; found {number}")
        self.islands: dict[str, Island] = {config.island_id: Island(config) for config in island_configs}
        self.unrouted: Counter[str] = Counter()
        self._router = RandomMutantRouter() if mutant_router is None else mutant_router
        self._migrates = enable_migration and len(ids) > 1
        self._migration_interval = migration_interval
        self._migrants_per_island = max_migrants_per_island
        self._migration_period: int | None = None
        self._random = RandomSource(0)
        self._quality = QualityScale()
        self._generation = 0
        self._events: list[ArchiveEvent] = []

    def bind(self, context: StrategyContext) -> None:
        self._random = context.random
        if self._migrates:
            self._migration_period = self._migration_interval * context.generation_size
        self._quality.bind(context)
        bind_part(self._router, context)
        for island in self.islands.values():
            island.bind(context)

    async def select_elites(self, total: int) -> list[Program]:
        """Parents from islands drawn uniformly, then from each by its own selector; migration first, if it is due."""
        await self._migrate_if_due()
        populated = [island for island in self.islands.values() if len(island)]
        if not populated or total < 1:
            return []
        if len(populated) == 1:
            return await populated[0].select_elites(total)
        rng = self._random.generator("island_of_parents")
        drawn = Counter(rng.integers(len(populated), size=total).tolist())
        parents: list[Program] = []
        for index, count in drawn.items():
            parents += await populated[index].select_elites(count)
        return parents

    async def add(self, program: Program) -> bool:
        if self._island_of(program.id) is not None:
            return True
        island = await self._route(program)
        if island is None:
            return False
        self._note(program)
        kept = await island.add(program)
        self._events += island.drain_events()
        return kept

    async def remove(self, program_id: str) -> bool:
        island = self._island_of(program_id)
        if island is None:
            return False
        removed = await island.remove(program_id)
        self._events += island.drain_events()
        return removed

    def drain_events(self) -> list[ArchiveEvent]:
        events, self._events = self._events, []
        return events

    def apply(self, event: ArchiveEvent, program: Program) -> None:
        """Repeat a journalled change.

        Raises:
            ValueError: It names an island that does not exist, or does not fit the state of the archive.
        """
        island = self.islands.get(event.island_id)
        if island is None:
            raise ValueError(f"the journal names island {event.island_id!r}; there are {', '.join(self.islands)}")
        island.apply(event, program)
        if event.action == "insert":
            self._note(program)

    def apply_rejection(self, program: Program) -> None:
        if any(not island.missing_keys(program) for island in self.islands.values()):
            self._note(program)

    def snapshot(self) -> dict[str, Any]:
        return {
            "islands": {island_id: island.snapshot() for island_id, island in self.islands.items()},
            "unrouted": dict(self.unrouted),
            "generation": self._generation,
            "worst": self._quality.worst_seen,
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``.

        Raises:
            ValueError: The snapshot was taken of other islands.
        """
        if set(state["islands"]) != set(self.islands):
            raise ValueError(
                f"the snapshot has the islands {', '.join(state['islands'])}; this run has {', '.join(self.islands)}"
            )
        for island_id, island_state in state["islands"].items():
            self.islands[island_id].restore(island_state, programs)
        self._events.clear()
        self.unrouted = Counter(state["unrouted"])
        self._generation = state["generation"]
        self._quality.worst_seen = state["worst"]

    def members(self) -> set[str]:
        return set().union(*(island.archive.ids for island in self.islands.values()))

    async def get_metrics(self) -> StrategyMetrics:
        islands = self.islands.values()
        sizes = {island.id: len(island) for island in islands}
        total = sum(sizes.values())
        cells = sum(island.behavior_space.total_cells for island in islands)
        values = np.concatenate([island.primary_values() for island in islands])
        return StrategyMetrics(
            total_programs=total,
            coverage=total / cells,
            qd_score=self._quality.total(values),
            sizes=sizes,
            generation=self._generation,
        )

    async def _migrate_if_due(self) -> None:
        # When is a function of the proposal's number alone: nothing to be stored, and never done twice after a resume.
        proposal, period = self._random.proposal, self._migration_period
        if period is None or proposal <= 0 or proposal % period:
            return
        self._events += await migrate(
            list(self.islands.values()),
            router=self._router,
            per_island=self._migrants_per_island,
            rng=self._random.generator("migration"),
        )

    def _island_of(self, program_id: str) -> Island | None:
        return next((island for island in self.islands.values() if program_id in island), None)

    async def _route(self, program: Program) -> Island | None:
        if program.error is not None:
            self.unrouted["invalid"] += 1
            return None
        lacking = {island_id: island.missing_keys(program) for island_id, island in self.islands.items()}
        able = [self.islands[island_id] for island_id, missing in lacking.items() if not missing]
        if not able:
            missing = sorted(set().union(*lacking.values()))
            self.unrouted[f"missing metric: {', '.join(missing)}"] += 1
            return None
        island = await self._router.route_mutant(program, able)
        if island is None:
            # A router that compares with elites has nothing to go by in the beginning.
            island = next((candidate for candidate in able if not len(candidate)), None)
        if island is None:
            self.unrouted["refused by the router"] += 1
        return island

    def _note(self, program: Program) -> None:
        self._generation = max(self._generation, program.generation)
        self._quality.note(program)
