"""What the kernels of particle swarms accept; both implementations raise through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gigaevo.kernels.checks.array_checks import IN_PLACE, check_shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Flight(NamedTuple):
    """What a velocity is made of.

    Attributes:
        inertia: Share of the velocity that is kept.
        cognitive: Pull of the own best.
        social: Pull of the leader's own best.
    """

    inertia: float
    cognitive: float
    social: float


def draw_array(given: ArrayLike, shape: tuple[int, int]) -> NDArray[np.uint64]:
    """``given`` as words of 64 bits.

    Raises:
        ValueError: It is of another shape or type.
    """
    array = np.asarray(given)
    check_shape("draws", array, shape)
    if array.dtype != np.uint64:
        raise ValueError(f"draws must be uint64, not {array.dtype}")
    return np.require(array, None, IN_PLACE)


def check_ring(neighbors: int) -> None:
    """Raise ValueError if a ring would be of particles that see no other one."""
    if neighbors < 1:
        raise ValueError(f"neighbors is {neighbors}, expected 1 or more")


def check_not_empty(particles: int) -> None:
    """Raise ValueError if there is no particle."""
    if particles < 1:
        raise ValueError("merits is empty, expected one particle or more")


def check_loop(leaders: Any, neighbors: int) -> None:
    """Raise ValueError if a loop cannot be begun with this."""
    if neighbors < 0:
        raise ValueError(f"neighbors is {neighbors}, expected 0 or more")
    if not (isinstance(leaders, np.ndarray) and leaders.dtype == np.int64 and leaders.flags.carray):
        raise ValueError("leaders is not a writable int64 array")
