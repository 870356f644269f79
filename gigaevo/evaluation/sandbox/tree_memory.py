"""Memory that a program and everything it started hold together: the kernel caps each process by itself."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from gigaevo.evaluation.sandbox.limits import MIB

_PAGE = os.sysconf("SC_PAGE_SIZE")


def held_by(roots: Collection[int]) -> dict[int, float]:
    """MiB of memory of their own that the processes of each of ``roots`` hold, by the root's process id.

    A process belongs to a root if it descends from it or is in its session; pages shared with others are left out.

    Args:
        roots: Process ids as this process sees them.
    """
    parents: dict[int, int] = {}
    sessions: dict[int, int] = {}
    held: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name of the command may hold anything, blanks and brackets included.
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pages = (folder / "statm").read_text(encoding="ascii").split()
        except OSError:  # it ended meanwhile
            continue
        pid = int(folder.name)
        parents[pid], sessions[pid] = int(fields[1]), int(fields[3])
        held[pid] = (int(pages[1]) - int(pages[2])) * _PAGE / MIB
    totals = dict.fromkeys(roots, 0.0)
    for pid, size in held.items():
        root = _root_of(pid, parents, totals) or sessions[pid]
        if root in totals:
            totals[root] += size
    return totals


def _root_of(pid: int, parents: dict[int, int], roots: Collection[int]) -> int:
    """The one of ``roots`` that ``pid`` is or descends from; 0 where there is none."""
    for _ in range(len(parents)):
        if pid in roots or pid not in parents:
            break
        pid = parents[pid]
    return pid if pid in roots else 0
