"""Crossover and mutation as the optimizer document has them, and as parts of a genetic algorithm."""

from __future__ import annotations

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest

import gigaevo.optimize as hz
from gigaevo.kernels import variation
from gigaevo.kernels.random import RandomStream

CROSSOVERS: list[Any] = [
    hz.SBX(),
    hz.UniformCrossover(),
    hz.OnePoint(),
    hz.TwoPoint(),
    hz.BlendCrossover(),
    hz.ArithmeticCrossover(),
]
MUTATIONS: list[Any] = [hz.PolynomialMutation(), hz.GaussianMutation(), hz.GaussianMutation(0.3, 0.5, reflect=True)]


def stream(seed: int = 0) -> RandomStream:
    return RandomStream(np.random.SeedSequence(seed))


def test_the_mutation_of_the_document_keeps_bounds_and_rounds_what_is_discrete():
    genome = [0.5, 0.5, 0.5]
    changed = 0
    for seed in range(200):
        mutated = hz.gaussian_mutate(
            genome=genome,
            bounds_min=[0.0, 0.0, 0.0],
            bounds_max=[1.0, 1.0, 1.0],
            is_discrete=[False, False, True],
            sigma=0.1,
            rate=0.3,
            seed=seed,
        )
        assert isinstance(mutated, list) and len(mutated) == 3
        assert all(type(gene) is float and 0.0 <= gene <= 1.0 for gene in mutated)
        assert mutated[2] in (0.0, 1.0)
        changed += (mutated[0] != 0.5) + (mutated[1] != 0.5)
    assert genome == [0.5, 0.5, 0.5]
    assert 0.22 < changed / 400 < 0.38


def test_sigma_is_a_fraction_of_the_range_and_rate_the_share_of_genes():
    genome, low, high = np.full(4000, 50.0), np.zeros(4000), np.full(4000, 100.0)
    moved = hz.gaussian_mutate(genome, low, high, None, 0.02, 1.0, seed=1) - genome
    assert abs(moved.std() - 2.0) < 0.1 and abs(moved.mean()) < 0.15
    assert hz.gaussian_mutate([0.25, 1.0], [0, 0], [1, 1], rate=0.0, seed=1) == [0.25, 1.0]


def test_genomes_beyond_their_bounds_are_brought_back():
    assert hz.gaussian_mutate([7.0, -3.0], [0.0, 0.0], [1.0, 1.0], rate=0.0) == [1.0, 0.0]


def test_the_crossover_of_the_document_takes_genes_of_b_with_the_given_rate():
    child = hz.uniform_crossover(parent_a=[0.0, 0.0, 0.0], parent_b=[1.0, 1.0, 1.0], rate=0.5, seed=42)
    assert isinstance(child, list) and len(child) == 3 and set(child) <= {0.0, 1.0}
    for rate in (0.0, 0.25, 0.5, 1.0):
        child = hz.uniform_crossover([0.0] * 10_000, [1.0] * 10_000, rate, 3)
        assert abs(np.mean(child) - rate) < 0.02


def test_the_population_of_the_document_is_within_bounds():
    population = hz.init_population(
        bounds_min=[0.0, 10.0], bounds_max=[1.0, 100.0], is_discrete=[False, True], pop_size=50, seed=42
    )
    assert isinstance(population, list) and len(population) == 50
    assert all(0.0 <= first <= 1.0 and second in range(10, 101) for first, second in population)
    assert len({second for _, second in population}) > 25
    assert len(hz.init_population([0.0], [1.0])) == 50 and hz.init_population([0.0], [1.0], pop_size=0) == []


def test_the_same_seed_gives_the_same_and_none_is_fresh_each_time():
    bounds = ([0.0] * 20, [1.0] * 20)
    calls: list[Any] = [
        lambda seed: hz.gaussian_mutate([0.5] * 20, *bounds, rate=1.0, seed=seed),
        lambda seed: hz.uniform_crossover([0.0] * 64, [1.0] * 64, seed=seed),
        lambda seed: hz.init_population(*bounds, pop_size=2, seed=seed),
    ]
    for call in calls:
        assert call(1) == call(1) != call(2)
        assert call(None) != call(None)
        assert call(np.random.default_rng(4)) == call(np.random.default_rng(4))


def test_arrays_give_arrays():
    genome, low, high = np.full(3, 0.5), np.zeros(3), np.ones(3)
    assert isinstance(hz.gaussian_mutate(genome, low, high, seed=0), np.ndarray)
    assert isinstance(hz.uniform_crossover(genome, genome, seed=0), np.ndarray)
    assert hz.init_population(low, high, pop_size=4, seed=0).shape == (4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5], [1.0], [0.0]), r"bounds_min\[0\] is 1\.0, expected at most bounds_max\[0\], which is 0\.0"),
        (([0.5], [0.0, 0.0], [1.0, 1.0]), r"bounds_min has shape \(2,\), expected \(1,\)"),
        (([0.5], [0.0], [math.inf]), r"bounds_max\[0\] is inf, expected a finite number"),
        (([math.nan], [0.0], [1.0]), r"genome\[0\] is nan, expected a finite number"),
        (([0.5], None, [1.0]), "bounds_min is None, expected bounds"),
        (([0.5], None, None), "bounds_min and bounds_max are None, but a mutation needs bounds"),
        (([0.5], [0.2], [0.8], [True]), r"bounds_min\[0\] to bounds_max\[0\], 0\.2 to 0\.8, holds no whole number"),
        (([0.5], [0.0], [1.0], [True, False]), r"is_discrete has shape \(2,\), expected \(1,\)"),
        (([0.5], [0.0], [1.0], ["yes"]), "is_discrete must be bools"),
        (([0.5], [0.0], [1.0], None, -0.1), r"sigma is -0\.1, expected finite numbers of 0 or more"),
        (([0.5], [0.0], [1.0], None, 0.1, 1.1), r"rate is 1\.1, expected a probability, 0 to 1"),
    ],
)
def test_mutations_name_the_argument_that_will_not_do(arguments: tuple[Any, ...], message: str):
    with pytest.raises(ValueError, match=message):
        hz.gaussian_mutate(*arguments)


def test_the_others_name_it_too():
    with pytest.raises(ValueError, match=r"parent_b has shape \(2,\), expected \(1,\)"):
        hz.uniform_crossover([0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"rate is -1, expected a probability, 0 to 1"):
        hz.uniform_crossover([0.0], [0.0], -1)
    with pytest.raises(ValueError, match="pop_size is -1, expected a whole number from 0"):
        hz.init_population([0.0], [1.0], pop_size=-1)
    with pytest.raises(ValueError, match=r"bounds_max has shape \(2,\), expected \(1,\)"):
        hz.init_population([0.0], [1.0, 2.0])


@pytest.mark.parametrize("part", CROSSOVERS)
def test_crossovers_are_kernels_with_their_parameters(part: Any):
    a, b = np.random.default_rng(1).random((2, 30, 6))
    lower, upper, out = np.zeros(6), np.ones(6), np.empty((60, 6))
    children = part.cross(a, b, stream(), lower, upper, out)
    assert children is out and ((children >= 0.0) & (children <= 1.0)).all()
    assert (part.cross(a, b, stream(), lower, upper) == children).all()
    assert not (part.cross(a, b, stream(1), lower, upper) == children).all()


@pytest.mark.parametrize("part", CROSSOVERS)
def test_pairs_that_are_not_crossed_are_copied(part: Any):
    rate = "pair_rate" if isinstance(part, hz.UniformCrossover) else "rate"
    a, b = np.random.default_rng(1).random((2, 30, 6))
    still = type(part)(**{rate: 0.0})
    assert (still.cross(a, b, stream(), np.zeros(6), np.ones(6)) == np.concatenate([a, b])).all()


@pytest.mark.parametrize("part", MUTATIONS)
def test_mutations_are_kernels_with_their_parameters(part: Any):
    genomes = np.random.default_rng(2).random((40, 6)) * 9
    lower, upper, whole = np.zeros(6), np.full(6, 9.0), np.arange(6) % 2 == 0
    mutants = part.mutate(genomes, stream(), lower, upper, whole)
    assert ((mutants >= 0.0) & (mutants <= 9.0)).all() and (mutants[:, whole] % 1 == 0).all()
    assert part.mutate(genomes, stream(), lower, upper, whole, genomes) is genomes
    assert (genomes == mutants).all()


def test_polynomial_mutation_changes_one_gene_on_average_unless_told_otherwise():
    genomes, lower, upper = np.full((3000, 8), 0.5), np.zeros(8), np.ones(8)
    assert abs((hz.PolynomialMutation().mutate(genomes, stream(), lower, upper) != 0.5).sum(axis=1).mean() - 1) < 0.1
    assert (hz.PolynomialMutation(rate=1.0).mutate(genomes, stream(), lower, upper) != 0.5).all()


def test_parameters_reach_the_kernels():
    a, b, lower, upper = np.zeros((50, 8)), np.ones((50, 8)), np.zeros(8), np.ones(8)
    ours = hz.SBX(3.0, 0.5, 0.4, 0.3).cross(a, b, stream(), lower, upper)
    own = {"eta": 3.0, "pair_rate": 0.5, "gene_rate": 0.4, "exchange_rate": 0.3}
    assert (ours == variation.sbx(a, b, stream(), lower=lower, upper=upper, **own)).all()
    ours = hz.TwoPoint(0.5).cross(a, b, stream(), lower, upper)
    assert (ours == variation.points(a, b, stream(), cuts=2, pair_rate=0.5)).all()
    ours = hz.BlendCrossover(0.1, 0.5).cross(a, b, stream(), lower, upper)
    assert (ours == variation.blend(a, b, stream(), lower=lower, upper=upper, alpha=0.1, pair_rate=0.5)).all()


@pytest.mark.parametrize("part", [*CROSSOVERS, *MUTATIONS])
def test_parts_are_values(part: Any):
    copy = pickle.loads(pickle.dumps(part))
    assert copy == part and hash(copy) == hash(part) and repr(part).startswith(type(part).__name__)


def test_parts_refuse_parameters_when_they_are_made():
    for make, message in [
        (lambda: hz.SBX(eta=-1.0), r"eta is -1\.0"),
        (lambda: hz.SBX(rate=1.5), r"rate is 1\.5"),
        (lambda: hz.SBX(exchange_rate=-0.5), r"exchange_rate is -0\.5"),
        (lambda: hz.UniformCrossover(2.0), r"rate is 2\.0"),
        (lambda: hz.OnePoint(-1.0), r"rate is -1\.0"),
        (lambda: hz.BlendCrossover(alpha=-0.5), r"alpha is -0\.5"),
        (lambda: hz.PolynomialMutation(rate=3.0), r"rate is 3\.0"),
        (lambda: hz.GaussianMutation(sigma=math.nan), "sigma is nan"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


@pytest.mark.parametrize("kind", [hz.SBX, hz.PolynomialMutation, hz.GaussianMutation, hz.UniformCrossover, hz.BitFlip])
@pytest.mark.parametrize("value", ["wide", [0.1, 0.2], np.array([0.1, 0.2])], ids=["text", "list", "array"])
def test_an_operator_names_what_is_no_number(kind, value):
    for field in (field for field in dataclasses.fields(kind) if not isinstance(field.default, bool)):
        with pytest.raises(ValueError, match=f"{field.name} is .*, expected"):
            kind(**{field.name: value})
