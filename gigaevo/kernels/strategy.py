"""Populations that grow by offspring and are cut by selection, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.strategy_loops_numpy import advance, climb, climb_steepest
    from gigaevo.kernels.twins.strategy_numpy import (
        cross_over,
        distinct_rows,
        drop_aged,
        mutate_bits,
        mutate_swaps,
        mutate_values,
        score_unknown,
        select_elite,
        select_tournament,
    )
else:
    from gigaevo.kernels.compiled._strategy import (
        cross_over,
        distinct_rows,
        drop_aged,
        mutate_bits,
        mutate_swaps,
        mutate_values,
        score_unknown,
        select_elite,
        select_tournament,
    )
    from gigaevo.kernels.compiled._strategy_loops import advance, climb, climb_steepest

__all__ = [
    "advance",
    "climb",
    "climb_steepest",
    "cross_over",
    "distinct_rows",
    "drop_aged",
    "mutate_bits",
    "mutate_swaps",
    "mutate_values",
    "score_unknown",
    "select_elite",
    "select_tournament",
]
