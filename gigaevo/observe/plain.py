"""Progress as log lines, for output that is not a terminal."""

from __future__ import annotations

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import clock, closest_budget, fitness_of, one_line, spent, tally
from gigaevo.programs import Program


class PlainLines:
    """Logs each new best at INFO at once, and where the run stands every ``interval_s`` seconds of the run; every
    other program is a DEBUG line. At most one INFO line a program.

    Args:
        interval_s: Least seconds of the run between two lines that are no new best.
    """

    def __init__(self, *, interval_s: float = 2.0) -> None:
        from loguru import logger

        self._log = logger
        self._interval_s = interval_s
        self._info: RunInfo | None = None
        self._last_line_s = 0.0

    def on_start(self, info: RunInfo) -> None:
        self._info = info
        resumed = f", going on after {info.resumed_mutants} mutants" if info.resumed_mutants else ""
        self._log.info("{}", f"problem {info.problem}, seed {info.seed}{resumed}")
        for note in info.notes:
            self._log.info("{}", one_line(note, width=400))

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if progress.best is not None and progress.best.id == program.id:
            self._last_line_s = progress.elapsed_s
            self._log.info("{}", f"new best {self._standing(progress)}, by {one_line(program.operator, width=40)}")
        elif progress.elapsed_s - self._last_line_s >= self._interval_s:
            self._last_line_s = progress.elapsed_s
            self._log.info("{}", f"best {self._standing(progress)}")

    def on_stop(self, report: RunReport) -> None:
        self._log.info("{}", f"stopped ({report.stop_reason}): best {self._standing(report.progress)}")

    def _standing(self, progress: Progress) -> str:
        if self._info is None:
            return "–"
        parts = [
            fitness_of(progress.best, self._info.metrics),
            f"{progress.mutants} mutants",
            f"{progress.programs_per_s:.1f} programs/s",
            f"coverage {progress.coverage:.1%}",
            f"QD-score {progress.qd_score:.4g}",
            f"elapsed {clock(progress.elapsed_s)}",
        ]
        budget = closest_budget(self._info.limits, progress)
        if budget is not None:
            parts.append(f"left {budget.remaining()}")
        if progress.spending is not None:
            parts.append(spent(progress.spending))
        if progress.failures:
            parts.append(f"failures: {tally(progress.failures)}")
        return ", ".join(parts)
