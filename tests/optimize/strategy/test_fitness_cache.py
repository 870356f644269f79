"""The fitness cache is a true LRU."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize.strategy import FitnessCache
from tests.optimize.strategy.searches import Watcher, one_max


@pytest.mark.parametrize("size", [0, -1, 1.5, True])
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="fitness_cache is"):
        FitnessCache(size)


def test_a_run_with_a_cache_is_the_run_without_and_calls_the_fitness_less() -> None:
    calls: list[bytes] = []

    def fitness(genes: Any) -> float:
        calls.append(genes.tobytes())
        return float(genes.sum())

    plain = one_max(12, fitness=fitness, max_generations=60).call()
    without = len(calls)
    calls.clear()
    cached = one_max(12, fitness=fitness, max_generations=60, fitness_cache=100_000).call()
    assert cached.fitness_cache is not None
    assert len(calls) == len(set(calls)) == cached.fitness_cache.misses == cached.state.evaluations < without
    assert cached.fitness_cache.hits + cached.fitness_cache.misses == plain.state.evaluations
    assert (cached.state.population.genes == plain.state.population.genes).all()


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("native", [True, False])
def test_a_small_cache_forgets_the_oldest_and_changes_nothing(size: int, native: bool) -> None:
    told = {"max_generations": 60} if native else {"fitness": lambda genes: float(genes.sum()), "max_generations": 60}
    plain, cached = one_max(10, **told).call(), one_max(10, **told, fitness_cache=size).call()
    cache = cached.fitness_cache
    assert cache is not None
    assert len(cache) == size
    assert cached.state.evaluations == cache.misses < plain.state.evaluations == cache.hits + cache.misses
    assert (cached.state.population.genes == plain.state.population.genes).all()


def test_a_cache_is_kept_by_pickles() -> None:
    cached = one_max(fitness_cache=50).call()
    copy = pickle.loads(pickle.dumps(cached)).fitness_cache
    assert repr(copy) == repr(cached.fitness_cache)
    assert len(copy) == 50


def test_each_call_begins_with_an_empty_cache() -> None:
    evolve = one_max(fitness_cache=1000, reporter=Watcher())
    first = evolve.call().fitness_cache
    again = evolve.call().fitness_cache
    assert first is not again
    assert repr(first) == repr(again)
    assert np.isfinite(evolve.state.population.merits).all()
