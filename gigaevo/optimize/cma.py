"""CMA-ES that ranks points by Deb's feasibility rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.optimize.trials import Score

    Vector = NDArray[np.float64]


def cma_search(
    score: Callable[[Vector], Score], x: Vector, *, evaluations: int, step: float, rng: np.random.Generator
) -> None:
    """Run one CMA-ES (Hansen 2016) around ``x`` until it converges, the evaluations are used or ``score`` raises.

    Points are ranked and nothing else: feasible ones by objective, before infeasible ones by violation, as in
    ``Score.beats``.

    Args:
        score: The problem, of a vector of shape (n,).
        x: Mean of the first generation, shape (n,).
        evaluations: About how many calls it makes at most; a generation is finished.
        step: Standard deviation of the first generation.
        rng: Source of every random choice.
    """
    if x.size == 1:  # the library has no CMA in one dimension: a second variable that changes nothing
        cma_search(lambda z: score(z[:1]), np.array([x[0], 0.0]), evaluations=evaluations, step=step, rng=rng)
        return
    from cmaes import CMA

    search = CMA(mean=x.copy(), sigma=step, seed=int(rng.integers(2**32)))
    for _ in range(max(1, evaluations // search.population_size)):
        points = [search.ask() for _ in range(search.population_size)]
        scores = [score(point) for point in points]
        order = sorted(range(len(points)), key=lambda index: _badness(scores[index]))
        search.tell([(points[index], float(rank)) for rank, index in enumerate(order)])
        if search.should_stop():
            break


def _badness(score: Score) -> tuple[bool, float]:
    """Sorts as ``Score.beats`` says."""
    return (False, -score.objective) if score.feasible else (True, score.violation)
