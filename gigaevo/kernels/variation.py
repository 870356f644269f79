"""Kernels of variation, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.variation_numpy import (
        arithmetic,
        blend,
        gaussian,
        points,
        polynomial,
        random_genomes,
        sbx,
        uniform,
    )
else:
    from gigaevo.kernels.compiled._variation import (
        arithmetic,
        blend,
        gaussian,
        points,
        polynomial,
        random_genomes,
        sbx,
        uniform,
    )

__all__ = ["arithmetic", "blend", "gaussian", "points", "polynomial", "random_genomes", "sbx", "uniform"]
