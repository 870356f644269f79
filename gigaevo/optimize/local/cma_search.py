"""CMA-ES that ranks points by Deb's feasibility rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.algorithms.cma_distribution import CmaDistribution
from gigaevo.optimize.seeds import seed_sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.optimize.local.trials import Score

    Vector = NDArray[np.float64]

NARROW = 1e-12  # largest deviation, relative to the first step, below which nothing more is to be found
DEGENERATE = 1e14  # condition number of the covariance


def cma_search(
    score: Callable[[Vector], Score], x: Vector, *, evaluations: int, step: float, rng: np.random.Generator
) -> None:
    """Run one CMA-ES (``gigaevo.kernels.cma``) around ``x`` until it converges or the evaluations are used.

    Points are ranked and nothing else: feasible ones by objective, before infeasible ones by violation, as in
    ``Score.beats``.

    Args:
        score: The problem, of a vector of shape (n,). May raise to end the search.
        x: Mean of the first generation, shape (n,).
        evaluations: About how many calls it makes at most; a generation is finished.
        step: Standard deviation of the first generation.
        rng: Source of every random choice.
    """
    distribution = CmaDistribution(x, step)
    stream = RandomStream(seed_sequence(rng))
    size = distribution.population_size
    places = -np.arange(size, dtype=np.float64)
    merits = np.empty(size)
    for _ in range(max(1, evaluations // size)):
        points = distribution.sample(size, stream)
        badness = [_badness(score(point)) for point in points]
        merits[sorted(range(size), key=badness.__getitem__)] = places
        sound = distribution.update(points, merits)
        if not sound or distribution.condition > DEGENERATE or distribution.deviations.max() < NARROW * step:
            break


def _badness(score: Score) -> tuple[bool, float]:
    """Sorts as ``Score.beats`` says."""
    return (False, -score.objective) if score.feasible else (True, score.violation)
