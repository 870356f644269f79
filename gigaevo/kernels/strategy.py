"""Populations that grow by offspring and are cut by selection, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.strategy_numpy import (
        advance,
        climb,
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
    from gigaevo.kernels._strategy import (
        advance,
        climb,
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

__all__ = [
    "advance",
    "climb",
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
