"""What the kernels of distinct rows accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def plain_rows(name: str, given: ArrayLike) -> NDArray[Any]:
    """``given`` as a C-contiguous array of two dimensions, copied only if it must be.

    Raises:
        ValueError: It has other dimensions, or is of Python objects.
    """
    array = np.asarray(given)
    if array.ndim != 2:
        raise ValueError(f"{name} has shape {array.shape}, expected 2 dimensions")
    if array.dtype.hasobject:
        raise ValueError(f"{name} is an array of Python objects, expected one of numbers")
    return np.ascontiguousarray(array)


def check_alike(rows: NDArray[Any], known: NDArray[Any]) -> None:
    """Raise ValueError unless both arrays have rows of the same length and type."""
    if rows.shape[1] != known.shape[1] or rows.dtype != known.dtype:
        raise ValueError(
            f"known has rows of {known.shape[1]} x {known.dtype}, expected {rows.shape[1]} x {rows.dtype}, as rows has"
        )
