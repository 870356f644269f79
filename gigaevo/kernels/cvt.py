"""The cells of a centroidal Voronoi tessellation, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.cvt_numpy import CentroidIndex
else:
    from gigaevo.kernels.compiled._cvt import CentroidIndex

__all__ = ["CentroidIndex"]
