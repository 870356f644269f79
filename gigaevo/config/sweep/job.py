"""A run as one job of a sweep: announced, recorded, and failing without harm to the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.conf import HydraConf

from gigaevo.config.result import ExitStatus, JobFailed, RunResult
from gigaevo.config.sweep.record import SweepRecord
from gigaevo.config.sweep.side_by_side import end_with_launcher
from gigaevo.observe.summary import SUMMARY_FILE


def run_job(context: HydraConf, folder: Path, start: Callable[[], RunResult]) -> float | None:
    """Run one job.

    Args:
        context: What Hydra knows of it.
        folder: Its output folder.
        start: Runs it to its end; reports what goes wrong and raises nothing.

    Returns:
        Final best fitness, for sweepers.

    Raises:
        JobFailed: It did not end well; the other jobs go on.
        SystemExit: It was interrupted, and the sweep with it.
    """
    end_with_launcher()
    record = SweepRecord(Path(context.runtime.cwd, context.sweep.dir))
    number, overrides = int(context.job.num), list(context.overrides.task)
    row = record.begin(job=number, overrides=overrides, folder=folder)
    sys.stdout.write(f"job {number}: {' '.join(overrides)}\n")
    sys.stdout.flush()
    result = start()
    record.end(row, result, summary=_summary(folder))
    end_with_launcher()
    best = "" if result.best_fitness is None else f", best fitness {result.best_fitness:.6g}"
    sys.stdout.write(f"job {number}: {result.status.name.lower()}{best}; {record.table}\n")
    sys.stdout.flush()
    if result.status == ExitStatus.ENDED:
        return result.best_fitness
    if result.status == ExitStatus.INTERRUPTED:
        raise SystemExit(int(result.status))
    raise JobFailed(int(result.status), result.error)


def recorded_again(folder: Path, run: Callable[[], RunResult]) -> RunResult:
    """Continue a run; where it is a job of a sweep, the sweep's record learns what it came to this time."""
    result = run()
    found = SweepRecord.with_job_in(folder)
    if found is not None:
        record, row = found
        record.end(row, result, summary=_summary(folder))
        _compare_again(record.folder)
    return result


def _compare_again(folder: Path) -> None:
    """Bring the comparison of arms up to date, where the sweep has one."""
    from gigaevo.config.sweep.comparison import COMPARISON, write_comparison

    if (folder / COMPARISON).is_file():
        write_comparison(folder)


def _summary(folder: Path) -> dict[str, Any]:
    """The run's ``summary.json``; empty where it never came to one."""
    path = folder / SUMMARY_FILE
    if not path.is_file():
        return {}
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
