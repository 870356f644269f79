"""What a result says of the end of its search."""

from __future__ import annotations

import pytest

from gigaevo.optimize import MaxEvaluations, MaxGenerations, MaxSeconds, ParticleSwarm, Stale, Stop, Target, functions


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
