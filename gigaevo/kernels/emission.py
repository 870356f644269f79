"""Children of the elites of an archive, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.emission_numpy import iso_line
else:
    from gigaevo.kernels.compiled._emission import iso_line

__all__ = ["iso_line"]
