"""The loop of the warm server: it has programs and drivers started, watches them, and reports how they ended."""

from __future__ import annotations

import functools
import heapq
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox import child
from gigaevo.evaluation.sandbox.endings import ANSWER_HEAD, ending, report
from gigaevo.evaluation.sandbox.frames import head_of
from gigaevo.evaluation.sandbox.limits import MIB, held_mb
from gigaevo.evaluation.sandbox.process_tree import memory_of
from gigaevo.evaluation.sandbox.running import Ending, Running, Stream, kill_group
from gigaevo.evaluation.sandbox.scratch import remove_tree, size_of_tree
from gigaevo.evaluation.sandbox.starting import Group, Starter
from gigaevo.evaluation.sandbox.vault import Inbox, Outbox

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.isolation import Isolation

_QUICK_REMOVAL = 1000  # entries of a scratch folder that are removed between two events
_LOOK_EVERY_S = 0.1  # how often is looked at what nobody tells of: folders on the disk, memory of several processes


class Server:
    """The loop of the fork server.

    Args:
        sock: Socket to the client.
        problem: What every program is given.
        isolation: What children are kept in.
        allow: What the problem's programs may do: ``threads``, ``processes``, ``loopback``.
    """

    def __init__(
        self, sock: socket.socket, problem: child.Problem, isolation: Isolation, *, allow: frozenset[str]
    ) -> None:
        self._sock = sock
        self._isolation = isolation
        self._starter = Starter(problem, isolation, allow)
        self._selector = selectors.DefaultSelector()
        self._inbox = Inbox(sock)
        self._outbox = Outbox(sock)
        self._running: dict[int, Running] = {}  # by process id
        self._groups: dict[int, Group] = {}  # by process id of each member
        self._requests: dict[int, Group] = {}
        self._excused: set[int] = set()  # other children that are not to be killed
        self._deadlines: list[tuple[float, int, Running]] = []
        self._next_look = 0.0
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
            self._look_around()
        self._end()

    # The client

    def _talk(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush()
        if events & selectors.EVENT_READ:
            try:
                while (message := self._inbox.read()) is not None:
                    header, vault = message
                    self._obey(header, vault.view)
                    vault.close()
            except EOFError:
                self._open = False

    def _obey(self, header: dict[str, Any], payloads: memoryview) -> None:
        if header["op"] == "kill":
            if (group := self._requests.get(header["id"])) is not None:
                for running in group.members:
                    running.kill("exit", "cancelled")
            return
        group = self._requests[header["id"]] = Group(header["id"])
        try:
            if header["op"] == "run":
                group.main = self._starter.program(header, header["paths"], header["sizes"], payloads)
            else:
                self._starter.drive(group, header, payloads)
        except OSError as error:
            group.failure = report("exit", f"its process could not be started: {error}")
        for running in group.members:
            self._groups[running.pid] = group
            self._watch(running)
        if group.main is None:
            self._end_others(group)
            self._report_if_over(group)

    def _flush(self) -> None:
        try:
            waiting = self._outbox.send()
        except OSError:
            self._open = False
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting else 0)
        if self._selector.get_key(self._sock).events != wanted:
            self._selector.modify(self._sock, wanted, self._talk)

    # Watching

    def _watch(self, running: Running) -> None:
        self._running[running.pid] = running
        heapq.heappush(self._deadlines, (running.started + running.wall_s, running.number, running))
        for stream in running.streams.values():
            handler = functools.partial(self._read, running, stream)
            self._selector.register(stream.descriptor, selectors.EVENT_READ, handler)
        if hasattr(os, "pidfd_open"):
            running.exit_fd = os.pidfd_open(running.pid)
            self._selector.register(running.exit_fd, selectors.EVENT_READ, functools.partial(self._collect, running))

    def _read(self, running: Running, stream: Stream, events: int = 0) -> None:
        if running.ending is None:  # else an event that was already on its way
            running.read(stream)
            if stream.ended:
                self._selector.unregister(stream.descriptor)

    def _patience(self) -> float | None:
        while self._deadlines and self._deadlines[0][2].ending is not None:
            heapq.heappop(self._deadlines)
        if not self._deadlines:
            return None
        wake = self._deadlines[0][0]
        if self._isolation.scratch_is_on_disk or any(
            running.limits.processes > 1 for running in self._running.values()
        ):
            wake = min(wake, self._next_look)
        return max(0.0, wake - time.monotonic())

    def _enforce_deadlines(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, running = heapq.heappop(self._deadlines)
            if running.ending is None:
                what = "its driver took" if running.trusted else "it ran"
                running.kill("timeout", f"{what} longer than {running.wall_s:g} s")

    def _look_around(self) -> None:
        """Kill programs that hold more than they may where no single limit of the kernel says so: on the disk, and in
        several processes together."""
        now = time.monotonic()
        if now < self._next_look or not self._running:
            return
        self._next_look = now + _LOOK_EVERY_S
        for running in self._running.values():
            cap = running.limits.scratch_mb
            if running.scratch is not None and size_of_tree(running.scratch, most=cap * MIB) > cap * MIB:
                running.kill("output", f"it keeps more than the {cap} MiB allowed in its scratch folder")
        several = {pid: running for pid, running in self._running.items() if running.limits.processes > 1}
        for pid, held in memory_of(several).items() if several else ():
            if held > several[pid].limits.memory_mb:
                cap = several[pid].limits.memory_mb
                several[pid].kill("memory", f"its processes together hold more than the {cap} MiB allowed")

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
        wakeup.recv(4096)
        for running in list(self._running.values()):
            self._collect(running)

    def _collect(self, running: Running, events: int = 0) -> None:
        """Take leave of a child that has ended, of all its descendants and of its folder."""
        if running.ending is not None:
            return
        pid, status, usage = os.wait4(running.pid, os.WNOHANG)
        if pid == 0:
            return
        wall = time.monotonic() - running.started
        del self._running[pid]
        kill_group(pid)
        swept = 0.0 if self._isolation.descendants_end_with_program else self._sweep()
        self._unregister(running)
        running.close()
        cpu = usage.ru_utime + usage.ru_stime + swept
        error = running.verdict
        if error is None and "answer" in running.streams:
            answer = running.streams["answer"]
            error = ending(status, cpu, running.limits, bytes(answer.content[:ANSWER_HEAD]), answer.size)
        elif error is None and status and not (running.dismissed and _was_killed(status)):
            error = ending(status, cpu, running.limits, b"", 0)  # one that is not asked any more ends with 0
        running.ending = Ending.of(usage, error, wall, cpu)
        self._starter.free(running.slot)
        if running.scratch is not None:
            self._remove_scratch(running.scratch)
            self._remove_strangers(Path(running.scratch).parent)
        group = self._groups.pop(pid)
        if running is group.main:
            self._end_others(group)
        self._report_if_over(group)

    def _unregister(self, running: Running) -> None:
        for stream in running.streams.values():
            if not stream.ended:
                self._selector.unregister(stream.descriptor)
        if running.exit_fd is not None:
            self._selector.unregister(running.exit_fd)

    def _end_others(self, group: Group) -> None:
        """The driver is done: its programs need not go on."""
        for running in group.others:
            self._collect(running)
            if running.ending is None:
                running.dismissed = True  # should it be ending by itself just now, its status still says how
                kill_group(running.pid)

    def _report_if_over(self, group: Group) -> None:
        if group.request not in self._requests or any(running.ending is None for running in group.members):
            return
        del self._requests[group.request]
        streams = [stream for running in group.members for stream in running.streams.values()]
        ends = [vars(running.ending) for running in group.members if running.ending is not None]
        header = {"id": group.request, "failure": group.failure, "ends": ends, "held_mb": held_mb()}
        contents = [stream.content for stream in streams]
        self._outbox.put(head_of(header, contents), contents, [stream.vault for stream in streams])
        self._flush()

    def _sweep(self) -> float:
        """Kill every process that a program left behind, those in sessions of their own included.

        As we adopt orphans, each of them is a child of ours, or becomes one when its parent is killed.

        Returns:
            CPU seconds that they had used.
        """
        used = 0.0
        while strays := [pid for pid in _children() if not self._is_expected(pid)]:
            for pid in strays:
                try:
                    os.kill(pid, signal.SIGKILL)
                    usage = os.wait4(pid, 0)[2]
                    used += usage.ru_utime + usage.ru_stime
                except (ProcessLookupError, ChildProcessError):
                    continue
                except PermissionError:  # it became another user, through a set-uid program
                    self._excused.add(pid)
        return used

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
        if not self._isolation.scratch_is_on_disk or remove_tree(scratch, most=_QUICK_REMOVAL):
            return
        pid = os.fork()  # so much was left that removing it would keep the others waiting
        if pid:
            self._excused.add(pid)
            return
        try:
            os.closerange(3, child.MAX_DESCRIPTORS)  # the client must see the end of the server, not ours
            for moved in list(Path(scratch).parent.glob(f"{Path(scratch).name}~*")):
                remove_tree(str(moved))
            remove_tree(scratch)
        finally:
            os._exit(0)

    def _remove_strangers(self, base: Path) -> None:
        """Remove what a program without file rules put beside its scratch folder, unless a removal is under way."""
        if self._excused or not base.is_dir():
            return
        known = {running.scratch for running in self._running.values()}
        for path in base.iterdir():
            if str(path) not in known:
                remove_tree(str(path), most=_QUICK_REMOVAL)

    def _end(self) -> None:
        for running in self._running.values():
            kill_group(running.pid)
        self._running.clear()
        self._excused.clear()
        self._sweep()
        self._isolation.clean_up()


def _was_killed(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _children() -> list[int]:
    """Process ids of our children; none where the system does not list them."""
    own = os.getpid()
    try:
        return [int(pid) for pid in Path(f"/proc/{own}/task/{own}/children").read_bytes().split()]
    except OSError:
        return []
