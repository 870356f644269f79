"""``ForkServer``: runs programs, each in a forked child of a warm server process."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gigaevo.evaluation.sandbox.process import Peer, PeerDied, SandboxStartError, environment
from gigaevo.evaluation.sandbox.scratch import remove_tree
from gigaevo.programs import ErrorKind, ProgramError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigaevo.evaluation.sandbox.frames import Message
    from gigaevo.evaluation.sandbox.limits import Limits

_SERVER_MODULE = "gigaevo.evaluation.sandbox.forkserver"

__all__ = ["ForkServer", "RunOutcome", "SandboxStartError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What one run of a program gave.

    Attributes:
        output: What it returned, in the encoding of ``wire``, not parsed in this process; None where it failed.
        error: Why there is no output.
        wall_time_s: Seconds from the fork to the end of its process.
        cpu_time_s: CPU seconds (user and system) of its process.
        peak_memory_mb: Peak resident memory in MiB, the pages shared with the server included.
        stdout: What it printed, capped.
        stderr: What it printed as errors, capped.
    """

    output: str | None
    error: ProgramError | None
    wall_time_s: float
    cpu_time_s: float
    peak_memory_mb: float
    stdout: str
    stderr: str


class ForkServer:
    """Runs programs of one problem, any number at a time.

    Args:
        problem_dir: The problem folder; its helper.py and harness.py are imported by the server.
        preload: Modules to import beside numpy and scipy.
        context: The problem's context in the encoding of ``wire``; None where there is none, or where it cannot be
            encoded.
        has_context_file: Whether the folder has context.py; with no ``context`` the server builds its own.
        limits: Caps on each program.
    """

    def __init__(
        self,
        *,
        problem_dir: Path,
        preload: Sequence[str] = (),
        context: str | None = None,
        has_context_file: bool,
        limits: Limits,
    ) -> None:
        self._settings = {
            "problem_dir": str(Path(problem_dir).resolve()),
            "preload": list(preload),
            "has_context_file": has_context_file,
        }
        self._context = () if context is None else (context.encode("ascii"),)
        self._limits = limits
        self._peer: Peer | None = None
        self._scratch_root = ""
        self._starting = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """Process id of the server; None before it was started."""
        return None if self._peer is None else self._peer.pid

    async def start(self) -> None:
        """Start the server.

        Raises:
            SandboxStartError: A preloaded module, helper.py, harness.py or context.py cannot be imported.
        """
        await self._server()

    async def run(self, files: Mapping[str, str], entry: str, *, limits: Limits | None = None) -> RunOutcome:
        """Run one program. Cancelling kills its process.

        If the server dies meanwhile, it is started again and the program run once more.

        Args:
            files: Relative path to text.
            entry: The file that defines ``entrypoint``.
            limits: Caps that replace the usual ones.

        Raises:
            ValueError: ``entry`` is none of ``files``, or a path leaves the program's folder.
            SandboxStartError: The server could not be started again.
            RuntimeError: It was closed.
        """
        _check_paths(files, entry)
        header = {
            "op": "run",
            "entry": entry,
            "limits": vars(limits or self._limits),
            "paths": list(files),
        }
        texts = [text.encode("utf-8", "surrogatepass") for text in files.values()]
        try:
            return _outcome(await (await self._server()).request(header, *texts))
        except PeerDied:
            pass
        try:
            # One after the other: whichever of them killed the server takes no other with it again.
            async with self._alone:
                return _outcome(await (await self._server()).request(header, *texts))
        except PeerDied:
            message = "the sandbox server died twice while the program ran"
            return _outcome(
                ({"error": {"kind": "exit", "message": message}, "wall": 0, "cpu": 0, "peak": 0}, [b""] * 3)
            )

    async def close(self) -> None:
        """Kill what runs, end the server and remove its scratch folders."""
        self._closed = True
        async with self._starting:
            if self._peer is not None:
                await self._peer.close()
            self._remove_scratch_root()

    async def _server(self) -> Peer:
        """The server, started (again) where there is none."""
        async with self._starting:
            if self._closed:
                raise RuntimeError("the fork server was closed")
            if self._peer is None or not self._peer.alive:
                self._remove_scratch_root()
                self._scratch_root = tempfile.mkdtemp(prefix="gigaevo-")
                settings = {**self._settings, "scratch_root": self._scratch_root}
                self._peer = await Peer.start(_SERVER_MODULE, environment(), settings, *self._context)
            return self._peer

    def _remove_scratch_root(self) -> None:
        if self._scratch_root:
            remove_tree(self._scratch_root)
            self._scratch_root = ""


def _check_paths(files: Mapping[str, str], entry: str) -> None:
    if entry not in files:
        raise ValueError(f"the entry file {entry!r} is none of the program's files")
    for path in files:
        pure = PurePosixPath(path)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in path:
            raise ValueError(f"the path {path!r} must be relative and stay inside the program's folder")


def _outcome(message: Message) -> RunOutcome:
    header, (answer, stdout, stderr) = message
    failure = header["error"]
    error = None
    if failure is not None:
        kind = ErrorKind(failure["kind"])
        error = ProgramError(kind=kind, message=failure["message"], traceback=failure.get("traceback", ""), stage="run")
    return RunOutcome(
        output=None if error else answer.decode("ascii"),
        error=error,
        wall_time_s=header["wall"],
        cpu_time_s=header["cpu"],
        peak_memory_mb=header["peak"],
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
    )
