"""``metrics.jsonl``: one line a mutant, for plots and spreadsheets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any, Literal, TextIO

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.files import replace_text
from gigaevo.observe.strict_json import dumps
from gigaevo.programs import Metrics, Program, ProgramState

METRICS_FILE = "metrics.jsonl"


class MetricsLog:
    """Appends a line for each mutant whose place is decided; initial programs have none.

    A line has: number, id, state, operator, parents, generation, outcome, metrics, error (its kind, or null), cost,
    best (primary metric of the best program so far, or null), elapsed_s (seconds of search; null where a killed run
    did not get to write it). Numbers that are not finite are null. Each line reaches the operating system at once.

    Args:
        folder: The run's output folder.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self.path = Path(folder) / METRICS_FILE
        self._file: TextIO | None = None
        self._metrics: Metrics | None = None

    async def rewrite(self, programs: AsyncIterable[Program], metrics: Metrics) -> None:
        """Bring the file of a stopped or killed run in line with what is committed; call it before ``on_start``.

        Lines of recorded mutants stay, once each and in their order; lines of others go; what is missing is written
        from the programs, with the outcome that their present state tells. A mutant whose place is not decided yet gets
        its line when it is.

        Args:
            programs: Every evaluated program in order of insertion, initial ones included.
            metrics: The problem's metrics.
        """
        known = self._known_lines()
        kept: set[str] = set()
        missing: list[Program] = []
        best: Program | None = None
        async for program in programs:
            if program.state is ProgramState.COMPLETED:
                continue
            if program.number < 0 or program.id in known:
                kept.add(program.id)
                best = _better(best, program, metrics)
            else:
                missing.append(program)
        lines = [line for program_id, line in known.items() if program_id in kept]
        for program in missing:
            best = _better(best, program, metrics)
            lines.append(dumps(_entry(program, _outcome(program), _fitness(best, metrics), None)) + "\n")
        replace_text(self.path, "".join(lines))

    def _known_lines(self) -> dict[str, str]:
        """Complete lines of the file by program; the last one of a killed run may be torn."""
        known: dict[str, str] = {}
        if not self.path.exists():
            return known
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    program_id = json.loads(line)["id"]
                except (ValueError, KeyError, TypeError):
                    continue
                if line.endswith("\n"):
                    known.setdefault(program_id, line)
        return known

    def on_start(self, info: RunInfo) -> None:
        self._metrics = info.metrics
        mode: Literal["a", "w"] = "a" if info.resumed_mutants else "w"
        self._file = self.path.open(mode, encoding="utf-8", buffering=1)

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        if program.number < 0 or self._file is None or self._metrics is None:
            return
        best = _fitness(progress.best, self._metrics)
        self._file.write(dumps(_entry(program, outcome, best, progress.elapsed_s)) + "\n")

    def on_stop(self, report: RunReport) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _entry(program: Program, outcome: Outcome, best: float | None, elapsed_s: float | None) -> dict[str, Any]:
    return {
        "number": program.number,
        "id": program.id,
        "state": program.state,
        "operator": program.operator,
        "parents": program.parents,
        "generation": program.generation,
        "outcome": outcome,
        "metrics": program.metrics,
        "error": None if program.error is None else program.error.kind,
        "cost": program.cost.model_dump(),
        "best": best,
        "elapsed_s": None if elapsed_s is None else round(elapsed_s, 3),
    }


def _fitness(program: Program | None, metrics: Metrics) -> float | None:
    return None if program is None else program.metrics.get(metrics.primary_key)


def _better(best: Program | None, program: Program, metrics: Metrics) -> Program | None:
    """The better of the two; ``best`` where they are equal or ``program`` cannot be the best."""
    candidate, current = _fitness(program, metrics), _fitness(best, metrics)
    if not program.is_valid or candidate is None:
        return best
    return program if current is None or metrics.is_better(candidate, current) else best


def _outcome(program: Program) -> Outcome:
    if program.error is not None:
        return Outcome.FAILED
    if program.pruned:
        return Outcome.PRUNED
    return Outcome.ACCEPTED if program.state is ProgramState.EVOLVING else Outcome.REJECTED
