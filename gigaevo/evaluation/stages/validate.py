"""Score what the program returned, in another process than the program's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gigaevo.evaluation.pipeline import Stage, StageResult
from gigaevo.programs import Cost, Program

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.workers import TrustedWorkers


class ValidateStage(Stage):
    """Calls the problem's ``validate`` on the output of the run stage.

    Args:
        workers: Processes that hold the problem's validator.
        call_timeout_s: Wall-clock seconds that one call may take.
        requires: The stage that ran the program.
    """

    name = "validate"

    def __init__(self, *, workers: TrustedWorkers, call_timeout_s: float, requires: tuple[str, ...] = ("run",)) -> None:
        self.requires = requires
        self._workers = workers
        self._call_timeout_s = call_timeout_s

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        """See the class."""
        output = next((result.output for result in inputs.values() if result.output is not None), None)
        if output is None:
            raise RuntimeError(f"none of the stages {list(self.requires)} gave an output to validate")
        outcome = await self._workers.validate(output, timeout_s=self._call_timeout_s)
        error = outcome.error
        if error is not None and not error.stage:
            error = error.model_copy(update={"stage": self.name})
        return StageResult(
            metrics=outcome.metrics,
            artifacts=outcome.artifacts,
            error=error,
            cost=Cost(validate_calls=outcome.calls),
        )
