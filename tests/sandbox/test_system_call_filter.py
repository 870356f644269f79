"""The system call filter, followed instruction by instruction by a machine of the test's own."""

from __future__ import annotations

import errno
import struct

import pytest

from gigaevo.evaluation.sandbox import linux, seccomp
from gigaevo.evaluation.sandbox.syscall_numbers import AUDIT_ARCHITECTURES, NEWEST, NUMBERS

pytestmark = pytest.mark.skipif(
    bool(seccomp.is_available()), reason=f"no filter on this system: {seccomp.is_available()}"
)

OWN = AUDIT_ARCHITECTURES.get(linux.MACHINE, 0)
ALLOW, KILL = 0x7FFF0000, 0x80000000
PID = 4711


def refused(number: int) -> int:
    return 0x00050000 | number


def verdict(program: bytes, number: int, arguments: tuple[int, ...] = (0,) * 6, architecture: int = OWN) -> int:
    """What a classic BPF machine says of one call. Source: the kernel's ``filter.rst``."""
    data = struct.pack("=IIQ6Q", number, architecture, 0, *arguments)
    instructions = [struct.unpack_from("HBBI", program, 8 * index) for index in range(len(program) // 8)]
    word, at = 0, 0
    while True:
        code, if_true, if_false, value = instructions[at]
        at += 1
        if code == 0x20:
            (word,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return value
        elif code == 0x05:
            at += value
        elif code == 0x54:
            word &= value
        else:
            met = {0x15: word == value, 0x35: word >= value, 0x45: bool(word & value)}[code]
            at += if_true if met else if_false


def says(policy: seccomp.Policy, name: str, *arguments: int) -> int:
    number = NUMBERS[linux.MACHINE][name]
    return verdict(seccomp.build(policy, PID), number, (*arguments, *(0,) * (6 - len(arguments))))


CLOSED, OPEN = (
    seccomp.Policy(),
    seccomp.Policy(
        threads=True,
        processes=True,
        sockets=True,
        own_signals_only=False,
        own_session_only=False,
        change_attributes=True,
        truncate_by_name=True,
    ),
)


@pytest.mark.parametrize("policy", [CLOSED, OPEN], ids=["closed", "open"])
def test_every_call_gets_a_verdict_and_unknown_ones_do_not_exist(policy: seccomp.Policy) -> None:
    program = seccomp.build(policy, PID)
    for number in range(NEWEST + 100):
        given = verdict(program, number)
        assert given in (ALLOW, refused(errno.EPERM), refused(errno.ENOSYS), refused(errno.EAGAIN))
        assert (given == refused(errno.ENOSYS)) >= (number >= NEWEST)
    for number in (0x40000000, 0x40000000 + 41, 0xFFFFFFFF):  # the x32 convention, and nonsense
        assert verdict(program, number) == refused(errno.ENOSYS)


def test_another_calling_convention_is_killed() -> None:
    for architecture in (0x40000003, 0x40000028, 0):
        assert verdict(seccomp.build(CLOSED, PID), 0, architecture=architecture) == KILL


NEVER = [
    "unshare",
    "setns",
    "mount",
    "ptrace",
    "process_vm_writev",
    "bpf",
    "keyctl",
    "clock_settime",
    "mknodat",
    "tkill",
]


@pytest.mark.parametrize("name", NEVER)
def test_no_policy_opens_what_no_program_needs(name: str) -> None:
    assert says(CLOSED, name) == says(OPEN, name) == refused(errno.EPERM)


@pytest.mark.parametrize("name", ["io_uring_setup", "clone3", "memfd_create"])
def test_what_libraries_can_do_without_is_not_there(name: str) -> None:
    assert says(CLOSED, name) == says(OPEN, name) == refused(errno.ENOSYS)


def test_threads_and_processes_are_told_apart() -> None:
    thread, namespace = 0x10000 | 0x100, 0x10000000
    threads = seccomp.Policy(threads=True)
    assert says(CLOSED, "clone", thread) == refused(errno.EAGAIN)
    assert says(threads, "clone", thread) == ALLOW
    assert says(threads, "clone", 17) == refused(errno.EPERM)
    assert says(OPEN, "clone", 17) == ALLOW
    assert says(OPEN, "clone", namespace | 17) == refused(errno.EPERM)
    assert says(threads, "execve") == refused(errno.EPERM)
    assert says(OPEN, "execve") == ALLOW


def test_sockets_are_of_the_families_that_a_private_network_has() -> None:
    unix, inet, netlink, vsock = 1, 2, 16, 40
    assert [says(CLOSED, "socket", family) for family in (unix, inet, netlink)] == [refused(errno.EPERM)] * 3
    assert [says(OPEN, "socket", family) for family in (unix, inet)] == [ALLOW, ALLOW]
    assert [says(OPEN, "socket", family) for family in (netlink, vsock)] == [refused(errno.EPERM)] * 2
    stream, datagram, raw, close_on_exec = 1, 2, 3, 0x80000
    assert says(CLOSED, "socketpair", unix, stream | close_on_exec) == ALLOW
    for kind in (datagram, raw, datagram | close_on_exec):  # half of such a pair could send to any socket with a path
        assert says(OPEN, "socketpair", unix, kind) == refused(errno.EPERM)
    assert says(CLOSED, "socketpair", inet, stream) == refused(errno.EPERM)


def test_a_program_stays_tied_to_the_server_and_changes_no_flags_of_files() -> None:
    die_with_parent, name, file_flags, window_size = 1, 15, 0x40086602, 0x5413
    assert says(OPEN, "prctl", die_with_parent, 0) == refused(errno.EPERM)
    assert says(CLOSED, "prctl", name) == ALLOW
    assert says(OPEN, "ioctl", 3, file_flags) == refused(errno.EPERM)
    assert says(CLOSED, "ioctl", 3, window_size) == ALLOW


def test_signals_and_limits_reach_the_program_itself_only() -> None:
    assert says(CLOSED, "kill", PID, 9) == ALLOW
    for other in (0, 1, PID + 1, 2**64 - 1):
        assert says(CLOSED, "kill", other, 9) == refused(errno.EPERM)
    assert says(OPEN, "kill", 1, 9) == ALLOW  # a PID namespace holds it
    for name in ("prlimit64", "sched_setaffinity"):
        assert says(OPEN, name, 0) == ALLOW
        assert says(OPEN, name, PID) == refused(errno.EPERM)


def test_the_tables_of_both_machines_name_the_same_calls_but_for_those_that_only_old_ones_have() -> None:
    old = set(NUMBERS["x86_64"]) - set(NUMBERS["aarch64"])
    assert set(NUMBERS["aarch64"]) <= set(NUMBERS["x86_64"])
    assert {"fork", "vfork", "chmod", "mknod"} <= old
    for numbers in NUMBERS.values():
        assert len(set(numbers.values())) == len(numbers)
        assert max(numbers.values()) < NEWEST
