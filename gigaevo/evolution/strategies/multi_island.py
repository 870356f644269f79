"""MAP-Elites on one or several islands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from loguru import logger

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.advice import design_advice
from gigaevo.evolution.strategies.base import (
    ArchiveEvent,
    EvolutionStrategy,
    StrategyContext,
    StrategyMetrics,
)
from gigaevo.evolution.strategies.diagnosis import Diagnosis
from gigaevo.evolution.strategies.faults import DEFAULT_LIMIT, PartFailed, PartFaults
from gigaevo.evolution.strategies.inspiration import inspirations_of
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.island_reset import IslandReset
from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.mutant_router import MutantRouter, RandomMutantRouter
from gigaevo.evolution.strategies.parts import bind_part
from gigaevo.evolution.strategies.tally import Tally
from gigaevo.programs import Program

PARENT_ISLAND = "parent_island"  # where a program's metadata says which island its first parent came from
NO_ROUTE = "refused by the router"


class MapElitesMultiIsland(EvolutionStrategy):
    """Islands that evolve side by side.

    Args:
        island_configs: One for each island.
        program_storage: Accepted for configurations that name it, and not used: a strategy is given its programs.
        mutant_router: Decides which island receives a new program; uniform where left out.
        migration_interval: Generations between migrations, counted in proposals (``StrategyContext.generation_size``).
        enable_migration: Whether elites migrate; with one island there is nowhere to go. None means True, and no word
            of advice where it makes no difference.
        max_migrants_per_island: Elites that each island offers to the others at a migration.
        migration: The whole of how elites migrate, in place of the three above.
        reset: When islands that come no further begin anew; None means never.
        max_faults: Times that parts may raise before the run ends.

    Raises:
        ValueError: No island, two of the same id, or a number below 1.

    Attributes:
        islands: By id. An island that is added later takes part from then on.
        created: What the islands were made from that were made at run time, in order.
    """

    def __init__(
        self,
        *,
        island_configs: Sequence[IslandConfig],
        program_storage: Any = None,
        mutant_router: MutantRouter | None = None,
        migration_interval: int = 50,
        enable_migration: bool | None = None,
        max_migrants_per_island: int = 5,
        migration: Migration | None = None,
        reset: IslandReset | None = None,
        max_faults: int = DEFAULT_LIMIT,
    ) -> None:
        ids = [config.island_id for config in island_configs]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError(f"island_configs must be islands of different ids; found {ids}")
        self.islands: dict[str, Island] = {config.island_id: Island(config) for config in island_configs}
        self.created: list[dict[str, Any]] = []
        self.router: MutantRouter = RandomMutantRouter() if mutant_router is None else mutant_router
        self.migration = migration or Migration(
            interval=migration_interval,
            max_migrants_per_island=max_migrants_per_island,
            enabled=enable_migration is not False,
        )
        self._migration_is_asked_for = migration is not None or enable_migration is not None
        self.reset = reset
        self.faults = PartFaults(max_faults)
        self._context: StrategyContext | None = None
        self._random = RandomSource(0)
        self._generation_size = 20
        self._tally = Tally()
        self._bound: set[str] = set()
        self._diagnosis = Diagnosis(self.islands, self.router)
        self._events: list[ArchiveEvent] = []

    def bind(self, context: StrategyContext) -> None:
        self._context = context
        self._random = context.random
        self._generation_size = context.generation_size
        self._tally.bind(context)
        bind_part(self.router, context)
        self._take_in_islands()
        self.migration.bind(context, list(self.islands))
        self._diagnosis = Diagnosis(self.islands, self.router, context.metrics)
        migration = self.migration if self._migration_is_asked_for else None
        may_grow = type(self).island_from is not MapElitesMultiIsland.island_from
        for line in design_advice(list(self.islands.values()), migration, may_grow=may_grow):
            logger.warning("[Design] {}", line)

    # Parents

    async def select_elites(self, total: int) -> list[Program]:
        """Parents from islands drawn uniformly, then from each by its own selector; migration first, if it is due.

        An island whose selector fails gives none; where all do, elites are drawn uniformly.
        """
        self.faults.check()
        self._take_in_islands()
        await self._keep_house()
        populated = [island for island in self.islands.values() if len(island)]
        if not populated or total < 1:
            return []
        parents: list[Program] = []
        for island, count in self._shares(populated, total):
            parents += await island.select_elites(count)
        return parents or self._any_elites(populated, total)

    def inspirations(self, parents: Sequence[Program], *, best: int, diverse: int) -> list[Program]:
        return inspirations_of(
            list(self.islands.values()),
            parents,
            best=best,
            diverse=diverse,
            higher_is_better=self._tally.quality.higher_is_better,
            rng=self._random.generator("inspirations"),
        )

    def note_parents(self, program_ids: Sequence[str]) -> None:
        for program_id, times in Counter(program_ids).items():
            for island in self.islands.values():
                island.archive.note_selected(program_id, times)

    def _shares(self, populated: Sequence[Island], total: int) -> list[tuple[Island, int]]:
        """How many of the parents each island gives."""
        if len(populated) == 1:
            return [(populated[0], total)]
        rng = self._random.generator("island_of_parents")
        drawn = Counter(rng.integers(len(populated), size=total).tolist())
        return [(populated[index], count) for index, count in drawn.items()]

    def _any_elites(self, populated: Sequence[Island], total: int) -> list[Program]:
        rng = self._random.generator("elites_in_place_of_a_fault")
        elites = [(island, elite) for island in populated for elite in island.archive.programs()]
        able = [elite for island, elite in elites if island.may_breed(elite)] or [elite for _, elite in elites]
        return [able[row] for row in rng.permutation(len(able))[:total]]

    async def _keep_house(self) -> None:
        """What is to be done from time to time, before parents are chosen."""
        proposal = self._random.proposal
        if self.migration.due(proposal):
            rng = self._random.generator("migration")
            result = await self.migration.run(self.islands, self.router, rng, proposal, self.faults)
            for event in result.events:
                self._record(event)
        if self.reset is not None and proposal > 0 and proposal % self._generation_size == 0:
            events = await self.reset.run(
                self.islands, higher_is_better=self._tally.quality.higher_is_better, copy=self.migration.copy
            )
            self._events += events

    # Programs that come and go

    async def add(self, program: Program) -> bool:
        self._take_in_islands()
        if self.holds(program.id):
            return True
        program.metadata[PARENT_ISLAND] = self._home_of(next(iter(program.parents), ""))
        island, reason = await self._route(program)
        if island is None:
            self._record(ArchiveEvent(action="reject", program_id=program.id, details={"reason": reason}))
            self._note_offer(program, None, kept=False, reason=reason)
            self._diagnosis.offered(program, None, kept=False, reason=reason)
            return False
        kept = await island.add(program)
        for event in island.drain_events():
            self._record(self._with_parent_island(event, program))
        self._note_offer(program, island, kept=kept)
        self._diagnosis.offered(program, island, kept=kept)
        return kept

    async def remove(self, program_id: str) -> bool:
        removed = False
        for island in self.islands.values():
            removed |= await island.remove(program_id)
            for event in island.drain_events():
                self._record(event)
        return removed

    async def _route(self, program: Program) -> tuple[Island | None, str]:
        """The island for a new program; None with the reason where there is none."""
        if program.error is not None:
            return None, "invalid"
        lacking = {island_id: island.missing_keys(program) for island_id, island in self.islands.items()}
        able = [self.islands[island_id] for island_id, missing in lacking.items() if not missing]
        if not able:
            missing = sorted(set().union(*lacking.values()))
            return None, f"missing metric: {', '.join(missing)}"
        try:
            with self.faults.guard(self.router, "mutant_router"):
                island = await self._choose(program, able)
                if island is not None and island not in self.islands.values():
                    raise TypeError(f"route_mutant must return one of the islands or None; found {island!r}")
        except PartFailed as fault:
            return None, f"fault in {fault.role}"
        if island is None:  # a router that compares with elites has nothing to go by in the beginning
            island = next((candidate for candidate in able if not len(candidate)), None)
        return island, NO_ROUTE

    async def _choose(self, program: Program, able: list[Island]) -> Island | None:
        """One of the islands that can place the program."""
        return await self.router.route_mutant(program, able)

    def _with_parent_island(self, event: ArchiveEvent, program: Program) -> ArchiveEvent:
        """The event, with what a learning router wants to know when it is replayed."""
        home = program.metadata[PARENT_ISLAND]
        if home is None or event.program_id != program.id or not self._router_learns:
            return event
        return replace(event, details={**event.details, PARENT_ISLAND: home})

    @property
    def _router_learns(self) -> bool:
        """Whether the router wants to know what became of programs; one of a user's own may not know the question."""
        return getattr(type(self.router), "credit", MutantRouter.credit) is not MutantRouter.credit

    def _note_offer(self, program: Program, island: Island | None, *, kept: bool, reason: str = "") -> None:
        """Count a program that was offered; the same live and on replay."""
        self._tally.offered(program, kept=kept)
        if island is None:
            self.unrouted[reason] += 1
        elif self._router_learns:
            with suppress(PartFailed), self.faults.guard(self.router, "mutant_router"):
                self.router.credit(program, island.id, kept)

    # Islands made at run time

    def island_from(self, spec: Mapping[str, Any]) -> IslandConfig:
        """The island that ``spec`` describes, for strategies that make islands while they run.

        Args:
            spec: JSON values, as given to ``create_island``; ``island_id`` among them.
        """
        raise ValueError(
            f"{type(self).__name__} cannot make island {spec.get('island_id')!r} again: define island_from(spec)"
        )

    def create_island(self, spec: Mapping[str, Any]) -> Island:
        """Make an island that a resumed run makes again."""
        self._record(ArchiveEvent(action="create", island_id=spec["island_id"], details=spec))
        logger.info("[Island] Created new island: {}", spec["island_id"])
        return self._make_island(spec)

    def _make_island(self, spec: Mapping[str, Any]) -> Island:
        island = Island(self.island_from(spec))
        self.created.append(dict(spec))
        self.islands[island.id] = island
        self._take_in_islands()
        return island

    # The journal

    def revise(self, program: Program) -> None:
        """Take over metrics and artifacts of ``program``, another object of an elite, which keeps its place."""
        for island in self.islands.values():
            island.revise(program)

    def drain_events(self) -> list[ArchiveEvent]:
        events, self._events = self._events, []
        return events

    def _record(self, event: ArchiveEvent) -> None:
        self._events.append(event)
        if event.action == "migration":
            self._note_migration(event)

    def _note_migration(self, event: ArchiveEvent) -> None:
        self._tally.migrated(sent=event.details["tried"], settled=event.details["moved"])

    def apply(self, event: ArchiveEvent, program: Program) -> None:
        """Repeat a journalled change.

        Raises:
            ValueError: It names an island that does not exist, or does not fit the state of the archive.
        """
        if event.action == "migration":
            self._note_migration(event)
            return
        if event.action == "create":
            self._make_island(event.details)
            return
        if event.action == "reject" and not event.island_id:
            self._note_offer(program, None, kept=False, reason=event.details["reason"])
            return
        island = self.islands.get(event.island_id)
        if island is None:
            raise ValueError(f"the journal names island {event.island_id!r}; there are {', '.join(self.islands)}")
        program = self._held(program.id) or program
        island.apply(event, program)
        if event.action in ("insert", "reject") and "from" not in event.details:
            program.metadata[PARENT_ISLAND] = event.details.get(PARENT_ISLAND)
            self._note_offer(program, island, kept=event.action == "insert")

    def snapshot(self) -> dict[str, Any]:
        state = getattr(self.router, "state", None)
        return {
            "created": list(self.created),
            "islands": {island_id: island.snapshot() for island_id, island in self.islands.items()},
            "tally": self._tally.state(),
            "router": None if state is None else state(),
        }

    def restore(self, state: Mapping[str, Any], programs: Mapping[str, Program]) -> None:
        """Go back to ``snapshot()``.

        Raises:
            ValueError: The snapshot was taken of other islands.
        """
        for spec in state["created"]:
            if spec["island_id"] not in self.islands:
                self._make_island(spec)
        self._take_in_islands()
        if set(state["islands"]) != set(self.islands):
            raise ValueError(
                f"the snapshot has the islands {', '.join(state['islands'])}; this run has {', '.join(self.islands)}"
            )
        for island_id, island_state in state["islands"].items():
            self.islands[island_id].restore(island_state, programs)
        self._events.clear()
        self._tally.restore(state["tally"])
        if state["router"] is not None:
            self.router.restore(state["router"])

    # Questions

    def members(self) -> set[str]:
        return set().union(*(island.archive.ids for island in self.islands.values()))

    def remembered(self) -> set[str]:
        return set().union(*(island.remembered() for island in self.islands.values()))

    @property
    def unrouted(self) -> Counter[str]:
        """Programs that no island was found for, by reason."""
        return self._tally.unrouted

    def holds(self, program_id: str) -> bool:
        return self._home_of(program_id) is not None

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether any island could, for who knows where a router sends a program."""
        return any(island.could_keep(metrics, bounds) for island in self.islands.values())

    def closing_notes(self) -> list[str]:
        """Islands that are empty, and why nobody migrated where there was nothing to log so far."""
        notes = self._diagnosis.closing_notes()
        reason = self.migration.reason_for_none(self._random.proposal, len(self.islands))
        if reason is not None and len(self.islands) > 1 and not self._tally.has_migrants:
            notes.append(f"[Migration] 0 migrants transferred ({reason})")
        return notes

    async def get_metrics(self) -> StrategyMetrics:
        return self._tally.metrics(self.islands.values(), faults=self.faults.total)

    def _home_of(self, program_id: str) -> str | None:
        return next((island.id for island in self.islands.values() if program_id in island), None)

    def _held(self, program_id: str) -> Program | None:
        return next((held for island in self.islands.values() if (held := island.archive.get(program_id))), None)

    def _take_in_islands(self) -> None:
        """Bind the islands that came since the last look."""
        if len(self._bound) == len(self.islands) or self._context is None:
            return
        for island_id, island in self.islands.items():
            if island_id not in self._bound:
                island.parts.faults = self.faults
                island.bind(self._context)
                self._bound.add(island_id)
