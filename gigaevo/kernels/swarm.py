"""Kernels of particle swarms, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND
from gigaevo.kernels.checks.swarm_checks import Flight

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.swarm_numpy import advance, fly, note_own, ring_leaders
else:
    from gigaevo.kernels.compiled._swarm import advance, fly, note_own, ring_leaders

__all__ = ["Flight", "advance", "fly", "note_own", "ring_leaders"]
