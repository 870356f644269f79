"""What a user may choose about the sandbox: how programs are kept apart, and their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from gigaevo.evaluation.sandbox import container, inline_runner
from gigaevo.evaluation.sandbox.isolation import PROTECTIONS
from gigaevo.evaluation.sandbox.levels import AUTO, LEVELS
from gigaevo.evaluation.sandbox.limits import Limits


@dataclass(frozen=True, kw_only=True)
class SandboxSettings(Limits):
    """The limits, and beside them:

    Attributes:
        level: ``process``, ``landlock``, ``strict``, ``auto`` for the strongest of them that the machine offers,
            ``container`` for a container of podman or docker around them, or ``inline`` for no protection at all.
        require: Names in ``isolation.PROTECTIONS``; where one is missing the run does not start.
        readable: Files and folders that programs may read, beside the interpreter, installed packages and the problem.
        engine: For ``container``: command of podman or docker with its options; empty for whichever is found.
        image: For ``container``: the image to start from; empty for an empty root, which docker cannot do.
        server_memory_mb: MiB that the warm server may hold; above, it does not start, or is started afresh.

    Raises:
        ValueError: A level or a protection that does not exist, or a cap that is not positive.
    """

    level: str = AUTO
    require: Sequence[str] = ()
    readable: Sequence[str] = ()
    engine: str = ""
    image: str = ""
    server_memory_mb: int = 2048

    def __post_init__(self) -> None:
        super().__post_init__()
        levels = (AUTO, *LEVELS, container.LEVEL, inline_runner.LEVEL)
        if self.level not in levels:
            raise ValueError(f"level is {self.level!r}; it must be one of {', '.join(levels)}")
        if self.level == inline_runner.LEVEL and self.require:
            raise ValueError(f"require names {self.require[0]!r}, and level {self.level} has no protection")
        object.__setattr__(self, "require", tuple(self.require))  # so that equal settings hash alike
        object.__setattr__(self, "readable", tuple(self.readable))
        if unknown := sorted(set(self.require) - set(PROTECTIONS)):
            raise ValueError(f"require names {unknown[0]!r}; there are: {', '.join(PROTECTIONS)}")
        if self.server_memory_mb < 1:
            raise ValueError(f"server_memory_mb must be positive; it is {self.server_memory_mb!r}")

    @property
    def limits(self) -> Limits:
        """The caps on each program, and nothing else."""
        return Limits(**{each.name: getattr(self, each.name) for each in fields(Limits)})
