"""Sweeps typed as a user types them, and what they leave behind."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.config.command import ROOT

SHORT = ("mutation=no_freeze", "max_mutants=10", "hydra.sweep.dir=all")


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "run.py"), "-m", *arguments]


def sweep(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A sweep of short jobs into the folder ``all``."""
    return subprocess.run(
        command(*SHORT, *arguments),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, **environment},
    )


def table(folder: Path) -> list[dict[str, str]]:
    """Rows of ``sweep_summary.csv``."""
    with (folder / "sweep_summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def summaries(folder: Path) -> dict[str, Any]:
    """What is in the ``summary.json`` of each job's folder."""
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/summary.json")}
