"""Selection by tournament: a few elites compete, and one becomes a parent."""

from __future__ import annotations

import numpy as np

from gigaevo.evolution.strategies.archive import RowArray
from gigaevo.evolution.strategies.elite_base import FitnessEliteSelector
from gigaevo.evolution.strategies.parts import FloatArray


class ScalarTournamentEliteSelector(FitnessEliteSelector):
    """The best of a few elites drawn uniformly; contestants and winners are drawn with replacement.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        tournament_size: How many compete, at least 1; the more, the greedier.

    Raises:
        ValueError: The size is less than 1.
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        tournament_size: int = 3,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        check_tournament_size(tournament_size)
        self.tournament_size = tournament_size

    def draw(self, values: FloatArray, total: int) -> RowArray:
        contestants: RowArray = self.rng.integers(len(values), size=(total, self.tournament_size))
        return winners(contestants, self.signed(values[contestants]))


class BracketTournamentEliteSelector(FitnessEliteSelector):
    """The winner of a knock-out bracket in which the worse of a pair wins now and then.

    The contestants of a bracket are drawn uniformly without replacement; pairs meet, the winners meet, until one is
    left. Brackets are independent, so that the chosen are drawn with replacement. In contrast to a plain tournament
    the best of the contestants may be beaten, in each round anew. Where there are fewer elites than a bracket has
    places, the bracket is halved until they fill it.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
        bracket_size: How many compete, a power of two from 2 on; the more, the greedier.
        upset: Probability that the worse of a pair wins, in [0, 0.5]; at 0.5 the choice is uniform.

    Raises:
        ValueError: The size is no power of two from 2 on, or the probability is not in [0, 0.5].
    """

    def __init__(
        self,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
        bracket_size: int = 4,
        upset: float = 0.1,
    ) -> None:
        super().__init__(fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)
        if bracket_size < 2 or bracket_size.bit_count() != 1:
            raise ValueError(f"bracket_size must be a power of two, such as 4 or 8; found {bracket_size}")
        if not 0.0 <= upset <= 0.5:
            raise ValueError(f"upset must be in [0, 0.5]; found {upset}")
        self.bracket_size = bracket_size
        self.upset = upset

    def draw(self, values: FloatArray, total: int) -> RowArray:
        places = self.bracket_size
        while places > len(values):
            places //= 2
        rows = distinct_draws(self.rng, len(values), (total, places))
        while rows.shape[1] > 1:
            one, other = rows[:, ::2], rows[:, 1::2]
            one_is_better = self.signed(values[one]) >= self.signed(values[other])
            upset = self.rng.random(one.shape) < self.upset
            rows = np.where(one_is_better ^ upset, one, other)
        return rows[:, 0]


def check_tournament_size(size: int) -> None:
    """Raise ValueError unless somebody competes."""
    if size < 1:
        raise ValueError(f"tournament_size must be at least 1; found {size}")


def winners(contestants: RowArray, worth: FloatArray) -> RowArray:
    """Who wins each tournament, of equals the first drawn.

    Args:
        contestants: Rows, shape (m, k).
        worth: What each is worth, shape (m, k), larger is better.

    Returns:
        Rows, shape (m,).
    """
    chosen: RowArray = np.take_along_axis(contestants, worth.argmax(axis=1, keepdims=True), axis=1)[:, 0]
    return chosen


def distinct_draws(rng: np.random.Generator, count: int, shape: tuple[int, int]) -> RowArray:
    """Lists of ``shape[1]`` different numbers below ``count`` in random order, ``shape[0]`` of them independently.

    This is Floyd's sampling for all lists at once, then a shuffle of each: its cost does not depend on ``count``.
    """
    lists, size = shape
    drawn = np.empty(shape, dtype=np.int64)
    for place in range(size):
        newest = count - size + place
        number = rng.integers(newest + 1, size=lists)
        known = (drawn[:, :place] == number[:, None]).any(axis=1)
        drawn[:, place] = np.where(known, newest, number)
    return rng.permuted(drawn, axis=1)
