"""Random streams of kernels, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.random_numpy import RandomStream
else:
    from gigaevo.kernels.compiled._random import RandomStream

__all__ = ["RandomStream"]
