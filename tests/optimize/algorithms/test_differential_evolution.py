"""Differential evolution: its strategies, what SHADE learns, and what is refused."""

from __future__ import annotations

import math
import signal
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import DifferentialEvolution, MultiRangeGenotype, RangeGenotype, functions
from gigaevo.optimize.algorithms.differential_evolution import STRATEGIES
from tests.optimize.algorithms.native_runs import assert_native_runs_are_the_same, vectorized

SPACE = RangeGenotype(6, (-5.12, 5.12))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("crossover", ["binomial", "exponential"])
def test_a_native_function_gives_the_run_that_any_function_gives(strategy: str, crossover: str) -> None:
    assert_native_runs_are_the_same(
        lambda space: DifferentialEvolution(space, strategy=strategy, crossover=crossover, seed=1)
    )


@pytest.mark.parametrize(
    ("strategy", "keywords"),
    [
        ("rand/1", {}),
        ("best/1", {"weight": (0.5, 1.0), "crossover_rate": 0.5}),
        ("current-to-best/1", {"weight": 0.7, "crossover_rate": 0.5}),
        ("rand-to-best/1", {}),
        ("rand/2", {"weight": 0.3}),
        ("best/2", {}),
        ("shade", {}),
    ],
)
def test_each_strategy_finds_the_bottom_of_a_bowl(strategy: str, keywords: dict[str, Any]) -> None:
    found = DifferentialEvolution(SPACE, strategy=strategy, seed=2, **keywords).run(
        functions.sphere, evaluations=25_000
    )
    assert found.best_fitness < 1e-6
    assert np.abs(found.best_genome).max() < 1e-3


def test_shade_finds_the_way_along_a_bent_valley() -> None:
    found = DifferentialEvolution(RangeGenotype(10, (-2.0, 2.0)), strategy="shade", seed=3).run(
        functions.rosenbrock, evaluations=80_000, target=1e-8
    )
    assert found.reason == "target"


def test_shade_learns_that_separable_functions_want_few_genes() -> None:
    search = DifferentialEvolution(RangeGenotype(20, (-5.12, 5.12)), strategy="shade", memory_size=10, seed=4)
    search.run(functions.rastrigin, generations=300)
    rastrigin = search.crossover_rates.mean()
    search = DifferentialEvolution(RangeGenotype(20, (-2.0, 2.0)), strategy="shade", memory_size=10, seed=4)
    search.run(functions.rosenbrock, generations=300)
    assert rastrigin < search.crossover_rates.mean()
    assert ((search.weights > 0) & (search.weights <= 1)).all()


def test_ctrl_c_ends_a_long_run_on_a_native_function() -> None:
    def press(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, press)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        found = DifferentialEvolution(SPACE, seed=3).run(functions.rastrigin, evaluations=10**12)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found.reason == "interrupted" and 0 < found.evaluations < 10**12


def test_no_member_ever_becomes_worse() -> None:
    before: list[np.ndarray] = []

    def watch(search: DifferentialEvolution) -> None:
        merits = search.population[1].copy()
        if before:
            assert (merits >= before[-1]).all()
        before.append(merits)

    DifferentialEvolution(SPACE, strategy="rand/1", population_size=15, seed=5).run(
        vectorized, vectorized=True, generations=40, callback=watch
    )
    assert (before[-1] > before[0]).all()


def test_a_trial_differs_from_its_target_by_one_gene_where_the_rate_is_zero() -> None:
    search = DifferentialEvolution(SPACE, population_size=30, strategy="rand/1", crossover_rate=0.0, seed=6)
    founders = search.ask()
    search.tell(founders, vectorized(founders.genomes))
    trials = search.ask().genomes
    assert ((trials != founders.genomes).sum(axis=1) == 1).all()


def test_a_trial_as_good_as_its_target_replaces_it() -> None:
    search = DifferentialEvolution(SPACE, strategy="rand/1", population_size=10, seed=7)
    for _ in range(2):
        batch = search.ask()
        search.tell(batch, np.ones(10))
    np.testing.assert_array_equal(search.population[0], batch.genomes)
    worse = search.ask()
    search.tell(worse, np.full(10, 2.0))
    np.testing.assert_array_equal(search.population[0], batch.genomes)


def test_a_founder_that_is_told_late_meets_the_worst_member() -> None:
    search = DifferentialEvolution(SPACE, population_size=10, strategy="shade", seed=8)
    founders = search.ask(20)
    search.tell(founders[:10], np.arange(10.0))
    late = founders[10:].genomes
    search.tell(founders[10:], np.r_[8.5, np.full(9, 50.0)])
    codes, merits = search.population
    assert sorted(-merits) == [*range(9), 8.5]
    np.testing.assert_array_equal(codes[9], late[0])
    assert (search.weights == 0.5).all()  # nothing was learnt of it


def test_whole_numbers_are_found_among_others() -> None:
    space = MultiRangeGenotype([(-50, 50), (-5.0, 5.0), (-50, 50)], integer=[True, False, True])
    found = DifferentialEvolution(space, seed=9).run(
        lambda x: (x[0] - 7) ** 2 + (x[1] - 0.5) ** 2 + (x[2] + 21) ** 2, evaluations=6000, target=1e-6
    )
    assert found.reason == "target" and found.best_genome[[0, 2]].tolist() == [7, -21]


def test_a_weight_in_a_range_is_drawn_for_each_trial() -> None:
    """Of members at 0 but for one at 1, a mutant is at plus or minus the weight, or that far from 1."""
    members = np.r_[np.zeros(199), 1.0][:, None]
    search = DifferentialEvolution(
        ([-1e6], [1e6]),
        population_size=200,
        strategy="rand/1",
        weight=(0.2, 0.8),
        crossover_rate=1.0,
        seed=10,
        initial=members,
    )
    search.tell(search.ask(), np.zeros(200))
    trials = np.concatenate([search.ask().genomes[:199, 0] for _ in range(200)])
    weights = np.abs(trials[(trials != 0.0) & (trials != 1.0)])
    assert 300 < len(weights) < 600  # two in 199 of 40,000
    assert weights.min() >= 0.2 and weights.max() <= 0.8 and np.ptp(weights) > 0.5


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"strategy": "rand"}, "strategy is 'rand', expected one of rand/1, best/1"),
        ({"crossover": "uniform"}, "crossover is 'uniform', expected binomial or exponential"),
        (
            {"strategy": "rand/1", "weight": 0.0},
            r"weight is 0.0, expected a number above 0 and at most 2, or \(lowest, highest\)",
        ),
        ({"strategy": "rand/1", "weight": (0.9, 0.4)}, r"weight is \(0.9, 0.4\), expected"),
        ({"strategy": "rand/1", "weight": (0.1, 0.2, 0.3)}, r"weight is \(0.1, 0.2, 0.3\), expected"),
        ({"strategy": "rand/1", "weight": "much"}, "weight is 'much', expected"),
        ({"strategy": "rand/1", "weight": math.nan}, "weight is nan, expected"),
        ({"strategy": "rand/1", "crossover_rate": 1.1}, "crossover_rate is 1.1, expected 0 to 1"),
        ({"strategy": "rand/1", "crossover_rate": math.nan}, "crossover_rate is nan, expected 0 to 1"),
        ({"strategy": "shade", "weight": 0.5}, "weight is 0.5, but shade learns it: choose another strategy"),
        (
            {"strategy": "shade", "crossover_rate": 0.5},
            "crossover_rate is 0.5, but shade learns it: choose another strategy",
        ),
        ({"strategy": "rand/1", "crossover_rate": "high"}, "crossover_rate is 'high', expected 0 to 1"),
        ({"strategy": "rand/1", "weight": (0.5, True)}, r"weight is \(0.5, True\), expected"),
        ({"memory_size": 0}, "memory_size is 0, expected a whole number from 1"),
        ({"population_size": 2}, "population_size is 2, expected 3 or more for shade"),
        ({"population_size": 5, "strategy": "rand/2"}, "population_size is 5, expected 6 or more for rand/2"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DifferentialEvolution(SPACE, **keywords)


@pytest.mark.parametrize(("genes", "members"), [(1, 20), (4, 40), (30, 100)])
def test_the_population_grows_with_the_genes(genes: int, members: int) -> None:
    assert DifferentialEvolution(RangeGenotype(genes, (0.0, 1.0))).population_size == members
