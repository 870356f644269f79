"""What runs programs, as the stages see it: one contract for every level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.client import DriveOutcome, ProgramFiles, RunOutcome
    from gigaevo.evaluation.sandbox.levels import SandboxReport
    from gigaevo.evaluation.sandbox.limits import Limits


class ProgramRunner(Protocol):
    """Runs programs of one problem, any number at a time: ``ForkServer`` and ``InlineRunner``.

    Attributes:
        report: How programs are kept apart.
    """

    report: SandboxReport

    @property
    def limits(self) -> Limits:
        """Caps on each program."""

    async def start(self) -> None:
        """Make ready."""

    async def run(
        self, files: Mapping[str, str], entry: str, *, limits: Limits | None = None, seed: int = 0
    ) -> RunOutcome:
        """Run one program; see ``ForkServer.run``."""

    async def drive(
        self,
        programs: Sequence[ProgramFiles],
        driver: str,
        argument: str,
        *,
        single: bool,
        timeout_s: float,
        limits: Limits | None = None,
    ) -> DriveOutcome:
        """Have trusted code ask programs from outside; see ``ForkServer.drive``."""

    async def close(self) -> None:
        """End everything that was started."""
