"""Selections, crossovers, mutations and extensions: what they accept, and what they do to a population."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import BinaryGenotype, MultiUniqueGenotype, RangeGenotype, UniqueGenotype
from gigaevo.optimize.strategy import (
    CrossoverClone,
    CrossoverMultiGene,
    CrossoverMultiPoint,
    CrossoverRejuvenate,
    CrossoverSingleGene,
    CrossoverSinglePoint,
    CrossoverUniform,
    ExtensionMassDeduplication,
    ExtensionMassDegeneration,
    ExtensionMassExtinction,
    ExtensionMassGenesis,
    MutateMultiGene,
    MutateMultiGeneDynamic,
    MutateMultiGeneRange,
    MutateSingleGene,
    MutateSingleGeneDynamic,
    Population,
    SelectElite,
    SelectTournament,
    StrategyState,
)
from gigaevo.optimize.strategy.gene_space import gene_space
from tests.optimize.strategy.searches import Watcher, one_max

RATE = "expected a probability, 0 to 1"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SelectElite(1.1, 0.0), "replacement_rate is 1.1, " + RATE),
        (lambda: SelectElite(0.5, float("nan")), "elitism_rate is nan, " + RATE),
        (lambda: SelectTournament(0.5, 0.1, 0), "tournament_size is 0"),
        (lambda: CrossoverUniform(-0.1, 0.5), "selection_rate is -0.1, " + RATE),
        (lambda: CrossoverUniform(0.5, 2.0), "crossover_rate is 2.0, " + RATE),
        (lambda: CrossoverClone(1.5), "selection_rate is 1.5, " + RATE),
        (lambda: CrossoverMultiGene(0.5, 0.5, 0), "number_of_crossovers is 0"),
        (lambda: MutateSingleGene(1.01), "mutation_probability is 1.01, " + RATE),
        (lambda: MutateMultiGene(0, 0.1), "number_of_mutations is 0"),
        (lambda: MutateMultiGeneRange((3, 2), 0.1), r"number_of_mutations_range is \(3, 2\)"),
        (lambda: MutateSingleGeneDynamic(0.1, 0), "target_cardinality is 0"),
        (lambda: MutateMultiGeneDynamic(2, -0.1, 5), "mutation_probability_step is -0.1, " + RATE),
        (lambda: ExtensionMassExtinction(0, 0.1, 0.1), "cardinality_threshold is 0"),
        (lambda: ExtensionMassExtinction(5, 1.1, 0.1), "survival_rate is 1.1, " + RATE),
        (lambda: ExtensionMassDegeneration(5, 0, 0.1), "number_of_mutations is 0"),
        (lambda: ExtensionMassDegeneration(5, 1.5, 0.1), "number_of_mutations is 1.5"),
        (lambda: SelectElite("0.5", 0.0), "replacement_rate is '0.5', " + RATE),
        (lambda: CrossoverUniform(0.5, None), "crossover_rate is None, " + RATE),
        (lambda: SelectTournament(0.5, 0.1, 2.5), "tournament_size is 2.5"),
        (lambda: CrossoverMultiGene(0.5, 0.5, 2.5), "number_of_crossovers is 2.5"),
        (lambda: MutateMultiGeneRange(3, 0.1), "number_of_mutations_range is 3"),
        (lambda: MutateMultiGeneRange((1.5, 3), 0.1), r"number_of_mutations_range is \(1.5, 3\)"),
    ],
)
def test_an_argument_out_of_its_range_is_named_with_its_value(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("genotype", "crossover", "message"),
    [
        (UniqueGenotype(range(5)), CrossoverUniform(0.5, 0.5), "crossover is CrossoverUniform, but genes of Unique"),
        (MultiUniqueGenotype([range(3), range(2)]), CrossoverSingleGene(0.5, 0.5), "use CrossoverClone"),
        (UniqueGenotype(range(5)), CrossoverSinglePoint(0.5, 0.5), "has no point to cut at"),
        (MultiUniqueGenotype([range(3)]), CrossoverMultiPoint(0.5, 0.5, 1), "has no point to cut at"),
        (BinaryGenotype(1), CrossoverSinglePoint(0.5, 0.5), "has no point to cut at"),
        (BinaryGenotype(8), CrossoverMultiGene(0.5, 0.5, 9), "number_of_crossovers is 9, expected at most 8"),
        (RangeGenotype(8, (0, 1)), CrossoverMultiPoint(0.5, 0.5, 8), "number_of_crossovers is 8, expected at most 7"),
    ],
)
def test_a_crossover_that_does_not_fit_the_genotype_is_refused(genotype: Any, crossover: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crossover.check(gene_space(genotype))


@pytest.mark.parametrize(
    "crossover",
    [
        CrossoverUniform(0.6, 0.7),
        CrossoverSingleGene(0.6, 0.7),
        CrossoverMultiGene(0.6, 0.7, 3),
        CrossoverMultiGene(0.6, 0.7, 50, allow_duplicates=True),
        CrossoverSinglePoint(0.6, 0.7),
        CrossoverMultiPoint(0.6, 0.7, 3),
        CrossoverClone(0.6),
        CrossoverRejuvenate(0.6),
    ],
)
@pytest.mark.parametrize("select", [SelectElite(0.5, 0.05), SelectTournament(0.5, 0.05, 4)])
def test_every_crossover_and_selection_finds_one_max_and_runs_natively_as_in_python(
    crossover: Any, select: Any
) -> None:
    told = {
        "crossover": crossover,
        "select": select,
        "max_generations": 150,
        "mutate": MutateMultiGeneRange((1, 2), 0.5),
    }
    native = one_max(30, **told).call()
    stepwise = one_max(30, **told, reporter=Watcher()).call()
    assert set(native.state.durations) == {"fitness", "native"}
    assert "native" not in stepwise.state.durations
    assert native.state.evaluations == stepwise.state.evaluations
    assert native.best_generation == stepwise.best_generation
    assert (native.state.population.genes == stepwise.state.population.genes).all()
    assert native.state.stream.state.tolist() == stepwise.state.stream.state.tolist()
    assert native.best_fitness_score is not None
    assert native.best_fitness_score >= 28


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    few = np.int64(3)
    evolve = one_max(
        select=SelectTournament(0.5, 0.02, few),
        crossover=CrossoverMultiPoint(0.7, 0.8, few),
        mutate=MutateMultiGeneRange((np.int64(1), few), 0.5),
        extension=ExtensionMassDegeneration(few, few, 0.1),
        target_population_size=np.int64(20),
        max_stale_generations=np.int64(50),
        max_generations=np.int64(30),
        max_chromosome_age=few,
        fitness_cache=np.int64(100),
    )
    plain = one_max(
        select=SelectTournament(0.5, 0.02, 3),
        crossover=CrossoverMultiPoint(0.7, 0.8, 3),
        mutate=MutateMultiGeneRange((1, 3), 0.5),
        extension=ExtensionMassDegeneration(3, 3, 0.1),
        max_stale_generations=50,
        max_generations=30,
        max_chromosome_age=3,
        fitness_cache=100,
    )
    assert len(evolve.call_repeatedly(np.int64(2)).runs) == 2
    assert (evolve.call().state.population.genes == plain.call().state.population.genes).all()


def test_whole_sets_are_exchanged_between_permutations() -> None:
    genotype = MultiUniqueGenotype([range(4), "ab", range(3)])
    space = gene_space(genotype)
    stream = RandomStream(np.random.SeedSequence(1))
    population = Population(space.random(50, stream))
    CrossoverSinglePoint(1.0, 1.0)(population, space, stream)
    space.mutate(population, 50, 1.0, (2, 2), 0, stream)
    genotype.encode(space.decode(population.genes))  # raises if a set is no permutation


def test_a_dynamic_mutation_holds_the_cardinality() -> None:
    seen: list[float] = []

    class Probability(Watcher):
        def on_mutation_complete(self, strategy: Any) -> None:
            seen.append(strategy.state.mutation_probability)

    one_max(200, mutate=MutateSingleGeneDynamic(0.05, 15), max_generations=60, reporter=Probability()).call()
    assert seen[0] == 0.0  # all differ at first: a step down from 0
    assert 0.0 < max(seen) <= 1.0
    steps = {round(abs(after - before), 9) for before, after in pairwise(seen)}
    assert steps <= {0.0, 0.05}


def state_of(bits: Any, merits: Any) -> tuple[StrategyState, Any]:
    space = gene_space(BinaryGenotype(np.asarray(bits).shape[1]))
    population = Population(space.encode(bits))
    population.pool.merits[:] = merits
    return StrategyState.begun(population, RandomStream(np.random.SeedSequence(0)), "a test"), space


def test_an_extinction_leaves_the_best_and_chance_survivors() -> None:
    survivors = set()
    for seed in range(30):
        state, space = state_of(np.eye(40), np.arange(40.0))
        state.stream = RandomStream(np.random.SeedSequence(seed))
        ExtensionMassExtinction(40, 0.2, 0.05)(state, space)
        assert state.population.merits[:2].tolist() == [39.0, 38.0]
        assert len(set(state.population.merits.tolist())) == len(state.population) == 8
        survivors |= set(state.population.merits.tolist())
    assert len(survivors) > 35


def test_an_extinction_leaves_a_pair_at_least() -> None:
    state, space = state_of(np.eye(10), np.arange(10.0))
    ExtensionMassExtinction(10, 0.0, 0.0)(state, space)
    assert len(state.population) == 2
    assert state.population.merits[0] == 9.0


def test_a_genesis_leaves_the_best_two_that_differ() -> None:
    state, space = state_of([[0, 0], [1, 1], [1, 1], [1, 0]], [0.0, 2.0, 2.0, 1.0])
    ExtensionMassGenesis(4)(state, space)
    assert state.population.merits.tolist() == [2.0, 1.0]
    state, space = state_of([[1, 1]] * 4, [2.0] * 4)
    ExtensionMassGenesis(4)(state, space)
    assert len(state.population) == 2


def test_a_degeneration_mutates_all_but_the_elite() -> None:
    state, space = state_of(np.zeros((20, 50)), np.arange(20.0))
    ExtensionMassDegeneration(20, 7, 0.1)(state, space)
    genes = space.decode(state.population.genes)
    assert genes.sum(1).tolist() == [0, 0] + [7] * 18
    assert np.isnan(state.population.merits).tolist() == [False, False] + [True] * 18


def test_a_deduplication_keeps_one_of_each() -> None:
    state, space = state_of([[0, 0], [1, 1], [0, 0], [1, 0], [1, 1]], np.arange(5.0))
    ExtensionMassDeduplication(5)(state, space)
    assert state.population.merits.tolist() == [0.0, 1.0, 3.0]


@pytest.mark.parametrize(
    "extension",
    [
        ExtensionMassExtinction(8, 0.1, 0.02),
        ExtensionMassGenesis(8),
        ExtensionMassDegeneration(8, 3, 0.05),
        ExtensionMassDeduplication(8),
    ],
)
def test_extensions_act_when_few_differ_and_the_population_grows_back(extension: Any) -> None:
    sizes: list[int] = []
    events: list[int] = []

    class Sizes(Watcher):
        def on_new_generation(self, strategy: Any) -> None:
            sizes.append(len(strategy.state.population))

        def on_extension_event(self, strategy: Any) -> None:
            assert strategy.state.population_cardinality <= 8
            assert sizes[-1] == 20
            events.append(len(strategy.state.population))

    evolve = one_max(
        10, extension=extension, mutate=MutateSingleGene(0.05), max_generations=80, reporter=Sizes()
    ).call()
    assert evolve.state.extension_events == len(events) > 0
    assert sizes[-1] <= 20
    assert evolve.best_fitness_score == 10.0
