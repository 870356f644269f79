"""What a program and everything it started take together: the kernel counts and caps each process by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from gigaevo.evaluation.sandbox import linux
from gigaevo.evaluation.sandbox.limits import MIB


@dataclass(frozen=True, slots=True)
class ProcessEntry:
    """One process, from its folder in /proc.

    Attributes:
        parent: Process id of its parent.
        session: Process id of the leader of its session.
        cpu_s: CPU seconds that it has used, in steps of a clock tick.
        reaped_cpu_s: CPU seconds of those of its children that have ended and that it has waited for.
        own_mb: MiB of resident memory that it does not share.
    """

    parent: int
    session: int
    cpu_s: float
    reaped_cpu_s: float
    own_mb: float


def entries() -> dict[int, ProcessEntry]:
    """All processes that this one can see, by process id."""
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name of the command may hold anything, blanks and brackets included.
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pages = (folder / "statm").read_text(encoding="ascii").split()
        except OSError:  # it ended meanwhile
            continue
        found[int(folder.name)] = ProcessEntry(
            parent=int(stat[1]),
            session=int(stat[3]),
            cpu_s=(int(stat[11]) + int(stat[12])) / tick,
            reaped_cpu_s=(int(stat[13]) + int(stat[14])) / tick,
            own_mb=(int(pages[1]) - int(pages[2])) * page / MIB,
        )
    return found


def root_of(pid: int, known: Mapping[int, ProcessEntry], roots: Collection[int]) -> int:
    """The one of ``roots`` that a process descends from, or in whose session it is; 0 where there is none."""
    session = known[pid].session
    for _ in range(len(known)):
        if pid in roots:
            return pid
        if pid not in known:
            break
        pid = known[pid].parent
    return session if session in roots else 0


def memory_of(roots: Collection[int]) -> dict[int, float]:
    """MiB that the processes of each of ``roots`` hold, pages that they share with others left out."""
    known = entries()
    totals = dict.fromkeys(roots, 0.0)
    for pid, entry in known.items():
        if root := root_of(pid, known, totals):
            totals[root] += entry.own_mb
    return totals


def cpu_of(root: int) -> float:
    """CPU seconds of a process and of all that it started, as far as they are there or were waited for."""
    known = entries()
    total = 0.0
    for pid, entry in known.items():
        if root_of(pid, known, (root,)):
            total += _own_cpu(pid, entry) + entry.reaped_cpu_s
    return total


def _own_cpu(pid: int, entry: ProcessEntry) -> float:
    try:
        return time.clock_gettime(linux.cpu_clock(pid))
    except OSError:  # it has ended, and nobody waited for it yet
        return entry.cpu_s
