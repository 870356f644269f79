"""The run's state and its journal, kept in step: what is changed in memory is journalled in the same breath.

Between a change in memory and the call that journals it there is no ``await``, so the order of the journal is the order
of the changes, and a crash loses at most a tail of both.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from gigaevo.evaluation.base import Verification
from gigaevo.evolution.engine.descendants import REFRESHED, Descendants, Revisable
from gigaevo.evolution.engine.events import Outcome
from gigaevo.evolution.engine.ledger import (
    INGESTED,
    PROPOSED,
    SKIPPED,
    STOPPED,
    STUDIED,
    SUBMITTED,
    Ledger,
    OpenProposal,
)
from gigaevo.evolution.engine.settlement import Skip, credit_of, gain_of, outcome_of
from gigaevo.evolution.mutation.base import Credit, MutationOperator
from gigaevo.evolution.strategies.base import ArchiveEvent, EvolutionStrategy
from gigaevo.programs import ErrorKind, Metrics, Program, ProgramState
from gigaevo.storage.base import JournalEntry, ProgramStorage, Transaction

STUDIED_MARK = "studied"  # metadata of a program that was looked at more closely: the names of what was found


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
        self._mendable: dict[str, tuple[Program, Program]] = {}

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
        self.ledger.limit = ""  # that session's: this one may have more to spend
        self._operator.resumed()
        await self._recover_mendable()
        await self._tell_of_settled()

    async def _recover_mendable(self) -> None:
        failed = await self._storage.get_many(self.ledger.failed)
        parents = await self._storage.get_many(program.parents[0] for program in failed.values())
        self._mendable = {
            program.id: (program, parents[program.parents[0]])
            for program in failed.values()
            if program.parents[0] in parents
        }

    async def _tell_of_settled(self) -> None:
        """Tell the operator of every program whose place is decided, as it would have been told by now."""
        if self._operator.observes and self.ledger.evaluated:
            async for program in self._storage.programs(states=(ProgramState.EVOLVING, ProgramState.DISCARDED)):
                self._operator.observe(program)

    def _replay(self, entry: JournalEntry, programs: Mapping[str, Program]) -> None:
        self._enter(entry)
        for fields in entry.payload.get("events", ()):
            event = ArchiveEvent.from_json(fields)
            # A removal names a program that need not be loaded; the strategy has it.
            self._strategy.apply(event, programs.get(event.program_id) or Program(id=event.program_id))
        if entry.kind == PROPOSED:
            self._note_parents(entry.payload)
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
        payloads = [proposal.to_json() for proposal in proposals]
        payloads[0]["events"] = [event.to_json() for event in events]
        self._write(PROPOSED, *payloads, states=self._states_after(events))
        for payload in payloads:
            self._note_parents(payload)
            self._mendable.pop(payload.get("repairs", ""), None)

    def _note_parents(self, payload: Mapping[str, Any]) -> None:
        """Tell the strategy whom it offered: not again for a child that was made beside another, and not of a program
        that is to be repaired, for it never had that."""
        if payload.get("repairs"):
            self._strategy.note_parents([parent for parent in payload["parents"] if self._strategy.holds(parent)])
        elif not payload.get("sibling"):
            self._strategy.note_parents(payload["parents"])

    async def stored(self, program_ids: Iterable[str]) -> Mapping[str, Program]:
        """Programs of the storage by id."""
        return await self._storage.get_many(program_ids)

    def mendable(self) -> list[tuple[Program, Program]]:
        """Failed mutants that wait for a repair, the newest last, each with its first parent."""
        return list(self._mendable.values())

    def submit(self, program: Program, proposal: OpenProposal | None, siblings: Sequence[dict[str, Any]] = ()) -> None:
        """Enter a new program, which now goes to evaluation.

        Args:
            program: It.
            proposal: What it came from; None for an initial program.
            siblings: Further children that were made with it, as JSON values.
        """
        self._known.setdefault(program.syntax_hash, program.id)
        self._write(
            SUBMITTED,
            {
                "id": program.id,
                "number": program.number,
                "proposal": None if proposal is None else proposal.number,
                **({"siblings": siblings} if siblings else {}),
            },
            insert=[program],
        )

    def skip(self, skip: Skip, proposal: OpenProposal, seconds: float | None) -> None:
        """Settle a proposal that came to nothing after ``seconds``."""
        credit = skip.credit(proposal, seconds)
        self._settle(SKIPPED, skip.to_json(), proposal, credit, skip.cost.validate_calls)

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
        outcome = outcome_of(program, accepted=accepted)
        fitness = program.metrics.get(self._metrics.primary_key) if program.is_valid else None
        new_best = fitness is not None and self._beats_best(fitness)
        credit = None
        if proposal is not None:
            gain = gain_of(fitness, parents, self._metrics)
            credit = credit_of(program, proposal, outcome=outcome, gain=gain, new_best=new_best, seconds=seconds)
        if new_best:
            self.best = program
        mendable = proposal is not None and self._is_mendable(program, proposal)
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
                **({"mendable": True} if mendable else {}),
            },
            proposal,
            credit,
            program.cost.validate_calls,
            states=states,
            update=update,
        )
        if mendable:
            self._mendable[program.id] = program, parents[0]
            self._mendable = {program_id: self._mendable[program_id] for program_id in self.ledger.failed}
        if self._operator.observes:
            self._operator.observe(program)
        return outcome, durable

    def _is_mendable(self, program: Program, proposal: OpenProposal) -> bool:
        """Whether a repair may be tried: of an honest failure, once, where there is who can and where a child may be
        made from another."""
        if program.error is None or program.error.kind is ErrorKind.LEAK:
            return False
        if self._strategy.independent or not self._operator.repairs:
            return False
        return not proposal.repairs

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

    def study(self, program: Program, stored: Program, found: Mapping[str, Any]) -> Awaitable[int]:
        """Enter what a closer look at a program found, which becomes part of it.

        Args:
            program: A parent, as an archive holds it or another object of it.
            stored: A copy of it, as the storage has it; strategies note in theirs what is nobody else's.
            found: Artifacts by name.
        """
        for same in (program, stored, self.best):
            if same is not None and same.id == program.id:
                same.artifacts.update(found)
                same.metadata[STUDIED_MARK] = sorted(found)
        stored.state = ProgramState.EVOLVING if self._strategy.holds(program.id) else ProgramState.DISCARDED
        return self._write(STUDIED, {"id": program.id}, update=[stored])

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
