"""Local search with hops: the best numbers that can be found near given ones, by score alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.optimize.local.climb import PenalisedClimb
from gigaevo.optimize.local.cma_search import cma_search
from gigaevo.optimize.local.rows import row_search
from gigaevo.optimize.local.trials import BudgetSpent, Score, Trials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

COARSE, FINE = 1e-5, 1e-9  # tolerance of a climb after a hop, and of one that goes on from a new best point
STAY = 0.005  # below this step the first climb begins at the start itself
HOP_DECADES = (-0.7, 0.3)  # of the later hops, relative to the step
BLIND_SHARE = 100  # evaluations of a turn for each variable, where there is no penalty to climb
BLIND_DECADES = (-0.6, 0.2)  # by which the step changes from turn to turn
CMA_VARIABLES = 40  # beyond it a generation of CMA-ES costs more than it finds
FEW = 0.6  # share of hops that move one or two groups only
FLAT_HOPS = 3  # that change nothing at all before the search gives up


class SearchResult(NamedTuple):
    """What a search found.

    Attributes:
        x: Best point, float64 of shape (n,).
        score: Its score.
        start: Score of the point the search began with.
        evaluations: Calls of the score function that were made.
    """

    x: Vector
    score: Score
    start: Score
    evaluations: int


def units(x: Vector, groups: Sequence[slice]) -> Vector:
    """A typical size of each variable, its yardstick in the search.

    Args:
        x: Values, shape (n,).
        groups: Consecutive slices that cover ``x``; those of equal length are rows of a table, and the columns of a
            table have one size each.

    Returns:
        Positive float64 of shape (n,): the root mean square of the column, of the row where that is 0, else 1.
    """
    size = np.empty(x.size)
    by_length: dict[int, list[slice]] = {}
    for group in groups:
        by_length.setdefault(group.stop - group.start, []).append(group)
    for rows in by_length.values():
        table = np.abs(np.stack([x[row] for row in rows]))
        column = np.sqrt(np.mean(table**2, axis=0))
        whole = float(np.sqrt(np.mean(table**2)))
        column[column == 0.0] = whole if whole > 0.0 else 1.0
        for row in rows:
            size[row] = column
    return np.where(np.isfinite(size) & (size > 0.0), size, 1.0)


def local_search(
    score: Callable[[Vector], Score],
    start: Vector,
    *,
    groups: Sequence[slice],
    evaluations: int,
    step: float,
    rng: np.random.Generator,
) -> SearchResult:
    """Improve ``start`` by hops and climbs until the evaluations are spent.

    A hop moves the best point at random; a climb goes uphill from there on the objective minus a multiple of the
    violation, an exact penalty where the multiple is large enough; what ends a little outside the rules is led back
    inside, with the problem itself as the judge. Where infeasible points come without numbers there is no
    penalty to climb, and ``row_search`` and ``cma_search`` take turns.

    Args:
        score: The problem, of a float64 vector of shape (n,) that it must not keep or change. May raise
            ``BudgetSpent`` to end the search, but not on the start.
        start: Where to begin, shape (n,), n >= 1.
        groups: Consecutive slices that cover the variables: what belongs together, such as the rows of an array.
        evaluations: Calls of ``score`` that may be made, at least 1; no more are.
        step: Size of the largest hops relative to the size of the variables, above 0; below 0.005 the first climb
            begins at ``start`` itself.
        rng: Source of every random choice.

    Returns:
        The best point by ``Score.beats``: never worse than ``start``.
    """
    trials = Trials(score, evaluations)
    first = trials(start)
    search = _Hopping(trials, start, first, groups, rng)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no finite merit and is refused
            search.run(step)
    except BudgetSpent:
        pass
    best = trials.best
    assert best is not None  # the start was scored
    return SearchResult(best, trials.best_score, first, trials.spent)


class _Hopping:
    """The state of one ``local_search``, in variables divided by their units."""

    def __init__(
        self, trials: Trials, start: Vector, first: Score, groups: Sequence[slice], rng: np.random.Generator
    ) -> None:
        self._trials = trials
        self._unit = units(start, groups)
        self._groups = groups
        self._rng = rng
        self._home = start / self._unit
        self._home_score = first
        self._first = first
        self._varied = False
        self._ascent = PenalisedClimb(trials, self._score, start.size)

    def run(self, step: float) -> None:
        """Hop and climb; ends by ``BudgetSpent``, or early where nothing depends on the variables."""
        flat = 0
        self._ascent.climb(self._home if step < STAY else self._hopped(step), tolerance=COARSE)
        while flat < FLAT_HOPS or self._varied:
            flat += not self._varied
            if self._trials.blind:
                self._search_blindly(step)
            elif self._moved_home():
                self._ascent.climb(self._home, tolerance=FINE)
                self._moved_home()
            target = self._home_score.objective if self._home_score.feasible else -math.inf
            begin = self._hopped(step * 10.0 ** self._rng.uniform(*HOP_DECADES))
            self._ascent.climb(begin, tolerance=COARSE, target=target)

    def _search_blindly(self, step: float) -> None:
        """Rows, then CMA-ES, in turns from the best point: both need no more than an order of points."""
        while True:
            share = BLIND_SHARE * self._home.size
            row_search(
                self._score,
                self._home,
                self._home_score,
                groups=self._groups,
                evaluations=share,
                step=step,
                rng=self._rng,
            )
            self._moved_home()
            if self._home.size <= CMA_VARIABLES:
                cma_search(self._score, self._home, evaluations=share, step=step, rng=self._rng)
                self._moved_home()
            step *= 10.0 ** self._rng.uniform(*BLIND_DECADES)

    def _moved_home(self) -> bool:
        """Take the best point as the new home; whether it is another one."""
        if not self._trials.best_score.beats(self._home_score):
            return False
        assert self._trials.best is not None
        self._home, self._home_score = self._trials.best / self._unit, self._trials.best_score
        return True

    def _score(self, z: Vector) -> Score:
        score = self._trials(z * self._unit)
        self._varied = self._varied or score != self._first
        return score

    def _hopped(self, step: float) -> Vector:
        """The best point with noise on all variables, or stronger noise on one or two groups."""
        noise = self._rng.normal(size=self._home.size) * step
        if len(self._groups) > 3 and self._rng.random() < FEW:
            chosen = self._rng.choice(len(self._groups), size=int(self._rng.integers(1, 3)), replace=False)
            mask = np.zeros(self._home.size)
            for index in chosen:
                mask[self._groups[index]] = 3.0
            noise *= mask
        return self._home + noise
