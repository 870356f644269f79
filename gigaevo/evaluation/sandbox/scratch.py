"""Removing what a program left in its scratch folder, however it is shaped."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 1000


def remove_tree(folder: str, *, most: int | None = None) -> bool:
    """Remove ``folder`` and all in it, without recursion and without long paths.

    Sub-folders are moved up beside ``folder`` (as ``folder~0``, ``folder~1``, ...) before they are emptied, so a
    chain of a million folders is as good as any other tree. Links are removed, never followed.

    Args:
        folder: Path of a folder that nobody writes to any more.
        most: Entries after which to stop; None for no limit.

    Returns:
        Whether all is gone.
    """
    try:
        Path(folder).rmdir()  # the ordinary case: nothing was left
        return True
    except OSError:
        pass
    if not _is_folder(folder):  # something was put in its place, such as a link to where it must not lead us
        try:
            Path(folder).unlink()
        except OSError:
            return not os.path.lexists(folder)
        return True
    names = (f"{folder}~{number}" for number in itertools.count())
    pending, removed, complete = [folder], 0, True
    while pending and (most is None or removed < most):
        top = pending[-1]
        taken = _take_out(top, names, pending)
        removed += taken
        if not taken:  # empty, or what is left cannot be removed
            pending.remove(top)
            try:
                Path(top).rmdir()
            except OSError:
                complete = False
    return complete and not pending


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _take_out(folder: str, names: Iterator[str], pending: list[str]) -> int:
    """Take up to ``_BATCH`` entries out of ``folder``, appending its sub-folders to ``pending``; how many it was."""
    taken = 0
    try:
        Path(folder).chmod(0o700)
        with os.scandir(folder) as entries:
            found = list(itertools.islice(entries, _BATCH))
    except OSError:
        return 0
    for entry in found:
        try:
            if entry.is_dir(follow_symlinks=False):
                path = Path(entry.path)
                path.chmod(0o700)  # a folder that may not be written to cannot be moved
                moved = next(names)
                path.rename(moved)
                pending.append(moved)
            else:
                Path(entry.path).unlink()
            taken += 1
        except OSError:
            continue
    return taken


def size_of_tree(folder: str, *, most: int) -> int:
    """Bytes that the files in ``folder`` take on the disk, an entry counted as 4096 at least.

    Args:
        folder: Path of a folder to which somebody may be writing; links are not followed.
        most: Bytes after which to stop counting.
    """
    total, pending = 0, [folder]
    while pending and total <= most:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
                    if total > most:
                        break
        except OSError:  # gone meanwhile, or closed to us
            continue
    return total
