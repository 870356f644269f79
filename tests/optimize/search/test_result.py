"""What a result says of the end of its search."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from gigaevo.optimize import (
    BinaryGenotype,
    CountTrue,
    HillClimb,
    MaxEvaluations,
    MaxGenerations,
    MaxSeconds,
    ParticleSwarm,
    Stale,
    Stop,
    Target,
    backtest,
    functions,
)


@pytest.mark.parametrize(
    ("stop", "reason", "converged"),
    [
        (MaxEvaluations(80), "evaluations", False),
        (MaxEvaluations(80) & MaxGenerations(2), "evaluations and generations", False),
        (Target(1e3), "target", True),
        (Stale(1) & MaxSeconds(1e-9), "stale and seconds", True),
    ],
)
def test_a_search_that_used_up_what_it_had_has_not_converged(stop: Stop, reason: str, converged: bool) -> None:
    search = ParticleSwarm(functions.rastrigin.genotype(2), seed=1)
    assert not search.result().converged
    found = search.run(functions.rastrigin, stop=stop)
    assert (found.reason, found.converged) == (reason, converged)


def test_a_result_answers_to_items_and_says_which_it_has() -> None:
    found = ParticleSwarm(functions.sphere.genotype(2), seed=1).run(functions.sphere, generations=3)
    assert found["best_fitness"] == found.best_fitness and "front" in found
    assert {**found}.keys() == set(found.keys())
    with pytest.raises(KeyError, match="Result has no 'best'; it has best_genome"):
        found["best"]


def test_a_result_can_be_gone_through_like_a_dictionary() -> None:
    result = ParticleSwarm(functions.sphere.genotype(3), seed=1).run(functions.sphere, evaluations=80)
    assert list(result) == list(result.keys())
    assert dict(result.items())["evaluations"] == result.get("evaluations") == 80
    assert result.get("nothing", 5) == 5


def test_the_seed_that_is_told_makes_the_same_search_again() -> None:
    for given in (np.random.SeedSequence(7).spawn(3)[2], np.random.SeedSequence(2**90).spawn(1)[0].spawn(2)[1]):
        first = ParticleSwarm(functions.sphere.genotype(3), seed=given)
        again = ParticleSwarm(functions.sphere.genotype(3), seed=first.seed)
        found = [search.run(functions.sphere, evaluations=200).best_fitness for search in (first, again)]
        assert found[0] == found[1]


def test_too_few_evaluations_for_a_population_are_told_all_the_same() -> None:
    result = ParticleSwarm(functions.sphere.genotype(3), seed=1).run(functions.sphere, evaluations=7)
    assert result.genomes.shape == (7, 3)
    assert result.fitness[result.front[0]] == result.best_fitness == result.fitness.min()


def test_what_holds_arrays_is_equal_to_itself_alone_and_may_be_kept_in_sets() -> None:
    search = ParticleSwarm(functions.sphere.genotype(3), seed=1)
    batch, result = search.ask(), search.run(functions.sphere, generations=1)
    climb = HillClimb(BinaryGenotype(3), CountTrue(), max_generations=1, seed=1).call()
    for thing in (batch, result, climb.best_chromosome, backtest([1.0, 2.0], [])):
        twin = copy.deepcopy(thing)
        assert thing in [twin, thing]
        assert twin != thing
        assert len({thing, twin}) == 2
