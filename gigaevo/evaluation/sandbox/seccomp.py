"""The system call filter of a program: a classic BPF program for the kernel (seccomp mode 2), built here.

It refuses what no program of ours needs and what the other layers do not cover: namespaces, mounts, tracing, other
processes, keys, clocks, kernel interfaces with a history of holes, and, unless the problem allows them, sockets,
processes and executing files. Calls that a C library tries first and does without (``clone3``, ``io_uring``) are
answered with ENOSYS, all others with EPERM. Source: seccomp(2), and the kernel's ``samples/seccomp``.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from dataclasses import dataclass

from gigaevo.evaluation.sandbox import linux
from gigaevo.evaluation.sandbox.syscall_numbers import AUDIT_ARCHITECTURES, NEWEST, NUMBERS

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1

_LOAD = 0x20  # a 32-bit word of struct seccomp_data
_JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT = 0x15, 0x35, 0x45
_RETURN = 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_ALLOW = 0x7FFF_0000
_KILL = 0x8000_0000
_ERRNO = 0x0005_0000

_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_CLONE_THREAD = 0x10000
_NEW_NAMESPACES = 0x7E02_0080  # every CLONE_NEW... flag

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
    "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "utime", "utimes", "utimensat", "futimesat",
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


def install(policy: Policy, own_pid: int) -> None:
    """Hold this process, and all it starts, to ``policy``. ``linux.gain_no_privileges`` comes before.

    Args:
        policy: What it may do.
        own_pid: Its process id as it sees it.

    Raises:
        OSError: The kernel takes no filters.
    """
    program = build(policy, own_pid)
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    text = ctypes.create_string_buffer(header, len(header))
    linux.syscall(_SECCOMP[linux.MACHINE], _SET_MODE_FILTER, 0, ctypes.byref(text))


def build(policy: Policy, own_pid: int) -> bytes:
    """The filter as BPF instructions of 8 bytes each."""
    numbers = NUMBERS[linux.MACHINE]
    code = _Code()
    code.load(_ARCHITECTURE_AT)
    code.unless_equal(AUDIT_ARCHITECTURES[linux.MACHINE], _KILL)
    code.load(_NUMBER_AT)
    code.if_at_least(NEWEST, _ERRNO | errno.ENOSYS)  # and so the calls of the x32 convention
    for name in _ABSENT:
        code.refuse(numbers, name, errno.ENOSYS)
    for name in _refused(policy):
        code.refuse(numbers, name, errno.EPERM)
    _restrict_clone(code, numbers, policy)
    _restrict_signals(code, numbers, policy, own_pid)
    families = (_AF_UNIX, _AF_INET, _AF_INET6) if policy.sockets else ()
    code.allow_if_argument_in(numbers, "socket", 0, families, errno.EPERM)
    code.allow_if_argument_in(numbers, "socketpair", 0, (_AF_UNIX,), errno.EPERM)  # event loops wake themselves by one
    for name in ("prlimit64", "sched_setaffinity", "sched_setparam", "sched_setscheduler", "sched_setattr"):
        code.allow_if_argument_in(numbers, name, 0, (0,), errno.EPERM)  # itself only
    code.allow_if_argument_in(numbers, "setpriority", 1, (0,), errno.EPERM)
    code.give(_ALLOW)
    return code.assembled()


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


def _restrict_clone(code: _Code, numbers: dict[str, int], policy: Policy) -> None:
    if policy.processes:
        code.refuse_if_any_bit(numbers, "clone", 0, _NEW_NAMESPACES, errno.EPERM)
    elif policy.threads:
        code.allow_if_any_bit(numbers, "clone", 0, _CLONE_THREAD, errno.EPERM)
    else:
        code.refuse(numbers, "clone", errno.EAGAIN)  # what the limit on processes answers


def _restrict_signals(code: _Code, numbers: dict[str, int], policy: Policy, own_pid: int) -> None:
    if policy.own_signals_only:
        for name in ("kill", "tgkill"):
            code.allow_if_argument_in(numbers, name, 0, (own_pid,), errno.EPERM)


class _Code:
    """BPF instructions. The number of the call is loaded between any two rules."""

    def __init__(self) -> None:
        self._instructions: list[bytes] = []

    def assembled(self) -> bytes:
        return b"".join(self._instructions)

    def load(self, offset: int) -> None:
        self._add(_LOAD, 0, 0, offset)

    def give(self, verdict: int) -> None:
        self._add(_RETURN, 0, 0, verdict)

    def unless_equal(self, value: int, verdict: int) -> None:
        self._add(_JUMP_EQUAL, 1, 0, value)
        self.give(verdict)

    def if_at_least(self, value: int, verdict: int) -> None:
        self._add(_JUMP_GREATER_EQUAL, 0, 1, value)
        self.give(verdict)

    def refuse(self, numbers: dict[str, int], name: str, error: int) -> None:
        if name in numbers:
            self._add(_JUMP_EQUAL, 0, 1, numbers[name])
            self.give(_ERRNO | error)

    def allow_if_argument_in(
        self, numbers: dict[str, int], name: str, argument: int, values: tuple[int, ...], error: int
    ) -> None:
        """Let the call pass where the low half of an argument is one of ``values``: ids and families are C ints."""
        rule = [self._packed(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)]
        for value in values:
            rule += [self._packed(_JUMP_EQUAL, 0, 1, value & 0xFFFF_FFFF), self._packed(_RETURN, 0, 0, _ALLOW)]
        self._rule(numbers, name, [*rule, self._packed(_RETURN, 0, 0, _ERRNO | error)])

    def allow_if_any_bit(self, numbers: dict[str, int], name: str, argument: int, bits: int, error: int) -> None:
        self._bits(numbers, name, argument, bits, _ALLOW, _ERRNO | error)

    def refuse_if_any_bit(self, numbers: dict[str, int], name: str, argument: int, bits: int, error: int) -> None:
        self._bits(numbers, name, argument, bits, _ERRNO | error, _ALLOW)

    def _bits(self, numbers: dict[str, int], name: str, argument: int, bits: int, then: int, otherwise: int) -> None:
        rule = [
            self._packed(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument),
            self._packed(_JUMP_ANY_BIT, 0, 1, bits),
            self._packed(_RETURN, 0, 0, then),
            self._packed(_RETURN, 0, 0, otherwise),
        ]
        self._rule(numbers, name, rule)

    def _rule(self, numbers: dict[str, int], name: str, rule: list[bytes]) -> None:
        """A rule for one call, which always returns a verdict."""
        if name in numbers:
            self._add(_JUMP_EQUAL, 0, len(rule), numbers[name])
            self._instructions += rule

    def _add(self, code: int, if_true: int, if_false: int, value: int) -> None:
        self._instructions.append(self._packed(code, if_true, if_false, value))

    @staticmethod
    def _packed(code: int, if_true: int, if_false: int, value: int) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)
