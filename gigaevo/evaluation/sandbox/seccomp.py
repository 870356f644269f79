"""The system call filter of a program: a classic BPF program for the kernel (seccomp mode 2), built here.

It refuses what no program of ours needs and what the other layers do not cover: namespaces, mounts, tracing, other
processes, keys, clocks, kernel interfaces with a history of holes, and, unless the problem allows them, sockets,
processes and executing files. Calls that a C library tries first and does without (``clone3``, ``io_uring``) are
answered with ENOSYS, all others with EPERM. Source: seccomp(2), and the kernel's ``samples/seccomp``.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gigaevo.evaluation.sandbox import linux
from gigaevo.evaluation.sandbox.syscall_numbers import AUDIT_ARCHITECTURES, NEWEST, NUMBERS

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1

_LOAD = 0x20  # a 32-bit word of struct seccomp_data
_AND = 0x54
_JUMP, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT = 0x05, 0x15, 0x35, 0x45
_RETURN = 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_ALLOW = 0x7FFF_0000
_KILL = 0x8000_0000
_ERRNO = 0x0005_0000

_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_SOCK_STREAM, _SOCK_SEQPACKET, _SOCKET_KIND = 1, 5, 0xF
# Flags of files, which an open file for reading is enough to change, and typing into a terminal.
_IOCTLS = (0x4008_6602, 0x4004_6602, 0x401C_5820, 0x5412, 0x541C)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_PTRACER = 1, 36, 0x5961_6D61
_CLONE_THREAD = 0x10000
_NEW_NAMESPACES = 0x7E02_0080  # every CLONE_NEW... flag

Rule = tuple[bytes, ...]
"""Instructions that end in a verdict on one call, whose number is loaded."""

_ABSENT = ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "memfd_create", "memfd_secret")

_NEVER = (
    # namespaces, mounts, roots
    "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount",
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp", "pidfd_getfd",
    "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "tkill", "migrate_pages", "move_pages", "ioprio_set",
    # files by number instead of by name, devices, attributes outside of the view
    "name_to_handle_at", "open_by_handle_at", "mknod", "mknodat", "setxattr", "lsetxattr", "fsetxattr",
    "removexattr", "lremovexattr", "fremovexattr", "setxattrat", "removexattrat", "file_setattr", "fanotify_init",
    "fanotify_mark", "quotactl", "quotactl_fd", "lookup_dcookie",
    # memory that no cap counts
    "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv",
    "msgctl", "mq_open", "mq_unlink", "mbind", "set_mempolicy", "set_mempolicy_home_node",
    # the kernel and the machine
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "kexec_load", "kexec_file_load",
    "init_module", "finit_module", "delete_module", "create_module", "get_kernel_syms", "query_module", "reboot",
    "swapon", "swapoff", "acct", "syslog", "iopl", "ioperm", "modify_ldt", "vhangup", "uselib", "ustat", "sysfs",
    "_sysctl", "nfsservctl", "personality", "lsm_set_self_attr", "io_setup", "io_submit",
    # clocks and names
    "clock_settime", "settimeofday", "adjtimex", "clock_adjtime", "sethostname", "setdomainname",
)  # fmt: skip

# What Landlock does not cover and a private root makes harmless: attributes of files that can be named.
_ATTRIBUTES = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "utimensat",
    "futimesat",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a program may do beyond computing.

    Attributes:
        threads: Start threads.
        processes: Start processes, and execute files.
        sockets: Open sockets of the Internet and Unix families; only where the network is a private one.
        own_signals_only: Signal nothing but itself; where neither a PID namespace nor Landlock keeps signals in.
        own_session_only: Stay in its session and process group, by which it can be killed as a whole.
        change_attributes: Change mode, owner and times of files by name; only where the root is a private one.
        truncate_by_name: Whether the file rules cover ``truncate``.
    """

    threads: bool = False
    processes: bool = False
    sockets: bool = False
    own_signals_only: bool = True
    own_session_only: bool = True
    change_attributes: bool = False
    truncate_by_name: bool = False


def is_available() -> str:
    """Why this machine has no filter; empty where it has."""
    if not linux.IS_LINUX:
        return "system call filters exist on Linux only"
    if linux.MACHINE not in NUMBERS:
        return f"the system call filter knows {' and '.join(NUMBERS)}, and this machine is {linux.MACHINE}"
    return ""


def install(policy: Policy, own_pid: int = 0) -> None:
    """Hold this process, and all it starts, to ``policy``. ``linux.gain_no_privileges`` comes before.

    Args:
        policy: What it may do.
        own_pid: Its process id as it sees it; used where ``own_signals_only``.

    Raises:
        OSError: The kernel takes no filters.
    """
    header, _ = prepared(policy, own_pid)
    linux.syscall(_SECCOMP[linux.MACHINE], _SET_MODE_FILTER, 0, ctypes.byref(header))


@functools.lru_cache(maxsize=8)
def prepared(policy: Policy, own_pid: int = 0) -> tuple[ctypes.Array[ctypes.c_char], ctypes.Array[ctypes.c_char]]:
    """The filter in the form in which the kernel takes it: its header, and the instructions that the header points to.

    Kept, so that a server makes it once for all its programs.
    """
    program = build(policy, own_pid)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return ctypes.create_string_buffer(header, len(header)), code


def build(policy: Policy, own_pid: int = 0) -> bytes:
    """The filter as BPF instructions of 8 bytes each.

    Args:
        policy: What a process may do.
        own_pid: Its process id as it sees it; used where ``own_signals_only``.
    """
    rules = {number: rule for name, rule in _rules(policy, own_pid) if (number := _number(name)) is not None}
    starts = _intervals(rules)
    code = [
        _packed(_LOAD, 0, 0, _ARCHITECTURE_AT),
        _packed(_JUMP_EQUAL, 1, 0, AUDIT_ARCHITECTURES[linux.MACHINE]),
        _verdict(_KILL),
        _packed(_LOAD, 0, 0, _NUMBER_AT),
        *_search(starts),
    ]
    return b"".join(code)


def _number(name: str) -> int | None:
    return NUMBERS[linux.MACHINE].get(name)


def _rules(policy: Policy, own_pid: int) -> Iterator[tuple[str, Rule]]:
    """The rule of each call that is not simply allowed; of two rules for a call the later one holds."""
    for name in _ABSENT:
        yield name, (_verdict(_ERRNO | errno.ENOSYS),)
    for name in _refused(policy):
        yield name, (_verdict(_ERRNO | errno.EPERM),)
    if policy.processes:
        yield "clone", _by_bits(_NEW_NAMESPACES, _ERRNO | errno.EPERM, _ALLOW)
    elif policy.threads:
        yield "clone", _by_bits(_CLONE_THREAD, _ALLOW, _ERRNO | errno.EPERM)
    else:
        yield "clone", (_verdict(_ERRNO | errno.EAGAIN),)  # what the limit on processes answers
    if policy.own_signals_only:
        yield "kill", _if_argument_in(0, (own_pid,))
        yield "tgkill", _if_argument_in(0, (own_pid,))
    yield "socket", _if_argument_in(0, (_AF_UNIX, _AF_INET, _AF_INET6) if policy.sockets else ())
    # Event loops wake themselves by a pair. Halves of datagram pairs could send to any socket that has a path.
    yield "socketpair", _connected_pair()
    yield "ioctl", _unless_argument_in(1, _IOCTLS)
    yield "prctl", _unless_argument_in(0, (_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_PTRACER))
    for name in ("prlimit64", "sched_setaffinity", "sched_setparam", "sched_setscheduler", "sched_setattr"):
        yield name, _if_argument_in(0, (0,))  # itself only
    yield "setpriority", _if_argument_in(1, (0,))


def _refused(policy: Policy) -> list[str]:
    names = list(_NEVER)
    if not policy.processes:
        names += ["fork", "vfork", "execve", "execveat", "pidfd_open"]
    if policy.own_session_only:
        names += ["setsid", "setpgid"]
    if not policy.change_attributes:
        names += _ATTRIBUTES
    if not policy.truncate_by_name:
        names.append("truncate")
    return names


def _intervals(rules: Mapping[int, Rule]) -> list[tuple[int, Rule]]:
    """First number and rule of each run of calls that share a rule, from 0 on."""
    allow: Rule = (_verdict(_ALLOW),)
    found: list[tuple[int, Rule]] = []
    for number in range(NEWEST):
        rule = rules.get(number, allow)
        if not found or found[-1][1] != rule:
            found.append((number, rule))
    return [*found, (NEWEST, (_verdict(_ERRNO | errno.ENOSYS),))]  # and so the calls of the x32 convention


def _search(intervals: Sequence[tuple[int, Rule]]) -> list[bytes]:
    """Instructions that find the interval of the loaded number by bisection, and follow its rule.

    The kernel follows a filter once for every call when it is installed, so a short way to each matters.
    """
    if len(intervals) == 1:
        return list(intervals[0][1])
    middle = len(intervals) // 2
    left, right = _search(intervals[:middle]), _search(intervals[middle:])
    if len(left) < 256:
        return [_packed(_JUMP_GREATER_EQUAL, len(left), 0, intervals[middle][0]), *left, *right]
    # A conditional jump reaches 255 instructions, an unconditional one any number.
    skip = _packed(_JUMP, 0, 0, len(left))
    return [_packed(_JUMP_GREATER_EQUAL, 0, 1, intervals[middle][0]), skip, *left, *right]


def _if_argument_in(argument: int, values: tuple[int, ...]) -> Rule:
    """Pass where the low half of an argument is one of ``values``: ids and families are C ints."""
    rule = [_packed(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)]
    for value in values:
        rule += [_packed(_JUMP_EQUAL, 0, 1, value & 0xFFFF_FFFF), _verdict(_ALLOW)]
    return (*rule, _verdict(_ERRNO | errno.EPERM))


def _unless_argument_in(argument: int, values: tuple[int, ...]) -> Rule:
    """Refuse where the low half of an argument is one of ``values``."""
    rule = [_packed(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)]
    for value in values:
        rule += [_packed(_JUMP_EQUAL, 0, 1, value), _verdict(_ERRNO | errno.EPERM)]
    return (*rule, _verdict(_ALLOW))


def _connected_pair() -> Rule:
    """Pass for pairs of the Unix family that are connected for good: streams and sequences of packets."""
    refuse = _verdict(_ERRNO | errno.EPERM)
    return (
        _packed(_LOAD, 0, 0, _ARGUMENTS_AT),
        _packed(_JUMP_EQUAL, 1, 0, _AF_UNIX),
        refuse,
        _packed(_LOAD, 0, 0, _ARGUMENTS_AT + 8),
        _packed(_AND, 0, 0, _SOCKET_KIND),
        _packed(_JUMP_EQUAL, 1, 0, _SOCK_STREAM),
        _packed(_JUMP_EQUAL, 0, 1, _SOCK_SEQPACKET),
        _verdict(_ALLOW),
        refuse,
    )


def _by_bits(bits: int, then: int, otherwise: int) -> Rule:
    """One verdict where the first argument has any of ``bits``, else another."""
    load = _packed(_LOAD, 0, 0, _ARGUMENTS_AT)
    return (load, _packed(_JUMP_ANY_BIT, 0, 1, bits), _verdict(then), _verdict(otherwise))


def _verdict(value: int) -> bytes:
    return _packed(_RETURN, 0, 0, value)


def _packed(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
