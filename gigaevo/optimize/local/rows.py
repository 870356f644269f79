"""A (1+1) evolution strategy that moves one group of variables at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gigaevo.optimize.local.trials import Score

    Vector = NDArray[np.float64]

SUCCESS = 1.5  # factor on a group's step after a success; failures undo it at a success rate of 1/5
SMALLEST = 1e-12


def row_search(
    score: Callable[[Vector], Score],
    x: Vector,
    at_x: Score,
    *,
    groups: Sequence[slice],
    evaluations: int,
    step: float,
    rng: np.random.Generator,
) -> None:
    """Improve ``x``, one random group after the other, each with a step of its own.

    The steps follow the 1/5 rule of Rechenberg (1973). Nothing but an order of points is needed, so it works where
    infeasible points come without any number.

    Args:
        score: The problem, of a vector of shape (n,).
        x: Where to begin, shape (n,).
        at_x: Its score.
        groups: Consecutive slices that cover the variables.
        evaluations: Calls of ``score`` it makes.
        step: First step of each group.
        rng: Source of every random choice.
    """
    steps = np.full(len(groups), step)
    for _ in range(evaluations):
        index = int(rng.integers(len(groups)))
        group = groups[index]
        point = x.copy()
        point[group] += steps[index] * rng.normal(size=group.stop - group.start)
        there = score(point)
        if there.beats(at_x):
            x, at_x = point, there
            steps[index] *= SUCCESS
        else:
            steps[index] = max(steps[index] * SUCCESS**-0.25, SMALLEST)
