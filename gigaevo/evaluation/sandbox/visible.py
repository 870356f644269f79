"""What of the disk a program may read: the interpreter, installed packages, and its side of the problem folder."""

from __future__ import annotations

import fnmatch
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

ALWAYS_HIDDEN = ("validate.py", "verify.py", "driver.py", "benchmark.py", "initial_programs")
"""Parts of a problem folder that programs never see: what judges and drives them, and other programs."""

_COMPILED = "__pycache__"  # may hold any of the above

_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime")
_SYSTEM_COMMANDS = ("/bin", "/usr/bin")
# Where compilers and interpreters of other languages keep what they need, beside their libraries.
_COMPILERS = (
    *("/usr/include", "/usr/libexec", "/usr/share", "/usr/local/bin", "/usr/local/include", "/usr/local/libexec"),
    *("/usr/local/share", "/usr/local/go", "/etc/alternatives", "/etc/ssl/openssl.cnf"),
)


def interpreter_paths(*, commands: bool, compilers: bool = False) -> list[str]:
    """Where Python, the packages installed for it and the libraries of the system lie.

    Args:
        commands: Whether executable files are among them, the interpreter itself included.
        compilers: Whether the system's compilers and interpreters of other languages are, too.
    """
    packages = [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    own = [f"{prefix}/{part}" for prefix in sorted(prefixes) for part in ("lib", "lib64", "pyvenv.cfg")]
    executables = [*_SYSTEM_COMMANDS, *(f"{prefix}/bin" for prefix in sorted(prefixes))] if commands else []
    executables += _COMPILERS if compilers else ()
    named = [*_SYSTEM_LIBRARIES, *_SYSTEM_FILES, sysconfig.get_path("stdlib"), *own, *packages, *executables]
    return outermost(path for path in named if path and Path(path).exists())


def problem_paths(folder: Path, hidden: Sequence[str]) -> list[str]:
    """The files and folders of a problem that programs may see, whole folders where nothing in them is hidden.

    Args:
        folder: The problem folder, absolute.
        hidden: Globs relative to it, in which ``*`` also matches ``/``.
    """
    secrets = {str((folder / name).resolve()) for name in ALWAYS_HIDDEN}

    def is_hidden(path: Path) -> bool:
        relative = path.relative_to(folder).as_posix()
        return (
            path.name == _COMPILED
            or path.name.startswith(".")  # where people keep keys
            or relative in ALWAYS_HIDDEN
            or any(fnmatch.fnmatchcase(relative, glob) for glob in hidden)
            or str(path.resolve()) in secrets  # a link to one of them
        )

    def walk(here: Path) -> tuple[list[str], bool]:
        """What is visible in ``here``, and whether that is all of it."""
        seen, whole = [], True
        for entry in sorted(here.iterdir()):
            if is_hidden(entry):
                whole = False
            elif entry.is_dir() and not entry.is_symlink():
                inside, all_of_it = walk(entry)
                seen += [str(entry)] if all_of_it else inside
                whole = whole and all_of_it
            else:
                seen.append(str(entry))
        return seen, whole

    seen, whole = walk(folder)
    return [str(folder)] if whole else seen


def visible_paths(
    folder: Path, hidden: Sequence[str], readable: Sequence[str], *, commands: bool, compilers: bool = False
) -> list[str]:
    """Everything that programs of the problem in ``folder`` may read; see the functions above.

    Args:
        folder: The problem folder.
        hidden: Globs of what they may not see of it.
        readable: Paths beside.
        commands: Whether they may execute files.
        compilers: Whether they are built or interpreted by what the system has for other languages.
    """
    return outermost(
        [*interpreter_paths(commands=commands, compilers=compilers), *problem_paths(folder, hidden), *readable]
    )


def outermost(paths: Iterable[str]) -> list[str]:
    """``paths`` without those that lie in another one, sorted."""
    kept: list[str] = []
    for path in sorted({os.path.normpath(path) + "/" for path in paths}):  # so that a/b comes before a-b
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return [path.rstrip("/") or "/" for path in kept]


def readable_by_anybody(paths: Iterable[str]) -> bool:
    """Whether a user without privileges can read each of ``paths``, as far as its own mode tells."""
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            continue
        needed = 0o005 if Path(path).is_dir() else 0o004
        if status.st_mode & needed != needed:
            return False
    return True
