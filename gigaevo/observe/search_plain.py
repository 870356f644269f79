"""Progress of a search among numbers as log lines, for output that is not a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.observe.display import clock, closest_use, one_line
from gigaevo.observe.search_live import fitness_text

if TYPE_CHECKING:
    from gigaevo.observe.search_events import SearchInfo, SearchProgress, SearchReport


class SearchPlainLines:
    """Logs where the search stands, every ``interval_s`` seconds of it.

    Args:
        interval_s: Least seconds of the search between two lines.
    """

    def __init__(self, *, interval_s: float = 2.0) -> None:
        from loguru import logger

        self._log = logger
        self._interval_s = interval_s
        self._info: SearchInfo | None = None
        self._last_line_s = float("-inf")

    def on_start(self, info: SearchInfo) -> None:
        self._info = info
        resumed = f", going on after generation {info.resumed_generations:,}" if info.resumed_generations else ""
        searched = f"{info.genes} genes, by {info.algorithm}, seed {info.seed}"
        self._log.info("{}", f"problem {one_line(info.problem, width=60)}: {searched}{resumed}")
        for note in info.notes:
            self._log.info("{}", one_line(note, width=400))

    def on_generation(self, progress: SearchProgress) -> None:
        self.on_look(progress)

    def on_look(self, progress: SearchProgress) -> None:
        if progress.elapsed_s - self._last_line_s >= self._interval_s:
            self._last_line_s = progress.elapsed_s
            self._log.info("{}", f"best {self._standing(progress)}")

    def on_stop(self, report: SearchReport) -> None:
        self._log.info("{}", f"stopped ({report.stop_reason}): best {self._standing(report.progress)}")

    def _standing(self, progress: SearchProgress) -> str:
        if self._info is None:
            return "–"
        parts = [
            fitness_text(progress.best, self._info),
            f"generation {progress.generation:,}",
            f"{progress.evaluations:,} evaluations",
            f"{progress.evaluations_per_s:,.0f}/s",
            f"elapsed {clock(progress.elapsed_s)}",
        ]
        budget = closest_use(self._info.limits, progress.used())
        if budget is not None:
            parts.append(f"left {budget.remaining(evaluations='evaluations')}")
        if progress.invalid:
            parts.append(f"{progress.invalid:,} invalid")
        return ", ".join(parts)
