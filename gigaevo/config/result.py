"""How a run ended, as the command line and a sweep see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit status of ``python run.py``."""

    ENDED = 0
    FAULT = 1
    CONFIGURATION = 2
    NO_VALID_PROGRAM = 3
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What the assembled run hands back.

    Attributes:
        status: Exit status of the process.
        best_fitness: Primary metric of the best program in the problem's own sign; None without a valid program.
            Sweepers tune settings against it.
    """

    status: ExitStatus
    best_fitness: float | None = None


class JobFailed(RuntimeError):
    """One job of a sweep did not end well; its own message has been shown.

    Args:
        status: What ``python run.py`` would have returned for this job alone.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = ExitStatus(status)

    def __str__(self) -> str:
        return f"the job ended with status {int(self.status)}"
