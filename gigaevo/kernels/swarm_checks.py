"""What the kernels of particle swarms accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import check_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def draw_array(given: ArrayLike, shape: tuple[int, int, int]) -> NDArray[np.uint32]:
    """``given`` as words of 32 bits.

    Raises:
        ValueError: It is of another shape or type.
    """
    array = np.asarray(given)
    check_shape("draws", array, shape)
    if array.dtype != np.uint32:
        raise ValueError(f"draws must be uint32, not {array.dtype}")
    return np.ascontiguousarray(array)


def check_ring(neighbors: int) -> None:
    """Raise ValueError if a ring would be of particles that see no other one."""
    if neighbors < 1:
        raise ValueError(f"neighbors is {neighbors}, expected 1 or more")


def check_not_empty(particles: int) -> None:
    """Raise ValueError if there is no particle."""
    if particles < 1:
        raise ValueError("merits is empty, expected one particle or more")
