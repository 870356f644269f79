"""What the best program left to be looked at, as files: texts, tables and pictures."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.display import printable
from gigaevo.programs import Program
from gigaevo.programs.artifact import OF_PROGRAMS, Picture, Table, Text, ordered, shown

BEST_ARTIFACTS = "best_artifacts"


class BestArtifacts:
    """Keeps the folder ``best_artifacts/`` equal to the artifacts of the best program: ``.txt``, ``.csv`` and ``.png``;
    those that the program itself left lie in ``best_artifacts/program/``. There is no folder while there are none.

    Args:
        folder: The run's output folder.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self.path = Path(folder) / BEST_ARTIFACTS
        self._written: str | None = None

    def on_start(self, info: RunInfo) -> None:
        pass

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        self._keep(progress.best)

    def on_stop(self, report: RunReport) -> None:
        self._keep(report.progress.best)

    def _keep(self, best: Program | None) -> None:
        if best is None or best.id == self._written:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        for name, data in artifact_files(best.artifacts).items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self._written = best.id


def artifact_files(artifacts: Mapping[str, Any]) -> dict[str, bytes]:
    """Files for the artifacts of a program, by path relative to their folder, in the order in which they are shown.

    Names are reduced to letters, digits and ``_.-``, so that none leads elsewhere or steers a terminal, and made unique
    where that makes two alike. Characters that do not print are replaced.
    """
    found = shown(artifacts)
    files: dict[str, bytes] = {}
    taken: set[str] = set()
    for name in ordered(list(found)):
        ending, data = _file(found[name])
        folder = OF_PROGRAMS if name.startswith(OF_PROGRAMS) else ""
        stem = (
            re.sub(r"[^A-Za-z0-9_.-]+", "_", name.removeprefix(folder)).removesuffix(ending).lstrip(".") or "artifact"
        )
        path, count = f"{folder}{stem[:80]}{ending}", 1
        while path.lower() in taken:
            count += 1
            path = f"{folder}{stem[:80]}_{count}{ending}"
        taken.add(path.lower())
        files[path] = data
    return files


def _file(artifact: Text | Table | Picture) -> tuple[str, bytes]:
    match artifact:
        case Text(text):
            return ".txt", printable(text).encode("utf-8", "backslashreplace")
        case Table():
            return ".csv", printable(artifact.csv()).encode("utf-8", "backslashreplace")
        case Picture():
            return ".png", artifact.png
