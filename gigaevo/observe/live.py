"""The live view: where the run stands, drawn in place on a terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import clock, closest_budget, fitness_of, models_of, one_line, printable, spent, tally
from gigaevo.programs import Program

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

REFRESH_PER_SECOND = 4
OPERATORS_SHOWN = 8
MODELS_SHOWN = 5


class LiveView:
    """Draws the run at most four times a second, whatever the number of programs: an event only notes the newest
    values. Text of programs is shown literally, as markup it means nothing.

    Args:
        console: Where to draw; None for standard error.

    Attributes:
        console: Where it draws. Whatever else is printed there while the view is alive appears above it.
    """

    def __init__(self, *, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live

        self._info: RunInfo | None = None
        self._progress: Progress | None = None
        self._heard_at = time.monotonic()
        self._last_failure = ""
        self.console = console if console is not None else Console(stderr=True)
        self._live = Live(
            get_renderable=self.render,
            console=self.console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
        )

    def on_start(self, info: RunInfo) -> None:
        from rich.text import Text

        self._info = info
        self._heard_at = time.monotonic()
        for note in info.notes:
            self.console.print(Text(one_line(note, width=400)))
        self._live.start()

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        self._progress = progress
        self._heard_at = time.monotonic()
        if program.error is not None:
            self._last_failure = f"{program.error.kind}: {program.error.message}"

    def on_stop(self, report: RunReport) -> None:
        self._progress = report.progress
        self.close()

    def close(self) -> None:
        """Give the terminal back. May be called twice; call it also when a run ends without ``on_stop``."""
        self._live.stop()

    def write(self, message: str) -> None:
        """Print ``message`` above the view, literally. A sink for loguru, whose own would write across the view."""
        from rich.text import Text

        self.console.print(Text(printable(message.rstrip("\n"))))

    def render(self) -> RenderableType:
        """The view as it would be drawn now."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="ellipsis", no_wrap=True)
        for label, text in self._rows():
            table.add_row(label, Text(text))
        return table

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
