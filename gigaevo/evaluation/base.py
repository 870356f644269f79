"""What an evaluation is: a program in, its metrics or its error out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

from gigaevo.programs import Cost, Program, ProgramError


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Everything an evaluation found out.

    Attributes:
        metrics: Numbers by name. May be there beside an error: an invalid output can still be measured.
        artifacts: Short JSON values by name.
        output: What the program returned, as wire text; None where there was none.
        error: Why there is no score; None for a valid program.
        cost: What it took (``validate_calls`` made in this evaluation; the rest of a cached result is what it took when
            it was measured).
        cached: Stages whose result was that of an earlier evaluation.
        skipped: Stages that were not run although nothing had failed, and why. Where the primary metric is missing for
            that reason the program is neither valid nor at fault.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    output: str | None = None
    error: ProgramError | None = None
    cost: Cost = field(default_factory=Cost)
    cached: Sequence[str] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


VERIFICATION = "verification"  # the artifact that holds a ``Verification`` as JSON values


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What exact verification says of one output.

    Attributes:
        accepted: Whether the output passed.
        message: Why it did not, one line; empty where it passed.
        metrics: Finite numbers by name that verify.py gave. They are for people: no metric of the program, and nothing
            that evolution sees.
        able: Whether verify.py did its work; False where it raised what is no refusal, took too long or died. Such an
            output is not accepted.
    """

    accepted: bool
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    able: bool = True

    def to_json(self) -> dict[str, Any]:
        """This as JSON values."""
        return {**asdict(self), "metrics": dict(self.metrics)}


class Verifier(Protocol):
    """Checks outputs more strictly than the validator; several at a time."""

    async def verify(self, output: str) -> Verification:
        """Check one output in the encoding of ``gigaevo.evaluation.sandbox.wire``. Never raises for what it holds."""


class Evaluator(Protocol):
    """Evaluates programs; several at a time."""

    async def evaluate(self, program: Program) -> Evaluation:
        """Run and score ``program``, which is not changed. Never raises for anything a program does."""


class Keeper(Protocol):
    """Knows what archives hold; asked while a program is being evaluated, so it must answer at once."""

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether any archive might keep a program, were it offered now; True when in doubt.

        Args:
            metrics: What was measured of the program and will not change.
            bounds: By metric, a value that it cannot be better than, in the problem's direction. A metric that is
                named nowhere may have any value.
        """


@runtime_checkable
class Rescorer(Protocol):
    """What an evaluator is as well if it goes by earlier results or gives programs up."""

    async def rescore(self, program: Program) -> Evaluation:
        """Run and score ``program`` as if nothing were known of it, and to the end."""


@runtime_checkable
class Confirmer(Protocol):
    """What an evaluator of a noisy problem is as well: it can look again before a program is trusted."""

    def is_confirmed(self, program: Program) -> bool:
        """Whether a program, evaluated by this evaluator, was looked at often enough to be trusted."""

    async def confirm(self, program: Program) -> Evaluation:
        """Look again at an evaluated program, which is not changed.

        Returns:
            What all looks together say, in the place of what is known so far; its cost is that of the new ones. An
            error says that the program failed this time.
        """


@runtime_checkable
class Refresher(Protocol):
    """What an evaluator is as well if part of what it finds out depends on a program's descendants."""

    @property
    def depends_on_descendants(self) -> bool:
        """Whether any part does; where none does, ``refresh`` is never called."""

    async def refresh(self, program: Program, descendants: Sequence[Program]) -> Evaluation:
        """Compute that part anew for a program that got children; it is not changed.

        Args:
            program: An elite, with everything known of it.
            descendants: Its children that were ingested since it was last refreshed, oldest first, at least one;
                failed and rejected ones too.

        Returns:
            What replaces earlier values; what is not named stays. An error says which part failed and changes nothing.
        """


@runtime_checkable
class ParentStudy(Protocol):
    """What an evaluator is as well if it can say more of a program that was chosen as a parent."""

    @property
    def studies_parents(self) -> bool:
        """Whether it has anything to say; where not, ``study`` is never called."""

    async def study(self, program: Program, ancestors: Sequence[Program]) -> Evaluation:
        """Look closer at a program that is to be a parent; it is not changed.

        Args:
            program: Evaluated, and not studied before.
            ancestors: Its first parent, that one's first parent and so on, a few of them; may be empty.

        Returns:
            Artifacts to be added. An error says which part failed; the program may be studied again later.
        """
