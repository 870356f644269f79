"""Checks of what a memory of rows is given, of both its implementations."""

from __future__ import annotations

from typing import Any

import numpy as np


def check_sizes(capacity: int, width: int) -> None:
    """Raise ValueError if a size is below 1."""
    for name, size in (("capacity", capacity), ("width", width)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, not {size}")


def check_rows(width: int, rows: Any, values: Any, wanted: Any) -> None:
    """Raise ValueError unless all three are contiguous arrays of their type and shape, and wanted rows are there."""
    for name, given, dtypes, ndim in (
        ("rows", rows, (np.uint64, np.float64), 2),
        ("values", values, (np.float64,), 1),
        ("wanted", wanted, (np.int64,), 1),
    ):
        is_array = isinstance(given, np.ndarray) and given.ndim == ndim and given.dtype in dtypes
        if not is_array or not given.flags.c_contiguous or not given.flags.aligned:
            words = " or ".join(np.dtype(dtype).name for dtype in dtypes)
            raise ValueError(f"{name} must be a contiguous array of {words} with {ndim} dimensions")
    if rows.shape[1] != width:
        raise ValueError(f"rows has shape {rows.shape}, expected (n, {width})")
    if len(values) != len(rows):
        raise ValueError(f"values has {len(values)} entries, expected {len(rows)}, one for each row")
    if not values.flags.writeable:
        raise ValueError("values is read-only, expected an array that may be written")
    outside = (wanted < 0) | (wanted >= len(rows))
    if outside.any():
        raise ValueError(f"wanted has row {wanted[outside][0]}, expected 0 to {len(rows) - 1}")
