"""The hypervolume, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.hypervolume_numpy import hypervolume
else:
    from gigaevo.kernels.compiled._hypervolume import hypervolume

__all__ = ["hypervolume"]
