"""Whose turn it is, where members of a population are asked one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY = -1  # in place of a member: of a founder, which has none if it is told after the population was complete


class Turns:
    """Members of a population in their order, again and again.

    Args:
        size: Members, at least 1.
    """

    def __init__(self, size: int) -> None:
        self._everyone = np.arange(size)
        self._next = 0

    def take(self, n: int) -> NDArray[np.int64]:
        """The next ``n``, 0 to ``size - 1`` each; shape (n,), not to be changed."""
        size = len(self._everyone)
        if n == size and self._next == 0:
            return self._everyone
        members = (self._next + np.arange(n)) % size
        self._next = (self._next + n) % size
        return members


def with_homes(members: NDArray[np.int64], merits: NDArray[np.float64]) -> NDArray[np.int64]:
    """``members`` with the worst one by ``merits`` in the place of ``NOBODY``; the same array where nobody is."""
    homeless = members == NOBODY
    return np.where(homeless, merits.argmin(), members) if homeless.any() else members
