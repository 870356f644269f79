"""Failed programs in the run's log: initial ones for people to see at once, children for those who look them up."""

from __future__ import annotations

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import one_line
from gigaevo.programs import Program


class FailureLog:
    """Logs each failed program with its error, and each that was never scored with the reason: an initial one as a
    warning, since most often its folder is to blame and can be mended; a child at DEBUG."""

    def on_start(self, info: RunInfo) -> None: ...

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if program.error is None and not program.pruned:
            return
        from loguru import logger

        initial = program.number < 0
        made = program.mutations_applied[0] if initial and program.mutations_applied else f"by {program.operator}"
        logger.log(
            "WARNING" if initial else "DEBUG",
            "{}",
            f"program {program.number} {program.id} ({one_line(made, width=60)}) {_why(program)}",
        )

    def on_stop(self, report: RunReport) -> None: ...


def _why(program: Program) -> str:
    if program.error is None:
        return f"was not scored: {one_line(program.pruned)}"
    return f"failed: {program.error.kind}: {one_line(program.error.message)}"
