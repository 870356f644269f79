"""At most one process writes to a run."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from gigaevo.storage.base import StorageError


class WriterLock:
    """An exclusive lock on ``target``, held through the file ``<target>.lock`` that names its owner.

    The operating system lets go of it when the process ends, however it ends; a file left behind locks
    nothing.

    Args:
        target: What is being written to.

    Raises:
        StorageError: Another process holds the lock.
        OSError: The file cannot be made.
    """

    def __init__(self, target: Path) -> None:
        self._file = target.with_name(target.name + ".lock")
        self._descriptor = self._acquire(target)

    def _acquire(self, target: Path) -> int:
        while True:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o644)  # not inherited over exec
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
                raise StorageError(
                    f"another process ({owner}) is writing to {target}: wait for it to end, or stop it"
                ) from None
            if self._is_current(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                return descriptor
            os.close(descriptor)  # its last owner removed the file between our open and our lock

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._file.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let go, and remove the file."""
        with contextlib.suppress(OSError):  # the folder may have been taken away
            self._file.unlink()
        os.close(self._descriptor)
