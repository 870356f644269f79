"""Which rows are new, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.distinct_numpy import new_rows
else:
    from gigaevo.kernels._distinct import new_rows

__all__ = ["new_rows"]
