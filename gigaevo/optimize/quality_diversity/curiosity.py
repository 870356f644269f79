"""Which elites bring forth children that are let in: parents by curiosity."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gigaevo.kernels.selection import roulette

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream

    Integers: TypeAlias = NDArray[np.int64]

REWARD, PENALTY = 1.0, 0.5
FLOOR = 0.05  # chance of the least curious elite where the most curious one has 1


class Curiosity:
    """A score of each elite, raised by 1 when a child of it is let in and lowered by 0.5 when one is not.

    Parents are drawn in proportion to it, down to 0.05 for the lowest, so that nobody is given up; an elite begins with
    0. After A. Cully and Y. Demiris, "Quality and diversity optimization: a unifying modular framework" (IEEE TEVC,
    2018), whose scores these are.
    """

    def __init__(self) -> None:
        self._scores = np.zeros(64)
        self._births = np.zeros(64, np.int64)  # tells an elite from the one that had its row before
        self._born = 0

    def draw(self, n: int, elites: int, stream: RandomStream) -> Integers:
        """Rows of ``n`` parents out of the first ``elites``."""
        self._reserve(elites)
        return roulette(self._scores[:elites], n, stream, FLOOR)

    def births(self, rows: Integers) -> Integers:
        """What tells the elites that are in ``rows`` now from later ones."""
        return self._births[rows]

    def scores(self, elites: int) -> NDArray[np.float64]:
        """Of the first ``elites`` rows, shape (elites,)."""
        self._reserve(elites)
        return self._scores[:elites].copy()

    def judge(self, parents: Integers, births: Integers, status: NDArray[np.int8], rows: Integers) -> None:
        """Take what became of children.

        Args:
            parents: Row of the parent of each when it was made, -1 for none; shape (n,).
            births: What ``births`` said of them then, shape (n,).
            status: ``AddStatus`` codes of the children, shape (n,).
            rows: Rows that they were written to, -1 for nowhere; shape (n,).
        """
        known = parents >= 0
        known[known] = self._births[parents[known]] == births[known]
        np.add.at(self._scores, parents[known], np.where(status[known] > 0, REWARD, -PENALTY))
        written = rows[rows >= 0]
        if len(written):
            self._reserve(int(written.max()) + 1)
            self._scores[written] = 0.0
            self._births[written] = np.arange(self._born + 1, self._born + 1 + len(written))
            self._born += len(written)

    def _reserve(self, rows: int) -> None:
        if rows > len(self._scores):
            room = max(rows, 2 * len(self._scores)) - len(self._scores)
            self._scores = np.concatenate([self._scores, np.zeros(room)])
            self._births = np.concatenate([self._births, np.zeros(room, np.int64)])
