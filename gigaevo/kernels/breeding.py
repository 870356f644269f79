"""Whole generations of a genetic algorithm, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.breeding_numpy import (
        advance_bits,
        advance_reals,
        breed_bits,
        breed_reals,
        compete,
        repeated,
        succeed,
    )
else:
    from gigaevo.kernels.compiled._breeding import (
        advance_bits,
        advance_reals,
        breed_bits,
        breed_reals,
        compete,
        repeated,
        succeed,
    )

__all__ = ["advance_bits", "advance_reals", "breed_bits", "breed_reals", "compete", "repeated", "succeed"]
