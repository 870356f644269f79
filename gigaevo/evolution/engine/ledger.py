"""The run's books: every counter that decisions depend on, built from journal entries and from nothing else.

While a run lives and when it is resumed, the same method (``Ledger.apply``) sees the same entries in the same order, so
the books after a restart are the books before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gigaevo.programs import ErrorKind
from gigaevo.storage.base import JournalEntry

PROPOSED = "proposed"  # a proposal was made: parents, operator, parameters
SUBMITTED = "submitted"  # its child was stored and goes to evaluation
SKIPPED = "skipped"  # it came to nothing: a duplicate, or no child at all
INGESTED = "ingested"  # a program's evaluation ended and its place was decided
STUDIED = "studied"  # a program that was chosen as a parent was looked at more closely
STOPPED = "stopped"  # a session ended

LEAKS_NAMED = 20
FAILED_KEPT = 16
OTHER = "other"  # a proposal without a child whose operator does not tell reasons apart


@dataclass(slots=True)
class OpenProposal:
    """A proposal whose result is not in yet. Enough to take it up again after a crash.

    Attributes:
        number: Which proposal.
        parents: Ids of its parents, the one to be changed first.
        operator: Name of the chosen operator.
        parameters: The operator's parameters at that moment.
        evaluations: Calls of ``validate`` reserved for it, the child's own included.
        inspirations: Ids of programs to learn from, beside the parents.
        observed: Programs whose place was decided by then.
        repairs: Id of the failed program that it is to repair, which is the first of its parents; empty for others.
        made: The child that an earlier proposal has made beside its own, as ``children.to_json`` gives it; None where
            the operator is asked for one.
        program_id: Its child, once submitted.
        siblings: Further children that were made with it, as in ``made``.
    """

    number: int
    parents: list[str]
    operator: str
    parameters: dict[str, Any]
    evaluations: int
    inspirations: list[str] = field(default_factory=list)
    observed: int = 0
    repairs: str = ""
    made: dict[str, Any] | None = None
    program_id: str | None = None
    siblings: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """What is journalled when it is made. A child that is there already is in the journal once."""
        return {
            "proposal": self.number,
            "parents": self.parents,
            "operator": self.operator,
            "parameters": self.parameters,
            "evaluations": self.evaluations,
            **{key: value for key in _SELDOM if (value := getattr(self, key))},
            **({} if self.made is None else {"sibling": True}),
        }


_SELDOM = ("inspirations", "observed", "repairs")  # journalled where there is something to say


@dataclass(slots=True)
class Sibling:
    """A child that waits for a proposal of its own.

    Attributes:
        parents: Ids of its parents, the one that was changed first.
        operator: Who made it.
        parameters: The operator's parameters when it did.
        made: The child, as ``children.to_json`` gives it.
    """

    parents: list[str]
    operator: str
    parameters: dict[str, Any]
    made: dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """Counters of one run.

    Attributes:
        proposals: Proposals made so far; the next one gets this number.
        mutants: Children submitted to evaluation; the next one gets this number.
        evaluated: Programs whose evaluation ended, initial ones included.
        validate_calls: Calls of ``validate`` in settled proposals.
        duplicates: Children not evaluated because an equal program was known.
        barren: Settled proposals in a row without a new child.
        barren_kinds: Those of them that had no child at all, by the reason.
        stale: Mutants ingested since the best improved.
        elapsed_s: Seconds of search at the last settled proposal.
        best_id: The best valid program; None before there is one.
        best_fitness: Its primary metric.
        verification: What exact verification said of it; None where the problem has none.
        leaks: Ids of programs that the validator let through and exact verification did not, the first
            ``LEAKS_NAMED`` of them; ``failures`` counts all.
        outcomes: Evaluated programs by outcome.
        failures: Failed programs by kind of error.
        cached: Stages whose result was there already: how often, by stage.
        skipped: Stages that programs were not worth: how often, by stage.
        operators: By operator name: ``proposals`` and how they ended; ``usd`` and ``tokens`` where it asked a language
            model.
        models: The same by who thought of the child (``Credit.made_by``).
        reasons: Proposals without a child, by the reason (``NoChild.kind``).
        limit: The budget that stood in the way of an operator in this session; empty while none has.
        failed: Ids of failed mutants that wait for a repair, the newest last, ``FAILED_KEPT`` of them at most.
        siblings: Children that wait for a proposal of their own, the first to be made first.
        open: Proposals whose result is not in yet, by number.
    """

    proposals: int = 0
    mutants: int = 0
    evaluated: int = 0
    validate_calls: int = 0
    duplicates: int = 0
    barren: int = 0
    barren_kinds: dict[str, int] = field(default_factory=dict)
    stale: int = 0
    elapsed_s: float = 0.0
    best_id: str | None = None
    best_fitness: float | None = None
    verification: dict[str, Any] | None = None
    leaks: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    cached: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    operators: dict[str, dict[str, float]] = field(default_factory=dict)
    models: dict[str, dict[str, float]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    limit: str = ""
    failed: list[str] = field(default_factory=list)
    siblings: list[Sibling] = field(default_factory=list)
    open: dict[int, OpenProposal] = field(default_factory=dict)

    def apply(self, entry: JournalEntry) -> None:
        """Enter one journal entry."""
        payload = entry.payload
        if entry.kind == PROPOSED:
            self._propose(payload)
        elif entry.kind == SUBMITTED:
            if payload["proposal"] is not None:
                proposal = self.open[payload["proposal"]]
                proposal.program_id = payload["id"]
                proposal.siblings = list(payload.get("siblings", ()))
                self.mutants += 1
        elif entry.kind == SKIPPED:
            self._skip(payload)
        elif entry.kind == INGESTED:
            self._ingest(payload)

    def _propose(self, payload: Mapping[str, Any]) -> None:
        proposal = OpenProposal(
            number=payload["proposal"],
            parents=list(payload["parents"]),
            operator=payload["operator"],
            parameters=dict(payload["parameters"]),
            evaluations=payload["evaluations"],
            inspirations=list(payload.get("inspirations", ())),
            observed=payload.get("observed", 0),
            repairs=payload.get("repairs", ""),
            made=self.siblings.pop(0).made if payload.get("sibling") else None,
        )
        if proposal.repairs in self.failed:
            self.failed.remove(proposal.repairs)
        self.open[proposal.number] = proposal
        self.proposals = proposal.number + 1

    def _skip(self, payload: Mapping[str, Any]) -> None:
        self.open[payload["proposal"]].siblings = list(payload.get("siblings", ()))
        self._settle(payload)
        self.barren += 1
        if payload["credit"]["outcome"] == "duplicate":
            self.duplicates += 1
            return
        kind = payload.get("kind") or OTHER
        _count(self.reasons, kind)
        _count(self.barren_kinds, kind)

    def _settle(self, payload: Mapping[str, Any]) -> None:
        self.elapsed_s = payload["elapsed_s"]
        self.validate_calls += payload["validate_calls"]
        if payload["proposal"] is None:
            return
        proposal = self.open.pop(payload["proposal"])
        self.siblings += [
            Sibling(parents=proposal.parents, operator=proposal.operator, parameters=proposal.parameters, made=made)
            for made in proposal.siblings
        ]
        credit = payload["credit"]
        _enter_credit(self.operators, credit["operator"], credit)
        if credit.get("made_by"):
            _enter_credit(self.models, credit["made_by"], credit)
        self.limit = credit.get("limit", "") or self.limit

    def _ingest(self, payload: Mapping[str, Any]) -> None:
        self._settle(payload)
        self.evaluated += 1
        _count(self.outcomes, payload["outcome"])
        if payload["error"] is not None:
            _count(self.failures, payload["error"])
        if payload["error"] == ErrorKind.LEAK and len(self.leaks) < LEAKS_NAMED:
            self.leaks.append(payload["id"])
        for stage in payload.get("cached", ()):
            _count(self.cached, stage)
        for stage in payload.get("skipped", ()):
            _count(self.skipped, stage)
        if payload.get("mendable"):
            self.failed = [*self.failed, payload["id"]][-FAILED_KEPT:]
        if payload["proposal"] is not None:
            self.barren = 0
            self.barren_kinds = {}
            self.stale += 1
        if payload["new_best"]:
            self.best_id = payload["id"]
            self.best_fitness = payload["fitness"]
            self.verification = payload.get("verification")
            self.stale = 0

    @property
    def reserved(self) -> int:
        """Calls of ``validate`` promised to open proposals."""
        return sum(proposal.evaluations for proposal in self.open.values())

    def state(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        state = asdict(self)
        state["open"] = list(state["open"].values())
        return state

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Ledger:
        """The ledger that ``state()`` described."""
        proposals = [OpenProposal(**proposal) for proposal in state["open"]]
        siblings = [Sibling(**sibling) for sibling in state.get("siblings", ())]
        rest = {key: value for key, value in state.items() if key not in ("open", "siblings")}
        return cls(**rest, siblings=siblings, open={proposal.number: proposal for proposal in proposals})


def _enter_credit(books: dict[str, dict[str, float]], name: str, credit: Mapping[str, Any]) -> None:
    """Count a settled proposal for an operator or a language model."""
    counts = books.setdefault(name, {"proposals": 0, "improved": 0})
    counts["proposals"] += 1
    counts["improved"] += bool(credit["improved"])
    _count(counts, credit["outcome"])
    for spent in ("usd", "tokens"):
        if credit.get(spent):
            counts[spent] = counts.get(spent, 0) + credit[spent]


def _count(counts: dict[str, Any], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
