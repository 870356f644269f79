"""Choosing the strongest isolation that a machine offers, and saying what it does not protect from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gigaevo.evaluation.sandbox import strict_level
from gigaevo.evaluation.sandbox.isolation import PROTECTIONS, Isolation, Setting
from gigaevo.evaluation.sandbox.landlock_level import LandlockIsolation
from gigaevo.evaluation.sandbox.strict_level import StrictIsolation

AUTO = "auto"
LEVELS = ("process", "landlock", "strict")
"""Levels of the warm server, weakest first."""


@dataclass(frozen=True, kw_only=True)
class SandboxReport:
    """What holds programs in a run.

    Attributes:
        level: Name of the level.
        protections: Names in ``isolation.PROTECTIONS``.
        notes: What people should know: why a stronger level is not there, and what is not protected.
        memory_mb: Memory of the warm server that nobody shares with it (PSS) in MiB; 0 where the system does not say.
    """

    level: str
    protections: frozenset[str]
    notes: list[str] = field(default_factory=list)
    memory_mb: float = 0.0

    def missing(self, required: Iterable[str]) -> list[str]:
        """Names of ``required`` that are not there, sorted."""
        return sorted(set(required) - self.protections)

    def first_line(self) -> str:
        """One line for the beginning of a run."""
        lacking = sorted(set(PROTECTIONS) - self.protections - {"container", "namespaces", "user"})
        rest = f"; not protected: {', '.join(lacking)}" if lacking else ""
        memory = f", warm server {self.memory_mb:.0f} MiB" if self.memory_mb else ""
        return f"sandbox: level {self.level}{memory}{rest}"


class LevelUnavailable(RuntimeError):
    """The level that was asked for is not to be had; the message says why, in one line."""


def enter(level: str, setting: Setting) -> tuple[Isolation, list[str]]:
    """Confine this process, the warm server to be, at ``level``.

    Args:
        level: One of ``LEVELS``, or ``AUTO`` for the strongest that there is.
        setting: What the isolation is made for.

    Returns:
        The isolation, and why a stronger one is not there, one line a level.

    Raises:
        LevelUnavailable: ``level`` is not to be had.
    """
    reasons: list[str] = []
    for candidate in reversed(LEVELS) if level == AUTO else (level,):
        reason, isolation = _tried(candidate, setting)
        if isolation is not None:
            return isolation, reasons
        reasons.append(f"level {candidate} is not available: {reason}")
    raise LevelUnavailable(f"sandbox={level}: {'; '.join(reasons)}")


def _tried(level: str, setting: Setting) -> tuple[str, Isolation | None]:
    """Why ``level`` is not to be had, or the isolation, which this process has then entered."""
    if level == StrictIsolation.level and (reason := strict_level.probe(setting)):
        return reason, None
    isolation = {kind.level: kind for kind in (Isolation, LandlockIsolation, StrictIsolation)}[level](setting)
    if level == Isolation.level and "loopback" in setting.allow:
        return "the problem needs a loopback of its own, which this level has not", None
    try:
        isolation.enter_server()
    except OSError as error:
        return str(error), None
    return "", isolation
