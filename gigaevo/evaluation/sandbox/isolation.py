"""What an isolation level is: how a forked child is kept from everything but its own work."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from gigaevo.evaluation.sandbox import linux
from gigaevo.evaluation.sandbox.scratch import remove_tree

PROTECTIONS = {
    "time": "wall-clock and CPU time",
    "memory": "address space of each process",
    "output": "answers and prints",
    "secrets": "no environment of ours",
    "descendants": "everything a program starts dies with it",
    "processes": "number of processes and threads",
    "scratch": "size of the scratch folder",
    "filesystem": "nothing of the disk but the interpreter, packages and the problem's open files is read or written",
    "network": "no connection anywhere",
    "signals": "no other process is signalled, traced or changed",
    "syscalls": "kernel interfaces that no program needs are closed",
    "namespaces": "mount, PID, network and IPC namespaces of each program's own",
    "user": "another user, or a user namespace of its own, than what scores it",
    "container": "a container around the server and its programs",
}
"""What may be asked for with ``sandbox.require``, and what each means."""

EVERYWHERE = frozenset({"time", "memory", "output", "secrets"})

DRIVER = -1
"""Stands for the slot where a scratch folder is made for a trusted driver."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What an isolation is made for.

    Attributes:
        base: Folder on the disk that belongs to the server, for scratch folders.
        visible: Absolute paths that programs may read.
        allow: Of ``threads``, ``processes``, ``loopback`` and ``executables`` (files of their own that they execute),
            what the problem's programs need.
        scratch_mb: MiB that a scratch folder may hold.
    """

    base: str
    visible: list[str] = field(default_factory=list)
    allow: frozenset[str] = frozenset()
    scratch_mb: int = 64


class Isolation:
    """The ``process`` level: a session, limits and a scratch folder, and nothing that needs a particular system.

    The other levels extend it. Methods marked *child* run in the forked child, before anything of the program.

    Args:
        setting: What it is made for.

    Attributes:
        level: Its name.
        protections: Names in ``PROTECTIONS`` of what it holds to.
        pid_outside: Process id of the server as its client sees it; None where that is its own.
    """

    level = "process"
    scratch_is_on_disk = True
    """Whether the server has to watch the size of scratch folders and to remove them."""
    descendants_end_with_program = False
    """Whether the kernel itself ends everything that a program started when the program ends."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.pid_outside: int | None = None

    @property
    def protections(self) -> frozenset[str]:
        """What is held."""
        held = set(EVERYWHERE)
        if linux.IS_LINUX:
            held |= {"descendants", "scratch"} | ({"processes"} if os.geteuid() != 0 else set())
        else:
            held -= {"memory"}  # the system takes the limit and does not enforce it
        return frozenset(held)

    def enter_server(self) -> None:
        """Confine the server itself, before it imports anything of the problem.

        Raises:
            OSError: The system does not offer this level.
        """

    def make_scratch(self, number: int, slot: int) -> str:
        """Make the scratch folder of a program, if the server is who makes it.

        Returns:
            Its path as the program sees it.
        """
        path = f"{self._setting.base}/{number}"
        try:
            Path(path).mkdir(0o700)
        except FileNotFoundError:  # a program without file rules took the server's folder away
            Path(self._setting.base).mkdir(0o700)
            Path(path).mkdir(0o700)
        return path

    def fork(self) -> int:
        """Fork a process for a program: its id; 0 in the child.

        Raises:
            OSError: The system has no more processes for us.
        """
        return os.fork()

    def parent_seen_by_child(self, server: int) -> int:
        """Process id of the server as a program sees it."""
        return server

    def other_tasks(self) -> int:
        """*child* Processes and threads that the kernel counts together with the program's: those of its user."""
        return _tasks_of_user()

    def enter(self, slot: int, scratch: str) -> None:
        """*child* Leave everything behind that the program shall not see, and stand in its scratch folder.

        Args:
            slot: A number that no other program has at the time.
            scratch: What ``make_scratch`` returned.
        """
        os.chdir(scratch)

    def prepare(self, *, threads: bool, processes: bool) -> None:
        """Do in the server, before a fork, what of ``seal`` can be done once for all programs."""

    def seal(self, *, threads: bool, processes: bool) -> None:
        """*child* The last step: close the kernel interfaces that the program does not need.

        Args:
            threads: Whether it may start threads.
            processes: Whether it may start processes and execute files.
        """

    def enter_driver(self, scratch: str, network_of: int | None) -> None:
        """*child* Give up what a trusted driver does not need, and stand in its scratch folder.

        Args:
            scratch: What ``make_scratch`` returned.
            network_of: Process id of the program whose private network it shall reach; None for none.
        """
        os.chdir(scratch)

    def clean_up(self) -> None:
        """Remove what the server made, once all children are gone."""
        remove_tree(self._setting.base)


def _tasks_of_user() -> int:
    user, count = os.geteuid(), 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid == user:
                count += len(list((folder / "task").iterdir()))
        except OSError:  # it ended meanwhile
            continue
    return count
