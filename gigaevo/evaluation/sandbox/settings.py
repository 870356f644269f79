"""What a user may choose about the sandbox: how programs are kept apart, and their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from gigaevo.evaluation.sandbox.isolation import PROTECTIONS
from gigaevo.evaluation.sandbox.levels import AUTO, LEVELS
from gigaevo.evaluation.sandbox.limits import Limits


@dataclass(frozen=True, kw_only=True)
class SandboxSettings(Limits):
    """The limits, and beside them:

    Attributes:
        level: ``process``, ``landlock``, ``strict``, or ``auto`` for the strongest of them that the machine offers.
        require: Names in ``isolation.PROTECTIONS``; where one is missing the run does not start.
        readable: Files and folders that programs may read, beside the interpreter, installed packages and the problem.
        server_memory_mb: MiB that the warm server may hold; above, it does not start, or is started afresh.

    Raises:
        ValueError: A level or a protection that does not exist, or a cap that is not positive.
    """

    level: str = AUTO
    require: Sequence[str] = ()
    readable: Sequence[str] = ()
    server_memory_mb: int = 2048

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.level not in (AUTO, *LEVELS):
            raise ValueError(f"level is {self.level!r}; it must be {AUTO} or one of {', '.join(LEVELS)}")
        if unknown := sorted(set(self.require) - set(PROTECTIONS)):
            raise ValueError(f"require names {unknown[0]!r}; there are: {', '.join(PROTECTIONS)}")
        if self.server_memory_mb < 1:
            raise ValueError(f"server_memory_mb must be positive; it is {self.server_memory_mb!r}")

    @property
    def limits(self) -> Limits:
        """The caps on each program, and nothing else."""
        return Limits(**{each.name: getattr(self, each.name) for each in fields(Limits)})
