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
        rescored_fitness: The same as measured once more at the end; None where that was not possible.
        error: What went wrong, in one line; empty where nothing did.
    """

    status: ExitStatus
    best_fitness: float | None = None
    rescored_fitness: float | None = None
    error: str = ""


class JobFailed(RuntimeError):
    """One job of a sweep did not end well; its own message has been shown.

    Args:
        status: What ``python run.py`` would have returned for this job alone.
        reason: Its message.
    """

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(status, reason)  # both, because launchers send it from process to process
        self.status = ExitStatus(status)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason or f"the job ended with status {int(self.status)}"
