"""What a program must pass before a place is given to it: a second look where fitness is noisy, and exact verification
before it may be called the best."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TypedDict

from loguru import logger

from gigaevo.evaluation.base import VERIFICATION, Confirmer, Evaluator, Verification, Verifier
from gigaevo.evolution.engine.record import RunRecord
from gigaevo.evolution.engine.workshop import Workshop
from gigaevo.evolution.strategies.base import EvolutionStrategy
from gigaevo.programs import ErrorKind, Program, ProgramError

STAGE = "verify"


class Facts(TypedDict):
    """What ``RunRecord.ingest`` is told of an examination."""

    verification: Verification | None
    changed: bool


@dataclass(slots=True, kw_only=True)
class Examination:
    """How far the examination of a completed program has come.

    Attributes:
        program: Whose; a check that it fails becomes its error.
        verification: What exact verification said; None while it was not asked.
        changed: Whether a check has changed the program.
    """

    program: Program
    verification: Verification | None = None
    changed: bool = False

    def facts(self) -> Facts:
        """What is to be entered with the program."""
        return Facts(verification=self.verification, changed=self.changed)


class Examiner:
    """Says which check a program needs next, by how the run stands at this moment.

    What would become the best is verified; what would become the best, or might become an elite, is looked at again
    where the evaluator can. A check takes time, in which the run goes on: so ask again after each, and give the program
    its place only where none is due and nothing can come between.

    Args:
        evaluator: May be a ``Confirmer``.
        verifier: The problem's exact verification; None where it has none.
        strategy: The population.
        record: The run's books.
        workshop: Runs programs.
    """

    def __init__(
        self,
        *,
        evaluator: Evaluator,
        verifier: Verifier | None,
        strategy: EvolutionStrategy,
        record: RunRecord,
        workshop: Workshop,
    ) -> None:
        self._confirmer = evaluator if isinstance(evaluator, Confirmer) else None
        self._verifier = verifier
        self._strategy = strategy
        self._record = record
        self._workshop = workshop

    def next_check(self, examination: Examination) -> Callable[[], Coroutine[None, None, None]] | None:
        """The check that is due; None where the program may be ingested as it is. The strategy must not be at work."""
        program = examination.program
        if not program.is_valid:
            return None
        would_be_best = self._record.would_be_best(program)
        confirmer, verifier = self._confirmer, self._verifier
        if confirmer is not None and not confirmer.is_confirmed(program):
            # Initial programs are few, and a strategy may keep them whatever they are worth.
            if would_be_best or program.number < 0 or self._strategy.could_keep(program.metrics, {}):
                return functools.partial(self._confirm, examination, confirmer)
        elif verifier is not None and examination.verification is None and would_be_best:
            return functools.partial(self._verify, examination, verifier)
        return None

    async def _confirm(self, examination: Examination, confirmer: Confirmer) -> None:
        await self._workshop.confirm(examination.program, confirmer)
        examination.changed = True

    async def _verify(self, examination: Examination, verifier: Verifier) -> None:
        program = examination.program
        examination.verification = verification = await self._ask(verifier, program)
        if verification.accepted:
            return
        found = "refuses it" if verification.able else "could not check it"
        program.error = ProgramError(
            kind=ErrorKind.LEAK,
            message=f"passed validate.py, and verify.py {found}: {verification.message}",
            stage=STAGE,
        )
        program.artifacts[VERIFICATION] = verification.to_json()
        examination.changed = True

    async def _ask(self, verifier: Verifier, program: Program) -> Verification:
        """What the verifier says. Its own failure is no reason to trust the program."""
        output = await self._workshop.output_of(program)
        if output is None:
            return Verification(accepted=False, able=False, message="there is no output to check")
        try:
            return await verifier.verify(output)
        except Exception as fault:
            logger.opt(exception=fault).error("verification raised for program {}", program.id)
            return Verification(accepted=False, able=False, message=f"{type(fault).__name__}: {fault}")
