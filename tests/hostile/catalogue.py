"""All hostile programs, by theme."""

from __future__ import annotations

from tests.hostile.hostile import Hostile
from tests.hostile.programs import files, interpreter, kernel, network, processes, resources, results, scorer

THEMES: dict[str, tuple[Hostile, ...]] = {
    "resources": resources.PROGRAMS,
    "files": files.PROGRAMS,
    "network": network.PROGRAMS,
    "processes": processes.PROGRAMS,
    "kernel": kernel.PROGRAMS,
    "results": results.PROGRAMS,
    "interpreter": interpreter.PROGRAMS,
    "scorer": scorer.PROGRAMS,
}

ALL: tuple[Hostile, ...] = tuple(hostile for programs in THEMES.values() for hostile in programs)
