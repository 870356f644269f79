"""``ExactVerifier``: the problem's ``verify``, in trusted processes of its own kind."""

from __future__ import annotations

from pathlib import Path

from gigaevo.evaluation.base import Verification
from gigaevo.evaluation.sandbox.workers import TrustedWorkers


class ExactVerifier:
    """Calls ``verify`` of a problem's verify.py; see ``gigaevo.evaluation.base.Verifier``.

    Args:
        problem_dir: The problem folder.
        context: The problem's context as wire text; None where it has none, or where it cannot be encoded.
        call_timeout_s: Wall-clock seconds that one call may take.
        size: Calls that may go on side by side; beyond the first, processes are started when they are needed.
    """

    def __init__(self, *, problem_dir: Path, context: str | None, call_timeout_s: float, size: int = 1) -> None:
        self._call_timeout_s = call_timeout_s
        self._workers = TrustedWorkers(
            problem_dir=problem_dir, size=size, primary_key="", context=context, function="verify"
        )

    async def start(self) -> None:
        """Start the first process.

        Raises:
            SandboxStartError: verify.py cannot be imported or used.
        """
        await self._workers.start()

    async def verify(self, output: str) -> Verification:
        """What ``verify`` says of one output.

        Raises:
            SandboxStartError: A process that had to be started again could not be.
        """
        return await self._workers.verify(output, timeout_s=self._call_timeout_s)

    async def close(self) -> None:
        """End the processes."""
        await self._workers.close()
