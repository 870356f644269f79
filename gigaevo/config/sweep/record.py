"""What became of the jobs of a sweep: a journal that every job adds to, and the table that is made of it.

The journal has a line for each job that begins and one for each that ends. After every line the table is made anew and
replaces the old one in one step, both under one lock. So the table is right at any time, whatever process a job runs
in, and whatever is killed: a job without a second line is ``unfinished``.
"""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from gigaevo.config.result import RunResult
from gigaevo.observe.files import replace_text
from gigaevo.observe.strict_json import dumps

JOURNAL = "sweep_jobs.jsonl"
TABLE = "sweep_summary.csv"
UNFINISHED = "unfinished"
KILLED = "killed"

Row = dict[str, Any]
"""What is known of one job: ``row``, ``job``, ``overrides``, ``folder``, ``status``, and once it has ended the rest."""

_OUTCOME = ("stop_reason", "best_fitness", "rescored_fitness")
_COUNTS = ("mutants", "evaluated")
_ARCHIVE = ("coverage", "qd_score")


class SweepRecord:
    """Journal and table of one sweep. Any number of processes may have one for the same folder.

    Args:
        folder: The sweep's folder; made when the first job begins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = folder / TABLE
        self._journal = folder / JOURNAL

    @classmethod
    def with_job_in(cls, folder: Path) -> tuple[SweepRecord, int] | None:
        """The sweep that a run's folder belongs to and its newest row there; None where it is of no sweep."""
        for parent in folder.parents:
            record = cls(parent)
            rows = [row["row"] for row in record.rows() if (parent / row["folder"]).resolve() == folder.resolve()]
            if rows:
                return record, max(rows)
        return None

    def rows(self) -> list[Row]:
        """All jobs so far, in the order in which they began."""
        return _merged(self._journal.read_bytes()) if self._journal.is_file() else []

    def begin(self, *, job: int, overrides: Sequence[str], folder: Path) -> int:
        """Note that a job begins.

        Args:
            job: Its number in the sweep.
            overrides: As Hydra gives them, ``key=value`` each.
            folder: Its output folder.

        Returns:
            The number of its row.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked() as journal:
            row = len(_merged(journal.read()))
            line = {"row": row, "job": job, "overrides": dict(map(_setting, overrides))}
            self._add(journal, {**line, "folder": os.path.relpath(folder, self.folder)})
        return row

    def end(self, row: int, result: RunResult, *, summary: Mapping[str, Any]) -> None:
        """Note how a job ended.

        Args:
            row: Its row.
            result: What it came to.
            summary: Its ``summary.json``; empty where there is none.
        """
        best = summary.get("best") or {}
        self._end(
            row,
            status=result.status.name.lower(),
            error=result.error,
            stop_reason=summary.get("stop_reason"),
            best_fitness=result.best_fitness,
            rescored_fitness=result.rescored_fitness,
            elapsed_s=summary.get("elapsed_s"),
            metrics=best.get("metrics", {}),
            problem=summary.get("problem"),
            metric=summary.get("metric"),
            spent=_spent(summary),
            **_picked(summary.get("counts", {}), _COUNTS),
            **_picked(summary.get("archive", {}), _ARCHIVE),
        )

    def killed(self, row: int, error: str) -> None:
        """Note that the process of a job is gone."""
        self._end(row, status=KILLED, error=error)

    def _end(self, row: int, **known: Any) -> None:
        with self._locked() as journal:
            self._add(journal, {"row": row, **known})

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        with self._journal.open("a+b") as journal:
            fcntl.flock(journal, fcntl.LOCK_EX)  # given back when the file is closed, also by a kill
            journal.seek(0)
            yield journal

    def _add(self, journal: IO[bytes], line: Row) -> None:
        journal.seek(0)
        before = journal.read()
        torn = bool(before) and not before.endswith(b"\n")  # a kill in the middle of a line
        added = ("\n" * torn + dumps(line) + "\n").encode()
        journal.write(added)
        journal.flush()
        replace_text(self.table, _table(_merged(before + added)))


def _setting(override: str) -> tuple[str, str]:
    key, equals, value = override.partition("=")
    return key, value if equals else "removed"  # ~operators.freeze


def _picked(values: Mapping[str, Any], keys: Sequence[str]) -> Row:
    return {key: values.get(key) for key in keys}


def _spent(summary: Mapping[str, Any]) -> Row:
    """What the run took of everything that there may be a budget for."""
    asked = (summary.get("llm") or {}).get("spending") or {}
    return {
        "evaluations": summary.get("validate_calls", summary.get("evaluations")),
        "mutants": summary.get("counts", {}).get("mutants"),
        "tokens": asked.get("prompt_tokens", 0) + asked.get("completion_tokens", 0),
        "usd": asked.get("usd", 0.0),
        "seconds": summary.get("elapsed_s"),
    }


def _merged(journal: bytes) -> list[Row]:
    rows: dict[int, Row] = {}
    for line in journal.splitlines():
        try:
            known = json.loads(line)
        except ValueError:
            continue  # torn by a kill; its job is unfinished
        rows.setdefault(known["row"], {"status": UNFINISHED}).update(known)
    return list(rows.values())


def _table(rows: Sequence[Row]) -> str:
    """The rows as CSV, in order of job."""
    overrides = list(dict.fromkeys(key for row in rows for key in row["overrides"]))
    metrics = list(dict.fromkeys(key for row in rows for key in row.get("metrics", {})))
    after = ("status", *_OUTCOME, *_COUNTS, *_ARCHIVE, "elapsed_s")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["job", *overrides, *after, *(f"best.{key}" for key in metrics), "folder", "error"])
    for row in sorted(rows, key=lambda row: (row["job"], row["row"])):
        settings, measured = row["overrides"], row.get("metrics", {})
        writer.writerow(
            [
                row["job"],
                *(settings.get(key) for key in overrides),
                *(row.get(key) for key in after),
                *(measured.get(key) for key in metrics),
                row["folder"],
                row.get("error"),
            ]
        )
    return text.getvalue()
