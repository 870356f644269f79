"""Landlock: rules on files that an ordinary user's process lays on itself. Source: landlock(7)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from gigaevo.evaluation.sandbox import linux

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1

EXECUTE = 1 << 0
_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SOCK, _MAKE_FIFO, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_ON_FILES = EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE

READ = EXECUTE | _READ_FILE | _READ_DIR
WRITE = (
    _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SOCK | _MAKE_FIFO
    | _MAKE_SYM | _REFER | _TRUNCATE
)  # fmt: skip
WRITE_AND_EXECUTE = WRITE | EXECUTE
USE_DEVICE = _WRITE_FILE | _READ_FILE | _IOCTL_DEVICE

_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1


def version() -> int:
    """Version of the interface that the kernel has; 0 where it has none."""
    if not linux.IS_LINUX:
        return 0
    try:
        return linux.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    except OSError:
        return 0


def keeps_signals_in(abi: int) -> bool:
    """Whether version ``abi`` keeps a process from signalling others than those it started."""
    return abi >= 6


class Ruleset:
    """Rules that are being put together; what no rule allows is refused.

    Args:
        abi: Version of the interface, at least 1.
        tcp: Whether TCP is left alone: where the network is a private one.

    Raises:
        OSError: The kernel has no Landlock.
    """

    def __init__(self, abi: int, *, tcp: bool = False) -> None:
        self._handled = (1 << (13 if abi < 2 else 14 if abi < 3 else 15 if abi < 5 else 16)) - 1
        network = _BIND_TCP | _CONNECT_TCP if abi >= 4 and not tcp else 0
        scope = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if keeps_signals_in(abi) else 0
        attributes = struct.pack("QQQ", self._handled, network, scope)[: 8 if abi < 4 else 16 if abi < 6 else 24]
        text = ctypes.create_string_buffer(attributes, len(attributes))
        self._descriptor = linux.syscall(_CREATE_RULESET, ctypes.byref(text), len(attributes), 0)

    def allow(self, descriptor: int, access: int, *, is_folder: bool) -> None:
        """Allow ``access`` to the file of an open descriptor, or to all below the folder."""
        granted = access & self._handled & (~0 if is_folder else _ON_FILES)
        rule = struct.pack("=Qi", granted, descriptor)
        text = ctypes.create_string_buffer(rule, len(rule))
        linux.syscall(_ADD_RULE, self._descriptor, _PATH_BENEATH, ctypes.byref(text), 0)

    def enforce(self) -> None:
        """Hold this process, and all it starts, to the rules. ``linux.gain_no_privileges`` comes before."""
        linux.syscall(_RESTRICT_SELF, self._descriptor, 0)

    def close(self) -> None:
        """Let the rules go; what was enforced stays so."""
        os.close(self._descriptor)


def opened(paths: Iterable[str]) -> list[tuple[int, bool]]:
    """A descriptor of each path that is there, and whether it is a folder; for ``Ruleset.allow``."""
    found = []
    for path in paths:
        try:
            found.append((os.open(path, os.O_PATH | os.O_CLOEXEC), os.path.isdir(path)))  # noqa: PTH112
        except OSError:
            continue
    return found
