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
STOPPED = "stopped"  # a session ended

LEAKS_NAMED = 20


@dataclass(slots=True)
class OpenProposal:
    """A proposal whose result is not in yet. Enough to take it up again after a crash.

    Attributes:
        number: Which proposal.
        parents: Ids of its parents, the one to be changed first.
        operator: Name of the chosen operator.
        parameters: The operator's parameters at that moment.
        evaluations: Calls of ``validate`` reserved for it, the child's own included.
        program_id: Its child, once submitted.
    """

    number: int
    parents: list[str]
    operator: str
    parameters: dict[str, Any]
    evaluations: int
    program_id: str | None = None


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
        operators: By operator name: ``proposals`` and how they ended.
        open: Proposals whose result is not in yet, by number.
    """

    proposals: int = 0
    mutants: int = 0
    evaluated: int = 0
    validate_calls: int = 0
    duplicates: int = 0
    barren: int = 0
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
    operators: dict[str, dict[str, int]] = field(default_factory=dict)
    open: dict[int, OpenProposal] = field(default_factory=dict)

    def apply(self, entry: JournalEntry) -> None:
        """Enter one journal entry."""
        payload = entry.payload
        if entry.kind == PROPOSED:
            self.open[payload["proposal"]] = OpenProposal(
                number=payload["proposal"],
                parents=list(payload["parents"]),
                operator=payload["operator"],
                parameters=dict(payload["parameters"]),
                evaluations=payload["evaluations"],
            )
            self.proposals = payload["proposal"] + 1
        elif entry.kind == SUBMITTED:
            if payload["proposal"] is not None:
                self.open[payload["proposal"]].program_id = payload["id"]
                self.mutants += 1
        elif entry.kind == SKIPPED:
            self._settle(payload)
            self.barren += 1
            self.duplicates += payload["credit"]["outcome"] == "duplicate"
        elif entry.kind == INGESTED:
            self._ingest(payload)

    def _settle(self, payload: Mapping[str, Any]) -> None:
        self.elapsed_s = payload["elapsed_s"]
        self.validate_calls += payload["validate_calls"]
        if payload["proposal"] is None:
            return
        del self.open[payload["proposal"]]
        credit = payload["credit"]
        counts = self.operators.setdefault(credit["operator"], {"proposals": 0, "improved": 0})
        counts["proposals"] += 1
        counts["improved"] += bool(credit["improved"])
        _count(counts, credit["outcome"])

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
        if payload["proposal"] is not None:
            self.barren = 0
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
        rest = {key: value for key, value in state.items() if key != "open"}
        return cls(**rest, open={proposal.number: proposal for proposal in proposals})


def _count(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1
