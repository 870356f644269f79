"""Elite selectors: which elites become parents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.parts import FitnessPart, FloatArray, StrategyPart
from gigaevo.programs import Program


class EliteSelector(StrategyPart, ABC):
    """Chooses parents among elites. A subclass of the user's defines ``__call__`` and nothing else."""

    role: ClassVar[str] = "elite_selector"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # Whoever overrides only the call means it to be used.
        if "__call__" in cls.__dict__ and "select_rows" not in cls.__dict__:
            cls.select_rows = EliteSelector.select_rows  # type: ignore[method-assign]

    @abstractmethod
    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        """At most ``total`` of ``programs``; empty only where there is nothing to choose from."""

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray | None:
        """The same choice over an archive, without touching every program; None means: use the call.

        Args:
            archive: At least one elite.
            total: How many parents are wanted, at least 1.

        Returns:
            Rows of the archive, int64, shape (m,) with 1 <= m <= total.
        """
        return None


class RandomEliteSelector(EliteSelector):
    """Uniform, without replacement: parents are distinct, and fewer than asked for where there are fewer elites."""

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        return [programs[row] for row in self._draw(len(programs), total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self._draw(len(archive), total)

    def _draw(self, count: int, total: int) -> RowArray:
        return self.rng.choice(count, size=min(total, count), replace=False)


class FitnessEliteSelector(FitnessPart, EliteSelector):
    """Base of the selectors that look at one metric: a subclass defines ``draw``."""

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        if not programs or total < 1:
            return []
        return [programs[row] for row in self.draw(self.fitness_of(programs), total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self.draw(archive.metric(self.fitness_key), total)

    @abstractmethod
    def draw(self, values: FloatArray, total: int) -> RowArray:
        """Indices of the chosen, int64, shape (total,), with replacement.

        Args:
            values: The metric of each elite in its own sign, shape (n,), n >= 1.
            total: How many to choose.
        """


class FitnessProportionalEliteSelector(FitnessEliteSelector):
    """Probability in proportion to fitness, with replacement.

    Where every fitness is positive and larger is better, fitness itself is the weight. Else the weight is the distance
    from the worst elite (which is then never chosen, unless all are equal). All equal: uniform.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def draw(self, values: FloatArray, total: int) -> RowArray:
        cumulative = np.cumsum(proportional_weights(values, higher_is_better=self.higher_is_better))
        targets = self.rng.random(total) * cumulative[-1]
        # A target that rounds up to the whole sum belongs to the last elite that has any weight.
        last = int(np.searchsorted(cumulative, cumulative[-1], side="left"))
        rows: RowArray = np.minimum(np.searchsorted(cumulative, targets, side="right"), last)
        return rows


class ScalarTournamentEliteSelector(FitnessEliteSelector):
    """The best of a few elites drawn uniformly, with replacement.

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
        if tournament_size < 1:
            raise ValueError(f"tournament_size must be at least 1; found {tournament_size}")
        self.tournament_size = tournament_size

    def draw(self, values: FloatArray, total: int) -> RowArray:
        contestants: RowArray = self.rng.integers(len(values), size=(total, self.tournament_size))
        winners = np.argmax(self.signed(values)[contestants], axis=1)
        chosen: RowArray = contestants[np.arange(total), winners]
        return chosen


class EpsilonGreedyEliteSelector(FitnessEliteSelector):
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

    def draw(self, values: FloatArray, total: int) -> RowArray:
        rng = self.rng
        signed = self.signed(values)
        best = np.flatnonzero(signed == signed.max())
        explored = rng.random(total) < self.epsilon
        rows: RowArray = np.where(
            explored, rng.integers(len(values), size=total), best[rng.integers(len(best), size=total)]
        )
        return rows


def proportional_weights(values: FloatArray, *, higher_is_better: bool) -> FloatArray:
    """Weights of fitness-proportional selection, shape (n,), in [0, 1], at least one of them positive.

    Args:
        values: Finite fitness of each, shape (n,), n >= 1.
        higher_is_better: Direction.
    """
    scale = np.abs(values).max()
    if scale == 0.0:
        return np.ones_like(values)
    # Scaled first: the distance between the ends of the float range would overflow.
    signed = (values if higher_is_better else -values) / scale
    weights = signed if higher_is_better and values.min() > 0.0 else signed - signed.min()
    top = weights.max()
    return weights / top if top > 0.0 else np.ones_like(values)
