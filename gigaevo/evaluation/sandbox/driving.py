"""Driven runs: programs answer calls in processes of their own, and trusted code in yet another one asks them.

Whatever is measured of a program is measured here, outside its reach: the clock that counts the CPU time of its process
is the kernel's, and what it answers is checked by whoever asked.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gigaevo.evaluation.sandbox import child, linux, wire
from gigaevo.evaluation.sandbox.channel import ForgedAnswer, receive
from gigaevo.evaluation.sandbox.endings import ANSWER_HEAD, ERROR_BYTES, own_report
from gigaevo.evaluation.sandbox.limits import cap_memory
from gigaevo.evaluation.sandbox.process_tree import cpu_of

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.isolation import Isolation
    from gigaevo.evaluation.sandbox.limits import Limits

DRIVER_FILE = "driver.py"
_ARGUMENT_BYTES = 64 << 20
_DRIVER_MEMORY_MB = 4096
_END_MS = 1000


class ProgramFailed(Exception):
    """A driven program failed; where a driver lets it pass, that is the outcome of the run.

    Attributes:
        kind: As in ``ErrorKind``.
        message: One line.
    """

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(error["message"])
        self.kind = error["kind"]
        self.message = error["message"]
        self.traceback = error.get("traceback", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one call.

    Attributes:
        value: What the program returned; None where it failed.
        error: Kind and message of its failure; None where it answered.
        cpu_s: CPU seconds of its process since its previous answer, until the whole of this one was there: what it
            computes between calls counts as well. The kernel's clock of a process on another processor leaves out the
            slice that it is in; whoever needs short calls exactly pins program and driver to one processor.
        wall_s: Seconds from before the call was sent until the whole answer was there.
    """

    value: Any
    error: dict[str, str] | None
    cpu_s: float
    wall_s: float


class Driven:
    """A program that answers calls, as its driver sees it.

    Args:
        sock: Our end of its channel.
        pid: Its process id.
        limits: Its caps.
        has_children: Whether it may start processes, whose time is its own.

    Attributes:
        pid: As given.
        alive: Whether it can be called.
    """

    def __init__(self, sock: socket.socket, pid: int, limits: Limits, *, has_children: bool = False) -> None:
        self.pid = pid
        self.alive = True
        self._sock = sock
        self._limits = limits
        self._clock = linux.cpu_clock(pid)
        self._has_children = has_children
        self._started = False
        self._dead_error: dict[str, str] | None = None
        self._last_cpu_s = 0.0
        self._charged_cpu_s = 0.0

    @property
    def descriptor(self) -> int:
        """Of our end of its channel."""
        return self._sock.fileno()

    def start(self, timeout_s: float | None = None) -> None:
        """Wait until its text has run.

        Raises:
            ProgramFailed: It failed.
        """
        if self._started:
            return
        try:
            letter = self._take(1, _deadline(timeout_s))
            if letter == child.READY:
                self._started = True
                self._charged_cpu_s = self.cpu_s()
                return
            error = self._error(self._take(4, _deadline(timeout_s)))
        except _Gone as gone:
            error = gone.error
        self._end(error)
        raise ProgramFailed(error)

    def call(self, value: Any, timeout_s: float | None = None) -> Answer:
        """Have it answer ``entrypoint(value)``; with a harness.py, ``harness.run(entrypoint, value)``.

        Args:
            value: Of the types that may cross between processes.
            timeout_s: Seconds after which it is given up and killed; None for the whole run's.
        """
        request = wire.encode(value, max_bytes=_ARGUMENT_BYTES, name="argument").encode("ascii")
        if not self._started and self.alive:
            with contextlib.suppress(ProgramFailed):
                self.start(timeout_s)
        if not self.alive:
            return Answer(None, self._dead_error, 0.0, 0.0)
        wall, deadline = time.perf_counter(), _deadline(timeout_s)
        try:
            self._expect_silence()
            self._give(len(request).to_bytes(4, "big") + request, deadline)
            head = self._take(ANSWER_HEAD, deadline)
            content = self._content(head, deadline)
            cpu, wall = self.cpu_s() - self._charged_cpu_s, time.perf_counter() - wall
            self._charged_cpu_s += cpu
        except _Gone as gone:
            self._end(gone.error)
            return Answer(None, gone.error, 0.0, time.perf_counter() - wall)
        if head[:1] == b"V":
            try:
                return Answer(wire.decode(content.decode("ascii", "replace")), None, cpu, wall)
            except wire.WireError as error:
                return Answer(None, {"kind": "output", "message": str(error)}, cpu, wall)
        malformed = {"kind": "output", "message": "its answer is malformed"}
        return Answer(None, own_report(content) or malformed, cpu, wall)

    def ask(self, value: Any, timeout_s: float | None = None) -> Any:
        """Its answer to ``value``.

        Raises:
            ProgramFailed: It failed.
        """
        answer = self.call(value, timeout_s)
        if answer.error is not None:
            raise ProgramFailed(answer.error)
        return answer.value

    def cpu_s(self) -> float:
        """CPU seconds, user and system, of its process so far, its threads and child processes included."""
        try:
            self._last_cpu_s = max(
                self._last_cpu_s, cpu_of(self.pid) if self._has_children else time.clock_gettime(self._clock)
            )
        except OSError:  # it has ended
            pass
        return self._last_cpu_s

    def peak_memory_mb(self) -> float:
        """Peak resident memory of its process in MiB; 0 where it has ended, or the system does not say."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)

    def pin(self, cpu: int) -> bool:
        """Have it run on processor ``cpu`` only; whether the system lets us."""
        try:
            os.sched_setaffinity(self.pid, {cpu})
        except (OSError, AttributeError):
            return False
        return True

    def _content(self, head: bytes, deadline: float | None) -> bytes:
        size = int.from_bytes(head[1:], "big")
        if size > max(self._limits.output_bytes, ERROR_BYTES):
            raise _Gone("output", f"its answer is longer than the {self._limits.output_bytes} bytes allowed")
        return self._take(size, deadline)

    def _error(self, size: bytes) -> dict[str, str]:
        content = self._take(min(int.from_bytes(size, "big"), ERROR_BYTES), _deadline(10.0))
        return own_report(content) or {"kind": "output", "message": "its answer is malformed"}

    def _expect_silence(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        if any(event & select.POLLIN for _, event in poll.poll(0)):
            if not self._sock.recv(1, socket.MSG_PEEK):
                raise _Gone("exit", "its process ended before it was asked")
            raise _Gone("output", "it answered before it was asked")

    def _give(self, data: bytes, deadline: float | None) -> None:
        view = memoryview(data)
        while view:
            self._wait(select.POLLOUT, deadline)
            try:
                view = view[self._sock.send(view) :]
            except (BlockingIOError, InterruptedError):
                continue
            except OSError:
                raise _Gone("exit", "its process ended before it was asked") from None

    def _take(self, size: int, deadline: float | None) -> bytes:
        data, filled = bytearray(size), 0
        view = memoryview(data)
        while filled < size:
            self._wait(select.POLLIN, deadline)
            try:
                count = receive(self._sock, view[filled:], self.pid)
            except (BlockingIOError, InterruptedError):
                continue
            except ForgedAnswer:
                raise _Gone("output", "a process that it started wrote into its answer") from None
            except OSError:
                count = 0
            if not count:
                raise _Gone("exit", "its process ended before it answered")
            filled += count
        return bytes(data)

    def _wait(self, event: int, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(self._sock, event)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        if not poll.poll(left):
            raise _Gone("timeout", "it did not answer in time")

    def _end(self, error: dict[str, str]) -> None:
        self.cpu_s()
        self.alive, self._dead_error = False, error
        self._sock.close()
        if error["kind"] == "exit":
            self._await_end()  # so that the server can tell how it ended
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)  # where we may not, it is killed with the run

    def _await_end(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # it is gone, or the system has no such descriptor
            descriptor = os.pidfd_open(self.pid)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(_END_MS)
            os.close(descriptor)


class _Gone(Exception):
    """The program can be asked no more, for this reason."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.error = {"kind": kind, "message": message}


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s


@dataclass(frozen=True, kw_only=True)
class DriverJob:
    """What a driver is to do.

    Attributes:
        single: Whether ``drive`` takes one program instead of a list.
        scratch: Path of its scratch folder.
        output_bytes: Longest answer.
        has_network: Whether it shall reach the private network of the first program.
    """

    single: bool
    scratch: str
    output_bytes: int
    has_network: bool


def become_driver(
    job: DriverJob,
    programs: Sequence[Driven],
    isolation: Isolation,
    texts: Callable[[], list[str]],
    parent: int,
    *streams: int,
) -> NoReturn:
    """Turn this freshly forked process into the driver, and end it.

    Args:
        job: What to do.
        programs: Whom to ask.
        isolation: Takes away what a driver does not need.
        texts: Gives Python source that defines ``drive(programs, argument)``, and its second argument, encoded.
        parent: Process id of the server.
        streams: Pipes for what it prints and for what it prints as errors, and the channel for its answer.
    """
    status = 1
    try:
        source, argument = texts()
        child.detach(parent, *streams)
        _close_all_but([program.descriptor for program in programs])
        child.write(_answer(job, source, argument, programs, isolation))
        status = 0
    finally:
        os._exit(status)


def _close_all_but(kept: list[int]) -> None:
    bounds = sorted(kept)
    for low, high in zip([child.RESULT_FD, *bounds], [*bounds, child.MAX_DESCRIPTORS], strict=True):
        os.closerange(low + 1, high)


def _answer(job: DriverJob, source: str, argument: str, programs: Sequence[Driven], isolation: Isolation) -> bytes:
    try:
        if job.has_network:
            programs[0].start()  # it has its network once its text has run
        isolation.enter_driver(job.scratch, programs[0].pid if job.has_network else None)
        linux.die_with_parent(signal.SIGKILL)
        os.environ["HOME"] = os.environ["TMPDIR"] = job.scratch
        cap_memory(_DRIVER_MEMORY_MB)
        drive = _loaded(source)
        value = drive(programs[0] if job.single else list(programs), wire.decode(argument))
        return child.frame(b"V", wire.encode(value, max_bytes=job.output_bytes))
    except ProgramFailed as failure:
        return child.error_frame(failure.kind, failure.message, failure.traceback)
    except wire.WireError as error:
        return child.error_frame("output", f"driver: {error}")
    except BaseException as error:
        return child.error_frame("invalid", f"the driver raised {child.describe(error)}")


def _loaded(source: str) -> Callable[..., Any]:
    module = types.ModuleType("driver")
    sys.modules["driver"] = module
    module.__dict__["ProgramFailed"] = ProgramFailed
    exec(compile(source, DRIVER_FILE, "exec", dont_inherit=True), module.__dict__)
    drive: Callable[..., Any] = module.__dict__["drive"]
    return drive
