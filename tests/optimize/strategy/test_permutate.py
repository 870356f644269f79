"""Exhaustive search."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import (
    BinaryGenotype,
    ListGenotype,
    MultiListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
)
from gigaevo.optimize.strategy import CountTrue, FitnessOrdering, MutationType, Permutate, Zero

CASES = [
    (BinaryGenotype(6), itertools.product([False, True], repeat=6)),
    (ListGenotype(3, "abc"), itertools.product("abc", repeat=3)),
    (MultiListGenotype([[1, 2], [5], [7, 8, 9]]), itertools.product([1, 2], [5], [7, 8, 9])),
    (RangeGenotype(2, (-1, 2), integer=True), itertools.product([-1, 0, 1, 2], repeat=2)),
    (
        RangeGenotype(2, (0, 1), mutation_type=MutationType.step(0.25)),
        itertools.product([0, 0.25, 0.5, 0.75, 1], repeat=2),
    ),
    (RangeGenotype(1, (0, 1), mutation_type=MutationType.step(0.1)), itertools.product(np.arange(11) * 0.1)),
    (MultiRangeGenotype([(0, 3), (1, 1)], mutation_types=MutationType.discrete()), itertools.product(range(4), [1])),
    (UniqueGenotype("abcd"), itertools.permutations("abcd")),
    (
        MultiUniqueGenotype([range(3), range(2)]),
        (left + right for left in itertools.permutations(range(3)) for right in itertools.permutations(range(2))),
    ),
]


@pytest.mark.parametrize(("genotype", "expected"), CASES, ids=lambda value: type(value).__name__)
def test_each_chromosome_is_looked_at_once(genotype: Any, expected: Any) -> None:
    seen: list[tuple[Any, ...]] = []

    def fitness(genes: Any) -> float:
        seen.append(tuple(genes.tolist()))
        return 0.0

    permutate = Permutate(genotype, fitness)
    wanted = [tuple(genome) for genome in expected]
    permutate.call()
    assert len(seen) == permutate.size == permutate.evaluations == len(wanted)
    if isinstance(wanted[0][0], str):
        assert sorted(seen) == sorted(wanted)
    else:
        assert np.allclose(sorted(seen), sorted(wanted))


def test_it_finds_the_best_in_either_direction_over_many_batches() -> None:
    permutate = Permutate(BinaryGenotype(14), CountTrue()).call()
    assert permutate.evaluations == 2**14
    assert permutate.best_fitness_score == 14
    assert (
        Permutate(BinaryGenotype(14), CountTrue(), fitness_ordering=FitnessOrdering.MINIMIZE).call().best_fitness_score
        == 0
    )
    assert "size=16384" in repr(permutate)


def test_of_equals_the_first_is_kept_or_the_last_if_told() -> None:
    first = Permutate(BinaryGenotype(13), Zero()).call().best_genes
    last = Permutate(BinaryGenotype(13), Zero(), replace_on_equal_fitness=True).call().best_genes
    assert first is not None
    assert last is not None
    assert not first.any()
    assert last.all()


def test_finer_steps_are_made_round_the_best_of_the_scale_before() -> None:
    genotype = RangeGenotype(2, (0, 10), mutation_type=MutationType.step_scaled([1, 0.1, 0.01]))
    permutate = Permutate(
        genotype,
        lambda genes: np.abs(genes - [3.147, 9.99]).sum(axis=1),
        vectorized=True,
        fitness_ordering=FitnessOrdering.MINIMIZE,
    ).call()
    assert permutate.size == 121
    assert permutate.evaluations == 121 + 21 * 11 + 21 * 11  # the second gene is at its bound
    assert permutate.best_genes is not None
    assert np.allclose(permutate.best_genes, [3.15, 9.99])


def test_invalid_chromosomes_are_passed_over() -> None:
    permutate = Permutate(
        BinaryGenotype(5), lambda genes: None if genes[0] else genes.sum(), fitness_ordering=FitnessOrdering.MAXIMIZE
    ).call()
    assert permutate.best_fitness_score == 4
    nothing = Permutate(BinaryGenotype(3), lambda genes: None).call()
    assert nothing.best_genes_and_fitness_score() == (None, None)
    assert nothing.best_chromosome is None


def test_the_size_is_exact_however_large_and_too_large_a_search_is_refused() -> None:
    assert Permutate(UniqueGenotype(range(19)), Zero()).size == math.factorial(19)
    with pytest.raises(ValueError, match="chromosomes, expected at most"):
        Permutate(BinaryGenotype(100), CountTrue())
    for beyond_float64 in (BinaryGenotype(5000), UniqueGenotype(range(200))):
        with pytest.raises(ValueError, match="chromosomes, expected at most"):
            Permutate(beyond_float64, Zero())
    with pytest.raises(ValueError, match=r"gene 0 is any number of 0.0 to 1.0: permutation needs whole numbers"):
        Permutate(RangeGenotype(2, (0, 1)), Zero())
    with pytest.raises(TypeError, match="fitness is 3"):
        Permutate(BinaryGenotype(3), 3)


def test_a_wide_range_takes_no_room() -> None:
    seen: list[float] = []

    def fitness(genes: Any) -> float:
        seen.append(genes[0])
        if len(seen) == 3:
            raise RuntimeError("enough")
        return 0.0

    wide = Permutate(RangeGenotype(1, (-(2**45), 2**45), integer=True), fitness)
    assert wide.size == 2**46 + 1
    with pytest.raises(ValueError, match="enough"):
        wide.call()
    assert seen == [-(2.0**45), 1 - 2.0**45, 2 - 2.0**45]
    with pytest.raises(ValueError, match="chromosomes, expected at most"):
        Permutate(RangeGenotype(2, (0, 1e300), mutation_type=MutationType.step(1e-300)), Zero())


def test_parallel_calls_find_the_same() -> None:
    found = Permutate(BinaryGenotype(6), _odd, par_fitness=True).call().best_genes
    alone = Permutate(BinaryGenotype(6), _odd).call().best_genes
    assert found is not None
    assert alone is not None
    assert found.tolist() == alone.tolist()


def _odd(genes: Any) -> float:
    return float((genes * [1, -2, 3, -4, 5, -6]).sum())
