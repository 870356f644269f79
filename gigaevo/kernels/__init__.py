"""Array kernels: arrays in, arrays out, nothing of programs, events or logs.

Each is compiled with Cython (``_grid``, ``_archive``, ``_ranking``) and has a twin in numpy or plain Python
(``grid_numpy``, ``archive_numpy``, ``ranking_python``) with the same results and the same errors. The compiled ones are
used where they can be imported; ``GIGAEVO_PURE_PYTHON=1`` chooses the twins. ``neighbors`` is numpy alone.
"""

from __future__ import annotations

import os

from gigaevo.kernels.codes import AddStatus, Binning
from gigaevo.kernels.neighbors import NeighborIndex

_pure_python = os.environ.get("GIGAEVO_PURE_PYTHON") == "1"
_import_error: str | None = None
try:
    if _pure_python:
        raise ImportError("GIGAEVO_PURE_PYTHON=1")
    from gigaevo.kernels._archive import EliteArchive
    from gigaevo.kernels._grid import bin_grid, bin_point
    from gigaevo.kernels._ranking import ValueRanking
except ImportError as error:
    from gigaevo.kernels.archive_numpy import EliteArchive
    from gigaevo.kernels.grid_numpy import bin_grid, bin_point
    from gigaevo.kernels.ranking_python import ValueRanking

    _import_error = str(error)

BACKEND = "cython" if _import_error is None else "numpy"


def backend_note() -> str | None:
    """One line for the user when the twins are used without having been asked for, else None."""
    if _import_error is None or _pure_python:
        return None
    return (
        f"The compiled kernels could not be imported ({_import_error}): using their numpy twins, which give the same "
        "results more slowly. Install a C compiler and run `pip install --force-reinstall --no-deps gigaevo`, in a "
        "checkout `python setup.py build_ext --inplace`; GIGAEVO_PURE_PYTHON=1 silences this line."
    )


__all__ = [
    "BACKEND",
    "AddStatus",
    "Binning",
    "EliteArchive",
    "NeighborIndex",
    "ValueRanking",
    "backend_note",
    "bin_grid",
    "bin_point",
]
