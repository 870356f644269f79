"""``ForkServer``: runs programs, each in a forked child of a warm server process."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import container, visible
from gigaevo.evaluation.sandbox.endings import answered
from gigaevo.evaluation.sandbox.left_behind import read_artifacts
from gigaevo.evaluation.sandbox.levels import AUTO, SandboxReport
from gigaevo.evaluation.sandbox.process import Peer, PeerDied, SandboxStartError, environment
from gigaevo.evaluation.sandbox.scratch import remove_tree
from gigaevo.programs import ErrorKind, ProgramError

if TYPE_CHECKING:
    from collections.abc import Collection

    from gigaevo.evaluation.sandbox.container import Container
    from gigaevo.evaluation.sandbox.frames import Message
    from gigaevo.evaluation.sandbox.limits import Limits

_SERVER_MODULE = "gigaevo.evaluation.sandbox.forkserver"

__all__ = ["DriveOutcome", "ForkServer", "ProgramCost", "ProgramFiles", "RunOutcome", "SandboxStartError"]


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
        artifacts: What it left in its folder ``artifacts``, see ``left_behind.read_artifacts``.
    """

    output: str | None
    error: ProgramError | None
    wall_time_s: float
    cpu_time_s: float
    peak_memory_mb: float
    stdout: str
    stderr: str
    artifacts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFiles:
    """The text of a program: its files by relative path, and which of them defines ``entrypoint``."""

    files: Mapping[str, str]
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCost:
    """What a driven program took and printed.

    Attributes:
        error: Why its process ended before the driver was done with it; None where it did not.
        wall_time_s: Seconds from its fork to its end.
        cpu_time_s: CPU seconds (user and system) of its process.
        peak_memory_mb: Peak resident memory in MiB, the pages shared with the server included.
        stdout: What it printed, capped.
        stderr: What it printed as errors, capped.
    """

    error: ProgramError | None
    wall_time_s: float
    cpu_time_s: float
    peak_memory_mb: float
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveOutcome:
    """What a driven run gave.

    Attributes:
        output: What ``drive`` returned, in the encoding of ``wire``; None where it failed.
        error: Why there is no output: a program's failure that the driver let pass, or the driver's own.
        programs: What each program took, in the order given.
        stdout: What the driver printed, capped.
        stderr: What the driver printed as errors, capped.
    """

    output: str | None
    error: ProgramError | None
    programs: tuple[ProgramCost, ...]
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
        level: How programs are kept apart, see ``levels``; ``auto`` for the strongest way that the machine offers.
        require: Protections (``isolation.PROTECTIONS``) without which the server does not start.
        allow: Of ``threads``, ``processes``, ``loopback`` and ``executables``, what programs may use.
        command: How each program is run where no ``entrypoint`` is called: commands, each its words.
        hidden: Globs of files of the folder that programs do not see, beside those that they never see.
        readable: Files and folders elsewhere that they may read.
        memory_mb: MiB that the server may hold. It does not start where its imports take more, and is started afresh
            between two programs where it has grown beyond.
        around: The container in which the server runs; None for none. ``level`` is then the strongest there.

    Attributes:
        report: The level reached, once the server has started.
        restarts: How often it had to be started again.
    """

    def __init__(
        self,
        *,
        problem_dir: Path,
        preload: Sequence[str] = (),
        context: str | None = None,
        has_context_file: bool,
        limits: Limits,
        level: str = AUTO,
        require: Collection[str] = (),
        allow: Collection[str] = (),
        command: Sequence[Sequence[str]] = (),
        hidden: Sequence[str] = (),
        readable: Sequence[Path] = (),
        memory_mb: int = 2048,
        around: Container | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "problem_dir": str(Path(problem_dir).resolve()),
            "preload": list(preload),
            "has_context_file": has_context_file,
            "level": level,
            "allow": sorted(allow),
            "command": [list(words) for words in command],
            "hidden": list(hidden),
            "readable": [str(Path(path).resolve()) for path in readable],
            "scratch_mb": limits.scratch_mb,
        }
        self._container = around
        self._require = frozenset(require)
        self._context = () if context is None else (context.encode("ascii"),)
        self._limits = limits
        self._memory_mb = memory_mb
        self._held_mb = 0.0
        self._in_flight = 0
        self._peer: Peer | None = None
        self._pid: int | None = None
        self._scratch_root = ""
        self._starting = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._closed = False
        self.report = SandboxReport(level="", protections=frozenset())
        self.restarts = -1

    @property
    def pid(self) -> int | None:
        """Process id of the server; None before it was started."""
        return self._pid

    @property
    def limits(self) -> Limits:
        """Caps on each program."""
        return self._limits

    async def start(self) -> None:
        """Start the server.

        Raises:
            SandboxStartError: A preloaded module, helper.py, harness.py or context.py cannot be imported, or the level
                or a protection that was asked for is not to be had.
        """
        await self._server()

    async def run(
        self, files: Mapping[str, str], entry: str, *, limits: Limits | None = None, seed: int = 0
    ) -> RunOutcome:
        """Run one program. Cancelling kills its process.

        If the server dies meanwhile, it is started again and the program run once more.

        Args:
            files: Relative path to text.
            entry: The file that defines ``entrypoint``.
            limits: Caps that replace the usual ones.
            seed: Where the generators of ``random`` and ``numpy.random`` start in its process.

        Raises:
            ValueError: ``entry`` is none of ``files``, or a path leaves the program's folder.
            SandboxStartError: The server could not be started again.
            RuntimeError: It was closed.
        """
        check_paths(files, entry)
        header = {
            "op": "run",
            "entry": entry,
            "limits": vars(limits or self._limits),
            "paths": list(files),
            "seed": seed,
        }
        message = await self._request(header, [text.encode("utf-8", "surrogatepass") for text in files.values()])
        return _run_outcome(message, limits or self._limits, commands=bool(self._settings["command"]))

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
        """Run programs that answer calls, and trusted code that calls them; see ``driving``. Cancelling kills all.

        Args:
            programs: At least one.
            driver: Python source that defines ``drive(programs, argument)``, where ``programs`` are
                ``driving.Driven``, or ``drive(program, argument)``.
            argument: In the encoding of ``wire``.
            single: Whether ``drive`` takes one program instead of a list.
            timeout_s: Wall-clock seconds that all of it may take.
            limits: Caps on each program that replace the usual ones; its time is that of the whole.

        Raises:
            ValueError: An entry is no file of its program, a path leaves the program's folder, or there is no program.
            SandboxStartError: The server could not be started again.
            RuntimeError: It was closed.
        """
        if not programs:
            raise ValueError("a driven run needs at least one program")
        for program in programs:
            check_paths(program.files, program.entry)
        caps = replace(limits or self._limits, wall_time_s=timeout_s)
        ordered = [_entry_first(program) for program in programs]
        header = {
            "op": "drive",
            "limits": vars(caps),
            "programs": [list(files) for files in ordered],
            "single": single,
            "timeout_s": timeout_s,
        }
        texts = [text.encode("utf-8", "surrogatepass") for files in ordered for text in files.values()]
        message = await self._request(header, [*texts, driver.encode(), argument.encode("ascii")])
        return _drive_outcome(message, len(programs), caps)

    async def _request(self, header: Mapping[str, Any], payloads: Sequence[bytes]) -> Message:
        """What the server replies; asked once more, alone, where it dies meanwhile."""
        try:
            return await self._ask(header, payloads)
        except PeerDied:
            pass
        try:
            # One after the other: whichever of them killed the server takes no other with it again.
            async with self._alone:
                return await self._ask(header, payloads)
        except PeerDied:
            failure = {"kind": "exit", "message": "the sandbox server died twice while the program ran"}
            return {"failure": failure, "ends": []}, []

    async def _ask(self, header: Mapping[str, Any], payloads: Sequence[bytes]) -> Message:
        peer = await self._server()
        self._in_flight += 1
        try:
            message = await peer.request(header, *payloads)
        finally:
            self._in_flight -= 1
        self._held_mb = message[0]["held_mb"]
        return message

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
            if self._peer is not None and self._in_flight == 0 and self._held_mb > self._memory_mb:
                await self._peer.close()
            if self._peer is None or not self._peer.alive:
                self._remove_scratch_root()
                self._scratch_root = tempfile.mkdtemp(prefix="gigaevo-")
                self._peer = await self._started(Path(self._scratch_root))
                await self._learn_from(self._peer)
            return self._peer

    async def _started(self, base: Path) -> Peer:
        if self._container is None:
            settings = {**self._settings, "scratch_root": str(base)}
            return await Peer.start(_SERVER_MODULE, environment(), settings, *self._context)
        visible = _visible(self._settings)
        executables = "executables" in self._settings["allow"]
        command = self._container.run(base, visible, environment(), _SERVER_MODULE, executables=executables)
        settings = {**self._settings, "level": AUTO, "scratch_root": container.SCRATCH}
        return await Peer.start_elsewhere(command, container.socket_path(base), settings, *self._context)

    async def _learn_from(self, peer: Peer) -> None:
        ready = peer.ready
        self._held_mb = ready["memory_mb"]
        self._pid = ready["pid"] if self._container is None else peer.pid
        self.restarts += 1
        inside = frozenset(ready["protections"])
        self.report = SandboxReport(
            level=ready["level"] if self._container is None else f"{container.LEVEL}, {ready['level']} within",
            protections=inside if self._container is None else inside | container.PROTECTIONS,
            notes=list(ready["notes"]) if self._container is None else [],
            memory_mb=ready["memory_mb"],
        )
        if missing := self.report.missing(self._require):
            await peer.close()
            why = "; ".join(self.report.notes) or f"level {self.report.level} has none"
            raise SandboxStartError(f"sandbox.require: no protection of {', '.join(missing)} on this machine ({why})")

        if self._held_mb > self._memory_mb:
            await peer.close()
            raise SandboxStartError(
                f"the warm server holds {self._held_mb:.0f} MiB, more than sandbox.server_memory_mb={self._memory_mb}; "
                "raise that, or take modules out of `preload`"
            )

    def _remove_scratch_root(self) -> None:
        if self._scratch_root:
            remove_tree(self._scratch_root)
            self._scratch_root = ""


def _visible(settings: Mapping[str, Any]) -> list[str]:
    return visible.visible_paths(
        Path(settings["problem_dir"]),
        settings["hidden"],
        settings["readable"],
        commands="processes" in settings["allow"],
        compilers=bool(settings["command"]),
    )


def check_paths(files: Mapping[str, str], entry: str) -> None:
    """Refuse files that would lie outside of the program's folder.

    Raises:
        ValueError: ``entry`` is none of ``files``, or a path leaves the folder.
    """
    if entry not in files:
        raise ValueError(f"the entry file {entry!r} is none of the program's files")
    for path in files:
        pure = PurePosixPath(path)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\0" in path:
            raise ValueError(f"the path {path!r} must be relative and stay inside the program's folder")


def _entry_first(program: ProgramFiles) -> dict[str, str]:
    return {program.entry: program.files[program.entry], **program.files}


def _run_outcome(message: Message, limits: Limits, *, commands: bool) -> RunOutcome:
    header, payloads = message
    stdout, stderr, answer = payloads if len(payloads) == 3 else [b""] * 3
    end: Mapping[str, Any] = header["ends"][0] if header["ends"] else _NO_END
    failure, output, artifacts = header["failure"] or end["error"], None, b""
    if failure is None:
        output, failure, artifacts = answered(answer, limits, commands=commands)
    return RunOutcome(
        output=output,
        error=program_error(failure),
        wall_time_s=end["wall_s"],
        cpu_time_s=end["cpu_s"],
        peak_memory_mb=end["peak_mb"],
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        artifacts=read_artifacts(artifacts) if artifacts else {},
    )


def _drive_outcome(message: Message, count: int, limits: Limits) -> DriveOutcome:
    header, payloads = message
    if header["failure"] is not None or len(header["ends"]) != count + 1:
        failure = program_error(header["failure"] or {"kind": "exit", "message": "it could not be started"})
        return DriveOutcome(output=None, error=failure, programs=(), stdout="", stderr="")
    # The driver has three streams, each program the two that it prints to.
    answer = payloads.pop(2)
    texts = [text.decode("utf-8", "replace") for text in payloads]
    driver, *programs = header["ends"]
    costs = tuple(
        ProgramCost(
            error=program_error(end["error"]),
            wall_time_s=end["wall_s"],
            cpu_time_s=end["cpu_s"],
            peak_memory_mb=end["peak_mb"],
            stdout=texts[2 * number],
            stderr=texts[2 * number + 1],
        )
        for number, end in enumerate(programs, start=1)
    )
    verdict, output = driver["error"], None
    if verdict is None:
        output, verdict, _ = answered(answer, limits, trusted=True)
    error = program_error(verdict)
    if error is not None and error.kind is ErrorKind.EXIT:  # the server saw how the program's process ended
        error = next((cost.error for cost in costs if cost.error is not None), error)
    return DriveOutcome(output=output, error=error, programs=costs, stdout=texts[0], stderr=texts[1])


_NO_END: Mapping[str, Any] = {"error": None, "wall_s": 0.0, "cpu_s": 0.0, "peak_mb": 0.0}


def program_error(failure: Mapping[str, str] | None) -> ProgramError | None:
    """What the server or a child says of a failure, as the error of a program that was run."""
    if failure is None:
        return None
    return ProgramError(
        kind=ErrorKind(failure["kind"]),
        message=failure["message"],
        traceback=failure.get("traceback", ""),
        stage="run",
    )
