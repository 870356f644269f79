"""Selection by rank: how far ahead an elite is does not matter, only ahead of how many."""

from __future__ import annotations

import math

import numpy as np

from gigaevo.evolution.strategies.archive import RowArray
from gigaevo.evolution.strategies.elite_base import RankedEliteSelector
from gigaevo.evolution.strategies.parts import FloatArray
from gigaevo.kernels import ValueRanking


class RankEliteSelector(RankedEliteSelector):
    """Linear ranking (Baker, 1985), with replacement.

    The probability of an elite grows linearly with its rank: the best is chosen ``pressure`` times as often as under
    uniform choice, the worst ``2 - pressure`` times. Elites of equal fitness have ranks of their own, by row.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        pressure: In (1, 2]; 1 would be uniform, at 2 the worst is never chosen.

    Raises:
        ValueError: The pressure is not in (1, 2].
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        pressure: float = 1.5,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        if not 1.0 < pressure <= 2.0:
            raise ValueError(f"pressure must be more than 1 and at most 2; found {pressure}")
        self.pressure = pressure

    def draw_ranked(self, ranking: ValueRanking, total: int) -> RowArray:
        merit = linear_ranks(self.rng.random(total), len(ranking), pressure=self.pressure)
        return ranking.rows_at(merit if self.higher_is_better else len(ranking) - 1 - merit)


def linear_ranks(uniforms: FloatArray, count: int, *, pressure: float) -> RowArray:
    """Ranks drawn by linear ranking: the inverse of its cumulative probabilities, in closed form.

    The m worst of n have the probability ``m (2 - s) / n + m (m - 1) (s - 1) / (n (n - 1))`` together, s being the
    pressure. That is quadratic in m, and the rank drawn is the whole part of the m at which it reaches the uniform.

    Args:
        uniforms: Numbers in [0, 1), shape (m,).
        count: Number of elites, n >= 1.
        pressure: In (1, 2].

    Returns:
        int64, shape (m,): 0 (the worst) to n - 1 (the best).
    """
    if count == 1:
        return np.zeros(len(uniforms), dtype=np.int64)
    square = (pressure - 1.0) / (count - 1)
    linear = (2.0 - pressure) - square
    root = np.sqrt(linear * linear + 4.0 * square * uniforms * count)
    # Two forms of the same root: each is exact where the other would subtract what is nearly equal.
    reached = 2.0 * uniforms * count / (linear + root) if linear > 0.0 else (root - linear) / (2.0 * square)
    ranks: RowArray = np.clip(reached, 0.0, math.nextafter(count, 0.0)).astype(np.int64)
    return ranks
