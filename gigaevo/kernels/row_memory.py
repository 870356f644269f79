"""Values of the rows that were asked for last, in the backend that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND

if TYPE_CHECKING or BACKEND == "numpy":
    from gigaevo.kernels.twins.row_memory_numpy import RowMemory
else:
    from gigaevo.kernels.compiled._row_memory import RowMemory

__all__ = ["RowMemory"]
