"""Starting the children of the warm server: programs, and the drivers that call them."""

from __future__ import annotations

import functools
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import child, driving
from gigaevo.evaluation.sandbox.channel import channel
from gigaevo.evaluation.sandbox.endings import ERROR_BYTES
from gigaevo.evaluation.sandbox.isolation import DRIVER
from gigaevo.evaluation.sandbox.left_behind import MOST_ANSWER as MOST_ARTIFACTS
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.running import Running, channel_stream, pipe_stream
from gigaevo.evaluation.sandbox.scratch import remove_tree
from gigaevo.evaluation.sandbox.vault import handed_over, taken_over

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.isolation import Isolation


@dataclass(eq=False)
class Group:
    """What one request started.

    Attributes:
        request: Its number.
        main: The child whose answer is asked for: the program, or the driver of a driven run.
        others: The programs that it drives.
        failure: Why it could not all be started.
    """

    request: int
    main: Running | None = None
    others: list[Running] = field(default_factory=list)
    failure: dict[str, str] | None = None

    @property
    def members(self) -> list[Running]:
        """All of them, the main one first."""
        return [*([] if self.main is None else [self.main]), *self.others]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How a child is started.

    Attributes:
        become: Turns the forked process into what it shall be, given its texts, its parent and its streams.
        scratch: Its scratch folder as it sees it.
        slot: Its number, which no other has at the time.
        wall_s: Seconds that it may take.
        is_driver: Whether it runs trusted code.
    """

    become: Callable[..., object]
    scratch: str
    slot: int
    wall_s: float
    is_driver: bool = False


class Starter:
    """Forks children of the server.

    Args:
        problem: What every program is given.
        isolation: What they are kept in.
        allow: What the problem's programs may do: ``threads``, ``processes``, ``loopback``.
    """

    def __init__(self, problem: child.Problem, isolation: Isolation, allow: frozenset[str]) -> None:
        self._problem = problem
        self._isolation = isolation
        self._allow = allow
        self._slots: list[int] = []  # free ones
        self._most_slots = 0
        self._number = 0

    def free(self, slot: int) -> None:
        """A child is gone, and another may have its slot."""
        self._slots.append(slot)

    def program(
        self,
        header: dict[str, Any],
        paths: Sequence[str],
        sizes: Sequence[int],
        payloads: memoryview,
        *,
        driven: socket.socket | None = None,
    ) -> Running:
        """Start a program.

        Args:
            header: The request.
            paths: Its files; of a driven one the first is the entry.
            sizes: Bytes of each.
            payloads: Their texts, one after the other.
            driven: Its end of the channel to a driver; None for a program whose answer we take.

        Raises:
            OSError: The system does not let us.
        """
        limits, slot = Limits(**header["limits"]), self._take_slot()
        scratch = self._isolation.make_scratch(self._next_number(), slot)
        job = child.Job(
            files=dict.fromkeys(paths, ""),
            entry=header["entry"] if driven is None else paths[0],
            limits=limits,
            scratch=scratch,
            slot=slot,
            seed=header.get("seed", 0),
            driven=driven is not None,
            threads=limits.processes > 1,
            processes=limits.processes > 1 and ("processes" in self._allow or "threads" not in self._allow),
        )
        self._isolation.prepare(threads=job.threads, processes=job.processes)
        kind = _Kind(
            become=functools.partial(child.become_program, job, self._problem, self._isolation),
            scratch=scratch,
            slot=slot,
            wall_s=header.get("timeout_s", limits.wall_time_s),
        )
        ours, theirs = channel() if driven is None else (None, driven)
        return self._start(kind, limits, sizes, payloads, ours, theirs)

    def drive(self, group: Group, header: dict[str, Any], payloads: memoryview) -> None:
        """Start the programs of a driven run, and then its driver, and enter them in ``group``.

        Args:
            group: What was started is in it even where the rest could not be.
            header: The request.
            payloads: Texts of the programs, of the driver and of its argument.

        Raises:
            OSError: The system does not let us.
        """
        limits = Limits(**header["limits"])
        ends: list[socket.socket] = []
        sizes, at = header["sizes"], 0
        try:
            for paths in header["programs"]:
                ours, theirs = channel()
                ends.append(ours)
                own, sizes = sizes[: len(paths)], sizes[len(paths) :]
                with payloads[at : at + sum(own)] as texts:
                    group.others.append(self.program(header, paths, own, texts, driven=theirs))
                at += sum(own)
            programs = [
                driving.Driven(end, running.pid, limits, has_children="processes" in self._allow)
                for end, running in zip(ends, group.others, strict=True)
            ]
            with payloads[at:] as texts:
                group.main = self._driver(header, programs, sizes, texts)
        finally:
            for end in ends:
                end.close()

    def _driver(
        self, header: dict[str, Any], programs: Sequence[driving.Driven], sizes: Sequence[int], payloads: memoryview
    ) -> Running:
        limits, slot = Limits(**header["limits"]), self._take_slot()
        scratch = self._isolation.make_scratch(self._next_number(), DRIVER)
        job = driving.DriverJob(
            single=header["single"],
            scratch=scratch,
            output_bytes=limits.output_bytes,
            has_network="loopback" in self._allow,
        )
        kind = _Kind(
            become=functools.partial(driving.become_driver, job, programs, self._isolation),
            scratch=scratch,
            slot=slot,
            wall_s=header["timeout_s"],
            is_driver=True,
        )
        return self._start(kind, limits, sizes, payloads, *channel())

    def _start(
        self,
        kind: _Kind,
        limits: Limits,
        sizes: Sequence[int],
        payloads: memoryview,
        ours: socket.socket | None,
        theirs: socket.socket,
    ) -> Running:
        """Hand the texts over and fork. ``ours`` is where we take the answer, ``theirs`` where the child writes it."""
        text_fd = handed_over(payloads)
        texts = functools.partial(taken_over, text_fd, sizes)
        try:
            return self._fork(kind, limits, texts, ours, theirs)
        except OSError:
            self.free(kind.slot)
            if self._isolation.scratch_is_on_disk:
                remove_tree(kind.scratch)
            raise
        finally:
            os.close(text_fd)
            theirs.close()

    def _fork(
        self,
        kind: _Kind,
        limits: Limits,
        texts: Callable[[], list[str]],
        ours: socket.socket | None,
        theirs: socket.socket,
    ) -> Running:
        (out_read, out_write), (err_read, err_write) = os.pipe(), os.pipe()
        parent = os.getpid() if kind.is_driver else self._isolation.parent_seen_by_child(os.getpid())
        started = time.monotonic()
        try:
            # A driver stays in our own PID namespace, where it can see the clocks of programs.
            pid = os.fork() if kind.is_driver else self._isolation.fork()
            if pid == 0:
                kind.become(texts, parent, out_write, err_write, theirs.fileno())  # never returns
        except OSError:
            for fd in (out_read, err_read):
                os.close(fd)
            raise
        finally:
            os.close(out_write)
            os.close(err_write)
        streams = {
            "stdout": pipe_stream("what it wrote to stdout is", out_read, limits.stdio_bytes),
            "stderr": pipe_stream("what it wrote to stderr is", err_read, limits.stdio_bytes),
        }
        if ours is not None:
            cap = limits.output_bytes + ERROR_BYTES + MOST_ARTIFACTS
            streams["answer"] = channel_stream("its answer is", ours, cap, pid)
        return Running(
            pid=pid,
            number=self._next_number(),
            slot=kind.slot,
            limits=limits,
            scratch=kind.scratch if self._isolation.scratch_is_on_disk else None,
            started=started,
            wall_s=kind.wall_s,
            streams=streams,
            trusted=kind.is_driver,
        )

    def _take_slot(self) -> int:
        if not self._slots:
            self._most_slots += 1
            return self._most_slots
        return self._slots.pop()

    def _next_number(self) -> int:
        self._number += 1
        return self._number
