"""The small integers that kernels take and give back."""

from __future__ import annotations

from enum import IntEnum

PLUS = -1  # in place of a number of elites: parents and children compete for the places
ROUNDS = 10  # in which children that are there already are bred anew; what is like another one then, stays


class Binning(IntEnum):
    """How an axis is cut into cells.

    Attributes:
        LINEAR: Cells of equal width in the value.
        LOGARITHMIC: Cells of equal width in ``log(value)``; the lower bound must be positive.
        SQUARE_ROOT: Cells of equal width in ``sqrt(value - lower)``: narrow at the lower bound, wide at the upper.
    """

    LINEAR = 0
    LOGARITHMIC = 1
    SQUARE_ROOT = 2


class AddStatus(IntEnum):
    """What became of an item that was offered to an archive.

    Attributes:
        REJECTED: The cell's elite is at least as good and stays.
        IMPROVED: The item drove out the cell's elite.
        NEW: The cell was empty.
    """

    REJECTED = 0
    IMPROVED = 1
    NEW = 2
