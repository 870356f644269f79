"""The fitness cache is a true LRU."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.strategy import FitnessCache
from tests.optimize.strategy.searches import Watcher, one_max


@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.integers(0, 8)), max_size=80))
def test_it_keeps_what_was_asked_for_last_reads_and_writes_alike(size: int, steps: list[tuple[bool, int]]) -> None:
    cache, model = FitnessCache(size), OrderedDict[bytes, float]()
    hits = misses = 0
    for number, (is_read, name) in enumerate(steps):
        key = bytes([name])
        if is_read:
            expected = model.get(key)
            hits += expected is not None
            misses += expected is None
            if expected is not None:
                model.move_to_end(key)
            assert cache.get(key) == expected
        else:
            model[key] = float(number)
            model.move_to_end(key)
            while len(model) > size:
                model.popitem(last=False)
            cache.put(key, float(number))
        assert len(cache) == len(model)
    assert (cache.hits, cache.misses) == (hits, misses)
    assert cache.hit_rate == (hits / (hits + misses) if steps and hits + misses else 0.0)


@given(st.integers(1, 5), st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=12))
def test_recalling_many_is_asking_for_each(size: int, batches: list[list[int]]) -> None:
    many, each = FitnessCache(size), FitnessCache(size)
    for batch in batches:
        keys = [bytes([name]) for name in batch]
        found, missing = many.recall(keys)
        expected: list[float | None] = []
        unknown: list[bytes] = []
        for key in keys:
            if key in unknown:
                each.hits += 1
                expected.append(None)
                continue
            expected.append(each.get(key))
            if expected[-1] is None:
                unknown.append(key)
        assert found == expected
        assert list(missing) == unknown
        assert all(keys[position] == key for key, position in missing.items())
        many.remember({key: float(key[0]) for key in missing})
        for key in missing:
            each.put(key, float(key[0]))
        assert repr(many) == repr(each)
        assert list(many._merits.items()) == list(each._merits.items())


def test_invalid_chromosomes_are_remembered_too() -> None:
    cache = FitnessCache(2)
    cache.put(b"a", -math.inf)
    assert cache.get(b"a") == -math.inf
    assert cache.hits == 1


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


def test_each_call_begins_with_an_empty_cache() -> None:
    evolve = one_max(fitness_cache=1000, reporter=Watcher())
    first = evolve.call().fitness_cache
    again = evolve.call().fitness_cache
    assert first is not again
    assert repr(first) == repr(again)
    assert np.isfinite(evolve.state.population.merits).all()
