"""CMA-ES against pygmo's and evosax's: the best value of 30-D functions, everybody from a point drawn evenly.

The first standard deviation is 0.2 of the range on every side; ours keeps the bounds, the peers have none.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from bench_cma import NAMES, VARIABLES, box, evosax, pygmo
from quality.pair import Pair

from gigaevo.optimize import CMAES, functions

BUDGETS = {14: 10_000, 100: 40_000}  # evaluations by population size


def ours(name: str, population: int, seed: int) -> float:
    function = functions.by_name(name)
    start = np.random.default_rng(seed).uniform(*box(name), (1, VARIABLES))
    search = CMAES(function.genotype(VARIABLES), population_size=population, initial=start, seed=seed)
    return search.run(function, evaluations=BUDGETS[population]).best_fitness


def finite(value: float) -> float:
    """A search that ended in NaN found nothing."""
    return value if np.isfinite(value) else float("inf")


def of_pygmo(name: str, population: int, seed: int) -> float:
    return finite(pygmo(name, population, BUDGETS[population], seed))


def of_evosax(name: str, population: int, seed: int) -> float:
    return finite(evosax(name, population, BUDGETS[population], seed))


PAIRS = [
    Pair(
        f"{name} 30-D, population {population}: {title}",
        partial(ours, name, population),
        partial(peer, name, population),
    )
    for title, peer in (("pygmo cmaes", of_pygmo), ("evosax CMA_ES", of_evosax))
    for population in BUDGETS
    for name in NAMES
]
