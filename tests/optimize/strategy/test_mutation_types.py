"""How numbers change: what genotypes accept, and what becomes of it in a search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import MultiRangeGenotype, RangeGenotype
from gigaevo.optimize.strategy import MutationType, Population
from gigaevo.optimize.strategy.gene_space import gene_space


def mutated(genotype: Any, start: Any, scale: int = 0, n: int = 2000) -> Any:
    space = gene_space(genotype)
    population = Population(np.tile(space.encode([start]), (n, 1)))
    space.mutate(population, 0, 1.0, (1, 1), scale, RandomStream(np.random.SeedSequence(3)))
    return space.decode(population.genes)


def test_each_kind_changes_a_number_by_its_law() -> None:
    kinds = {
        "random": MutationType.random(),
        "range": MutationType.range(2),
        "lopsided": MutationType.range((0, 1)),
        "step": MutationType.step((-3, 1)),
        "discrete": MutationType.discrete(),
    }
    for name, kind in kinds.items():
        values = mutated(RangeGenotype(1, (0, 10), mutation_type=kind), [5])[:, 0]
        assert values.min() >= 0
        assert values.max() <= 10
        if name == "random":
            assert values.min() < 0.5
            assert values.max() > 9.5
        elif name == "range":
            assert np.abs(values - 5).max() <= 2
            assert np.abs(values - 5).max() > 1.9
        elif name == "lopsided":
            assert values.min() >= 5
            assert 5.9 < values.max() <= 6
        elif name == "step":
            assert set(values.tolist()) == {2.0, 6.0}
        else:
            assert set(values.tolist()) == set(map(float, range(11)))


def test_scaled_kinds_shrink_from_scale_to_scale() -> None:
    steps = RangeGenotype(1, (0, 10), mutation_type=MutationType.step_scaled([3, 1, 0.5]))
    assert [set(mutated(steps, [5], scale)[:, 0].tolist()) for scale in range(3)] == [{2, 8}, {4, 6}, {4.5, 5.5}]
    ranges = RangeGenotype(1, (0, 10), mutation_type=MutationType.range_scaled([100, 1]))
    assert np.ptp(mutated(ranges, [5], 0)) > 9.5
    assert 1.9 < np.ptp(mutated(ranges, [5], 1)) <= 2


def test_each_gene_of_several_ranges_has_a_law_of_its_own_and_the_shorter_stay_at_their_last_scale() -> None:
    genotype = MultiRangeGenotype(
        [(0, 10), (0, 10), (0, 10)],
        mutation_types=[MutationType.step_scaled([3, 1]), MutationType.step_scaled([2]), MutationType.discrete()],
    )
    assert gene_space(genotype).scales == 2
    last = mutated(genotype, [5, 5, 5], 1)
    assert set(last[:, 0].tolist()) == {4.0, 5.0, 6.0}
    assert set(last[:, 1].tolist()) == {3.0, 5.0, 7.0}
    assert genotype.integer.tolist() == [False, False, True]


def test_whole_numbers_stay_whole() -> None:
    for kind in (MutationType.random(), MutationType.range(2.5), MutationType.step(2)):
        values = mutated(RangeGenotype(2, (-7, 7), integer=True, mutation_type=kind), [1, 2])
        assert (values == np.round(values)).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MutationType.range_scaled([]), "distances is empty"),
        (lambda: MutationType.step_scaled([1, 0]), r"distances\[1\] is 0"),
        (lambda: MutationType.range(-1), "distance is -1"),
        (lambda: MutationType.range((1, 2)), r"distance is \(1, 2\)"),
        (lambda: MutationType.step(float("nan")), "distance is nan"),
        (lambda: MutationType.step("far"), "distance is 'far'"),
        (lambda: MutationType.step("1"), "distance is '1'"),
        (
            lambda: MutationType.step(np.array([1, 2, 3])),
            r"distance is array\(\[1, 2, 3\]\), expected a number or a pair",
        ),
        (lambda: MutationType.range_scaled(0.5), "distances is 0.5, expected a list with one for each scale"),
        (lambda: RangeGenotype(2, (0, 9), mutation_type=MutationType.random(), allele_mutation_range=1), "beside a"),
        (lambda: RangeGenotype(2, (0, 9), integer=True, mutation_type=MutationType.step(0.5)), "whole numbers"),
        (lambda: RangeGenotype(2, (0, 9), integer=True, mutation_type=MutationType.range(0.5)), "too short"),
        (lambda: MultiRangeGenotype([(0, 1)], mutation_types=[]), "mutation_types has 0 entries, expected 1"),
        (lambda: MultiRangeGenotype([(0, 1)], allele_mutation_ranges=[1, 2]), "allele_mutation_ranges has 2 entries"),
        (
            lambda: MultiRangeGenotype([(0, 1)], allele_mutation_ranges=1),
            "allele_mutation_ranges is 1, expected one for",
        ),
        (lambda: MultiRangeGenotype([(0, 1)], allele_mutation_scaled_ranges=[0.5]), "distances is 0.5"),
    ],
)
def test_a_distance_that_is_none_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "kind",
    [
        MutationType.random(),
        MutationType.discrete(),
        MutationType.range(0.5),
        MutationType.step((-3, 1)),
        MutationType.range_scaled([2, (-0.5, 1)]),
        MutationType.step_scaled([1, 0.1]),
    ],
)
def test_a_mutation_type_shows_how_it_is_made(kind: MutationType) -> None:
    assert eval(repr(kind)) == kind


def test_genotypes_show_their_mutation_types() -> None:
    assert "mutation_type" not in repr(RangeGenotype(2, (0, 1)))
    assert "mutation_type=MutationType.step(0.1)" in repr(
        RangeGenotype(2, (0, 1), mutation_type=MutationType.step(0.1))
    )
    assert "mutation_types=[" in repr(
        MultiRangeGenotype([(0, 1), (0, 1)], mutation_types=[MutationType.step(0.1), MutationType.random()])
    )


def test_distances_may_be_arrays_or_be_made_as_they_are_asked_for() -> None:
    assert MutationType.step_scaled(np.array([0.5, 0.1])) == MutationType.step_scaled([0.5, 0.1])
    assert MutationType.range(np.array([-0.5, 1.0])) == MutationType.range((-0.5, 1.0))
    genotype = MultiRangeGenotype(
        ((0, high) for high in (1, 2)),
        integer=(word for word in (False, True)),
        names=(name for name in "ab"),
        allele_mutation_ranges=(distance for distance in (0.1, 1)),
    )
    assert genotype.names == ("a", "b")
    assert genotype.mutation_types == (MutationType.range(0.1), MutationType.range(1))
