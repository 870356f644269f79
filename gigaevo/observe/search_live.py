"""The live view of a search among numbers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gigaevo.observe.display import clock, closest_use, one_line
from gigaevo.observe.live_panel import LivePanel

if TYPE_CHECKING:
    from rich.console import Console

    from gigaevo.observe.search_events import SearchInfo, SearchProgress, SearchReport


class SearchLiveView(LivePanel):
    """Draws where the search stands.

    Args:
        console: Where to draw; None for standard error.
    """

    def __init__(self, *, console: Console | None = None) -> None:
        self._info: SearchInfo | None = None
        self._progress: SearchProgress | None = None
        self._heard_at = time.monotonic()
        super().__init__(console=console)

    def on_start(self, info: SearchInfo) -> None:
        self._info = info
        self._heard_at = time.monotonic()
        self.open(info.notes)

    def on_generation(self, progress: SearchProgress) -> None:
        self.on_look(progress)

    def on_look(self, progress: SearchProgress) -> None:
        self._progress = progress
        self._heard_at = time.monotonic()

    def on_stop(self, report: SearchReport) -> None:
        self._progress = report.progress
        self.close()

    def _rows(self) -> list[tuple[str, str]]:
        info, progress = self._info, self._progress
        if info is None:
            return []
        rows = [
            ("problem", f"{one_line(info.problem, width=60)}, {info.genes} genes, seed {info.seed}"),
            ("algorithm", info.algorithm),
        ]
        silent_s = time.monotonic() - self._heard_at
        if progress is None:
            return [*rows, ("elapsed", f"{clock(silent_s)}, no generation yet")]
        rows += [
            (f"best {one_line(info.metrics.primary_key, width=40)}", fitness_text(progress.best, info)),
            ("elapsed", clock(progress.elapsed_s + silent_s)),
        ]
        budget = closest_use(info.limits, progress.used())
        if budget is not None:
            rows.append(("left", f"{budget.remaining(evaluations='evaluations')} ({budget.limit})"))
        rows.append(("evaluations", f"{progress.evaluations:,}, {progress.evaluations_per_s:,.0f}/s"))
        rows.append(("generation", f"{progress.generation:,}"))
        if progress.invalid:
            rows.append(("invalid", f"{progress.invalid:,}"))
        rows += [(name, f"{value:.6g}") for name, value in progress.told.items()]
        return rows


def fitness_text(fitness: float | None, info: SearchInfo) -> str:
    """The primary metric as its spec shows it; a dash where there is none."""
    return "–" if fitness is None else info.metrics.primary.format(fitness)
