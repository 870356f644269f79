"""What a mutation operator is: parents in, a child's source out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gigaevo.programs import Cost, Metrics, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A child that has not been evaluated.

    Attributes:
        source: Text of the child's entry file; its other files are the first parent's.
        operator: Name of the operator that made it.
        description: What was done, one short line.
        cost: What making it took (``validate_calls`` counts against the run's budget).
        notes: JSON values kept in the child's metadata.
    """

    source: str
    operator: str
    description: str
    cost: Cost = field(default_factory=Cost)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChild:
    """Why an operator made nothing, and what finding that out took.

    Attributes:
        reason: One short line.
        cost: What the attempt took.
    """

    reason: str
    cost: Cost = field(default_factory=Cost)


class NumericSearch(Protocol):
    """Improves the numbers of an output, apart from this process."""

    async def search(self, output: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Search from ``output`` (wire text). Request and answer are those of ``gigaevo.evaluation.search_job``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorContext:
    """What an operator may know of the run; handed over once, by ``bind(context)``.

    Attributes:
        metrics: Names, directions and bounds of the problem's metrics.
        takes_context: Whether the problem has a context that is handed to ``entrypoint``.
        deterministic: Whether the same seed must give the same run: then no decision may depend on time.
        search: Numeric search that knows the problem's ``validate``; None where a program's output is not the value
            that its ``entrypoint`` returns.
    """

    metrics: Metrics
    takes_context: bool
    deterministic: bool = False
    search: NumericSearch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationContext:
    """What an operator may know beside the parents.

    Attributes:
        rng: Generator of this proposal and operator.
        parameters: What ``parameters()`` of the operator gave when the proposal was made. Adaptive state is read from
            here and nowhere else, so that what other proposals change meanwhile cannot matter.
        evaluations: Calls of the problem's ``validate`` that this mutation may spend itself; at most the operator's
            ``max_evaluations``, less where the run's budget is nearly used up.
        proposal: Number of the proposal.
    """

    rng: np.random.Generator
    parameters: Mapping[str, Any] = field(default_factory=dict)
    evaluations: int = 0
    proposal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What became of a proposal, for operators that learn from it. JSON all through: it is journalled.

    Attributes:
        operator: Name of the operator.
        parameters: The parameters it worked with.
        outcome: ``"accepted"`` (an archive keeps the child), ``"rejected"`` (valid, not kept), ``"pruned"`` (given up
            before it was scored), ``"failed"`` (evaluated, with an error), ``"duplicate"`` (not evaluated) or
            ``"none"`` (no child could be made).
        improved: Whether the child is strictly better than its first parent on the primary metric.
        validate_calls: Calls of ``validate`` that mutation and evaluation took together.
        seconds: Wall-clock seconds that mutation and evaluation took; None in deterministic mode, where time must not
            matter.
    """

    operator: str
    parameters: Mapping[str, Any]
    outcome: str
    improved: bool
    validate_calls: int = 1
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """This credit as JSON values; ``Credit(**values)`` is the way back."""
        return {
            "operator": self.operator,
            "parameters": dict(self.parameters),
            "outcome": self.outcome,
            "improved": self.improved,
            "validate_calls": self.validate_calls,
            "seconds": self.seconds,
        }


class MutationOperator(ABC):
    """Makes children. A subclass defines ``name`` and ``mutate``; the rest has useful defaults.

    Attributes:
        name: Short and unique in a portfolio; it is stored with every child.
        max_evaluations: Calls of ``validate`` one mutation may spend itself; 0 for operators that only edit text.
        writes_code: Whether a child may have code that none of its parents has, not just other numbers; it is then
            never run without protection.
    """

    name: str
    max_evaluations: int = 0
    writes_code: bool = True

    def bind(self, context: OperatorContext) -> None:
        """Take what is known of the run. Called once, before anything else."""

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Whether this operator can do anything with these parents. Cheap; a False keeps it from being chosen."""
        return True

    def select(self, parents: Sequence[Program], rng: np.random.Generator) -> MutationOperator:
        """The operator that shall do the work: itself, or the member that a portfolio chooses."""
        return self

    def member(self, name: str) -> MutationOperator | None:
        """The operator called ``name``: itself or a member; None where there is none of that name."""
        return self if name == self.name else None

    def parameters(self) -> Mapping[str, Any]:
        """Adaptive state that ``mutate`` reads, as JSON values."""
        return {}

    @abstractmethod
    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        """Make one child.

        Args:
            parents: At least one program; the first is the one to be changed. They are not changed.
            context: Generator, parameters and limits.

        Returns:
            The child, or why this operator can do nothing with these parents.
        """

    def credit(self, credit: Credit) -> None:
        """Learn from what became of a proposal. Must depend on ``credit`` alone: it is replayed on resume."""

    def state(self) -> dict[str, Any]:
        """Everything ``credit`` has changed, as JSON values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state()`` gave."""

    async def close(self) -> None:
        """Let go of processes and files."""
