"""Says at once which initial programs failed, and why: most often the folder is to blame, and the user can mend it."""

from __future__ import annotations

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import one_line
from gigaevo.programs import Program


class InitialProgramWarnings:
    """Logs a warning for each initial program that has an error."""

    def on_start(self, info: RunInfo) -> None: ...

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if program.number >= 0 or program.error is None:
            return
        from loguru import logger

        name = program.mutations_applied[0] if program.mutations_applied else f"program {program.id}"
        logger.warning("{} failed ({}): {}", one_line(name), program.error.kind, one_line(program.error.message))

    def on_stop(self, report: RunReport) -> None: ...
