"""What a numeric search knows of a problem: scores of the points it asked for, and how many it may still ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]


MUTE_CALLS, MUTE_SHARE = 10, 0.05  # infeasible points without numbers that make a problem blind


class Score(NamedTuple):
    """What a problem says of one point.

    Attributes:
        objective: Larger is better; NaN or minus infinity where the problem gave none.
        violation: 0 for a feasible point, else how far it is from feasible; infinite where nobody can say.
    """

    objective: float
    violation: float

    @property
    def feasible(self) -> bool:
        """Whether the point keeps the rules and has an objective."""
        return self.violation <= 0.0 and math.isfinite(self.objective)

    def beats(self, other: Score) -> bool:
        """Whether it is strictly better by the rules of Deb (2000).

        A feasible point beats an infeasible one; of two feasible ones the larger objective wins; of two infeasible
        ones the smaller violation.
        """
        if self.feasible:
            return not other.feasible or self.objective > other.objective
        return not other.feasible and self.violation < other.violation


class BudgetSpent(Exception):
    """Every evaluation that was granted has been made."""


class Trials:
    """Scores points, counts them and remembers the best.

    Args:
        score: The problem. Called with a float64 vector of shape (n,) that it must not keep or change.
        evaluations: How many calls it may take.

    Attributes:
        spent: Calls made so far.
        best: The best point seen, by ``Score.beats``; None before the first call.
        best_score: Its score.
    """

    def __init__(self, score: Callable[[Vector], Score], evaluations: int) -> None:
        self._score = score
        self.evaluations = evaluations
        self.spent = 0
        self.best: Vector | None = None
        self.best_score = Score(-math.inf, math.inf)
        self._mute = 0

    @property
    def blind(self) -> bool:
        """Whether infeasible points come without a finite objective or violation, and not as rare accidents only.

        Then the two cannot be traded against each other.
        """
        return self._mute > MUTE_CALLS and self._mute > MUTE_SHARE * self.spent

    @property
    def left(self) -> int:
        """Calls that may still be made."""
        return self.evaluations - self.spent

    def __call__(self, point: Vector) -> Score:
        """Score ``point``.

        Raises:
            BudgetSpent: No call is left.
        """
        if self.spent >= self.evaluations:
            raise BudgetSpent
        score = self._score(point)
        self.spent += 1
        if self.best is None or score.beats(self.best_score):
            self.best, self.best_score = point.copy(), score
        if score.violation > 0.0 and not (math.isfinite(score.violation) and math.isfinite(score.objective)):
            self._mute += 1
        return score
