"""The run's state and its journal, kept in step: what is changed in memory is journalled in the same breath.

Between a change in memory and the call that journals it there is no ``await``, so the order of the journal is the order
of the changes, and a crash loses at most a tail of both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.evolution.engine.events import Outcome
from gigaevo.evolution.engine.ledger import (
    INGESTED,
    PROPOSED,
    SKIPPED,
    STOPPED,
    SUBMITTED,
    Ledger,
    OpenProposal,
)
from gigaevo.evolution.mutation.base import Credit, MutationOperator
from gigaevo.evolution.strategies.base import ArchiveEvent, EvolutionStrategy
from gigaevo.programs import Metrics, Program, ProgramState
from gigaevo.storage.base import JournalEntry, ProgramStorage, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A proposal that came to nothing.

    Attributes:
        outcome: ``"duplicate"`` or ``"none"``.
        reason: One short line.
        validate_calls: Calls of ``validate`` that it took all the same.
    """

    outcome: str
    reason: str
    validate_calls: int = 0


class RunRecord:
    """State of a run: books, population, operators' knowledge and known programs, each change journalled.

    Args:
        strategy: The population.
        operator: What learns from results.
        storage: Open storage of the run.
        metrics: The problem's metrics.
        elapsed: Seconds of search so far, earlier sessions included.
        snapshot_interval: Settled proposals between two snapshots.
    """

    def __init__(
        self,
        *,
        strategy: EvolutionStrategy,
        operator: MutationOperator,
        storage: ProgramStorage,
        metrics: Metrics,
        elapsed: Callable[[], float],
        snapshot_interval: int = 500,
    ) -> None:
        self.ledger = Ledger()
        self.best: Program | None = None
        self._strategy = strategy
        self._operator = operator
        self._storage = storage
        self._metrics = metrics
        self._elapsed = elapsed
        self._snapshot_interval = snapshot_interval
        self._since_snapshot = 0
        self._known: dict[str, str] = {}

    # Going on with a stored run

    async def recover(self) -> None:
        """Bring back the state that the storage holds: the newest snapshot and the journal after it."""
        after = 0
        snapshot = await self._storage.latest_snapshot()
        if snapshot is not None:
            after, state = snapshot
            self.ledger = Ledger.restored(state["ledger"])
            self._operator.restore(state["operator"])
            self._strategy.restore(state["strategy"], await self._storage.get_many(state["members"]))
        entries = [entry async for entry in self._storage.journal(after=after)]
        programs = await self._storage.get_many(
            {
                event["program_id"]
                for entry in entries
                for event in entry.payload.get("events", ())
                if event["action"] == "insert"
            }
            | {entry.payload["id"] for entry in entries if _is_rejection(entry)}
        )
        for entry in entries:
            self._replay(entry, programs)
        self._since_snapshot = len(entries)
        self._known = await self._storage.hashes()
        if self.ledger.best_id is not None:
            self.best = await self._storage.get(self.ledger.best_id)

    def _replay(self, entry: JournalEntry, programs: Mapping[str, Program]) -> None:
        self.ledger.apply(entry)
        for fields in entry.payload.get("events", ()):
            event = ArchiveEvent.from_json(fields)
            # A removal names a program that need not be loaded; the strategy has it.
            self._strategy.apply(event, programs.get(event.program_id) or Program(id=event.program_id))
        if _is_rejection(entry):
            self._strategy.apply_rejection(programs[entry.payload["id"]])
        credit = entry.payload.get("credit")
        if credit is not None:
            self._operator.credit(Credit(**credit))

    # What may happen to a proposal

    def known(self, syntax_hash: str) -> str | None:
        """Id of the earlier program with this syntax; None where it is new."""
        return self._known.get(syntax_hash)

    def propose(self, proposal: OpenProposal) -> None:
        """Enter a proposal: parents and operator are chosen, which may have moved programs between archives."""
        events = self._strategy.drain_events()
        self._write(
            PROPOSED,
            {
                "proposal": proposal.number,
                "parents": proposal.parents,
                "operator": proposal.operator,
                "parameters": proposal.parameters,
                "evaluations": proposal.evaluations,
                "events": [event.to_json() for event in events],
            },
            states=_states_after(events),
        )

    def submit(self, program: Program, proposal: OpenProposal | None) -> None:
        """Enter a new program, which now goes to evaluation. ``proposal`` is None for an initial program."""
        self._known.setdefault(program.syntax_hash, program.id)
        self._write(
            SUBMITTED,
            {
                "id": program.id,
                "number": program.number,
                "proposal": None if proposal is None else proposal.number,
            },
            insert=[program],
        )

    def skip(self, skip: Skip, proposal: OpenProposal, seconds: float | None) -> None:
        """Settle a proposal that came to nothing after ``seconds``."""
        credit = Credit(
            operator=proposal.operator,
            parameters=proposal.parameters,
            outcome=skip.outcome,
            improved=False,
            validate_calls=skip.validate_calls,
            seconds=seconds,
        )
        self._settle(SKIPPED, {"reason": skip.reason}, proposal, credit, skip.validate_calls)

    async def complete(self, program: Program) -> None:
        """Make a program's evaluation durable. Only then may it be ingested."""
        await self._storage.commit(Transaction(update=[program]))

    async def ingest(
        self,
        program: Program,
        proposal: OpenProposal | None = None,
        parents: Sequence[Program] = (),
        seconds: float | None = None,
    ) -> tuple[Outcome, Awaitable[int]]:
        """Decide a completed program's place and settle its proposal.

        Args:
            program: COMPLETED, and durable as such.
            proposal: What it came from; None for an initial program.
            parents: Its parents.
            seconds: Wall-clock seconds it took, where operators may know.

        Returns:
            What became of it, and an awaitable that is done when that is durable.
        """
        accepted = program.is_valid and await self._strategy.add(program)
        events = self._strategy.drain_events()
        states = _states_after(events)
        states.setdefault(program.id, ProgramState.DISCARDED)
        program.become(states[program.id])
        outcome = Outcome.FAILED if not program.is_valid else Outcome.ACCEPTED if accepted else Outcome.REJECTED
        fitness = program.metrics.get(self._metrics.primary_key) if program.is_valid else None
        new_best = fitness is not None and (
            self.ledger.best_fitness is None or self._metrics.is_better(fitness, self.ledger.best_fitness)
        )
        credit = None
        if proposal is not None:
            credit = Credit(
                operator=proposal.operator,
                parameters=proposal.parameters,
                outcome=outcome.value,
                improved=fitness is not None and self._improves(fitness, parents),
                validate_calls=program.cost.validate_calls,
                seconds=seconds,
            )
        if new_best:
            self.best = program
        durable = self._settle(
            INGESTED,
            {
                "id": program.id,
                "number": program.number,
                "outcome": outcome.value,
                "error": None if program.error is None else program.error.kind.value,
                "fitness": fitness,
                "new_best": new_best,
                "events": [event.to_json() for event in events],
            },
            proposal,
            credit,
            program.cost.validate_calls,
            states=states,
        )
        return outcome, durable

    def stop(self, reason: str) -> Awaitable[int]:
        """Enter the end of a session, with a snapshot."""
        return self._write(STOPPED, {"reason": reason}, snapshot=True)

    def _improves(self, fitness: float, parents: Sequence[Program]) -> bool:
        parent = parents[0].metrics.get(self._metrics.primary_key) if parents else None
        return parent is not None and self._metrics.is_better(fitness, parent)

    # Journal

    def _settle(
        self,
        kind: str,
        payload: dict[str, Any],
        proposal: OpenProposal | None,
        credit: Credit | None,
        validate_calls: int,
        states: Mapping[str, ProgramState] | None = None,
    ) -> Awaitable[int]:
        if credit is not None:
            self._operator.credit(credit)
        self._since_snapshot += 1
        return self._write(
            kind,
            {
                **payload,
                "proposal": None if proposal is None else proposal.number,
                "credit": None if credit is None else credit.to_json(),
                "validate_calls": validate_calls,
                "elapsed_s": round(self._elapsed(), 3),
            },
            states=states or {},
            snapshot=self._since_snapshot >= self._snapshot_interval,
        )

    def _write(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        insert: Sequence[Program] = (),
        states: Mapping[str, ProgramState] | None = None,
        snapshot: bool = False,
    ) -> Awaitable[int]:
        entry = JournalEntry(kind=kind, payload=payload)
        self.ledger.apply(entry)
        if snapshot:
            self._since_snapshot = 0
        return self._storage.commit(
            Transaction(
                insert=insert,
                states=states or {},
                journal=[entry],
                snapshot=self._state() if snapshot else None,
            )
        )

    def _state(self) -> dict[str, Any]:
        return {
            "ledger": self.ledger.state(),
            "operator": self._operator.state(),
            "strategy": self._strategy.snapshot(),
            "members": sorted(self._strategy.members()),
        }


def _is_rejection(entry: JournalEntry) -> bool:
    """Whether a valid program was offered and no archive kept it."""
    return entry.kind == INGESTED and entry.payload["outcome"] == Outcome.REJECTED.value


def _states_after(events: Iterable[ArchiveEvent]) -> dict[str, ProgramState]:
    """The states in which archive changes leave the programs they name; the last change of each counts."""
    states: dict[str, ProgramState] = {}
    for event in events:
        if event.displaced is not None:
            states[event.displaced] = ProgramState.DISCARDED
        states[event.program_id] = ProgramState.EVOLVING if event.action == "insert" else ProgramState.DISCARDED
    return states
