"""One child of the warm server while it is in flight: what it wrote so far, and how it is killed and counted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from gigaevo.evaluation.sandbox.channel import ForgedAnswer, receive
from gigaevo.evaluation.sandbox.endings import Report, report
from gigaevo.evaluation.sandbox.limits import MIB, Limits

CHUNK = 1 << 18


@dataclass(eq=False)
class Stream:
    """Something that a child writes into, and what came of it so far.

    Attributes:
        name: What it is called in messages.
        descriptor: Where to read.
        cap: Most bytes it may write.
        take: Reads at most so many bytes; empty at the end.
        close: Lets the descriptor go.
    """

    name: str
    descriptor: int
    cap: int
    take: Callable[[int], bytes]
    close: Callable[[], None]
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def read(self) -> bool:
        """Take what is there; whether there may be more.

        Raises:
            OverflowError: It is more than the cap.
            ForgedAnswer: Another process than the child wrote it.
        """
        try:
            data = self.take(CHUNK)
        except BlockingIOError:
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.ended = True
            return False
        room = self.cap - len(self.data)
        self.data += data[:room]
        if len(data) > room:
            raise OverflowError(f"{self.name} longer than the {self.cap} bytes allowed")
        return True


def pipe_stream(name: str, descriptor: int, cap: int) -> Stream:
    """The reading end of a pipe."""
    os.set_blocking(descriptor, False)
    return Stream(name, descriptor, cap, lambda size: os.read(descriptor, size), lambda: os.close(descriptor))


def channel_stream(name: str, sock: socket.socket, cap: int, pid: int) -> Stream:
    """The listening end of a program's channel, which only process ``pid`` may write to."""
    sock.setblocking(False)
    return Stream(name, sock.fileno(), cap, lambda size: receive(sock, size, pid), sock.close)


@dataclass(eq=False)
class Running:
    """A child in flight.

    Attributes:
        pid: Its process id.
        slot: Its number, which no other has at the time.
        limits: Its caps.
        scratch: Its scratch folder on the disk; None where that is in memory.
        started: When, on the monotonic clock.
        wall_s: Seconds it may take.
        streams: ``stdout``, ``stderr`` and, unless a driver has it, ``answer``.
        trusted: Whether it runs code of ours.
        exit_fd: Becomes readable when it ends; None where the system has no such thing.
        verdict: The error for which we killed it.
        dismissed: Whether we ended it because it is not needed any more, which is no error.
        ending: How it ended; set when it has.
    """

    pid: int
    slot: int
    limits: Limits
    scratch: str | None
    started: float
    wall_s: float
    streams: dict[str, Stream]
    trusted: bool = False
    exit_fd: int | None = None
    verdict: Report | None = None
    dismissed: bool = False
    ending: Ending | None = None

    def written(self, name: str) -> bytes:
        """What it wrote into the stream called ``name``; empty where it has none."""
        stream = self.streams.get(name)
        return b"" if stream is None else bytes(stream.data)

    def close(self) -> None:
        """Read what is still in the streams, without waiting for whoever else may hold them, and close them."""
        for stream in self.streams.values():
            while not stream.ended and self.read(stream):
                pass
            stream.close()
        if self.exit_fd is not None:
            os.close(self.exit_fd)

    def kill(self, kind: str, message: str) -> None:
        """Kill it and everything in its process group, for that reason."""
        self.verdict = self.verdict or report(kind, message)
        kill_group(self.pid)

    def read(self, stream: Stream) -> bool:
        """Take what is in ``stream``; whether there may be more. A child that breaks the rules is killed."""
        try:
            return stream.read()
        except OverflowError as error:
            self.kill("output", str(error))
        except ForgedAnswer:
            self.kill("output", "a process that it started wrote into its answer")
        return False


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a child ended: why it gave no value (None where it did), and what it took.

    Attributes:
        error: Kind, message and traceback.
        wall_s: Seconds from its fork.
        cpu_s: CPU seconds, user and system.
        peak_mb: Peak resident memory in MiB.
    """

    error: Report | None
    wall_s: float
    cpu_s: float
    peak_mb: float

    @classmethod
    def of(cls, usage: object, error: Report | None, wall_s: float) -> Ending:
        """From what ``os.wait4`` said."""
        cpu = usage.ru_utime + usage.ru_stime  # type: ignore[attr-defined]
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB  # type: ignore[attr-defined]
        return cls(error=error, wall_s=wall_s, cpu_s=cpu, peak_mb=peak)


def kill_group(pid: int) -> None:
    """SIGKILL for the process and for its process group."""
    # The child may not have reached its setsid() yet: then it has no group, and nothing but itself to kill.
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
