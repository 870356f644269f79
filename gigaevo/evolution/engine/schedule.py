"""When proposals are made and when their results are settled: the one thing in which the engine's loops differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from gigaevo.evolution.engine.budget import Budget
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.pools import Pools, Room
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.settings import GENERATIONAL, EngineSettings


class Schedule:
    """Looks at the books and at what is under way, and changes neither. What is defined here is what most have in
    common: a proposal whenever there is room, and results settled in the order of the proposals.

    Args:
        settings: How the engine works.
        record: The run's books.
        jobs: Proposals that are being carried out, by number; the engine's own.
        budget: What the limits leave.
        pools: Where proposals are worked on.

    Attributes:
        settles_on_arrival: Whether a result is settled as soon as it is there; else ``next_result`` says when.
    """

    settles_on_arrival: ClassVar[bool] = False

    def __init__(
        self,
        *,
        settings: EngineSettings,
        record: RunRecord,
        jobs: Mapping[int, Job],
        budget: Budget,
        pools: Pools,
    ) -> None:
        self._settings = settings
        self._record = record
        self._jobs = jobs
        self._budget = budget
        self._pools = pools

    def due(self) -> int:
        """How many proposals are to be made now, all of them on the population as it is."""
        return int(self._has_open_place() and self._budget.has_room() and self._budget.programs() >= 1)

    def next_result(self, *, stopping: bool) -> Job | None:
        """The proposal whose result is to be settled now: the oldest open one, once its result is in.

        Args:
            stopping: Whether the run was asked to end, so that no proposal will follow.
        """
        oldest = self._jobs.get(next(iter(self._record.ledger.open), -1))
        return None if oldest is None or oldest.result is None else oldest

    def _has_open_place(self) -> bool:
        return len(self._record.ledger.open) < self._pools.capacity


class SteadyState(Schedule):
    """Nobody waits for anybody: a proposal sees the results that happen to be there."""

    settles_on_arrival = True

    def due(self) -> int:
        pools = self._pools
        if pools.choose and not self._record.ledger.siblings and pools.room(self._jobs) is Room.NOBODY:
            return 0
        return super().due()

    def next_result(self, *, stopping: bool) -> Job | None:
        return None


class Windowed(Schedule):
    """The steady state made repeatable: exactly one result is settled for each proposal beyond the window, so that
    proposal k sees the results of the proposals before k - window and of no other."""

    def next_result(self, *, stopping: bool) -> Job | None:
        if not stopping and self._waits_for_registration():
            return None
        return super().next_result(stopping=stopping)

    def _waits_for_registration(self) -> bool:
        """Whether only the fate of open children decides if there is a next proposal: nothing may be settled then,
        for that proposal would see it."""
        return self._has_open_place() and 0 < self._budget.mutants() <= self._budget.undecided()


class Generational(Schedule):
    """One generation after another, on the machinery of the steady state.

    1. Wait for idle: nothing is proposed while a proposal is open.
    2. Select and mutate: the parents of all proposals of a generation are chosen at once, and the proposals are
       journalled in one transaction. A crash leaves all of them, to be carried out as they are, or none, to be made
       again on the same population with the same generators; either way the generation is the one it would have been.
    3. Wait for their evaluation, side by side in the engine's pools.
    4. Ingest in the order of the proposals, each result when those before it are in. Nobody looks at the population
       before the last one, so this is the same as to wait for all and then to ingest; but a run that is cut short
       keeps more.
    5. Refresh what depends on descendants, for the elites that got children.
    6. Wait for that, and begin again.

    Generation g is the proposals from g * generation_size up to (g + 1) * generation_size, which is also how strategies
    count generations. One that gives no new program (a duplicate, no child) makes its generation so much smaller. Where
    a limit leaves room for fewer, a generation is made in several parts, each with its own barrier.
    """

    def due(self) -> int:
        ledger, size = self._record.ledger, self._settings.generation_size
        if ledger.open:
            return 0
        left = min(size - ledger.proposals % size, self._budget.mutants(), self._budget.programs())
        return max(0, int(left))


def schedule_of(
    settings: EngineSettings, *, record: RunRecord, jobs: Mapping[int, Job], budget: Budget, pools: Pools
) -> Schedule:
    """The schedule that the settings ask for; arguments as for ``Schedule``."""
    kind: type[Schedule] = Windowed if settings.deterministic else SteadyState
    if settings.loop == GENERATIONAL:
        kind = Generational
    return kind(settings=settings, record=record, jobs=jobs, budget=budget, pools=pools)
