"""Kernels of differential evolution, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND
from gigaevo.kernels.differential_checks import Base

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.differential_numpy import (
        draw_crossover,
        draw_parents,
        draw_settings,
        recombine,
        replace,
        success_means,
    )
else:
    from gigaevo.kernels._differential import (
        draw_crossover,
        draw_parents,
        draw_settings,
        recombine,
        replace,
        success_means,
    )

__all__ = ["Base", "draw_crossover", "draw_parents", "draw_settings", "recombine", "replace", "success_means"]
