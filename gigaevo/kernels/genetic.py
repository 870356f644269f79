"""Crossovers and mutations of bits, alleles and permutations, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.genetic_numpy import (
        flip,
        inversion,
        matched,
        order,
        points,
        reset,
        scramble,
        swap,
        uniform,
    )
else:
    from gigaevo.kernels.compiled._genetic import (
        flip,
        inversion,
        matched,
        order,
        points,
        reset,
        scramble,
        swap,
        uniform,
    )

__all__ = ["flip", "inversion", "matched", "order", "points", "reset", "scramble", "swap", "uniform"]
