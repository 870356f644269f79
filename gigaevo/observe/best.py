"""The best program as files that can be read and run while the search goes on."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from gigaevo.evolution.engine.events import Outcome, Progress, RunInfo, RunReport
from gigaevo.observe.files import replace_text
from gigaevo.programs import Program
from gigaevo.programs.program import MAIN_FILE

BEST_FOLDER = "best_program"


def best_file(entry: str = MAIN_FILE) -> str:
    """Name of the file that holds the best program's entry file: that of its language."""
    return f"{BEST_FOLDER}{PurePosixPath(entry).suffix}"


class BestProgramFile:
    """Keeps ``best_program.py`` (or another suffix, by the language) equal to the entry file of the best program.

    A program of several files is also kept whole, in the folder ``best_program/``.

    Args:
        folder: The run's output folder.

    Attributes:
        path: The file.
    """

    def __init__(self, *, folder: str | Path) -> None:
        self.path = Path(folder) / best_file()
        self._whole = Path(folder) / BEST_FOLDER
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
        self.path = self.path.with_name(best_file(best.entry))
        replace_text(self.path, best.source)
        self._keep_whole(best)
        self._written = best.id

    def _keep_whole(self, best: Program) -> None:
        shutil.rmtree(self._whole, ignore_errors=True)
        if len(best.files) == 1:
            return
        for name, text in best.files.items():
            relative = PurePosixPath(name)
            if relative.is_absolute() or ".." in relative.parts or not relative.parts:
                continue  # the database has it; nothing is ever written outside the folder
            target = self._whole / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_text(target, text)
