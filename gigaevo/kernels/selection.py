"""Kernels of selection, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.selection_numpy import epsilon_greedy, rank, roulette, tournament, ucb1, uniform
else:
    from gigaevo.kernels.compiled._selection import epsilon_greedy, rank, roulette, tournament, ucb1, uniform

__all__ = ["epsilon_greedy", "rank", "roulette", "tournament", "ucb1", "uniform"]
