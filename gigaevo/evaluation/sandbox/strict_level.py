"""The ``strict`` level: namespaces for the server and for each program, and all that the ``landlock`` level has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from gigaevo.evaluation.sandbox import landlock, linux, private_root, privileges, seccomp
from gigaevo.evaluation.sandbox.isolation import Isolation, Setting

_OF_SERVER = linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWNET | linux.CLONE_NEWUTS
_OF_PROGRAM = linux.CLONE_NEWNS | linux.CLONE_NEWIPC
_SET_FLAGS, _GET_FLAGS, _UP = 0x8914, 0x8913, 1


class StrictIsolation(Isolation):
    """The server lives in a root of its own that shows what programs may read, and is the first process of a PID
    namespace. Each program is the first process of another one, with mount, IPC and user namespaces, a network
    namespace where it may open sockets (the server's is empty), and a size-capped file system in memory as its scratch
    folder; all of it goes with the program.

    An ordinary user gets there by a user namespace; root does without, and runs each program as a user of its own.
    """

    level = "strict"
    scratch_is_on_disk = False
    descendants_end_with_program = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._is_root = os.geteuid() == 0
        self._own_pids = -1
        self._abi = 0
        self._rules: landlock.Ruleset | None = None
        # Without privileges a program reads what everybody may read; where that is too little, it stays who it is in
        # the user namespace, where one capability lets it read.
        self._reads_as_root = self._is_root and not _readable(setting.visible)

    @property
    def protections(self) -> frozenset[str]:
        own = {
            "descendants", "processes", "scratch", "filesystem", "network", "signals", "syscalls", "namespaces", "user"
        }  # fmt: skip
        return super().protections | own

    def enter_server(self) -> None:
        """See ``Isolation``. The process that calls this stays behind and waits; its child returns."""
        if reason := seccomp.is_available():
            raise OSError(reason)
        if not self._is_root:
            privileges.become_root_of_new_user_namespace()
        linux.unshare(linux.CLONE_NEWPID)
        _become_first_process(self._setting.base)
        linux.unshare(_OF_SERVER)
        self.pid_outside = int(os.readlink("/proc/self"))  # noqa: PTH115 (this /proc is still the one outside)
        private_root.enter(self._setting.base, self._setting.visible)
        self._own_pids = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self._abi = landlock.version()
        if self._abi:
            self._rules = self._depth_rules()

    def _depth_rules(self) -> landlock.Ruleset:
        """Rules that hold should the mounts not: all is read-only but the scratch folder and the devices."""
        rules = landlock.Ruleset(self._abi, tcp="loopback" in self._setting.allow)
        for descriptor, _ in landlock.opened(["/"]):
            rules.allow(descriptor, landlock.READ, is_folder=True)
        own = landlock.WRITE_AND_EXECUTE if "executables" in self._setting.allow else landlock.WRITE
        for descriptor, _ in landlock.opened([private_root.SCRATCH_PARENT]):
            rules.allow(descriptor, own, is_folder=True)
        for descriptor, _ in landlock.opened(private_root.DEVICES):
            rules.allow(descriptor, landlock.USE_DEVICE, is_folder=False)
        return rules

    def make_scratch(self, number: int, slot: int) -> str:
        """See ``Isolation``."""
        return private_root.SCRATCH

    def fork(self) -> int:
        """See ``Isolation``."""
        linux.unshare(linux.CLONE_NEWPID)  # for the children of this process, not for itself
        try:
            pid = os.fork()
        except OSError:
            linux.setns(self._own_pids, linux.CLONE_NEWPID)
            raise
        if pid:
            linux.setns(self._own_pids, linux.CLONE_NEWPID)
        return pid

    def parent_seen_by_child(self, server: int) -> int:
        """See ``Isolation``."""
        return 0  # it lies outside of the child's PID namespace

    def other_tasks(self) -> int:
        """See ``Isolation``."""
        return 0  # a user, or a user namespace, of its own

    def enter(self, slot: int, scratch: str) -> None:
        """See ``Isolation``."""
        # A network namespace costs as much as all the rest. The server's has no interface that is up, and a program
        # that may open no socket shares it.
        has_network = "loopback" in self._setting.allow
        linux.unshare(_OF_PROGRAM | (linux.CLONE_NEWNET if has_network else 0))
        user = privileges.user_of_slot(slot) if self._is_root else 0
        options = f"size={self._setting.scratch_mb}m,nr_inodes=16k,mode=700,uid={user},gid={user}"
        flags = linux.MS_NOSUID | linux.MS_NODEV
        flags |= 0 if "executables" in self._setting.allow else linux.MS_NOEXEC
        linux.mount("scratch", scratch, kind="tmpfs", flags=flags, options=options)
        if has_network:
            _bring_loopback_up()
        own_proc = os.open("/proc/self", os.O_PATH | os.O_DIRECTORY)
        linux.unmount("/proc")
        os.chdir(scratch)
        self._give_up_privileges(user, own_proc)
        linux.hide_from_peers()
        linux.gain_no_privileges()
        if self._rules is not None:
            self._rules.enforce()

    def _give_up_privileges(self, user: int, own_proc: int) -> None:
        if self._reads_as_root:
            privileges.become_user(user, kept=(linux.CAP_DAC_READ_SEARCH,))
            linux.keep_capabilities((linux.CAP_DAC_READ_SEARCH,))
            return
        if self._is_root:
            privileges.become_user(user)
        try:
            privileges.enter_user_namespace(own_proc)
        except OSError:
            if not self._is_root:
                raise
        linux.keep_capabilities()

    def seal(self, *, threads: bool, processes: bool) -> None:
        """See ``Isolation``."""
        seccomp.install(self._policy(threads=threads, processes=processes))

    def prepare(self, *, threads: bool, processes: bool) -> None:
        """See ``Isolation``."""
        seccomp.prepared(self._policy(threads=threads, processes=processes))

    def _policy(self, *, threads: bool, processes: bool) -> seccomp.Policy:
        return seccomp.Policy(
            threads=threads,
            processes=processes,
            sockets="loopback" in self._setting.allow,
            own_signals_only=False,
            own_session_only=False,
            change_attributes=True,
            truncate_by_name=True,
        )

    def enter_driver(self, scratch: str, network_of: int | None) -> None:
        """See ``Isolation``."""
        if network_of is not None:
            network = os.open(f"/proc/{network_of}/ns/net", os.O_RDONLY)
            linux.setns(network, linux.CLONE_NEWNET)
            os.close(network)
        linux.unshare(linux.CLONE_NEWNS)
        user = privileges.driver_user() if self._is_root else 0
        options = f"size={self._setting.scratch_mb}m,mode=700,uid={user},gid={user}"
        linux.mount("scratch", scratch, kind="tmpfs", flags=linux.MS_NOSUID, options=options)
        os.chdir(scratch)
        kept = (linux.CAP_SYS_NICE, linux.CAP_KILL, *((linux.CAP_DAC_READ_SEARCH,) if self._reads_as_root else ()))
        if self._is_root:
            privileges.become_user(user, kept=kept)
        linux.keep_capabilities(kept)
        linux.hide_from_peers()
        linux.gain_no_privileges()

    def clean_up(self) -> None:
        """See ``Isolation``. All of it is in memory, and goes with the server."""


def probe(setting: Setting) -> str:
    """Why this machine does not offer the strict level; empty where it does. Tries everything once, in a process of
    its own, down to a program's child."""
    reads, writes = os.pipe()
    trial = replace(setting, base=f"{setting.base}/trial")
    Path(trial.base).mkdir()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        _try_out(StrictIsolation(trial), writes)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        answer = pipe.read().decode("utf-8", "replace")
    os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        Path(trial.base).rmdir()  # where the trial did not get to it
    return "" if answer == "ok" else answer or "its trial ended without an answer"


def _try_out(isolation: StrictIsolation, answer: int) -> NoReturn:
    try:
        isolation.enter_server()
        pid = isolation.fork()
        if pid == 0:
            os.setsid()
            isolation.enter(0, isolation.make_scratch(0, 0))
            isolation.seal(threads=False, processes=False)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
            os.write(answer, b"ok")
    except BaseException as error:
        os.write(answer, str(error).encode()[:500])
    finally:
        os._exit(0)


def _become_first_process(base: str) -> None:
    """Go on in a child, which is the first process of the PID namespace; this process waits for it and ends alike."""
    pid = os.fork()
    if pid == 0:
        linux.die_with_parent(signal.SIGKILL)
        return
    linux.die_with_parent(0)  # the child notices the end of whoever started us, and ends
    os.closerange(0, 4096)  # whoever reads from the other ends shall see the child's end, not ours
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):
        os.rmdir(base)  # noqa: PTH106 (the child's root was mounted over it)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _readable(visible: list[str]) -> bool:
    from gigaevo.evaluation.sandbox.visible import readable_by_anybody

    return readable_by_anybody(visible)


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(sock, _GET_FLAGS, request))[1]
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
