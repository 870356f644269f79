"""The run's state and its journal, kept in step: what is changed in memory is journalled in the same breath.

Between a change in memory and the call that journals it there is no ``await``, so the order of the journal is the order
of the changes, and a crash loses at most a tail of both.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.evaluation.base import Verification
from gigaevo.evolution.engine.descendants import REFRESHED, Descendants, Revisable
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
        descendants: Follows which elites await a refresh; None where nobody asks.
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
        descendants: Descendants | None = None,
    ) -> None:
        self.ledger = Ledger()
        self.best: Program | None = None
        self._strategy = strategy
        self._operator = operator
        self._storage = storage
        self._metrics = metrics
        self._elapsed = elapsed
        self._snapshot_interval = snapshot_interval
        self._descendants = descendants
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
            self._strategy.restore(state["strategy"], await self._storage.get_many(state["programs"]))
            if self._descendants is not None:
                self._descendants.restore(state)
        entries = [entry async for entry in self._storage.journal(after=after)]
        programs = await self._storage.get_many(
            {
                event["program_id"]
                for entry in entries
                for event in entry.payload.get("events", ())
                if event["action"] in ("insert", "reject")
            }
        )
        for entry in entries:
            self._replay(entry, programs)
        self._since_snapshot = len(entries)
        self._known = await self._storage.hashes()
        if self.ledger.best_id is not None:
            self.best = await self._storage.get(self.ledger.best_id)

    def _replay(self, entry: JournalEntry, programs: Mapping[str, Program]) -> None:
        self._enter(entry)
        for fields in entry.payload.get("events", ()):
            event = ArchiveEvent.from_json(fields)
            # A removal names a program that need not be loaded; the strategy has it.
            self._strategy.apply(event, programs.get(event.program_id) or Program(id=event.program_id))
        if entry.kind == PROPOSED:
            self._strategy.note_parents(entry.payload["parents"])
        credit = entry.payload.get("credit")
        if credit is not None:
            self._operator.credit(Credit(**credit))

    # What may happen to a proposal

    def known(self, syntax_hash: str) -> str | None:
        """Id of the earlier program with this syntax; None where it is new."""
        return self._known.get(syntax_hash)

    def propose(self, proposals: Sequence[OpenProposal]) -> None:
        """Enter proposals, of which a crash leaves all or none: parents and operators are chosen, which may have moved
        programs between archives."""
        events = self._strategy.drain_events()
        payloads = [
            {
                "proposal": proposal.number,
                "parents": proposal.parents,
                "operator": proposal.operator,
                "parameters": proposal.parameters,
                "evaluations": proposal.evaluations,
            }
            for proposal in proposals
        ]
        payloads[0]["events"] = [event.to_json() for event in events]
        self._write(PROPOSED, *payloads, states=self._states_after(events))
        for proposal in proposals:
            self._strategy.note_parents(proposal.parents)

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
        verification: Verification | None = None,
        changed: bool = False,
    ) -> tuple[Outcome, Awaitable[int]]:
        """Decide a completed program's place and settle its proposal.

        Args:
            program: COMPLETED, and durable as such.
            proposal: What it came from; None for an initial program.
            parents: Its parents.
            seconds: Wall-clock seconds it took, where operators may know.
            verification: What exact verification said of it; None where it was not asked. It goes into the journal and
                not into the program, so that no part of the evolution sees it.
            changed: Whether the program is no longer as it was made durable.

        Returns:
            What became of it, and an awaitable that is done when that is durable.
        """
        measured = len(program.metrics)
        accepted = program.is_valid and await self._strategy.add(program)
        events = self._strategy.drain_events()
        states = self._states_after(events)
        states.setdefault(program.id, ProgramState.DISCARDED)
        program.become(states[program.id])
        # A strategy may have measured what only an archive can tell, such as novelty.
        update = [program] if changed or len(program.metrics) > measured else []
        outcome = _outcome(program, accepted=accepted)
        fitness = program.metrics.get(self._metrics.primary_key) if program.is_valid else None
        new_best = fitness is not None and self._beats_best(fitness)
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
                **({} if verification is None else {"verification": verification.to_json()}),
                "events": [event.to_json() for event in events],
                **({"cached": program.cached} if program.cached else {}),
                **({"skipped": list(program.skipped)} if program.skipped else {}),
            },
            proposal,
            credit,
            program.cost.validate_calls,
            states=states,
            update=update,
        )
        return outcome, durable

    async def awaiting_refresh(self) -> list[tuple[Program, list[Program]]]:
        """Copies of the elites with children that no refresh has shown them, and those children, oldest first."""
        if self._descendants is None or not self._descendants.unseen:
            return []
        unseen = self._descendants.of_elites(self._strategy.holds)
        stored = await self._storage.get_many({*unseen, *itertools.chain.from_iterable(unseen.values())})
        return [(stored[parent], [stored[child] for child in children]) for parent, children in unseen.items()]

    def refresh(self, program: Program) -> Awaitable[int]:
        """Enter what a refresh found out about an elite. ``program`` is a copy of it with the new values."""
        if isinstance(self._strategy, Revisable):
            self._strategy.revise(program)
        if self.best is not None and self.best.id == program.id:
            self.best.metrics, self.best.artifacts = dict(program.metrics), dict(program.artifacts)
        return self._write(REFRESHED, {"id": program.id}, update=[program])

    def stop(self, reason: str) -> Awaitable[int]:
        """Enter the end of a session, with a snapshot."""
        return self._write(STOPPED, {"reason": reason}, snapshot=True)

    def _states_after(self, events: Iterable[ArchiveEvent]) -> dict[str, ProgramState]:
        """The states of the programs that archive changes name: a program evolves while any archive holds it."""
        named = {program_id for event in events for program_id in (event.program_id, event.displaced) if program_id}
        return {
            program_id: ProgramState.EVOLVING if self._strategy.holds(program_id) else ProgramState.DISCARDED
            for program_id in named
        }

    def would_be_best(self, program: Program) -> bool:
        """Whether a completed program would become the best, were it ingested now."""
        fitness = program.metrics.get(self._metrics.primary_key)
        return program.is_valid and fitness is not None and self._beats_best(fitness)

    def _beats_best(self, fitness: float) -> bool:
        best = self.ledger.best_fitness
        return best is None or self._metrics.is_better(fitness, best)

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
        update: Sequence[Program] = (),
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
            update=update,
            snapshot=self._since_snapshot >= self._snapshot_interval,
        )

    def _write(
        self,
        kind: str,
        *payloads: dict[str, Any],
        insert: Sequence[Program] = (),
        update: Sequence[Program] = (),
        states: Mapping[str, ProgramState] | None = None,
        snapshot: bool = False,
    ) -> Awaitable[int]:
        entries = [JournalEntry(kind=kind, payload=payload) for payload in payloads]
        for entry in entries:
            self._enter(entry)
        if snapshot:
            self._since_snapshot = 0
        return self._storage.commit(
            Transaction(
                insert=insert,
                update=update,
                states=states or {},
                journal=entries,
                snapshot=self._state() if snapshot else None,
            )
        )

    def _enter(self, entry: JournalEntry) -> None:
        """Bring the books in step with an entry."""
        if self._descendants is not None:
            self._descendants.apply(entry, self.ledger.open)  # first: the ledger forgets proposals that are settled
        self.ledger.apply(entry)

    def _state(self) -> dict[str, Any]:
        return {
            "ledger": self.ledger.state(),
            "operator": self._operator.state(),
            "strategy": self._strategy.snapshot(),
            "programs": sorted(self._strategy.remembered()),
            **({} if self._descendants is None else self._descendants.state()),
        }


def _outcome(program: Program, *, accepted: bool) -> Outcome:
    """What became of an evaluated program that an archive keeps, or not."""
    if program.is_valid:
        return Outcome.ACCEPTED if accepted else Outcome.REJECTED
    return Outcome.PRUNED if program.pruned and program.error is None else Outcome.FAILED
