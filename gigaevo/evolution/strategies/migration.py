"""Migration: elites move between islands from time to time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from loguru import logger

from gigaevo.evolution.strategies.base import ArchiveEvent, StrategyContext
from gigaevo.evolution.strategies.faults import PartFailed, PartFaults
from gigaevo.evolution.strategies.migration_policy import (
    FixedMigrationPolicy,
    MigrationPlan,
    MigrationPolicy,
    at_least_one,
    policy_of,
)
from gigaevo.evolution.strategies.topology import Topology, topology_of
from gigaevo.programs import Program

if TYPE_CHECKING:
    from gigaevo.evolution.strategies.island import Island

SHORT_INTERVAL = 5  # generations
MIGRATION = "migration"  # the action of the event that sums a migration up
NOBODY_SELECTED = "no programs selected by the migrant selector"
NO_ROAD = "no island may send to another"

_T = TypeVar("_T")


@dataclass(slots=True)
class MigrationResult:
    """What became of the migrants of one migration.

    Attributes:
        events: What changed, in order. A departure precedes its arrival, and the last event sums the migration up.
        tried: Migrants that were to travel.
        moved: Those of them that their destination kept.
        reasons: Why the others stayed, or why nobody was to travel, and how often.
    """

    events: list[ArchiveEvent] = field(default_factory=list)
    tried: int = 0
    moved: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def summary(self) -> ArchiveEvent:
        """The counts as an event, so that a replay of the journal knows them."""
        details = {"tried": self.tried, "moved": self.moved, "reasons": dict(self.reasons)}
        return ArchiveEvent(action=MIGRATION, details=details)


class Migration:
    """Sends elites from island to island.

    A migrant that nobody takes stays where it is. It goes where the router says, among the islands that the topology
    and the policy open to it and that can place it. When moving, it leaves its island as soon as another keeps it, so
    that it is in one island at any time; when copying, it stays there as well, and is not sent where it already is.

    Args:
        interval: Generations between migrations, at least 1.
        max_migrants_per_island: Elites that each island sends at most, at least 1.
        enabled: Whether elites migrate at all; with one island there is nowhere to go.
        topology: Which islands send to which: an object, or ``"ring"``, ``"fully_connected"`` (the default) or
            ``"random"``.
        policy: Decides on times and numbers in place of ``interval`` and ``max_migrants_per_island``: an object, or
            ``"conservative"``, ``"aggressive"`` or ``"adaptive"``.
        copy: Whether migrants stay on their island as well.

    Raises:
        ValueError: A number below 1, or a name that is none of these.
    """

    def __init__(
        self,
        *,
        interval: int = 50,
        max_migrants_per_island: int = 5,
        enabled: bool = True,
        topology: Topology | str | None = None,
        policy: MigrationPolicy | str | None = None,
        copy: bool = False,
    ) -> None:
        at_least_one("migration_interval", interval)
        at_least_one("max_migrants_per_island", max_migrants_per_island)
        self.enabled = enabled
        self.copy = copy
        self.topology = topology_of(topology)
        self.policy = FixedMigrationPolicy(interval, max_migrants_per_island) if policy is None else policy_of(policy)
        self._generation_size = 1
        self._period = self.policy.period(1)

    def bind(self, context: StrategyContext, islands: Sequence[str]) -> None:
        """Learn how long a generation is, and check the topology against the ids of the islands.

        Raises:
            ValueError: The topology names an island that does not exist.
        """
        self.topology.check(islands)
        self._generation_size = context.generation_size
        self._period = self.policy.period(context.generation_size)

    def due(self, proposal: int) -> bool:
        """Whether to migrate before parents of this proposal are chosen; a function of its number alone."""
        return self.enabled and proposal > 0 and proposal % self._period == 0

    def reason_for_none(self, proposal: int, islands: int) -> str | None:
        """Why there was no migration up to this proposal; None where there may have been one.

        Args:
            proposal: Number of the latest proposal.
            islands: Number of islands.
        """
        if not self.enabled:
            return "enable_migration is false"
        if islands < 2:
            return "there is one island"
        if proposal < self._period:
            due, now = self._period // self._generation_size, max(proposal, 0) // self._generation_size
            return f"interval not reached: first due in generation {due}, this is generation {now}"
        return None

    def advice(self) -> list[str]:
        """One line for each doubt about the settings."""
        generations = self._period // self._generation_size
        if generations < SHORT_INTERVAL:
            return [f"migration every {generations} generations leaves islands no time to become different"]
        return []

    async def run(
        self,
        islands: Mapping[str, Island],
        router: Any,
        rng: np.random.Generator,
        proposal: int,
        faults: PartFaults | None = None,
    ) -> MigrationResult:
        """Migrate now. With one island nothing happens, and there is no event.

        Args:
            islands: All islands by id.
            router: Chooses the destination of each migrant among those that are open to it.
            rng: Generator of the migration: of the order in which migrants travel, and of the topology.
            proposal: Number of the present proposal.
            faults: Counts what parts raise; a part that raises is done without.
        """
        if len(islands) < 2:
            return MigrationResult()
        crossing = _Crossing(self, islands, router, PartFaults() if faults is None else faults)
        await crossing.embark(proposal // self._generation_size, rng)
        await crossing.travel(rng)
        return crossing.arrive()


@dataclass(frozen=True, slots=True)
class _Traveller:
    """A migrant, where it is and where it may go."""

    program: Program
    source: Island
    targets: Sequence[Island]


class _Crossing:
    """One migration under way."""

    def __init__(self, migration: Migration, islands: Mapping[str, Island], router: Any, faults: PartFaults) -> None:
        self.result = MigrationResult()
        self._migration = migration
        self._islands = islands
        self._router = router
        self._faults = faults
        self._travellers: list[_Traveller] = []
        self._level = "INFO"

    async def embark(self, generation: int, rng: np.random.Generator) -> None:
        """Find out who is to travel."""
        policy = self._migration.policy
        plan = self._ask(
            policy, "migration_policy", lambda: _checked(policy.plan(generation, list(self._islands.values())))
        )
        if plan is None:
            return
        if plan.reason is not None:
            self._level = "DEBUG"  # an adaptive policy has nothing to do most of the time
            self.result.reasons[plan.reason] += 1
            return
        roads = 0
        for source in self._islands.values():
            count = plan.exports.get(source.id, 0)
            targets = [target for target in self._targets(source, rng) if target.id in plan.receivers]
            if count < 1 or not targets:
                continue
            roads += 1
            migrants = {migrant.id: migrant for migrant in await source.select_migrants(count)}
            self._travellers += [_Traveller(migrant, source, targets) for migrant in migrants.values()]
        self.result.tried = len(self._travellers)
        if not self._travellers and not self.result.reasons:
            self.result.reasons[NOBODY_SELECTED if roads else NO_ROAD] += 1

    async def travel(self, rng: np.random.Generator) -> None:
        """Send every traveller on its way, in random order."""
        for index in rng.permutation(len(self._travellers)):
            reason = await self._send(self._travellers[index])
            if reason is None:
                self.result.moved += 1
            else:
                self.result.reasons[reason] += 1

    def arrive(self) -> MigrationResult:
        """Tell what came of it."""
        self._log()
        self.result.events.append(self.result.summary())
        return self.result

    def _ask(self, part: Any, role: str, question: Callable[[], _T]) -> _T | None:
        try:
            with self._faults.guard(part, role):
                return question()
        except PartFailed:
            self.result.reasons[f"fault in {role}"] += 1
            return None

    def _targets(self, source: Island, rng: np.random.Generator) -> list[Island]:
        topology = self._migration.topology
        ids = self._ask(topology, "topology", lambda: list(topology.destinations(source.id, list(self._islands), rng)))
        return [self._islands[target] for target in ids or () if target in self._islands and target != source.id]

    async def _send(self, traveller: _Traveller) -> str | None:
        """Take a traveller to its destination.

        Returns:
            Why it stayed; None where it did not.
        """
        program, source = traveller.program, traveller.source
        if program.id not in source:
            return "driven out of its island before it could leave"
        targets = [target for target in traveller.targets if program.id not in target]
        if not targets:
            return "already wherever it may go"
        able = [target for target in targets if not target.missing_keys(program)]
        if not able:
            lacking = sorted({key for target in targets for key in target.missing_keys(program)})
            return f"no destination can place it: missing metrics {', '.join(lacking)}"
        try:
            with self._faults.guard(self._router, "mutant_router"):
                destination = await self._router.route_mutant(program, able)
        except PartFailed:
            return "fault in mutant_router"
        if not any(destination is target for target in able):
            return "refused by the router"
        return await self._settle(program, source, destination)

    async def _settle(self, program: Program, source: Island, destination: Island) -> str | None:
        kept = await destination.add(program)
        arrival = destination.drain_events()
        if kept and not self._migration.copy:
            await source.remove(program.id)
            self.result.events += source.drain_events()
        self.result.events += arrival
        if not kept:
            return f"refused by the destination: {destination.last_refusal}"
        logger.debug("[Migration] Island {} → Island {}: program {}", source.id, destination.id, program.id)
        return None

    def _log(self) -> None:
        result = self.result
        causes = ", ".join(f"{times} {reason}" for reason, times in result.reasons.most_common())
        if result.moved == 0:
            logger.log(self._level, "[Migration] 0 migrants transferred ({})", causes)
            return
        gone = sum(event.action == "remove" for event in result.events)
        gone += sum(event.displaced is not None for event in result.events)
        stayed = f"; {result.tried - result.moved} migrants stayed ({causes})" if causes else ""
        logger.info("[Migration] Removed {} programs, added {} programs{}", gone, result.moved, stayed)


def _checked(plan: MigrationPlan) -> MigrationPlan:
    if not isinstance(plan, MigrationPlan):
        raise TypeError(f"plan() must return a MigrationPlan; found {plan!r}")
    return plan
