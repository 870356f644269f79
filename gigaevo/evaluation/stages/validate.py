"""Score what the program returned, in another process than the program's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.programs import Cost, ErrorKind, Program

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.workers import TrustedWorkers


WORKER_DIED = "the validator died"  # how the message begins where a worker of ours ended without an answer


class ValidateStage(Stage):
    """Calls the problem's ``validate`` on what a program returned.

    Args:
        workers: Processes that hold the problem's validator.
        call_timeout_s: Wall-clock seconds that one call may take.
        settings: What may be set of any stage. The first of ``requires`` is the stage that ran the program, by default
            ``run``. It is cached by default.
    """

    name = "validate"
    requires: Sequence[str] = ("run",)
    cached = True

    def __init__(self, *, workers: TrustedWorkers, call_timeout_s: float, **settings: Unpack[StageSettings]) -> None:
        super().__init__(**settings)
        if not self.requires:
            raise ValueError("requires is empty; its first entry must be the stage that runs the program")
        self._ran = self.requires[0]
        self.takes = {self._ran: str}
        self._workers = workers
        self._call_timeout_s = call_timeout_s

    def ingredients(self) -> Mapping[str, Any]:
        """Without workers and time limit: the validator is the problem's, and what took too long is not kept."""
        aside = ("_workers", "_call_timeout_s")
        return {key: value for key, value in super().ingredients().items() if key not in aside}

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        outcome = await self._workers.validate(inputs.value(self._ran, str), timeout_s=self._call_timeout_s)
        error = outcome.error
        if error is not None and not error.stage:
            error = error.model_copy(update={"stage": self.name})
        return StageResult(
            metrics=outcome.metrics,
            artifacts=outcome.artifacts,
            error=error,
            passing=error is not None and error.kind is ErrorKind.INVALID and error.message.startswith(WORKER_DIED),
            cost=Cost(validate_calls=outcome.calls),
        )
