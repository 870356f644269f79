"""One child of the warm server while it is in flight: what it wrote so far, and how it is killed and counted."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from gigaevo.evaluation.sandbox.channel import ForgedAnswer, receive
from gigaevo.evaluation.sandbox.endings import Report, report
from gigaevo.evaluation.sandbox.limits import MIB, Limits
from gigaevo.evaluation.sandbox.vault import Vault


@dataclass(eq=False)
class Stream:
    """Something that a child writes into, and what came of it so far.

    Attributes:
        name: What it is called in messages.
        descriptor: Where to read.
        cap: Most bytes it may write.
        take: Reads into a piece of memory; how many bytes, 0 at the end.
        close: Lets the descriptor go.
        vault: Holds what was read, where later children do not find it.
        size: Bytes read.
        ended: Whether there is no more.
    """

    name: str
    descriptor: int
    cap: int
    take: Callable[[memoryview], int]
    close: Callable[[], None]
    vault: Vault
    size: int = 0
    ended: bool = False

    @property
    def content(self) -> memoryview:
        """What was read, up to the cap."""
        return self.vault.view[: min(self.size, self.cap)]

    def read(self) -> bool:
        """Take what is there; whether there may be more.

        Raises:
            OverflowError: It is more than the cap.
            ForgedAnswer: Another process than the child wrote it.
        """
        try:
            with self.vault.view[self.size :] as room:
                count = self.take(room)
        except BlockingIOError:
            return False
        except ConnectionError:
            count = 0
        if not count:
            self.ended = True
            return False
        self.size += count
        if self.size > self.cap:
            self.size = self.cap
            raise OverflowError(f"{self.name} longer than the {self.cap} bytes allowed")
        return True


def pipe_stream(name: str, descriptor: int, cap: int) -> Stream:
    """The reading end of a pipe."""
    os.set_blocking(descriptor, False)

    def take(room: memoryview) -> int:
        return os.readv(descriptor, [room])

    return Stream(name, descriptor, cap, take, lambda: os.close(descriptor), Vault(cap + 1))


def channel_stream(name: str, sock: socket.socket, cap: int, pid: int) -> Stream:
    """The listening end of a program's channel, which only process ``pid`` may write to."""
    sock.setblocking(False)

    def take(room: memoryview) -> int:
        return receive(sock, room, pid)

    return Stream(name, sock.fileno(), cap, take, sock.close, Vault(cap + 1))


@dataclass(eq=False, kw_only=True)
class Running:
    """A child in flight.

    Attributes:
        pid: Its process id.
        number: Its place in the order in which children were started.
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
    number: int
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
        cpu_s: CPU seconds, user and system, of it and of what it started.
        peak_mb: Peak resident memory in MiB.
    """

    error: Report | None
    wall_s: float
    cpu_s: float
    peak_mb: float

    @classmethod
    def of(cls, usage: object, error: Report | None, wall_s: float, cpu_s: float) -> Ending:
        """With the peak that ``os.wait4`` told."""
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MIB  # type: ignore[attr-defined]
        return cls(error=error, wall_s=wall_s, cpu_s=cpu_s, peak_mb=peak)


def kill_group(pid: int) -> None:
    """SIGKILL for the process and for its process group."""
    # The child may not have reached its setsid() yet: then it has no group, and nothing but itself to kill.
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
