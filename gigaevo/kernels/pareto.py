"""Pareto kernels, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.pareto_numpy import (
        crowded_tournament,
        crowding,
        non_dominated_ranks,
        ranks_and_crowding,
        survivors,
    )
else:
    from gigaevo.kernels.compiled._pareto import (
        crowded_tournament,
        crowding,
        non_dominated_ranks,
        ranks_and_crowding,
        survivors,
    )

__all__ = ["crowded_tournament", "crowding", "non_dominated_ranks", "ranks_and_crowding", "survivors"]
