"""The warm fork server: a process that has a problem's imports loaded and forks a child for each program.

It is started afresh (never forked from the engine) with an empty environment, and serves one socket in one thread:
requests in, outcomes out, any number of children in flight. It only parses what its client wrote and a short error
report of a child; the answers of programs are relayed as bytes. When its client goes away it kills what it started
and ends.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import heapq
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import child, linux, problem_code
from gigaevo.evaluation.sandbox.endings import Report, ending, report
from gigaevo.evaluation.sandbox.frames import Message, Unpacker, messages, pack
from gigaevo.evaluation.sandbox.limits import MIB, Limits, address_space
from gigaevo.evaluation.sandbox.scratch import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 18
_ERROR_BYTES = 1 << 16  # a child cuts its error report to less than this
_QUICK_REMOVAL = 1000  # entries of a scratch folder that are removed between two events


@dataclass
class _Pipe:
    """What a child wrote into one of its pipes so far, and how much it may write."""

    name: str
    cap: int
    data: bytearray = field(default_factory=bytearray)


@dataclass
class _Running:
    """A child in flight. ``verdict`` is the error for which we killed it."""

    request: int
    pid: int
    limits: Limits
    scratch: str
    started: float
    pipes: dict[int, _Pipe]
    exit_fd: int | None = None
    verdict: Report | None = None
    closed: bool = False

    def written(self, name: str) -> bytes:
        """What came through the pipe called ``name``."""
        return next(bytes(pipe.data) for pipe in self.pipes.values() if pipe.name == name)


class Server:
    """The loop of the fork server.

    Args:
        sock: Socket to the client.
        problem: What every program is given.
        scratch_root: Folder for the scratch folders; removed at the end.
    """

    def __init__(self, sock: socket.socket, problem: child.Problem, scratch_root: str) -> None:
        self._sock = sock
        self._problem = problem
        self._root = scratch_root
        self._selector = selectors.DefaultSelector()
        self._unpacker = Unpacker()
        self._outgoing = bytearray()
        self._running: dict[int, _Running] = {}  # by process id
        self._excused: set[int] = set()  # other children that are not to be killed
        self._deadlines: list[tuple[float, int, int]] = []  # time, process id, request
        self._open = True

    def serve(self) -> None:
        """Serve until the client goes away."""
        self._sock.setblocking(False)
        self._selector.register(self._sock, selectors.EVENT_READ, self._talk)
        self._watch_exits()
        while self._open:
            for key, events in self._selector.select(self._patience()):
                key.data(events)
            self._enforce_deadlines()
        self._end()

    # The client

    def _talk(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._send(b"")
        if events & selectors.EVENT_READ:
            try:
                data = self._sock.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._open = False
            for message in self._unpacker.feed(data):
                self._obey(message)

    def _obey(self, message: Message) -> None:
        header, payloads = message
        if header["op"] == "kill":
            for running in self._running.values():
                if running.request == header["id"]:
                    self._kill(running, "exit", "cancelled")
            return
        texts = [payload.decode("utf-8", "surrogatepass") for payload in payloads]
        self._start(header["id"], dict(zip(header["paths"], texts, strict=True)), header["entry"], header["limits"])

    def _send(self, data: bytes) -> None:
        self._outgoing += data
        try:
            while self._outgoing:
                del self._outgoing[: self._sock.send(self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:
            self._open = False
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
        if self._selector.get_key(self._sock).events != wanted:
            self._selector.modify(self._sock, wanted, self._talk)

    # Children

    def _start(self, request: int, files: dict[str, str], entry: str, limits: dict[str, Any]) -> None:
        job = child.Job(files=files, entry=entry, limits=Limits(**limits), scratch=f"{self._root}/{request}")
        Path(job.scratch).mkdir(0o700)
        reads, writes = zip(*(os.pipe() for _ in range(3)), strict=True)
        started = time.monotonic()
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._not_started(request, job.scratch, (*reads, *writes), error)
            return
        if pid == 0:
            child.become_program(job, self._problem, server, *writes)
        for fd in writes:
            os.close(fd)
        caps = (job.limits.stdio_bytes, job.limits.stdio_bytes, job.limits.output_bytes + _ERROR_BYTES)
        names = ("stdout", "stderr", "result")
        pipes = {fd: _Pipe(name, cap) for fd, name, cap in zip(reads, names, caps, strict=True)}
        running = _Running(request, pid, job.limits, job.scratch, started, pipes)
        self._running[pid] = running
        heapq.heappush(self._deadlines, (started + job.limits.wall_time_s, pid, request))
        for fd, pipe in pipes.items():
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ, functools.partial(self._read, running, fd, pipe))
        if hasattr(os, "pidfd_open"):
            running.exit_fd = os.pidfd_open(pid)
            self._selector.register(running.exit_fd, selectors.EVENT_READ, functools.partial(self._collect, running))

    def _not_started(self, request: int, scratch: str, fds: tuple[int, ...], error: OSError) -> None:
        for fd in fds:
            os.close(fd)
        remove_tree(scratch)
        failure = report("exit", f"its process could not be started: {error}")
        self._send(pack({"id": request, "error": failure, "wall": 0.0, "cpu": 0.0, "peak": 0.0}, b"", b"", b""))

    def _read(self, running: _Running, fd: int, pipe: _Pipe, events: int = 0) -> bool:
        """Take what is in the pipe; whether there may be more."""
        if running.closed:  # an event that was already on its way
            return False
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(fd)
            return False
        room = pipe.cap - len(pipe.data)
        pipe.data += data[:room]
        if len(data) > room:
            what = "its answer is" if pipe.name == "result" else f"what it wrote to {pipe.name} is"
            self._kill(running, "output", f"{what} longer than the {pipe.cap} bytes allowed")
            return False
        return True

    def _kill(self, running: _Running, kind: str, message: str) -> None:
        running.verdict = running.verdict or report(kind, message)
        _kill_group(running.pid)

    def _patience(self) -> float | None:
        while self._deadlines and not self._is_in_flight(*self._deadlines[0][1:]):
            heapq.heappop(self._deadlines)
        return max(0.0, self._deadlines[0][0] - time.monotonic()) if self._deadlines else None

    def _is_in_flight(self, pid: int, request: int) -> bool:
        running = self._running.get(pid)
        return running is not None and running.request == request

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, pid, request = heapq.heappop(self._deadlines)
            if self._is_in_flight(pid, request):
                running = self._running[pid]
                self._kill(running, "timeout", f"it ran longer than {running.limits.wall_time_s:g} s")

    # Their ends

    def _watch_exits(self) -> None:
        """Where the system has no pidfd, look at all children whenever one of them ended."""
        if hasattr(os, "pidfd_open"):
            return
        wakeup, alarm = socket.socketpair()
        wakeup.setblocking(False)
        alarm.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(alarm.detach())
        self._selector.register(wakeup, selectors.EVENT_READ, functools.partial(self._collect_all, wakeup))

    def _collect_all(self, wakeup: socket.socket, events: int = 0) -> None:
        wakeup.recv(_CHUNK)
        for running in list(self._running.values()):
            self._collect(running)

    def _collect(self, running: _Running, events: int = 0) -> None:
        """Take leave of a child that has ended, of all its descendants and of its folder, and report."""
        if running.closed:
            return
        pid, status, usage = os.wait4(running.pid, os.WNOHANG)
        if pid == 0:
            return
        wall = time.monotonic() - running.started
        del self._running[pid]
        _kill_group(pid)
        self._sweep()
        self._close(running)
        cpu = usage.ru_utime + usage.ru_stime
        error = running.verdict or ending(status, cpu, running.limits, running.written("result"))
        header = {
            "id": running.request,
            "error": error,
            "wall": wall,
            "cpu": cpu,
            "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB,
        }
        answer = b"" if error else running.written("result")[5:]
        self._remove_scratch(running.scratch)
        self._send(pack(header, answer, running.written("stdout"), running.written("stderr")))

    def _close(self, running: _Running) -> None:
        """Read what is still in the pipes, without waiting for whoever else may hold them, and close them."""
        for fd, pipe in running.pipes.items():
            try:
                self._selector.get_key(fd)
            except KeyError:  # it ended before
                os.close(fd)
                continue
            while self._read(running, fd, pipe):
                pass
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
            os.close(fd)
        if running.exit_fd is not None:
            self._selector.unregister(running.exit_fd)
            os.close(running.exit_fd)
        running.closed = True

    def _sweep(self) -> None:
        """Kill every process that a program left behind, those in sessions of their own included.

        As we adopt orphans, each of them is a child of ours, or becomes one when its parent is killed.
        """
        while strays := [pid for pid in _children() if not self._is_expected(pid)]:
            for pid in strays:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    continue
                except PermissionError:  # it became another user, through a set-uid program
                    self._excused.add(pid)

    def _is_expected(self, pid: int) -> bool:
        if pid in self._running:
            return True
        if pid in self._excused:
            if os.waitpid(pid, os.WNOHANG)[0] != 0:
                self._excused.discard(pid)
            return True
        try:
            return os.getsid(pid) in self._running  # a descendant of another program, which may still run
        except ProcessLookupError:
            return False

    def _remove_scratch(self, scratch: str) -> None:
        if remove_tree(scratch, most=_QUICK_REMOVAL):
            return
        pid = os.fork()  # so much was left that removing it would keep the others waiting
        if pid:
            self._excused.add(pid)
            return
        try:
            os.closerange(3, child.MAX_DESCRIPTORS)  # the client must see the end of the server, not ours
            for moved in list(Path(self._root).glob(f"{Path(scratch).name}~*")):
                remove_tree(str(moved))
            remove_tree(scratch)
        finally:
            os._exit(0)

    def _end(self) -> None:
        for running in self._running.values():
            _kill_group(running.pid)
        self._running.clear()
        self._excused.clear()
        self._sweep()
        remove_tree(self._root)


def _kill_group(pid: int) -> None:
    # The child may not have reached its setsid() yet: then it has no group, and nothing but itself to kill.
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _children() -> list[int]:
    """Process ids of our children; none where the system does not list them."""
    own = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_bytes().split()]
    except OSError:
        return []


def _load(settings: dict[str, Any], context: list[bytes]) -> child.Problem:
    """Import what programs are to find in memory.

    Raises:
        problem_code.StartFailure: Some of it cannot be imported.
    """
    folder = Path(settings["problem_dir"])
    problem_code.preload(("numpy", "numpy.random", "scipy", *settings["preload"]))
    # Each child inherits this state, so that a program that draws without a seed draws the same each time.
    sys.modules["numpy.random"].seed(0)
    problem_code.open_folder(folder)
    problem_code.load(folder, "helper")
    harness = problem_code.load(folder, "harness")
    run: Callable[..., Any] | None = None
    if harness is not None:
        run = problem_code.function_of(harness, "run", "harness.py")
    text = context[0].decode("ascii") if context else None
    value = problem_code.context_for(folder, text=text, has_file=settings["has_context_file"])
    return child.Problem(
        run=run,
        context=value,
        has_context=text is not None or settings["has_context_file"],
        base_address_space=address_space(),
    )


def _cap_descriptors() -> None:
    """Stay below the number up to which a child closes what it inherits."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(child.MAX_DESCRIPTORS, hard) if hard > 0 else child.MAX_DESCRIPTORS, hard)
    )


def main() -> None:
    """Serve the socket whose descriptor is the first argument."""
    linux.hide_from_peers()
    linux.die_with_parent(signal.SIGKILL)
    sock = socket.socket(fileno=int(sys.argv[1]))
    header, payloads = next(messages(sock))
    try:
        problem = _load(header, payloads)
    except problem_code.StartFailure as failure:
        sock.sendall(pack({"id": header["id"], "failed": str(failure), "file": failure.file, "line": failure.line}))
        return
    _cap_descriptors()
    sys.dont_write_bytecode = True  # programs import modules of their own from their scratch folders
    linux.adopt_orphans()
    server = Server(sock, problem, header["scratch_root"])
    gc.collect()
    gc.freeze()
    gc.disable()
    linux.die_with_parent(0)  # from here on the end of the socket tells us, and we can clean up
    sock.sendall(pack({"id": header["id"]}))
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    main()
