"""What stands before every hostile program: where its targets are, and how it keeps the books of what it managed.

A program calls ``attempt(name, act)`` for everything that must not work, and returns ``books()``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_PRELUDE = r'''
import ctypes, errno, json, os, platform, re, signal, socket, struct, sys, time
T = json.loads(@TARGETS@)
GOT, DENIED = [], []
FORM = re.compile(rb"SECRET-[0-9a-f]{16}")

def attempt(name, act, *args):
    """Try ``act``; it worked where it neither raises nor returns something false."""
    try:
        result = act(*args)
    except BaseException as error:
        number = getattr(error, "errno", None)
        DENIED.append(f"{name}: {errno.errorcode.get(number, number) if number else type(error).__name__}"[:120])
        return None
    if result is None or result:
        GOT.append(f"{name}: {result!r:.100}")
        return result
    DENIED.append(f"{name}: nothing")
    return None

def tried(name, act, *args):
    """Try ``act``, where its effect is seen from outside only."""
    try:
        act(*args)
        DENIED.append(f"{name}: called")
    except BaseException as error:
        DENIED.append(f"{name}: {type(error).__name__}")

def books():
    return {"got": GOT[:40], "denied": DENIED[:200]}

def read(path, most=1 << 16):
    with open(path, "rb") as file:
        return file.read(most)

def secret(path, most=1 << 22):
    """The secret that a file holds; None where it holds none."""
    found = FORM.search(read(path, most))
    return found.group().decode() if found else False

def nothing_but(errors, act, *args):
    """Whether ``act`` fails with other than ``errors``, or works."""
    try:
        act(*args)
    except OSError as error:
        return error.errno not in errors
    return True

libc = ctypes.CDLL(None, use_errno=True)
_X86 = dict(read=0, mmap=9, ioperm=173, iopl=172, modify_ldt=154, getpid=39, fork=57, vfork=58, clone=56, clone3=435,
    execve=59, ptrace=101, kill=62, tkill=200, tgkill=234, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297,
    process_vm_readv=310, process_vm_writev=311, pidfd_open=434, pidfd_getfd=438, pidfd_send_signal=424,
    prlimit64=302, sched_setaffinity=203, sched_setscheduler=144, setpriority=141, ioprio_set=251, kcmp=312,
    migrate_pages=256, move_pages=279, process_madvise=440, unshare=272, setns=308, mount=165, umount2=166,
    pivot_root=155, chroot=161, fsopen=430, fsmount=432, open_tree=428, move_mount=429, mount_setattr=442,
    keyctl=250, add_key=248, request_key=249, bpf=321, perf_event_open=298, userfaultfd=323, io_uring_setup=425,
    name_to_handle_at=303, open_by_handle_at=304, fanotify_init=300, inotify_init1=294, init_module=175,
    finit_module=313, delete_module=176, kexec_load=246, settimeofday=164, clock_settime=227, adjtimex=159,
    sethostname=170, setdomainname=171, reboot=169, swapon=167, swapoff=168, acct=163, syslog=103, quotactl=179,
    capset=126, memfd_create=319, memfd_secret=447, shmget=29, shmat=30, shmctl=31, msgget=68, semget=64,
    mq_open=240, personality=135, setuid=105, setresuid=117, setgroups=116, execveat=322, seccomp=317,
    openat2=437, mknod=133, landlock_create_ruleset=444, vhangup=153, lookup_dcookie=212, timer_create=222,
    uselib=134, socket=41, socketpair=53, prctl=157, statmount=457, listmount=458)
_ARM = dict(read=63, mmap=222, getpid=172, clone=220, clone3=435, execve=221, ptrace=117, kill=129, tkill=130,
    tgkill=131, rt_sigqueueinfo=138, rt_tgsigqueueinfo=240, process_vm_readv=270, process_vm_writev=271,
    pidfd_open=434, pidfd_getfd=438, pidfd_send_signal=424, prlimit64=261, sched_setaffinity=122,
    sched_setscheduler=119, setpriority=140, ioprio_set=30, kcmp=272, migrate_pages=238, move_pages=239,
    process_madvise=440, unshare=97, setns=268, mount=40, umount2=39, pivot_root=41, chroot=51, fsopen=430,
    fsmount=432, open_tree=428, move_mount=429, mount_setattr=442, keyctl=219, add_key=217, request_key=218, bpf=280,
    perf_event_open=241, userfaultfd=282, io_uring_setup=425, name_to_handle_at=264, open_by_handle_at=265,
    fanotify_init=262, inotify_init1=26, init_module=105, finit_module=273, delete_module=106, kexec_load=104,
    settimeofday=170, clock_settime=112, adjtimex=171, sethostname=161, setdomainname=162, reboot=142, swapon=224,
    swapoff=225, acct=89, syslog=116, quotactl=60, capset=91, memfd_create=279, memfd_secret=447, shmget=194,
    shmat=196, shmctl=195, msgget=186, semget=190, mq_open=180, personality=92, setuid=146, setresuid=147,
    setgroups=159, execveat=281, seccomp=277, openat2=437, landlock_create_ruleset=444, vhangup=58,
    lookup_dcookie=18, timer_create=107, socket=198, socketpair=199, prctl=167, statmount=457, listmount=458)
NUMBERS = _X86 if platform.machine() == "x86_64" else _ARM

def syscall(name, *args):
    """A bare system call; what it returned as text, so that 0 counts as having worked."""
    raw = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(NUMBERS[name] if isinstance(name, str) else name), *raw)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"returned {result}"

def targets():
    """Processes to attack: those it was told of and its parent. Destructive attacks keep to these."""
    told = {T[key] for key in ("server", "test", "sibling", "victim") if T.get(key)}
    return sorted((told | {os.getppid()}) - {os.getpid(), 0})

def visible():
    """Processes to look at: the same, and all that /proc lists."""
    try:
        seen = {int(name) for name in os.listdir("/proc") if name.isdigit()}
    except OSError:
        seen = set()
    return sorted(set(targets()) | (seen - {os.getpid()}))[:600]
'''


def with_prelude(source: str, targets: Mapping[str, Any]) -> str:
    """The text of a program that knows ``targets``."""
    return _PRELUDE.replace("@TARGETS@", repr(json.dumps(dict(targets)))) + source
