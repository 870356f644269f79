"""What a settled proposal came to, as operators are told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gigaevo.evolution.engine.events import Outcome
from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.mutation.base import Credit
from gigaevo.programs import Cost, Metrics, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A proposal that came to nothing.

    Attributes:
        outcome: ``"duplicate"`` or ``"none"``.
        reason: One short line.
        kind: The same in one or two words, for counting; empty for a duplicate.
        cost: What it took all the same.
        made_by: Who thought of it, where that is not the operator alone.
        limit: The budget that stood in the way.
        siblings: Further children that were made with it, as JSON values.
    """

    outcome: str
    reason: str
    kind: str = ""
    cost: Cost = field(default_factory=Cost)
    made_by: str = ""
    limit: str = ""
    siblings: Sequence[dict[str, Any]] = ()

    def to_json(self) -> dict[str, Any]:
        """What is journalled beside the credit."""
        given = {"kind": self.kind, "siblings": self.siblings}
        return {"reason": self.reason, **{key: value for key, value in given.items() if value}}

    def credit(self, proposal: OpenProposal, seconds: float | None) -> Credit:
        """What operators are told of it."""
        return Credit(
            operator=proposal.operator,
            parameters=proposal.parameters,
            outcome=self.outcome,
            improved=False,
            validate_calls=self.cost.validate_calls,
            seconds=seconds,
            made_by=self.made_by,
            limit=self.limit,
            **_paid(self.cost),
        )


def credit_of(
    child: Program,
    proposal: OpenProposal,
    *,
    outcome: Outcome,
    gain: float,
    new_best: bool,
    seconds: float | None,
) -> Credit:
    """What operators are told of an evaluated child.

    Args:
        child: It.
        proposal: What it came from.
        outcome: What became of it.
        gain: By how much it is better than its first valid parent.
        new_best: Whether it is better than everything before it.
        seconds: What it took, where operators may know.
    """
    return Credit(
        operator=proposal.operator,
        parameters=proposal.parameters,
        outcome=outcome.value,
        improved=gain > 0.0,
        validate_calls=child.cost.validate_calls,
        seconds=seconds,
        made_by=child.metadata.get("made_by", ""),
        gain=gain,
        new_best=new_best,
        **_paid(child.cost),
    )


def _paid(cost: Cost) -> dict[str, Any]:
    """What a language model was paid, as ``Credit`` has it."""
    return {"usd": cost.usd, "tokens": cost.prompt_tokens + cost.completion_tokens}


def gain_of(fitness: float | None, parents: Sequence[Program], metrics: Metrics) -> float:
    """By how much a child is better than its first valid parent; 0 where it is not, and finite."""
    key = metrics.primary_key
    parent = next((parent.metrics[key] for parent in parents if parent.is_valid and key in parent.metrics), None)
    if fitness is None or parent is None or not metrics.is_better(fitness, parent):
        return 0.0
    return min(abs(fitness - parent), sys.float_info.max)


def outcome_of(program: Program, *, accepted: bool) -> Outcome:
    """What became of an evaluated program that an archive keeps, or not."""
    if program.is_valid:
        return Outcome.ACCEPTED if accepted else Outcome.REJECTED
    return Outcome.PRUNED if program.pruned and program.error is None else Outcome.FAILED
