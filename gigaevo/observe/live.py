"""The live view: where a run of programs stands, drawn in place on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import clock, closest_budget, fitness_of, models_of, one_line, spent, tally
from gigaevo.observe.live_panel import LivePanel
from gigaevo.programs import Program

if TYPE_CHECKING:
    from rich.console import Console

OPERATORS_SHOWN = 8
MODELS_SHOWN = 5


class LiveView(LivePanel):
    """Draws the run at most four times a second, whatever the number of programs: an event only notes the newest
    values. Text of programs is shown literally, as markup it means nothing.

    Args:
        console: Where to draw; None for standard error.

    Attributes:
        console: Where it draws. Whatever else is printed there while the view is alive appears above it.
    """

    def __init__(self, *, console: Console | None = None) -> None:
        self._info: RunInfo | None = None
        self._progress: Progress | None = None
        self._heard_at = time.monotonic()
        self._last_failure = ""
        super().__init__(console=console)

    def on_start(self, info: RunInfo) -> None:
        self._info = info
        self._heard_at = time.monotonic()
        self.open(info.notes)

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        self._progress = progress
        self._heard_at = time.monotonic()
        if program.error is not None:
            self._last_failure = f"{program.error.kind}: {program.error.message}"

    def on_stop(self, report: RunReport) -> None:
        self._progress = report.progress
        self.close()

    def _rows(self) -> list[tuple[str, str]]:
        info, progress = self._info, self._progress
        if info is None:
            return []
        rows = [("problem", f"{one_line(info.problem, width=60)}, seed {info.seed}")]
        silent_s = time.monotonic() - self._heard_at
        if progress is None:
            return [*rows, ("elapsed", f"{clock(silent_s)}, no program evaluated yet")]
        best = progress.best
        by = "" if best is None else f"  (program {best.id}, by {one_line(best.operator, width=40)})"
        rows += [
            (f"best {one_line(info.metrics.primary_key, width=40)}", fitness_of(best, info.metrics) + by),
            ("elapsed", clock(progress.elapsed_s + silent_s)),
        ]
        budget = closest_budget(info.limits, progress)
        if budget is not None:
            rows.append(("left", f"{budget.remaining()} ({budget.limit})"))
        rows += [
            (
                "programs",
                f"{progress.evaluated} evaluated, {progress.programs_per_s:.1f}/s, generation {progress.generation}",
            ),
            ("validate calls", str(progress.validate_calls)),
            (
                "archive",
                f"coverage {progress.coverage:.1%}, QD-score {progress.qd_score:.6g}, {progress.elites} elites",
            ),
            ("outcomes", f"{tally(progress.outcomes)}; duplicates {progress.duplicates}"),
            ("failures", tally(progress.failures)),
            ("operators", _operators(progress)),
        ]
        if progress.spending is not None:
            rows.append(("language models", spent(progress.spending)))
        rows += [("", line) for line in models_of(progress, most=MODELS_SHOWN)]
        if progress.reasons:
            reasons = {one_line(kind, width=40): count for kind, count in progress.reasons.items()}
            rows.append(("no child", tally(reasons)))
        if self._last_failure:
            rows.append(("last failure", one_line(self._last_failure)))
        return rows


def _operators(progress: Progress) -> str:
    """Accepted children of proposals, for the operators asked most often."""
    busiest = sorted(progress.operators.items(), key=lambda item: -item[1].get("proposals", 0))
    shown = [
        f"{one_line(name, width=40)} {counts.get('accepted', 0)}/{counts.get('proposals', 0)}"
        for name, counts in busiest[:OPERATORS_SHOWN]
    ]
    hidden = len(busiest) - len(shown)
    return ", ".join(shown) + (f", and {hidden} more" if hidden > 0 else "") or "–"
