"""Problem: what is being solved, as its folder says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gigaevo.problems.settings import ProblemSettings
from gigaevo.programs.metrics import Metrics

TASK_FILE = "task_description.txt"
METRICS_FILE = "metrics.yaml"
VALIDATE_FILE = "validate.py"
INITIAL_PROGRAMS = "initial_programs"
CONTEXT_FILE = "context.py"
HELPER_FILE = "helper.py"
HARNESS_FILE = "harness.py"
DRIVER_FILE = "driver.py"
SETTINGS_FILE = "problem.yaml"

ENTRYPOINT = "entrypoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialProgram:
    """A program that evolution starts from.

    Attributes:
        name: File name without ``.py``.
        source: Text of the file.
        path: The file.
    """

    name: str
    source: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem folder that was read and checked; nothing in it has been run.

    Attributes:
        name: What the run calls it; the folder's name unless another was asked for.
        folder: Absolute path of the folder. Programs and ``validate.py`` can import modules that lie in it.
        task_description: The task in words, for people and prompts.
        metrics: The specs of ``metrics.yaml``.
        initial_programs: At least one, sorted by file name.
        settings: What ``problem.yaml`` says; the defaults where there is none.
        has_context: Whether ``context.py`` makes a value that is handed to programs and ``validate``.
        has_helper: Whether ``helper.py`` exists.
        has_harness: Whether ``harness.py`` says how a program is exercised.
        driver: Text of ``driver.py``, which calls a program from outside; None where there is none.
        preload: Modules to import once before programs are forked, sorted: those of the settings, and what
            the initial programs use of numpy and scipy.
    """

    name: str
    folder: Path
    task_description: str
    metrics: Metrics
    initial_programs: tuple[InitialProgram, ...]
    settings: ProblemSettings
    has_context: bool
    has_helper: bool
    has_harness: bool
    driver: str | None = None
    preload: tuple[str, ...]

    @property
    def validate_path(self) -> Path:
        """The file that defines ``validate``."""
        return self.folder / VALIDATE_FILE
