"""A root of our own for the warm server: what programs may see, read-only, and nothing else of the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gigaevo.evaluation.sandbox import linux

SCRATCH_PARENT = "/scratch"
SCRATCH = "/scratch/program"
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_OLD_ROOT = "/.old"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_MEMORY_FILES = "/dev/shm"


def enter(base: str, visible: Iterable[str]) -> None:
    """Make a file system of ``visible`` paths the root of this process, which has mount and PID namespaces of its own.

    Args:
        base: An empty folder of ours, over which the new root is mounted; the rest of the machine does not see it.
        visible: Absolute paths, none within another.

    Raises:
        OSError: The system does not allow it.
    """
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("root", base, kind="tmpfs", flags=linux.MS_NOSUID | linux.MS_NODEV, options="size=1m,mode=755")
    for path in (*visible, *DEVICES):
        _show(base, path)
    for name, text in {"/etc/hosts": _HOSTS, "/etc/passwd": "", "/etc/group": ""}.items():
        if not os.path.lexists(base + name):
            _parent_made(base, name)
            Path(base + name).write_text(text, encoding="ascii")
    for folder in ("/proc", SCRATCH, _OLD_ROOT):
        Path(base + folder).mkdir(parents=True, exist_ok=True)
    # What programs know by these names is their own scratch folder, capped in size and gone with them.
    for name in (_MEMORY_FILES, "/tmp", "/var/tmp"):
        if not os.path.lexists(base + name):
            _parent_made(base, name)
            Path(base + name).symlink_to(SCRATCH)
    linux.mount("proc", base + "/proc", kind="proc", flags=linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    linux.pivot_root(base, base + _OLD_ROOT)
    os.chdir("/")
    linux.unmount(_OLD_ROOT)
    Path(_OLD_ROOT).rmdir()
    linux.make_read_only("/", all_below=False)


def _show(base: str, path: str) -> None:
    """Have ``path`` below ``base`` as it is outside."""
    target = base + path
    if os.path.lexists(target):
        return
    _parent_made(base, path)
    if os.path.islink(path) and path.count("/") == 1:  # noqa: PTH114
        # /lib is a link to usr/lib on many systems: what it leads to is shown by its own name.
        Path(target).symlink_to(Path(path).readlink())
        return
    if Path(path).is_dir():
        Path(target).mkdir()
    else:
        Path(target).touch()
    linux.mount(path, target, flags=linux.MS_BIND | linux.MS_REC)
    if path not in DEVICES:
        linux.make_read_only(target)


def _parent_made(base: str, path: str) -> None:
    Path(base + path).parent.mkdir(parents=True, exist_ok=True, mode=0o755)
