"""The system calls that the sandbox needs and Python does not name. On other systems those of ``prctl`` do nothing."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from pathlib import Path
from typing import Any

IS_LINUX = sys.platform == "linux"

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NOSUID = 2
MOUNT_ATTR_NODEV = 4

CAP_DAC_READ_SEARCH = 2
CAP_KILL = 5
CAP_SYS_NICE = 23

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_SET_SECUREBITS = 28
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_NOROOT_AND_LOCKED = 0b11  # SECBIT_NOROOT, and its lock
_CAPABILITY_VERSION = 0x20080522

# Calls without a wrapper in every C library: number by machine.
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_MOUNT_SETATTR = 442

_CAPABILITY_HEADER, _CAPABILITY_SETS = ctypes.c_uint32 * 2, ctypes.c_uint32 * 6  # made once: making types is slow

_HUGE_PAGE = 2 << 20
_MADV_COLLAPSE = 25

_libc: Any = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None
MACHINE = platform.machine()


def syscall(number: int, *arguments: Any) -> int:
    """The system call of that number.

    Raises:
        OSError: It failed.
    """
    return _checked(_libc.syscall(ctypes.c_long(number), *(_as_argument(each) for each in arguments)))


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags`` for new ones.

    Raises:
        OSError: The system does not allow it.
    """
    _checked(_libc.unshare(ctypes.c_int(flags)))


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace of ``kind`` that ``descriptor`` stands for.

    Raises:
        OSError: The system does not allow it.
    """
    _checked(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)))


def mount(source: str, target: str, *, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount ``source`` at ``target``.

    Raises:
        OSError: The system does not allow it; the message names the target.
    """
    texts = (os.fsencode(source), os.fsencode(target), kind.encode() or None)
    try:
        _checked(_libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None))
    except OSError as error:
        raise OSError(error.errno, f"mount of {target}: {error.strerror}") from None


def make_read_only(target: str, *, all_below: bool = True) -> None:
    """Make the mount at ``target`` read-only, without set-uid programs and devices, and by default those below it too.

    Raises:
        OSError: The kernel is older than 5.12, or does not allow it.
    """
    attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
    words = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)  # struct mount_attr: set, clear, propagation, user namespace
    reach = _AT_RECURSIVE if all_below else 0
    syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), reach, ctypes.byref(words), ctypes.sizeof(words))


def unmount(target: str) -> None:
    """Take the mount at ``target`` out of sight; it goes when its last user does.

    Raises:
        OSError: The system does not allow it.
    """
    _checked(_libc.umount2(os.fsencode(target), ctypes.c_int(MNT_DETACH)))


def pivot_root(new_root: str, put_old: str) -> None:
    """Make ``new_root`` the root of this mount namespace and show the old one at ``put_old`` below it.

    Raises:
        OSError: The system does not allow it.
    """
    syscall(_PIVOT_ROOT[MACHINE], os.fsencode(new_root), os.fsencode(put_old))


def keep_capabilities(kept: tuple[int, ...] = ()) -> None:
    """Give up every capability but ``kept``; with ``gain_no_privileges``, nothing executed later brings one back.

    Raises:
        OSError: One of ``kept`` is not held.
    """
    data = _CAPABILITY_SETS(*_capability_words(kept))
    _libc.prctl(_PR_SET_SECUREBITS, _NOROOT_AND_LOCKED, 0, 0, 0)
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    syscall(_CAPSET[MACHINE], ctypes.byref(_CAPABILITY_HEADER(_CAPABILITY_VERSION, 0)), ctypes.byref(data))


def _capability_words(kept: tuple[int, ...]) -> tuple[int, ...]:
    """Effective, permitted and inheritable sets, each 32 bits long, and the same for the upper 32 bits."""
    mask = sum(1 << number for number in kept)
    low, high = mask & 0xFFFF_FFFF, mask >> 32
    return low, low, 0, high, high, 0


def keep_capabilities_across_users() -> None:
    """Keep the permitted capabilities when the user id changes next."""
    _prctl(_PR_SET_KEEPCAPS, 1)


def gain_no_privileges() -> None:
    """Nothing that is executed from here on gains privileges; the system call filter and Landlock require this."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent(signal_number: int) -> None:
    """Be sent ``signal_number`` when the parent dies; 0 takes that back."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def hide_from_peers() -> None:
    """Keep other processes of this user from tracing this one and from reading its memory and environment."""
    _prctl(_PR_SET_DUMPABLE, 0)


def show_to_peers() -> None:
    """Take ``hide_from_peers`` back: a hidden process cannot write the maps of its own user namespace."""
    _prctl(_PR_SET_DUMPABLE, 1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def collapse_memory() -> None:
    """Have the kernel put this process's memory into huge pages where it can, so that a fork has less to copy.

    Linux 6.1 and later; elsewhere nothing happens.
    """
    try:
        lines = Path("/proc/self/maps").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if words[1].startswith("rw") and (len(words) == 5 or words[5] == "[heap]"):
            low, high = (int(bound, 16) for bound in words[0].split("-"))
            start, end = -(-low // _HUGE_PAGE) * _HUGE_PAGE, high // _HUGE_PAGE * _HUGE_PAGE
            if start < end:
                _libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_COLLAPSE)


def cpu_clock(pid: int) -> int:
    """The clock that counts the CPU time of process ``pid``, for ``time.clock_gettime``."""
    return (~pid << 3) | 2


def _prctl(option: int, argument: int) -> None:
    if _libc is not None:
        _libc.prctl(option, argument, 0, 0, 0)


def _as_argument(value: Any) -> Any:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
