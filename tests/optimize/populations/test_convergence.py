"""Convergence, the 1/5 rule and statistics: the functions of the optimizer document."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.populations.convergence import (
    adapt_mutation_sigma,
    check_convergence,
    compute_generation_stats,
    population_diversity,
)


def test_the_example_of_the_document_goes_on() -> None:
    state = check_convergence(
        best_fitness=1.5,
        diversity=0.3,
        prev_best_fitness=1.4,
        gens_without_improvement=0,
        patience=20,
        min_improvement=1e-4,
        diversity_threshold=0.01,
    )
    assert (state.converged, state.reason, state.gens_without_improvement, state.improved) == (False, "", 0, True)


def test_patience_runs_out_after_as_many_generations_as_it_says() -> None:
    stale = 0
    for generation in range(1, 6):
        state = check_convergence(1.0, 0.5, 1.0, stale, patience=5)
        stale = state.gens_without_improvement
        assert state.converged == (generation == 5)
    assert "patience exhausted" in state.reason


def test_a_gain_that_does_not_exceed_the_least_one_is_none() -> None:
    assert check_convergence(1.25, 0.5, 1.0, 3, min_improvement=0.25).gens_without_improvement == 4
    assert check_convergence(1.251, 0.5, 1.0, 3, min_improvement=0.25).gens_without_improvement == 0


def test_a_population_that_collapses_ends_the_search_even_while_it_improves() -> None:
    state = check_convergence(2.0, 0.009, 1.0, 0)
    assert state.converged
    assert "diversity collapse" in state["reason"]


def test_the_first_valid_fitness_is_an_improvement_and_none_at_all_is_not() -> None:
    assert check_convergence(1.0, 0.5, math.nan, 4).improved
    assert check_convergence(1.0, 0.5, -math.inf, 4).improved
    assert not check_convergence(math.nan, 0.5, math.nan, 4).improved


def test_the_rule_of_one_fifth_as_the_document_shows_it() -> None:
    assert adapt_mutation_sigma(0.1, 30, 100).sigma == pytest.approx(0.15)
    assert adapt_mutation_sigma(0.1, 10, 100).sigma == pytest.approx(0.1 / 1.5)
    assert adapt_mutation_sigma(0.1, 20, 100).sigma == 0.1
    assert adapt_mutation_sigma(0.1, 0, 0).sigma == 0.1


@given(sigma=st.floats(1e-9, 10.0), success=st.integers(0, 50), total=st.integers(50, 90), factor=st.floats(1.0, 5.0))
def test_sigma_stays_within_its_limits(sigma: float, success: int, total: int, factor: float) -> None:
    state = adapt_mutation_sigma(sigma, success, total, adaptation_factor=factor, sigma_min=0.01, sigma_max=0.5)
    assert 0.01 <= state.sigma <= 0.5
    assert state.success_rate == success / total


@given(st.lists(st.lists(st.floats(-100, 100), min_size=3, max_size=3), min_size=2, max_size=7))
def test_diversity_is_the_mean_distance_of_pairs_over_the_number_of_genes(genomes: list[list[float]]) -> None:
    distances = [math.dist(a, b) for index, a in enumerate(genomes) for b in genomes[:index]]
    assert population_diversity(genomes) == pytest.approx(sum(distances) / len(distances) / 3)


def test_one_genome_or_none_has_no_diversity() -> None:
    assert population_diversity([[1.0, 2.0]]) == population_diversity([]) == 0.0


def test_statistics_of_a_generation_leave_out_what_is_invalid() -> None:
    stats = compute_generation_stats(generation=5, fitnesses=[0.1, 0.5, math.nan, 0.3, 0.8])
    assert (stats.generation, stats.best_fitness, stats.worst_fitness) == (5, 0.8, 0.1)
    assert stats.median_fitness == pytest.approx(0.4)
    assert stats.mean_fitness == pytest.approx(0.425)
    assert stats.std_fitness == pytest.approx(np.std([0.1, 0.5, 0.3, 0.8]))
    assert stats.diversity == pytest.approx(population_diversity([[0.1], [0.5], [0.3], [0.8]]))
    assert compute_generation_stats(0, [1.0, 2.0], [[0.0, 0.0], [3.0, 4.0]]).diversity == 2.5
    assert math.isnan(compute_generation_stats(0, [math.nan]).best_fitness)


@pytest.mark.parametrize("size", [1e-300, 1.0, 1e200, 1.5e308])
def test_statistics_are_of_any_size(size: float) -> None:
    stats = compute_generation_stats(0, [-size, 0.0, size, size])
    assert (stats.best_fitness, stats.worst_fitness, stats.median_fitness) == (size, -size, size / 2)
    assert stats.mean_fitness == pytest.approx(size / 4)
    if size >= 1.0:  # the squares of less are 0
        assert stats.std_fitness == pytest.approx(size * (math.sqrt(11) / 4))
        assert stats.diversity == pytest.approx(size / 6 * (1 + 2 + 2 + 1 + 1))


def test_a_gain_may_be_larger_than_a_float64() -> None:
    assert check_convergence(np.float64(1e308), 0.5, np.float64(-1e308), 3).improved


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: check_convergence(1, 1, 1, 0, patience=0), "patience is 0"),
        (lambda: check_convergence(1, 1, 1, 0, min_improvement=-1), "min_improvement is -1"),
        (lambda: adapt_mutation_sigma(0.0, 1, 2), "current_sigma is 0.0"),
        (lambda: adapt_mutation_sigma(0.1, 3, 2), "success_count is 3"),
        (lambda: adapt_mutation_sigma(0.1, 1, 2, adaptation_factor=0.5), "adaptation_factor is 0.5"),
        (lambda: adapt_mutation_sigma(0.1, 1, 2, target_success_rate=2.0), "target_success_rate is 2.0"),
        (lambda: adapt_mutation_sigma(0.1, 1, 2, sigma_min=2.0), "sigma_min is 2.0"),
        (lambda: population_diversity([1.0, 2.0]), r"shape \(2,\)"),
        (lambda: compute_generation_stats(0, [[1.0]]), r"shape \(1, 1\)"),
    ],
)
def test_arguments_out_of_range_are_named(call: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()  # type: ignore[operator]


def test_genomes_of_another_number_than_fitnesses_are_refused() -> None:
    with pytest.raises(ValueError, match=r"population has shape \(1, 2\), expected \(3, genes_size\)"):
        compute_generation_stats(1, [0.1, 0.2, 0.3], [[1.0, 2.0]])
