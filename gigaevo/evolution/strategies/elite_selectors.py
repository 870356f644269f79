"""Elite selectors: which elites become parents. Everything that configurations name is importable from here."""

from __future__ import annotations

import numpy as np

from gigaevo.evolution.strategies.adaptive_selection import BoltzmannEliteSelector, UCB1EliteSelector
from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.arena_selection import ArenaEliteSelector
from gigaevo.evolution.strategies.elite_base import EliteSelector, FitnessEliteSelector, RankedEliteSelector
from gigaevo.evolution.strategies.novelty_selection import NoveltyEliteSelector
from gigaevo.evolution.strategies.rank_selection import RankEliteSelector
from gigaevo.evolution.strategies.tournament_selection import (
    BracketTournamentEliteSelector,
    ScalarTournamentEliteSelector,
)
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program


class RandomEliteSelector(EliteSelector):
    """Uniform, without replacement: parents are distinct, and fewer than asked for where there are fewer elites."""

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        return [programs[row] for row in self._draw(len(programs), total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self._draw(len(archive), total)

    def _draw(self, count: int, total: int) -> RowArray:
        # Its cost follows the number drawn and not the number of elites, unless a good part of them is drawn.
        return self.rng.choice(count, size=min(total, count), replace=False)


class FitnessProportionalEliteSelector(RankedEliteSelector):
    """Probability in proportion to fitness, with replacement.

    Where every fitness is positive and larger is better, fitness itself is the weight. Else the weight is the distance
    from the worst elite (which is then never chosen, unless all are equal). All equal: uniform.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def draw_ranked(self, ranking: ValueRanking, total: int) -> RowArray:
        return ranking.sample_proportional(self.rng.random(total), higher_is_better=self.higher_is_better)


class EpsilonGreedyEliteSelector(RankedEliteSelector):
    """The best elite, but for a share of draws that are uniform over all; with replacement.

    Of several that are best, each draw takes one uniformly. It is the default of islands: in an archive of many cells
    selection in proportion spends most mutants on elites that are far behind; here a known share keeps them breeding.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        epsilon: Share of uniform draws, in [0, 1]; 0 is greedy, 1 is uniform.

    Raises:
        ValueError: The share is not in [0, 1].
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        epsilon: float = 0.2,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        if not 0.0 <= epsilon <= 1.0:
            raise ValueError(f"epsilon must be in [0, 1]; found {epsilon}")
        self.epsilon = epsilon

    def draw_ranked(self, ranking: ValueRanking, total: int) -> RowArray:
        if self.higher_is_better:
            first, end = ranking.count_below(ranking.maximum), len(ranking)
        else:
            first, end = 0, ranking.count_at_most(ranking.minimum)
        rng = self.rng
        explored = rng.random(total) < self.epsilon
        anyone = rng.integers(len(ranking), size=total)
        return np.where(explored, anyone, ranking.rows_at(rng.integers(first, end, size=total)))


__all__ = [
    "ArenaEliteSelector",
    "BoltzmannEliteSelector",
    "BracketTournamentEliteSelector",
    "EliteSelector",
    "EpsilonGreedyEliteSelector",
    "FitnessEliteSelector",
    "FitnessProportionalEliteSelector",
    "NoveltyEliteSelector",
    "RandomEliteSelector",
    "RankEliteSelector",
    "RankedEliteSelector",
    "ScalarTournamentEliteSelector",
    "UCB1EliteSelector",
]
