"""Kernels of differential evolution, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND
from gigaevo.kernels.checks.differential_checks import Base, Plan

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.differential_loop_numpy import advance
    from gigaevo.kernels.twins.differential_numpy import (
        best_members,
        draw_crossover,
        draw_parents,
        draw_settings,
        recombine,
        replace,
        success_means,
    )
else:
    from gigaevo.kernels.compiled._differential import (
        best_members,
        draw_crossover,
        draw_parents,
        draw_settings,
        recombine,
        replace,
        success_means,
    )
    from gigaevo.kernels.compiled._differential_loop import advance

__all__ = [
    "Base",
    "Plan",
    "advance",
    "best_members",
    "draw_crossover",
    "draw_parents",
    "draw_settings",
    "recombine",
    "replace",
    "success_means",
]
