"""A native function gives the run that any function gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gigaevo.optimize import MultiRangeGenotype, Optimizer, functions

SPACE = MultiRangeGenotype([(-5.12, 5.12)] * 5, integer=[False, True, False, False, False])


def vectorized(genomes: np.ndarray) -> np.ndarray:
    return functions.rastrigin.evaluate(genomes)


def assert_native_runs_are_the_same(make: Callable[[MultiRangeGenotype], Optimizer]) -> None:
    """Runs on rastrigin: to a target, and on from there to a budget that cuts a generation."""
    searches = [make(SPACE) for _ in range(2)]
    native = searches[0].run(functions.rastrigin, generations=60, target=1e-2)
    stepped = searches[1].run(vectorized, vectorized=True, generations=60, target=1e-2)
    np.testing.assert_array_equal(native.genomes, stepped.genomes)
    np.testing.assert_array_equal(native.best_genome, stepped.best_genome)
    assert (native.best_fitness, native.reason) == (stepped.best_fitness, stepped.reason)
    assert (native.evaluations, native.generations) == (stepped.evaluations, stepped.generations)
    assert searches[0].stale_generations == searches[1].stale_generations
    later = [
        search.run(fitness, vectorized=True, evaluations=search.evaluations + 777)
        for search, fitness in zip(searches, (functions.rastrigin, vectorized), strict=True)
    ]
    np.testing.assert_array_equal(later[0].genomes, later[1].genomes)
