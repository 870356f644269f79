"""Runs of the real command, and what is left of them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BENCH_CONFIG = ROOT / "benchmarks" / "config"


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), *arguments]


def run(*arguments: str, timeout: float = 280, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end. The working directory is the repository, as for a user."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )


def summary(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return loaded


def metrics_lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def mutant_numbers(folder: Path) -> list[int]:
    """Numbers of the mutants in the database, in order of insertion."""
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT number FROM programs WHERE number >= 0 ORDER BY position").fetchall()
    return [number for (number,) in rows]


def programs_so_far(folder: Path) -> int:
    """How many programs a run that may still go on has written, the initial ones included; it is not disturbed."""
    try:
        with closing(sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM programs").fetchone()[0])
    except sqlite3.OperationalError:  # the database is being made
        return 0


def sources(folder: Path) -> list[tuple[int, str]]:
    """(number, source) of all programs in the database, in order of number."""
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT number, record FROM programs JOIN records USING (position)").fetchall()
    found = []
    for number, record in rows:
        loaded = json.loads(record)
        found.append((number, loaded["files"][loaded["entry"]]))
    return sorted(found)


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The stand-in for a language model in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gigaevo.testing", "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()
