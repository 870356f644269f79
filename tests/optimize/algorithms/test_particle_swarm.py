"""Particle swarms: how they find, whom they follow, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import MultiRangeGenotype, ParticleSwarm, RangeGenotype, functions
from tests.optimize.algorithms.native_runs import assert_native_runs_are_the_same, vectorized

SPACE = RangeGenotype(6, (-5.12, 5.12))


@pytest.mark.parametrize("topology", ["global", "ring"])
def test_a_native_function_gives_the_run_that_any_function_gives(topology: str) -> None:
    assert_native_runs_are_the_same(lambda space: ParticleSwarm(space, topology=topology, seed=1))


@pytest.mark.parametrize("topology", ["global", "ring"])
def test_a_swarm_finds_the_bottom_of_a_bowl(topology: str) -> None:
    found = ParticleSwarm(SPACE, topology=topology, seed=2).run(functions.sphere, evaluations=20_000)
    assert found.best_fitness < 1e-6


def test_own_bests_never_become_worse() -> None:
    before: list[np.ndarray] = []

    def watch(search: ParticleSwarm) -> None:
        merits = search.population[1].copy()
        if before:
            assert (merits >= before[-1]).all()
        before.append(merits)

    ParticleSwarm(SPACE, seed=3).run(vectorized, vectorized=True, generations=40, callback=watch)
    assert (before[-1] > before[0]).all()


def test_a_swarm_without_pulls_and_inertia_stands_still() -> None:
    search = ParticleSwarm(SPACE, inertia=0.0, cognitive=0.0, social=0.0, seed=4)
    founders = search.ask()
    search.tell(founders, vectorized(founders.genomes))
    np.testing.assert_array_equal(search.ask().genomes, founders.genomes)


def test_the_velocity_limit_is_a_share_of_each_range() -> None:
    space = MultiRangeGenotype([(-1.0, 1.0), (0.0, 1000.0)])
    search = ParticleSwarm(space, velocity_limit=0.01, seed=5)
    places = search.ask()
    for _ in range(20):
        search.tell(places, functions.sphere.evaluate(places.genomes))
        nxt = search.ask()
        assert (np.abs(nxt.genomes - places.genomes) <= np.array([0.02, 10.0]) * (1 + 1e-9)).all()
        places = nxt


def test_a_founder_that_is_told_late_is_remembered_by_the_worst_particle() -> None:
    search = ParticleSwarm(SPACE, population_size=10, seed=6)
    founders = search.ask(20)
    search.tell(founders[:10], np.arange(10.0))
    late = founders[10:].genomes
    search.tell(founders[10:], np.r_[8.5, np.full(9, 50.0)])
    codes, merits = search.population
    assert sorted(-merits) == [*range(9), 8.5]
    np.testing.assert_array_equal(codes[9], late[0])


def test_a_ring_spreads_news_from_neighbour_to_neighbour() -> None:
    """All stand still but for the pull of their leader: after one step only neighbours of the best have moved."""
    search = ParticleSwarm(SPACE, population_size=9, inertia=0.0, cognitive=0.0, topology="ring", neighbors=1, seed=7)
    founders = search.ask()
    search.tell(founders, np.r_[0.0, np.ones(8)])
    moved = (search.ask().genomes != founders.genomes).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [1, 8]


def test_whole_numbers_are_found_among_others() -> None:
    space = MultiRangeGenotype([(-50, 50), (-5.0, 5.0), (-50, 50)], integer=[True, False, True])
    found = ParticleSwarm(space, seed=9).run(
        lambda x: (x[0] - 7) ** 2 + (x[1] - 0.5) ** 2 + (x[2] + 21) ** 2, evaluations=6000, target=1e-6
    )
    assert found.reason == "target" and found.best_genome[[0, 2]].tolist() == [7, -21]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"inertia": -0.1}, "inertia is -0.1, expected a finite number of 0 or more"),
        ({"cognitive": math.nan}, "cognitive is nan, expected a finite number of 0 or more"),
        ({"inertia": "little"}, "inertia is 'little', expected a finite number of 0 or more"),
        ({"social": math.inf}, "social is inf, expected a finite number of 0 or more"),
        ({"velocity_limit": 0.0}, "velocity_limit is 0.0, expected a finite number above 0"),
        ({"topology": "star"}, "topology is 'star', expected global or ring"),
        ({"neighbors": 0}, "neighbors is 0, expected a whole number from 1"),
        ({"neighbors": 1.5}, "neighbors is 1.5, expected a whole number from 1"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ParticleSwarm(SPACE, **keywords)
