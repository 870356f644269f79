"""``InlineRunner``: runs programs of the user's own making in long-lived processes, without protection and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gigaevo.evaluation.sandbox.client import DriveOutcome, ProgramFiles, RunOutcome, check_paths, program_error
from gigaevo.evaluation.sandbox.endings import answered
from gigaevo.evaluation.sandbox.levels import SandboxReport
from gigaevo.evaluation.sandbox.process import Peer, PeerDied, SandboxStartError, environment
from gigaevo.programs import ErrorKind, ProgramError

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.limits import Limits

_MODULE = "gigaevo.evaluation.sandbox.inline_worker"

LEVEL = "inline"


class InlineRunner:
    """Runs programs in processes that live from program to program, with the same contract as ``ForkServer``.

    A program may change whatever the next one finds, and read and write what the user can. Only wall-clock time and the
    length of answers are held to: a process that takes too long is replaced.

    Args:
        problem_dir: The problem folder.
        preload: Modules to import beside numpy and scipy.
        context: The problem's context in the encoding of ``wire``; None where there is none.
        has_context_file: Whether the folder has context.py.
        limits: Caps on each program.
        size: Most processes.

    Attributes:
        report: Says that there is no protection.
    """

    def __init__(
        self,
        *,
        problem_dir: Path,
        preload: Sequence[str] = (),
        context: str | None = None,
        has_context_file: bool,
        limits: Limits,
        size: int = 1,
    ) -> None:
        self._settings = {
            "problem_dir": str(Path(problem_dir).resolve()),
            "preload": list(preload),
            "has_context_file": has_context_file,
        }
        self._context = () if context is None else (context.encode("ascii"),)
        self._limits = limits
        self._idle: list[Peer] = []
        self._all: set[Peer] = set()
        self._slots = asyncio.Semaphore(size)
        self._closed = False
        self.report = SandboxReport(level=LEVEL, protections=frozenset({"output"}))

    @property
    def limits(self) -> Limits:
        """Caps on each program."""
        return self._limits

    async def start(self) -> None:
        """Start the first process.

        Raises:
            SandboxStartError: A preloaded module, helper.py, harness.py or context.py cannot be imported.
        """
        self._idle.append(await self._new_process())

    async def run(
        self, files: Mapping[str, str], entry: str, *, limits: Limits | None = None, seed: int = 0
    ) -> RunOutcome:
        """Run one program; see ``ForkServer.run``."""
        check_paths(files, entry)
        caps = limits or self._limits
        header = {"op": "run", "entry": entry, "limits": vars(caps), "paths": list(files), "seed": seed}
        texts = [text.encode("utf-8", "surrogatepass") for text in files.values()]
        async with self._slots:
            peer = await self._take()
            try:
                async with asyncio.timeout(caps.wall_time_s):
                    reply, payloads = await peer.request(header, *texts)
            except TimeoutError:
                self._drop(peer)
                return _failed(ErrorKind.TIMEOUT, f"it ran longer than {caps.wall_time_s:g} s", caps.wall_time_s)
            except PeerDied as died:
                self._drop(peer)
                return _failed(ErrorKind.EXIT, str(died), 0.0)
            except BaseException:
                self._drop(peer)
                raise
            self._idle.append(peer)
        answer, printed, errors = payloads
        output, failure, _ = answered(answer, caps)
        return RunOutcome(
            output=output,
            error=program_error(failure),
            wall_time_s=reply["wall_s"],
            cpu_time_s=reply["cpu_s"],
            peak_memory_mb=reply["peak_mb"],
            stdout=printed.decode("utf-8", "replace"),
            stderr=errors.decode("utf-8", "replace"),
        )

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
        """Not at this level: what is driven and timed from outside needs a process of its own.

        Raises:
            SandboxStartError: Always.
        """
        raise SandboxStartError("sandbox=inline cannot drive or time programs from outside; use sandbox=auto")

    async def close(self) -> None:
        """End all processes."""
        self._closed = True
        for peer in list(self._all):
            peer.kill()
            await peer.close()
        self._idle.clear()
        self._all.clear()

    async def _take(self) -> Peer:
        while self._idle:
            peer = self._idle.pop()
            if peer.alive:
                return peer
            self._all.discard(peer)
        return await self._new_process()

    async def _new_process(self) -> Peer:
        if self._closed:
            raise RuntimeError("the runner was closed")
        peer = await Peer.start(_MODULE, environment(), self._settings, *self._context)
        self._all.add(peer)
        return peer

    def _drop(self, peer: Peer) -> None:
        peer.kill()
        self._all.discard(peer)


def _failed(kind: ErrorKind, message: str, wall_time_s: float) -> RunOutcome:
    return RunOutcome(
        output=None,
        error=ProgramError(kind=kind, message=message, stage="run"),
        wall_time_s=wall_time_s,
        cpu_time_s=0.0,
        peak_memory_mb=0.0,
        stdout="",
        stderr="",
    )
