"""Files of a search among numbers: ``metrics.jsonl``, ``best_genome.json``, ``summary.json`` and the elites."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from gigaevo.observe.files import replace_text
from gigaevo.observe.metrics_log import METRICS_FILE
from gigaevo.observe.strict_json import dumps
from gigaevo.observe.summary import SUMMARY_FILE, versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigaevo.observe.search_events import SearchInfo, SearchProgress, SearchReport

BEST_GENOME_FILE = "best_genome.json"
FRONT_FILE = "pareto_front.jsonl"
ARCHIVE_FILE = "archive.jsonl"
WRITE_EVERY_S = 1.0


def generation_line(progress: SearchProgress) -> dict[str, Any]:
    """What is kept of a generation, as JSON values; its time is the last entry."""
    line = {"generation": progress.generation, "evaluations": progress.evaluations, "best": progress.best}
    return {**line, **progress.told, "invalid": progress.invalid, "elapsed_s": round(progress.elapsed_s, 3)}


class GenerationLog:
    """Appends a line to ``metrics.jsonl`` for each generation of which one is kept: generation, evaluations, best
    (primary metric, or null), what the algorithm tells of its population, invalid, elapsed_s.

    Where a search goes on, lines of generations that it does not know of go.

    Args:
        folder: The run's output folder.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self.path = Path(folder) / METRICS_FILE
        self._file: TextIO | None = None

    def on_start(self, info: SearchInfo) -> None:
        replace_text(self.path, "".join(self._lines_up_to(info.resumed_generations)))
        self._file = self.path.open("a", encoding="utf-8", buffering=1)

    def on_generation(self, progress: SearchProgress) -> None:
        if self._file is not None:
            self._file.write(dumps(generation_line(progress)) + "\n")

    def on_look(self, progress: SearchProgress) -> None:
        pass

    def on_stop(self, report: SearchReport) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _lines_up_to(self, generation: int) -> list[str]:
        kept: list[str] = []
        if not generation or not self.path.exists():
            return kept
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    number = int(json.loads(line)["generation"])
                except (ValueError, KeyError, TypeError):
                    continue  # torn by a kill
                if line.endswith("\n") and number <= generation:
                    kept.append(line)
        return kept


class BestGenomeFile:
    """Keeps ``best_genome.json`` equal to the best genome, at most once a second; at the end with all that was measured
    of it. A search with several objectives, or with an archive, leaves these instead, a line for each genome.

    Args:
        folder: The run's output folder.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._primary = ""
        self._written: float | None = None
        self._written_at = float("-inf")

    def on_start(self, info: SearchInfo) -> None:
        self._primary = info.metrics.primary_key

    def on_generation(self, progress: SearchProgress) -> None:
        self.on_look(progress)

    def on_look(self, progress: SearchProgress) -> None:
        late = time.monotonic() - self._written_at >= WRITE_EVERY_S
        if late and progress.genome is not None and progress.best != self._written:
            self._write({self._primary: progress.best}, progress.genome)
            self._written, self._written_at = progress.best, time.monotonic()

    def on_stop(self, report: SearchReport) -> None:
        if report.progress.genome is not None:
            self._write(report.metrics, report.progress.genome)
        name = elites_file(report)
        if name:
            replace_text(self._folder / name, "".join(dumps(elite) + "\n" for elite in report.elites))

    def _write(self, metrics: Mapping[str, Any], genome: Any) -> None:
        text = dumps({"metrics": dict(metrics), "genome": genome}, indent=2)
        replace_text(self._folder / BEST_GENOME_FILE, text + "\n")


def elites_file(report: SearchReport) -> str:
    """The file that holds the elites; empty where the best genome is all there is."""
    if not report.elites:
        return ""
    return FRONT_FILE if "objectives" in report.elites[0] else ARCHIVE_FILE if "behaviors" in report.elites[0] else ""


class SearchSummaryFile:
    """Writes ``summary.json`` when the search stops.

    Args:
        folder: The run's output folder.
        kernels: Which kernels were in use: ``"cython"`` or ``"numpy"``.
    """

    def __init__(self, *, folder: str | Path, kernels: str) -> None:
        self.path = Path(folder) / SUMMARY_FILE
        self._kernels = kernels
        self._info: SearchInfo | None = None

    def on_start(self, info: SearchInfo) -> None:
        self._info = info

    def on_generation(self, progress: SearchProgress) -> None:
        pass

    def on_look(self, progress: SearchProgress) -> None:
        pass

    def on_stop(self, report: SearchReport) -> None:
        if self._info is not None:
            text = dumps(search_summary(self._info, report, kernels=self._kernels), indent=2)
            replace_text(self.path, text + "\n")


def search_summary(info: SearchInfo, report: SearchReport, *, kernels: str) -> dict[str, Any]:
    """What ``summary.json`` holds, as JSON values; keys that other runs have too mean the same."""
    progress = report.progress
    best = {"metrics": dict(report.metrics), "genome": progress.genome}
    return {
        "problem": info.problem,
        "algorithm": info.algorithm,
        "seed": info.seed,
        "stop_reason": report.stop_reason,
        "fault": report.fault or None,
        "metric": {"name": info.metrics.primary_key, "higher_is_better": info.metrics.primary.higher_is_better},
        "best": None if progress.best is None else best,
        "objectives": list(info.objectives),
        "elites_file": elites_file(report) or None,
        "counts": {"evaluated": progress.evaluations, "invalid": progress.invalid},
        "generation": progress.generation,
        "evaluations": progress.evaluations,
        "archive": {"elites": len(report.elites), **progress.told},
        "elapsed_s": progress.elapsed_s,
        "evaluations_per_s": progress.evaluations_per_s,
        "versions": versions(kernels),
    }
