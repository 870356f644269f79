"""A climb under rules: uphill on objective minus penalty, and back inside where it ends a little outside."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.optimize.local.ascent import ascend
from gigaevo.optimize.local.trials import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.optimize.local.trials import Trials

    Vector = NDArray[np.float64]

FIRST_PENALTY = 3.0  # times the ratio of the steepest slopes of objective and violation
HARDER = 4.0  # factor on the penalty when it does not hold a climb back
ATTEMPTS = 5  # at one climb, each with a harder penalty
CHECK_EVERY = 10  # gradients between looks at the penalty
FAR = 0.02  # penalty relative to the objective
RETURNING = 0.7  # of the violation at the last look
HOPE = 4.0  # times the gain since the last look: what may still be gained
PROBE = 1e-6  # of the gradients that lead back inside: wide enough to see rules that are nearly in force
FIRST_RETREAT = 1e-12
DOUBLINGS, BISECTIONS = 34, 8  # of the way back


class _OutOfReserve(Exception):
    """What is left is needed to lead the climb's best point back inside."""


class _Hopeless(Exception):
    """The climb will not get as high as it should."""


class _TooSoft(Exception):
    """The penalty does not hold the climb back."""


class _Top(NamedTuple):
    """The best point of the present climb."""

    x: Vector
    merit: float
    score: Score


class PenalisedClimb:
    """Climbs of one search; what they find is kept by ``trials``.

    The merit of a point is its objective minus a multiple of its violation. Where the multiple is large enough the
    best feasible points are also those of the largest merit (an exact penalty; Han and Mangasarian 1979); it is
    multiplied whenever a climb runs away from the rules, and stays so for the climbs that follow.

    Args:
        trials: Where evaluations are counted; ``left``, ``spent`` and ``blind`` are read.
        score: Scores a vector of shape (n,) by ``trials``.
        size: Number of variables n.
    """

    def __init__(self, trials: Trials, score: Callable[[Vector], Score], size: int) -> None:
        self._trials = trials
        self._score = score
        self._size = size
        self._reserve = min(size + 2 * (DOUBLINGS + BISECTIONS) + 1, trials.evaluations // 4)
        self._penalty: float | None = None
        self._top = _Top(np.empty(0), -math.inf, Score(-math.inf, math.inf))
        self._outside, self._height, self._target = math.inf, -math.inf, -math.inf
        self._check_at = 0

    def climb(self, begin: Vector, *, tolerance: float, target: float = -math.inf) -> None:
        """Climb from ``begin`` until an iteration gains less than ``tolerance`` of the merit several times.

        Args:
            begin: Where to begin, shape (n,).
            tolerance: Relative gain that counts as hardly any.
            target: Merit below which the climb is worth nothing; it is given up when it cannot be expected to get
                there.

        Raises:
            BudgetSpent: No evaluation is left.
        """
        for _ in range(ATTEMPTS):
            self._top = _Top(begin, -math.inf, Score(-math.inf, math.inf))
            self._outside, self._height, self._target = math.inf, -math.inf, target
            self._check_at = self._trials.spent + CHECK_EVERY * self._size
            try:
                ascend(self._merit, begin, tolerance=tolerance)
            except _OutOfReserve:
                pass
            except _Hopeless:
                return
            except _TooSoft:
                self._harden()
                continue
            top = self._top
            if top.score.feasible or self._trials.blind or self._lead_back(top.x, top.score):
                return
            self._harden()

    def _harden(self) -> None:
        self._penalty = HARDER * (self._penalty or 1.0)

    def _merit(self, z: Vector) -> float:
        if self._penalty is not None and self._trials.left <= self._reserve:
            raise _OutOfReserve
        if self._trials.spent >= self._check_at:
            self._check()
        score = self._score(z)
        merit, violation = score
        if violation > 0.0:
            if self._penalty is None:
                self._penalty = self._first_penalty(z)
            merit -= self._penalty * violation
        if not math.isfinite(merit):
            return -math.inf
        if merit > self._top.merit:
            self._top = _Top(z.copy(), merit, score)
        return merit

    def _check(self) -> None:
        """End a climb that gains by breaking the rules, far outside and not coming back, or that has fallen behind."""
        self._check_at = self._trials.spent + CHECK_EVERY * self._size
        objective, violation = self._top.score
        far = (self._penalty or 0.0) * violation > FAR * abs(objective)
        if far and violation > RETURNING * self._outside:
            raise _TooSoft
        self._outside = violation
        height = self._top.merit
        if height + HOPE * (height - self._height) < self._target:
            raise _Hopeless
        self._height = height

    def _first_penalty(self, z: Vector) -> float:
        """A multiple that outweighs the objective's steepest slope at ``z``."""
        uphill, outward = self._gradients(z, self._score(z))
        steepness = float(np.abs(outward).max())
        return FIRST_PENALTY * float(np.abs(uphill).max()) / steepness if steepness > 0.0 else FIRST_PENALTY

    def _gradients(self, z: Vector, here: Score) -> tuple[Vector, Vector]:
        """Gradients of the objective and of the violation at ``z``."""
        uphill, outward = np.zeros(z.size), np.zeros(z.size)
        point = z.copy()
        for i in range(z.size):
            point[i] = z[i] + PROBE
            there = self._score(point)
            uphill[i] = (there.objective - here.objective) / PROBE
            outward[i] = (there.violation - here.violation) / PROBE
            point[i] = z[i]
        return np.nan_to_num(uphill, posinf=0.0, neginf=0.0), np.nan_to_num(outward, posinf=0.0, neginf=0.0)

    def _lead_back(self, z: Vector, score: Score) -> bool:
        """Look for a feasible point close to ``z``, which is just outside; whether one was found.

        Tried are the ways down the violation and down the objective: at an optimum under constraints each rule in
        force gives way along one of them.
        """
        uphill, outward = self._gradients(z, score)
        found = False
        for downhill in (uphill, outward):
            norm = float(np.linalg.norm(downhill))
            if norm > 0.0:
                found = self._retreat(z, downhill / -norm) or found
        return found

    def _retreat(self, z: Vector, direction: Vector) -> bool:
        """The first feasible point from ``z`` along ``direction``; whether there is one."""
        low, high = 0.0, FIRST_RETREAT
        for _ in range(DOUBLINGS):
            if self._score(z + high * direction).feasible:
                break
            low, high = high, 2.0 * high
        else:
            return False
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            if self._score(z + middle * direction).feasible:
                high = middle
            else:
                low = middle
        return True
