"""Migration between islands: the functions of the optimizer document."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.operators.selection import SelectionMethod
from gigaevo.optimize.populations.migration import (
    IslandConfig,
    MigrationTopology,
    island_migrate,
    island_selection_methods,
)

POPULATIONS = [[[1.0], [2.0], [3.0]], [[10.0], [20.0], [30.0]], [[100.0], [200.0], [300.0]]]
FITNESSES = [[0.3, 0.1, 0.2], [0.1, 0.2, 0.3], [0.2, 0.3, 0.1]]


def test_in_a_ring_the_best_of_one_take_the_places_of_the_worst_of_the_next() -> None:
    config = IslandConfig(n_islands=3, migration_count=1)
    assert island_migrate(POPULATIONS, FITNESSES, config) == [
        [[1.0], [200.0], [3.0]],
        [[1.0], [20.0], [30.0]],
        [[100.0], [200.0], [30.0]],
    ]


def test_fully_connected_islands_send_to_every_other_but_never_replace_the_best() -> None:
    config = IslandConfig(n_islands=3, migration_count=2, topology=MigrationTopology.FullyConnected)
    after = island_migrate(POPULATIONS, FITNESSES, config)
    assert [[1.0] in after[0], [30.0] in after[1], [200.0] in after[2]] == [True, True, True]
    assert sorted(after[0]) == [[1.0], [20.0], [30.0]]  # four arrived, two had a place


@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    count=st.integers(0, 8),
    ring=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_islands_keep_their_sizes_and_their_best_and_gain_only_what_others_had(
    sizes: list[int], count: int, ring: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    islands = [rng.normal(size=(size, 2)) for size in sizes]
    fitnesses = [rng.normal(size=size) for size in sizes]
    topology = MigrationTopology.Ring if ring else MigrationTopology.FullyConnected
    config = IslandConfig(len(sizes), migration_count=count, topology=topology)
    after = island_migrate(islands, fitnesses, config)
    everyone = {tuple(genome) for island in islands for genome in island.tolist()}
    for before, fitness, new in zip(islands, fitnesses, after, strict=True):
        assert isinstance(new, np.ndarray)
        assert new.shape == before.shape
        assert before[np.argmax(fitness)].tolist() in new.tolist()
        assert {tuple(genome) for genome in new.tolist()} <= everyone


def test_an_invalid_genome_is_the_worst_of_its_island() -> None:
    config = IslandConfig(n_islands=2, migration_count=1)
    after = island_migrate([[[1.0], [2.0]], [[3.0], [4.0]]], [[float("nan"), 0.5], [0.1, 0.2]], config)
    assert after == [[[4.0], [2.0]], [[2.0], [4.0]]]


def test_what_was_given_is_not_changed() -> None:
    before = np.array([[1.0], [2.0]])
    island_migrate([before, before.copy()], [[0.0, 1.0], [0.0, 1.0]], IslandConfig(n_islands=2))
    assert before.tolist() == [[1.0], [2.0]]


def test_methods_of_islands_go_round() -> None:
    ring = [
        SelectionMethod.RouletteWheel,
        SelectionMethod.Rank,
        SelectionMethod.Ucb1,
        SelectionMethod.EpsilonGreedy,
    ]
    assert island_selection_methods(4) == ring
    assert island_selection_methods(6) == ring + ring[:2]
    assert island_selection_methods(0) == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: IslandConfig(n_islands=0), "n_islands is 0"),
        (lambda: IslandConfig(migration_interval=0), "migration_interval is 0"),
        (lambda: IslandConfig(migration_count=-1), "migration_count is -1"),
        (lambda: IslandConfig(topology="star"), "topology is 'star', expected 'ring' or 'fully_connected'"),
        (lambda: island_migrate([[[1.0]]], [[1.0]], IslandConfig(n_islands=2)), "there are 1 islands"),
        (lambda: island_migrate([[[1.0]]], [[1.0, 2.0]], IslandConfig(n_islands=1)), r"island 0 has shape \(1, 1\)"),
        (lambda: island_selection_methods(-1), "n_islands is -1"),
    ],
)
def test_arguments_out_of_range_are_named(call: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()  # type: ignore[operator]


def test_whole_numbers_on_one_island_do_not_cut_what_arrives_from_another() -> None:
    moved = island_migrate([[[0.25], [0.5]], [[9], [8]]], [[1.0, 2.0], [4.0, 3.0]])
    assert moved == [[[9.0], [0.5]], [[9.0], [0.5]]]


def test_islands_of_other_genes_are_refused() -> None:
    with pytest.raises(ValueError, match="island 1 has genomes of 2 genes, expected 1, as many as island 0"):
        island_migrate([[[1.0]], [[1.0, 2.0]]], [[1.0], [2.0]])
