"""Run the program in its own process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from gigaevo.evaluation.sampling import SAMPLE
from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.programs import Cost, ErrorKind, Program
from gigaevo.programs.artifact import OF_PROGRAMS, kept

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.runner import ProgramRunner

SERVER_DIED = "the sandbox server died"  # how the message begins where the program need not be to blame

# Characters kept of what a program printed: the end of it, where a traceback stands.
PRINTED_KEPT = 4000


class RunStage(Stage):
    """Calls the program's ``entrypoint`` in a sandboxed process and keeps what it returns as wire text.

    Args:
        server: Where programs run.
        settings: What may be set of any stage. By default it requires the syntax check and is cached.
    """

    name = "run"
    requires = ("syntax",)
    gives = str
    measures = ("wall_time_s", "cpu_time_s", "peak_memory_mb", "runtime")
    cached = True

    def __init__(self, *, server: ProgramRunner, **settings: Unpack[StageSettings]) -> None:
        super().__init__(**settings)
        self._server = server

    def ingredients(self) -> Mapping[str, Any]:
        """For the server, the level that holds programs: problem and limits are those of the whole run."""
        own = {key: value for key, value in super().ingredients().items() if key != "_server"}
        return {**own, "level": self._server.report.level}

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
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
            passing=error is not None and error.kind is ErrorKind.EXIT and error.message.startswith(SERVER_DIED),
            cost=Cost(
                wall_time_s=outcome.wall_time_s,
                cpu_time_s=outcome.cpu_time_s,
                peak_memory_mb=outcome.peak_memory_mb,
            ),
        )
