"""What a mutation operator is: parents in, a child's source out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gigaevo.programs import Cost, Metrics, Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A child that has not been evaluated.

    Attributes:
        source: Text of the child's entry file; its other files are the first parent's, but for ``files``.
        operator: Name of the operator that made it.
        description: What was done, one short line.
        cost: What making it took (``validate_calls`` counts against the run's budget).
        notes: JSON values kept in the child's metadata.
        files: New text of other files, by path.
        made_by: Who thought of it, where that is not the operator alone: the name of a language model. It comes back in
            ``Credit.made_by``.
        siblings: Further children of the same work. Each becomes a proposal of its own, of the same operator and
            parents, after this one is settled; what they cost is in ``cost`` of the first.
    """

    source: str
    operator: str
    description: str
    cost: Cost = field(default_factory=Cost)
    notes: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    made_by: str = ""
    siblings: Sequence[Mutation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChild:
    """Why an operator made nothing, and what finding that out took.

    Attributes:
        reason: One short line.
        cost: What the attempt took.
        kind: The reason in one or two words, for counting (``"no code"``, ``"unmatched search"``); empty where an
            operator does not tell reasons apart.
        made_by: As in ``Mutation``: who failed.
        limit: The budget that is used up and stands in the way (``"budget.usd"``); empty where that is not the reason.
        unanswered: Whether a remote operator found nobody to answer. Who cannot be reached now may be in a minute, so
            the engine waits a little before it asks again, longer each time in a row.
    """

    reason: str
    cost: Cost = field(default_factory=Cost)
    kind: str = ""
    made_by: str = ""
    limit: str = ""
    unanswered: bool = False


class NumericSearch(Protocol):
    """Improves the numbers of an output, apart from this process."""

    async def search(self, output: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Search from ``output`` (wire text). Request and answer are those of ``gigaevo.evaluation.search_job``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What programs are asked to do, for operators that can read.

    Attributes:
        description: The task in words.
        call: How a program is called and what it answers, one or two sentences.
        entrypoint: The function that a program's entry file must define; empty where a command runs it.
        language: What programs are written in, as the fence of a code block names it: ``"python"``, ``"cpp"``.
        editable: Globs (``fnmatch``) of the files of a program that may change.
        prompt_artifacts: Globs of the artifacts that language models are shown.
        prompts: Folder of the problem's own prompt templates; None where it has none.
    """

    description: str = ""
    call: str = ""
    entrypoint: str = "entrypoint"
    language: str = "python"
    editable: Sequence[str] = ("*.py",)
    prompt_artifacts: Sequence[str] = ()
    prompts: Path | None = None


class Ancestry(Protocol):
    """Finds earlier programs of the run by id; they do not change any more."""

    async def find(self, program_ids: Sequence[str]) -> Sequence[Program]:
        """Those of the programs that are known, in the order asked for."""


class Advisor(Protocol):
    """Remembers what earlier work has taught."""

    async def advice(self, parents: Sequence[Program]) -> Sequence[str]:
        """Short pieces of advice for whoever changes ``parents``, the most valuable first; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorContext:
    """What an operator may know of the run; handed over once, by ``bind(context)``.

    Attributes:
        metrics: Names, directions and bounds of the problem's metrics.
        takes_context: Whether the problem has a context that is handed to ``entrypoint``.
        deterministic: Whether the same seed must give the same run: then no decision may depend on time.
        search: Numeric search that knows the problem's ``validate``; None where a program's output is not the value
            that its ``entrypoint`` returns.
        task: What programs are asked to do.
        ancestry: Where earlier programs are found; None where there are none to be found.
        advisor: What earlier work has taught; None where nobody remembers.
        independent: Whether children are samples that must know nothing of one another, as those of a control arm: no
            text may then depend on what became of others.
    """

    metrics: Metrics
    takes_context: bool
    deterministic: bool = False
    search: NumericSearch | None
    task: Task = field(default_factory=Task)
    ancestry: Ancestry | None = None
    advisor: Advisor | None = None
    independent: bool = False


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
        inspirations: Programs of the archives to learn from, chosen when the proposal was made: as many as the
            operator's ``inspirations`` asks for, the best first, then those unlike the parents; none is a parent.
        observed: Programs that ``observe`` had told of when the proposal was made. What came later must not matter.
    """

    rng: np.random.Generator
    parameters: Mapping[str, Any] = field(default_factory=dict)
    evaluations: int = 0
    proposal: int = 0
    inspirations: Sequence[Program] = ()
    observed: int = 0


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
        seconds: Wall-clock seconds that mutation and evaluation took, those of a remote operator in the measure of the
            cores' pool: there are more places to wait in than cores, and a second in one of them is worth so much less.
            None in deterministic mode, where time must not matter.
        made_by: What the operator said of who thought of it; empty where it said nothing.
        gain: By how much the child's primary metric is better than its first valid parent's, in the metric's units; 0
            where it is not better.
        new_best: Whether it is better than everything before it.
        usd: Dollars that making it cost.
        tokens: Tokens of language models that making it took, both ways.
        limit: The budget that stood in the way, as in ``NoChild``.
    """

    operator: str
    parameters: Mapping[str, Any]
    outcome: str
    improved: bool
    validate_calls: int = 1
    seconds: float | None = None
    made_by: str = ""
    gain: float = 0.0
    new_best: bool = False
    usd: float = 0.0
    tokens: int = 0
    limit: str = ""

    def to_json(self) -> dict[str, Any]:
        """This credit as JSON values; ``Credit(**values)`` is the way back."""
        return {
            "operator": self.operator,
            "parameters": dict(self.parameters),
            "outcome": self.outcome,
            "improved": self.improved,
            "validate_calls": self.validate_calls,
            "seconds": self.seconds,
            **{key: value for key in _SELDOM if (value := getattr(self, key))},
        }


_SELDOM = ("made_by", "gain", "new_best", "usd", "tokens", "limit")  # journalled where there is something to say


class MutationOperator(ABC):
    """Makes children. A subclass defines ``name`` and ``mutate``; the rest has useful defaults.

    Attributes:
        name: Short and unique in a portfolio; it is stored with every child.
        max_evaluations: Calls of ``validate`` one mutation may spend itself; 0 for operators that only edit text.
        writes_code: Whether a child may have code that none of its parents has, not just other numbers; it is then
            never run without protection.
        remote: Whether it spends its time waiting for somebody else's computer: it then takes a place of the remote
            pool (``engine.max_remote_mutations_in_flight``) and none of the cores'. Of a portfolio: whether any member
            does.
        mixed: Of a portfolio: whether some members are remote and some are not.
        repairs: Whether it works on a program that failed, which is then the first of its parents, with the program it
            came from as the second. It is chosen only where such a program waits. Of a portfolio: whether any member
            does.
        observes: Whether it wants to hear of every program, by ``observe``.
        inspirations: How many programs to learn from it wants beside the parents: the best, and diverse ones.
        reads_insights: Whether the pipeline's stages for parents are worth running before it sets to work.
        languages: Names of the programming languages that it can change programs in; empty where any will do.
    """

    name: str
    max_evaluations: int = 0
    writes_code: bool = True
    remote: bool = False
    mixed: bool = False
    repairs: bool = False
    observes: bool = False
    inspirations: tuple[int, int] = (0, 0)
    reads_insights: bool = False
    languages: tuple[str, ...] = ()

    def bind(self, context: OperatorContext) -> None:
        """Take what is known of the run. Called once, before anything else."""

    def applies_to(self, parents: Sequence[Program]) -> bool:
        """Whether this operator can do anything with these parents. Cheap; a False keeps it from being chosen."""
        return True

    def select(
        self,
        parents: Sequence[Program],
        rng: np.random.Generator,
        *,
        failed: Program | None = None,
        remote: bool | None = None,
    ) -> MutationOperator:
        """The operator that shall do the work: itself, or the member that a portfolio chooses.

        Args:
            parents: What it shall work on, unless it ``repairs``.
            rng: For the choice.
            failed: A program that waits to be repaired; None where none does.
            remote: Whether the choice is among members that are remote (True) or that are not (False), because the
                other pool is full; None where both have room. Only of a ``mixed`` portfolio more than None is asked.
        """
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

    def observe(self, program: Program) -> None:
        """Hear of a program whose place was decided; failed ones too, each once. On a resume the stored programs are
        told of again, in the order in which they were made. Not part of ``state()``."""

    def state(self) -> dict[str, Any]:
        """Everything ``credit`` has changed, as JSON values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state()`` gave."""

    def resumed(self) -> None:
        """Learn that a session goes on with what an earlier one left: budgets may have been raised since. Called after
        ``restore`` and the last repeated ``credit``."""

    async def close(self) -> None:
        """Let go of processes and files."""
