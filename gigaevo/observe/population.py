"""``population.jsonl``: one line a generation on how the archives stand, for curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.files import replace_text
from gigaevo.observe.strict_json import dumps
from gigaevo.programs import Metrics, Program

POPULATION_FILE = "population.jsonl"


class PopulationHistory:
    """Appends a line when a generation of mutants begins, and one when the run stops.

    A line has: generation, mutants, evaluated, validate_calls, elapsed_s, best (primary metric of the best program so
    far, or null), and everything that ``StrategyMetrics.to_dict`` names. Numbers that are not finite are null. Nothing
    is computed for the programs in between.

    Where a run goes on, lines stay whose programs are all committed; others, and one that a kill has torn, go.

    Args:
        folder: The run's output folder.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self.path = Path(folder) / POPULATION_FILE
        self._file: TextIO | None = None
        self._metrics: Metrics | None = None
        self._generation = -1  # of the last line
        self._evaluated = -1

    def on_start(self, info: RunInfo) -> None:
        self._metrics = info.metrics
        replace_text(self.path, "".join(self._lines_up_to(info.resumed_evaluated)))
        self._file = self.path.open("a", encoding="utf-8", buffering=1)

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if progress.generation > self._generation:
            self._write(progress)

    def on_stop(self, report: RunReport) -> None:
        if report.progress.evaluated > self._evaluated:
            self._write(report.progress)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines_up_to(self, evaluated: int) -> list[str]:
        """Lines of an earlier session that tell of no more programs than this."""
        kept: list[str] = []
        if not evaluated or not self.path.exists():
            return kept
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    fields = json.loads(line)
                    standing = int(fields["evaluated"]), int(fields["generation"])
                except (ValueError, KeyError, TypeError):
                    continue
                if line.endswith("\n") and standing[0] <= evaluated:
                    kept.append(line)
                    self._evaluated, self._generation = standing
        return kept

    def _write(self, progress: Progress) -> None:
        if self._file is None or self._metrics is None:
            return
        self._file.write(dumps(_entry(progress, self._metrics)) + "\n")
        self._generation, self._evaluated = progress.generation, progress.evaluated


def _entry(progress: Progress, metrics: Metrics) -> dict[str, Any]:
    standing = {
        "generation": progress.generation,
        "mutants": progress.mutants,
        "evaluated": progress.evaluated,
        "validate_calls": progress.validate_calls,
        "elapsed_s": round(progress.elapsed_s, 3),
        "best": None if progress.best is None else progress.best.metrics.get(metrics.primary_key),
    }
    return standing | {key: value for key, value in progress.population.to_dict().items() if key not in standing}
