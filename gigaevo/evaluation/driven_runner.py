"""``DrivenRunner``: runs programs of a problem whose ``driver.py`` calls them from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import DriveOutcome, ProgramFiles, RunOutcome

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.levels import SandboxReport
    from gigaevo.evaluation.sandbox.limits import Limits
    from gigaevo.evaluation.sandbox.runner import ProgramRunner

_NOTHING = wire.encode(None, max_bytes=100)


class DrivenRunner:
    """A ``ProgramRunner`` whose ``run`` is a driven run: what ``drive(program, context)`` returns is the output.

    Args:
        runner: What runs the program and the driver.
        driver: Text of the problem's ``driver.py``.
        context: The problem's context in the encoding of ``wire``; None where it has none.
    """

    def __init__(self, runner: ProgramRunner, *, driver: str, context: str | None = None) -> None:
        self._runner = runner
        self._driver = driver
        self._argument = _NOTHING if context is None else context

    @property
    def report(self) -> SandboxReport:
        """How programs are kept apart."""
        return self._runner.report

    @report.setter
    def report(self, report: SandboxReport) -> None:
        self._runner.report = report

    @property
    def limits(self) -> Limits:
        """Caps on each program."""
        return self._runner.limits

    async def start(self) -> None:
        """Make ready.

        Raises:
            SandboxStartError: What runs the programs cannot start.
        """
        await self._runner.start()

    async def run(
        self, files: Mapping[str, str], entry: str, *, limits: Limits | None = None, seed: int = 0
    ) -> RunOutcome:
        """Have the driver exercise one program. All of it may take the wall-clock time that a program has.

        Args:
            files: Relative path to text.
            entry: The file that defines ``entrypoint``.
            limits: Caps on the program that replace the usual ones.
            seed: Of no effect: a driver draws what it needs itself.

        Raises:
            ValueError: ``entry`` is none of ``files``, or a path leaves the program's folder.
            SandboxStartError: The server could not be started again.
            RuntimeError: It was closed.
        """
        caps = limits or self.limits
        program = ProgramFiles(files=files, entry=entry)
        outcome = await self.drive(
            [program], self._driver, self._argument, single=True, timeout_s=caps.wall_time_s, limits=caps
        )
        return _as_run(outcome)

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
        """Have any trusted code ask programs; see ``ForkServer.drive``."""
        return await self._runner.drive(programs, driver, argument, single=single, timeout_s=timeout_s, limits=limits)

    async def close(self) -> None:
        """End everything that was started."""
        await self._runner.close()


def _as_run(outcome: DriveOutcome) -> RunOutcome:
    """What a driven run of one program says, as of any run; cost and prints are the program's. What it left in its
    folder is not kept."""
    cost = outcome.programs[0] if outcome.programs else None
    return RunOutcome(
        output=outcome.output,
        error=outcome.error,
        wall_time_s=cost.wall_time_s if cost else 0.0,
        cpu_time_s=cost.cpu_time_s if cost else 0.0,
        peak_memory_mb=cost.peak_memory_mb if cost else 0.0,
        stdout=cost.stdout if cost else "",
        stderr=cost.stderr if cost else "",
    )
