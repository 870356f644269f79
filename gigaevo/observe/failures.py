"""Failed programs in the run's log: initial ones for people to see at once, children for those who look them up."""

from __future__ import annotations

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import fitness_of, one_line
from gigaevo.programs import ErrorKind, Program

LEAKS_SHOWN = 5


class FailureLog:
    """Logs each failed program with its error, and each that was never scored with the reason: an initial one as a
    warning, since most often its folder is to blame and can be mended; a child at DEBUG. One that slipped through the
    validator is a warning, the first few times: the validator has a hole, and people should know."""

    def __init__(self) -> None:
        self._info: RunInfo | None = None
        self._leaks = 0

    def on_start(self, info: RunInfo) -> None:
        self._info = info

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if program.error is None and not program.pruned:
            return
        from loguru import logger

        if program.error is not None and program.error.kind is ErrorKind.LEAK:
            self._leaks += 1
            logger.log(
                "WARNING" if self._leaks <= LEAKS_SHOWN else "DEBUG",
                "{}",
                f"the validator let through what verify.py refuses: program {program.number} {program.id} "
                f"{self._fitness(program)}: {one_line(program.error.message, width=300)}"
                + ("; further leaks are in run.log" if self._leaks == LEAKS_SHOWN else ""),
            )
            return

        initial = program.number < 0
        made = program.mutations_applied[0] if initial and program.mutations_applied else f"by {program.operator}"
        logger.log(
            "WARNING" if initial else "DEBUG",
            "{}",
            f"program {program.number} {program.id} ({one_line(made, width=60)}) {_why(program)}",
        )

    def on_stop(self, report: RunReport) -> None: ...

    def _fitness(self, program: Program) -> str:
        return (
            ""
            if self._info is None
            else f"({self._info.metrics.primary_key} {fitness_of(program, self._info.metrics)})"
        )


def _why(program: Program) -> str:
    if program.error is None:
        return f"was not scored: {one_line(program.pruned)}"
    return f"failed: {program.error.kind}: {one_line(program.error.message)}"
