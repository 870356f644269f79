"""The ``landlock`` level: file rules and a system call filter, which need no privileges and no namespaces."""

from __future__ import annotations

import os

from gigaevo.evaluation.sandbox import landlock, linux, privileges, seccomp
from gigaevo.evaluation.sandbox.isolation import DRIVER, Isolation, Setting
from gigaevo.evaluation.sandbox.private_root import DEVICES


class LandlockIsolation(Isolation):
    """Programs read what they may see, write to their scratch folder, open no socket and signal nobody.

    As root, each program runs as a user of its own, with the one capability to read what is there: file rules bind
    it all the same, and interpreters often lie where only root may look.
    """

    level = "landlock"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._abi = 0
        self._readable: list[tuple[int, bool]] = []
        self._devices: list[tuple[int, bool]] = []
        self._is_root = os.geteuid() == 0
        self._server = 0

    @property
    def protections(self) -> frozenset[str]:
        own = {"descendants", "processes", "scratch", "filesystem", "network", "signals", "syscalls"}
        return super().protections | own | ({"user"} if self._is_root else set())

    def enter_server(self) -> None:
        """See ``Isolation``."""
        if reason := seccomp.is_available():
            raise OSError(reason)
        self._abi = landlock.version()
        if self._abi < 1:
            raise OSError("the kernel has no Landlock (it came with Linux 5.13, and can be switched off)")
        if "loopback" in self._setting.allow:
            raise OSError("a private loopback needs a network namespace, which this level has not")
        self._server = os.getpid()
        self._readable = landlock.opened(self._setting.visible)
        self._devices = landlock.opened(DEVICES)
        if self._is_root:
            os.chmod(self._setting.base, 0o711)  # noqa: PTH101 (programs pass through it to their own folder)

    def make_scratch(self, number: int, slot: int) -> str:
        """See ``Isolation``."""
        path = super().make_scratch(number, slot)
        if self._is_root:
            user = privileges.driver_user() if slot == DRIVER else self._user_of(slot)
            os.chown(path, user, user)
        return path

    def _user_of(self, slot: int) -> int:
        return privileges.user_of_slot(slot, server=self._server)

    def other_tasks(self) -> int:
        """See ``Isolation``."""
        return 0 if self._is_root else super().other_tasks()

    def enter(self, slot: int, scratch: str) -> None:
        """See ``Isolation``."""
        super().enter(slot, scratch)
        kept = (linux.CAP_DAC_READ_SEARCH,) if self._is_root else ()
        if self._is_root:
            privileges.become_user(self._user_of(slot), kept=kept)
        linux.keep_capabilities(kept)
        linux.hide_from_peers()
        linux.gain_no_privileges()
        rules = landlock.Ruleset(self._abi)
        for descriptor, is_folder in self._readable:
            rules.allow(descriptor, landlock.READ, is_folder=is_folder)
        for descriptor, is_folder in self._devices:
            rules.allow(descriptor, landlock.USE_DEVICE, is_folder=is_folder)
        own = landlock.WRITE_AND_EXECUTE if "executables" in self._setting.allow else landlock.WRITE
        for descriptor, is_folder in landlock.opened([scratch]):
            rules.allow(descriptor, own, is_folder=is_folder)
        rules.enforce()
        rules.close()

    def seal(self, *, threads: bool, processes: bool) -> None:
        """See ``Isolation``."""
        policy = self._policy(threads=threads, processes=processes)
        seccomp.install(policy, os.getpid() if policy.own_signals_only else 0)

    def prepare(self, *, threads: bool, processes: bool) -> None:
        """See ``Isolation``."""
        seccomp.prepared(self._policy(threads=threads, processes=processes))

    def _policy(self, *, threads: bool, processes: bool) -> seccomp.Policy:
        return seccomp.Policy(
            threads=threads,
            processes=processes,
            change_attributes=self._is_root,  # then it runs as a user who owns nothing else
            own_signals_only=not landlock.keeps_signals_in(self._abi),
            truncate_by_name=self._abi >= 3,
        )

    def enter_driver(self, scratch: str, network_of: int | None) -> None:
        """See ``Isolation``."""
        super().enter_driver(scratch, network_of)
        if self._is_root:
            kept = (linux.CAP_SYS_NICE, linux.CAP_KILL, linux.CAP_DAC_READ_SEARCH)
            privileges.become_user(privileges.driver_user(), kept=kept)
            linux.keep_capabilities(kept)
        linux.hide_from_peers()
        linux.gain_no_privileges()
