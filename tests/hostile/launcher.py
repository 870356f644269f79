"""Runs a command as an ordinary user, for tests that run as root.

    python -m tests.hostile.launcher [--deny-namespaces] -- python -m pytest tests/hostile

The command runs as user 10001 without any capability, in a mount namespace of its own. Where a folder above the
interpreter or above the checkout is closed to other users (as the root user's home is), an empty one that is open lies
over it, with nothing in it but what is needed. With ``--deny-namespaces`` a system call filter refuses all that makes
or enters a namespace, and mounts, as container engines do.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import site
import stat
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

USER = 10001
CHECKOUT = Path(__file__).resolve().parents[2]

_CLONE_NEWNS = 0x20000
_MS_REC, _MS_PRIVATE, _MS_BIND = 0x4000, 1 << 18, 0x1000
_PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_CAP_AMBIENT, _CLEAR_ALL = 24, 22, 47, 4
_NAMESPACE_FLAGS = 0x7E020080  # all the CLONE_NEW... flags
_EPERM, _ENOSYS = 1, 38
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS = {  # clone, clone3, and those that are refused whatever their arguments
    "x86_64": (56, 435, {"unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "fsopen": 430}),
    "aarch64": (220, 435, {"unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "fsopen": 430}),
}

_libc = ctypes.CDLL(None, use_errno=True)


def can_launch() -> str:
    """Why no command can be launched here; empty where one can."""
    if not sys.platform.startswith("linux"):
        return "only Linux has what the launcher needs"
    if os.geteuid() != 0:
        return "this is an ordinary user already"
    if platform.machine() not in _NUMBERS:
        return f"the launcher does not know the system calls of {platform.machine()}"
    pid = os.fork()
    if pid == 0:
        os._exit(0 if _libc.unshare(_CLONE_NEWNS) == 0 else 1)
    return "" if os.waitpid(pid, 0)[1] == 0 else "this root may not make mount namespaces"


def command(arguments: Sequence[str], *, deny_namespaces: bool = False) -> list[str]:
    """The command that runs ``arguments`` as an ordinary user."""
    options = ["--deny-namespaces"] if deny_namespaces else []
    return [sys.executable, "-m", "tests.hostile.launcher", *options, "--", *arguments]


def main(arguments: Sequence[str]) -> None:
    """Become the user and execute."""
    usage = "usage: python -m tests.hostile.launcher [--deny-namespaces] -- command"
    options, words = list(arguments), []
    if "--" in options:
        at = options.index("--")
        options, words = options[:at], options[at + 1 :]
    if not words or set(options) - {"--deny-namespaces"}:
        sys.exit(usage)
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount("none", "/", _MS_REC | _MS_PRIVATE)
    _open_ways(_needed())
    home = Path(tempfile.mkdtemp(prefix="gx-user-", dir="/tmp"))
    os.chown(home, USER, USER)
    pid = os.fork()
    if pid == 0:
        if options:
            _deny_namespaces()
        _drop_privileges()
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        os.chdir(CHECKOUT)
        os.execvpe(words[0], words, environment)
    status = os.waitpid(pid, 0)[1]
    shutil.rmtree(home, ignore_errors=True)
    sys.exit(os.waitstatus_to_exitcode(status))


def _needed() -> list[Path]:
    """What the command must be able to read: the interpreter, its packages and the checkout."""
    paths = {sys.prefix, sys.base_prefix, sys.executable, os.path.realpath(sys.executable), str(CHECKOUT)}
    paths |= set(site.getsitepackages()) | {entry for entry in sys.path if entry}
    return [path for path in sorted(Path(os.path.realpath(path)) for path in paths) if path.is_dir()]


def _open_ways(needed: Sequence[Path]) -> None:
    """Put an open folder over each closed one that is on the way to something needed."""
    closed: dict[Path, list[Path]] = {}
    for path in needed:
        for ancestor in reversed(path.parents):
            if not ancestor.stat().st_mode & stat.S_IXOTH:
                closed.setdefault(ancestor, []).append(path)
                break
    for folder, paths in closed.items():
        held = {path: os.open(path, os.O_PATH) for path in paths if not any(p in paths for p in path.parents)}
        _mount("none", str(folder), 0, "tmpfs", "mode=755,size=1m")
        for path, descriptor in held.items():
            path.mkdir(parents=True, exist_ok=True)
            _mount(f"/proc/self/fd/{descriptor}", str(path), _MS_BIND | _MS_REC)
            os.close(descriptor)


def _mount(source: str, target: str, flags: int, kind: str = "", data: str = "") -> None:
    words = (source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None)
    _check(_libc.mount(*words[:3], ctypes.c_ulong(words[3]), words[4]), f"mount on {target}")


def _drop_privileges() -> None:
    for capability in range(64):
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)


def _deny_namespaces() -> None:
    """Install the filter; it holds for everything that is started from here."""
    clone, clone3, refused = _NUMBERS[platform.machine()]

    def statement(code: int, value: int) -> bytes:
        return struct.pack("HBBI", code, 0, 0, value)

    def jump(code: int, value: int, yes: int, no: int) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    load, equals, has_bits, give = 0x20, 0x15, 0x45, 0x06
    allow, deny, absent = 0x7FFF0000, 0x00050000 | _EPERM, 0x00050000 | _ENOSYS
    lines = [statement(load, 4), jump(equals, _AUDIT_ARCH[platform.machine()], 1, 0), statement(give, deny)]
    lines.append(statement(load, 0))
    for number in refused.values():
        lines += [jump(equals, number, 0, 1), statement(give, deny)]
    lines += [jump(equals, clone3, 0, 1), statement(give, absent)]  # its flags are in memory, which no filter can read
    lines += [
        jump(equals, clone, 0, 3),
        statement(load, 16),
        jump(has_bits, _NAMESPACE_FLAGS, 0, 1),
        statement(give, deny),
    ]
    lines.append(statement(give, allow))
    code = ctypes.create_string_buffer(b"".join(lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
    # Root needs no no-new-privileges for this; without it set-uid programs work, as they do on a usual machine.
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, program, 0, 0), "seccomp")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main(sys.argv[1:])
