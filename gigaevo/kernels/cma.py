"""Sampling and adaptation of CMA-ES, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND
from gigaevo.kernels.checks.cma_checks import CmaState

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.cma_numpy import cma_advance, cma_factor, cma_fold, cma_sample, cma_update
else:
    from gigaevo.kernels.compiled._cma import cma_advance, cma_factor, cma_fold, cma_sample, cma_update

__all__ = ["CmaState", "cma_advance", "cma_factor", "cma_fold", "cma_sample", "cma_update"]
