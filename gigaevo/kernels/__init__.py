"""Array kernels: arrays in, arrays out, nothing of programs, events or logs.

Each family is compiled with Cython (``compiled``) and has a twin in numpy or plain Python (``twins``) with the same
errors (``checks``) and, but for what is drawn at random, the same results. The compiled ones are used where they can
all be imported; ``GIGAEVO_PURE_PYTHON=1`` chooses the twins (``backend``). ``neighbors`` is numpy alone. What only
optimizers need is imported from the module of its family (``gigaevo.kernels.random``, ...), so that the rest of the
house does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.backend import BACKEND, backend_note
from gigaevo.kernels.codes import AddStatus, Binning
from gigaevo.kernels.neighbors import NeighborIndex

if TYPE_CHECKING or BACKEND == "cython":
    from gigaevo.kernels.compiled._archive import EliteArchive
    from gigaevo.kernels.compiled._grid import bin_cell, bin_grid, bin_point
    from gigaevo.kernels.compiled._ranking import ValueRanking
else:
    from gigaevo.kernels.twins.archive_numpy import EliteArchive
    from gigaevo.kernels.twins.grid_numpy import bin_cell, bin_grid, bin_point
    from gigaevo.kernels.twins.ranking_python import ValueRanking

__all__ = [
    "BACKEND",
    "AddStatus",
    "Binning",
    "EliteArchive",
    "NeighborIndex",
    "ValueRanking",
    "backend_note",
    "bin_cell",
    "bin_grid",
    "bin_point",
]
