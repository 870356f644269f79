"""Why a program has no score. A failure is a state with an error, never a number."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ErrorKind(StrEnum):
    """What went wrong with a program, seen from outside its process."""

    SYNTAX = "syntax"  # the text is no program of its language, or more deeply nested than we parse
    EXCEPTION = "exception"  # it raised
    TIMEOUT = "timeout"  # it used up its wall-clock or CPU time
    MEMORY = "memory"  # it hit the memory limit
    EXIT = "exit"  # its process ended without an answer
    SIGNAL = "signal"  # its process was killed by a signal that was not ours
    OUTPUT = "output"  # its answer is of a type, size or shape that may not cross between processes
    INVALID = "invalid"  # it answered, and the validator refused the answer
    LEAK = "leak"  # the validator let its answer through, and exact verification did not


class ProgramError(BaseModel):
    """One failure, short enough to be stored and shown.

    Attributes:
        kind: What went wrong.
        message: One line for people.
        traceback: The tail of the program's own traceback; empty where there is none.
        stage: The pipeline stage that failed; empty where none ran.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: ErrorKind
    message: str
    traceback: str = ""
    stage: str = ""

    @property
    def for_prompts(self) -> str:
        """The message as evolution may see it: what verify.py said of a leak is not told, or programs would be made to
        please it."""
        return "the answer does not hold" if self.kind is ErrorKind.LEAK else self.message
