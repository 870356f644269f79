"""Test functions of optimization, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.functions_numpy import conflicts, evaluate, evaluate_bits, evaluate_several, tour_lengths
else:
    from gigaevo.kernels.compiled._functions import conflicts, evaluate, evaluate_bits, evaluate_several, tour_lengths

__all__ = ["conflicts", "evaluate", "evaluate_bits", "evaluate_several", "tour_lengths"]
