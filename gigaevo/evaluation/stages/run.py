"""Run the program in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gigaevo.evaluation.pipeline import Stage, StageResult
from gigaevo.evaluation.sampling import SAMPLE
from gigaevo.programs import Cost, Program
from gigaevo.programs.artifact import OF_PROGRAMS, kept

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.runner import ProgramRunner

# Characters kept of what a program printed: the end of it, where a traceback stands.
PRINTED_KEPT = 4000


class RunStage(Stage):
    """Calls the program's ``entrypoint`` in a sandboxed process and keeps what it returns as wire text.

    Args:
        server: Where programs run.
        requires: Stages that must have succeeded, by default the syntax check.
    """

    name = "run"

    def __init__(self, *, server: ProgramRunner, requires: tuple[str, ...] = ("syntax",)) -> None:
        self.requires = requires
        self._server = server

    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        """See the class."""
        outcome = await self._server.run(program.files, program.entry, seed=int(program.metadata.get(SAMPLE, 0)))
        error = outcome.error
        if error is not None and not error.stage:
            error = error.model_copy(update={"stage": self.name})
        printed = {"stdout": outcome.stdout, "stderr": outcome.stderr}
        artifacts = {key: text[-PRINTED_KEPT:] for key, text in printed.items() if text}
        artifacts |= kept(outcome.artifacts, prefix=OF_PROGRAMS)
        return StageResult(
            metrics={
                "wall_time_s": outcome.wall_time_s,
                "cpu_time_s": outcome.cpu_time_s,
                "peak_memory_mb": outcome.peak_memory_mb,
                "runtime": outcome.cpu_time_s,
            },
            artifacts=artifacts,
            output=outcome.output,
            error=error,
            cost=Cost(
                wall_time_s=outcome.wall_time_s,
                cpu_time_s=outcome.cpu_time_s,
                peak_memory_mb=outcome.peak_memory_mb,
            ),
        )
