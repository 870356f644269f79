"""The genetic algorithm: what it solves, that its ways are one, its parts, and what is hostile."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import (
    NSGA2,
    SBX,
    BinaryGenotype,
    BitFlip,
    FitnessError,
    GaussianMutation,
    GeneticAlgorithm,
    Inversion,
    ListGenotype,
    MatchedCrossover,
    MultiListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    OnePoint,
    OrderCrossover,
    PolynomialMutation,
    RandomReset,
    RangeGenotype,
    Scramble,
    Swap,
    Tournament,
    TwoPoint,
    UniformCrossover,
    UniqueGenotype,
    functions,
)

GENOTYPES = {
    "bits": BinaryGenotype(20),
    "numbers": RangeGenotype(5, (-5.0, 5.0)),
    "whole": MultiRangeGenotype([(0, 9), (-3.5, 3.5), (2, 2)], integer=[True, False, True]),
    "list": ListGenotype(6, "abcd"),
    "lists": MultiListGenotype(["ab", (1, 2, 3), (True, False)]),
    "order": UniqueGenotype(range(8)),
    "orders": MultiUniqueGenotype([range(4), range(5), range(1)]),
}


def weighed(genome: Any) -> float:
    """The same for every process."""
    return float(sum(sum(map(ord, str(gene))) * (place + 1) ** 2 % 1009 for place, gene in enumerate(genome.tolist())))


# Problems


@pytest.mark.parametrize("survival", ["plus", "generational"])
@pytest.mark.parametrize("fitness", [functions.onemax, lambda bits: bits.sum(axis=1)], ids=["native", "numpy"])
def test_onemax_is_solved(survival: str, fitness: Any):
    search = GeneticAlgorithm(BinaryGenotype(100), survival=survival, maximize=True, seed=1)
    native = fitness is functions.onemax
    result = search.run(fitness, vectorized=not native, target=100, evaluations=10_000)
    assert result.reason == "target" and result.best_genome.all()


def test_leading_ones_and_traps_are_solved():
    search = GeneticAlgorithm(BinaryGenotype(40), maximize=True, seed=1)
    assert search.run(functions.leading_ones, target=40, evaluations=30_000).reason == "target"
    search = GeneticAlgorithm(BinaryGenotype(24), crossover=TwoPoint(0.9), population_size=300, maximize=True, seed=1)
    assert search.run(functions.trap(4), target=24, evaluations=60_000).reason == "target"


def test_a_sphere_is_solved():
    result = GeneticAlgorithm(functions.sphere.genotype(10), seed=1).run(functions.sphere, evaluations=30_000)
    assert result.best_fitness < 1e-4


def test_whole_numbers_are_found_exactly():
    genotype = RangeGenotype(8, (-20, 20), integer=True)
    search = GeneticAlgorithm(genotype, seed=1)
    result = search.run(lambda x: ((x - 7) ** 2).sum(axis=1), vectorized=True, target=0, evaluations=20_000)
    assert result.best_genome.tolist() == [7.0] * 8


def test_a_tour_round_a_circle_is_found():
    angles = np.random.default_rng(0).permutation(20) * 2 * np.pi / 20
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    problem = functions.tsp(np.linalg.norm(places[:, None] - places[None], axis=2))
    result = GeneticAlgorithm(problem.genotype(), seed=2).run(problem, evaluations=20_000)
    assert result.best_fitness == pytest.approx(40 * np.sin(np.pi / 20))


def test_queens_stand_in_peace():
    search = GeneticAlgorithm(functions.queens.genotype(16), mutation=Swap(), crossover=MatchedCrossover(), seed=1)
    assert search.run(functions.queens, target=0, evaluations=50_000).best_fitness == 0


def test_words_are_found_in_lists():
    word = np.array(list("evolution"))
    search = GeneticAlgorithm(ListGenotype(9, "abcdefghijklmnopqrstuvwxyz"), maximize=True, seed=1)
    result = search.run(lambda rows: (rows == word).sum(axis=1), vectorized=True, target=9, evaluations=30_000)
    assert "".join(result.best_genome) == "evolution"


@pytest.mark.parametrize("selection", ["tournament", "roulette", "rank", "ucb1", "epsilon_greedy"])
def test_every_selection_gets_better(selection: str):
    search = GeneticAlgorithm(functions.sphere.genotype(5), selection=selection, population_size=40, seed=1)
    search.run(functions.sphere, evaluations=40)
    first = search.best_fitness
    assert search.run(functions.sphere, evaluations=4000).best_fitness < first / 10


# One run, whatever the way


def steps_of(search: GeneticAlgorithm, fitness: Any, generations: int) -> GeneticAlgorithm:
    while search.generation < generations:
        batch = search.ask()
        search.tell(batch, [fitness(genome) for genome in batch.genomes])
    return search


@pytest.mark.parametrize("survival", ["plus", "generational"])
@pytest.mark.parametrize("name", GENOTYPES)
def test_run_and_ask_and_tell_are_one(name: str, survival: str):
    parameters = {"population_size": 15, "survival": survival, "seed": 3, "maximize": True}
    ran = GeneticAlgorithm(GENOTYPES[name], **parameters)
    result = ran.run(weighed, generations=8)
    told = steps_of(GeneticAlgorithm(GENOTYPES[name], **parameters), weighed, 8).result()
    assert np.array_equal(result.genomes, told.genomes) and np.array_equal(result.fitness, told.fitness)
    assert result.best_fitness == told.best_fitness >= result.fitness.max()
    assert result.evaluations == told.evaluations
    assert np.array_equal(result.best_genome, told.best_genome)


@pytest.mark.parametrize("eliminate_duplicates", [False, True])
@pytest.mark.parametrize("survival", ["plus", "generational"])
@pytest.mark.parametrize("crossover", [UniformCrossover(), UniformCrossover(0.3, 0.8), OnePoint(), TwoPoint(0.7)])
@pytest.mark.parametrize("function", [functions.onemax, functions.leading_ones, functions.trap(5)])
def test_native_functions_of_bits_make_the_same_run(
    crossover: Any, survival: str, eliminate_duplicates: bool, function: Any
):
    check_native(
        BinaryGenotype(70),
        function,
        crossover=crossover,
        survival=survival,
        eliminate_duplicates=eliminate_duplicates,
        maximize=True,
    )


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("survival", ["plus", "generational"])
@pytest.mark.parametrize("name", ["rastrigin", "schwefel", "rosenbrock"])
def test_native_functions_of_numbers_make_the_same_run(name: str, survival: str, integer: bool):
    check_native(RangeGenotype(6, (-9, 8), integer=integer), functions.by_name(name), survival=survival)


def check_native(genotype: Any, function: Any, **parameters: Any) -> None:
    """``run`` in the kernel, ``run`` step by step because it is watched, and a callable that is not known as native."""
    results = []
    for fitness, options in (
        (function, {}),
        (function, {"callback": lambda search: None}),
        (lambda rows: function.evaluate(np.ascontiguousarray(rows)), {"vectorized": True}),
    ):
        search = GeneticAlgorithm(genotype, population_size=20, elite_count=2, seed=5, **parameters)
        results.append(search.run(fitness, evaluations=20 * 30 + 7, **options))
    for other in results[1:]:
        assert np.array_equal(results[0].genomes, other.genomes)
        assert np.array_equal(results[0].fitness, other.fitness)
        assert np.array_equal(results[0].best_genome, other.best_genome)
        for name in ("best_fitness", "evaluations", "generations", "invalid", "reason"):
            assert results[0][name] == other[name], name


def test_stale_generations_are_the_same_in_the_kernel():
    searches = [GeneticAlgorithm(BinaryGenotype(30), population_size=10, maximize=True, seed=2) for _ in range(2)]
    searches[0].run(functions.onemax, generations=60)
    searches[1].run(functions.onemax, generations=60, callback=lambda search: None)
    assert searches[0].stale_generations == searches[1].stale_generations > 0


def test_late_and_parted_answers_are_taken():
    search = GeneticAlgorithm(functions.sphere.genotype(4), population_size=12, seed=1)
    waiting = []
    for turn in range(200):
        waiting.append(search.ask(5))
        if turn >= 3:
            batch = waiting.pop(0)
            for part in (batch[3:], batch[:3]):
                search.tell(part, functions.sphere.evaluate(part.genomes))
    assert search.generation > 60
    assert search.best_fitness < 0.1


@pytest.mark.parametrize("name", GENOTYPES)
@pytest.mark.parametrize("how", ["checkpoint", "pickle"])
def test_a_search_goes_on_where_it_was_kept(name: str, how: str, tmp_path: Path):
    def fresh() -> GeneticAlgorithm:
        return GeneticAlgorithm(GENOTYPES[name], population_size=10, selection="ucb1", seed=4)

    whole = fresh().run(weighed, generations=9)
    part = fresh()
    part.run(weighed, generations=4)
    if how == "checkpoint":
        part.save(tmp_path / "search.npz")
        part = GeneticAlgorithm.load(tmp_path / "search.npz")
    else:
        part = pickle.loads(pickle.dumps(part))
    assert np.array_equal(part.run(weighed, generations=9).genomes, whole.genomes)


def test_seeds_tell_searches_apart():
    runs = [
        GeneticAlgorithm(functions.sphere.genotype(3), seed=seed).run(functions.sphere, evaluations=500)
        for seed in (1, 1, 2)
    ]
    assert runs[0].best_fitness == runs[1].best_fitness != runs[2].best_fitness


# Parts


def test_parts_follow_the_genotype():
    parts = {
        name: (type(search.crossover), type(search.mutation))
        for name, search in ((name, GeneticAlgorithm(genotype)) for name, genotype in GENOTYPES.items())
    }
    assert parts["bits"] == (UniformCrossover, BitFlip)
    assert parts["numbers"] == parts["whole"] == (SBX, PolynomialMutation)
    assert parts["list"] == parts["lists"] == (UniformCrossover, RandomReset)
    assert parts["order"] == parts["orders"] == (OrderCrossover, Inversion)
    assert GeneticAlgorithm(GENOTYPES["order"], crossover_rate=0.4).crossover == OrderCrossover(0.4)


@pytest.mark.parametrize("mutation", [Swap(), Inversion(0.5), Scramble()])
@pytest.mark.parametrize("crossover", [OrderCrossover(), MatchedCrossover()])
@pytest.mark.parametrize("name", ["order", "orders"])
def test_permutations_stay_permutations(name: str, crossover: Any, mutation: Any):
    search = GeneticAlgorithm(GENOTYPES[name], crossover=crossover, mutation=mutation, population_size=20, seed=1)
    result = search.run(weighed, generations=10)
    assert np.array_equal(GENOTYPES[name].encode(result.genomes), search.population[0])


@pytest.mark.parametrize("name", GENOTYPES)
def test_all_that_is_asked_is_of_the_genotype(name: str):
    search = GeneticAlgorithm(GENOTYPES[name], population_size=10, seed=1)
    for _ in range(20):
        batch = search.ask()
        GENOTYPES[name].encode(batch.genomes)  # raises where it is not
        search.tell(batch, [weighed(genome) for genome in batch.genomes])


def test_elites_stay_in_generational_survival():
    search = GeneticAlgorithm(BinaryGenotype(40), survival="generational", elite_count=3, mutation=BitFlip(0.3), seed=1)
    assert search.batch_size == 97
    search.run(weighed, generations=1)
    for generation in range(2, 12):
        before = np.sort(search.population[1])[-3:]
        search.run(weighed, generations=generation)
        assert (np.sort(search.population[1])[-3:] >= before).all()


def test_duplicates_are_eliminated_with_plus():
    search = GeneticAlgorithm(BinaryGenotype(30), maximize=True, seed=1)
    search.run(functions.leading_ones, generations=15)
    assert len(np.unique(search.population[0], axis=0)) == 100
    search = GeneticAlgorithm(BinaryGenotype(30), maximize=True, eliminate_duplicates=False, seed=1)
    search.run(functions.leading_ones, generations=15)
    assert len(np.unique(search.population[0], axis=0)) < 100


def test_the_fifth_rule_moves_sigma():
    search = GeneticAlgorithm(functions.sphere.genotype(10), adaptive_mutation=True, seed=1)
    assert isinstance(search.mutation, GaussianMutation) and search.mutation.sigma == 0.1
    result = search.run(functions.sphere, evaluations=20_000)
    assert search.mutation.sigma < 0.01
    assert result.best_fitness < 1e-6
    rising = GeneticAlgorithm(
        RangeGenotype(2, (0, 1000)),
        mutation=GaussianMutation(sigma=0.001, rate=1.0),
        adaptive_mutation=True,
        initial=np.full((100, 2), 1.0),
        maximize=True,
        seed=1,
    )
    rising.run(lambda x: x.sum(axis=1), vectorized=True, generations=6)
    assert rising.mutation.sigma > 0.001


def test_ucb1_counts_who_was_selected_and_forgets_who_left():
    search = GeneticAlgorithm(functions.sphere.genotype(3), selection="ucb1", population_size=6, seed=1)
    search.run(functions.sphere, generations=1)
    assert search._counts.tolist() == [0] * 6
    batch = search.ask()
    assert search._counts.tolist() == [1] * 6
    codes = search.population[0].copy()
    search.tell(batch, functions.sphere.evaluate(batch.genomes))
    stayed = (search.population[0] == codes).all(axis=1)
    assert search._counts[stayed].tolist() == [1] * int(stayed.sum())
    assert search._counts[~stayed].tolist() == [0] * int((~stayed).sum())


def test_initial_genomes_come_first():
    search = GeneticAlgorithm(BinaryGenotype(5), initial=[[True] * 5, [False] * 5], population_size=4, seed=1)
    assert search.ask().genomes[:2].tolist() == [[True] * 5, [False] * 5]


@dataclass(frozen=True)
class Middle:
    """A crossover of one's own: both children are the mean of their parents."""

    def cross(self, a: Any, b: Any, stream: Any, lower: Any, upper: Any, out: Any = None) -> Any:
        return np.concatenate([(a + b) / 2, (a + b) / 2])


class Forwards:
    """A selection of one's own: everybody in turn."""

    def select(self, merits: Any, count: int, stream: Any, counts: Any = None) -> Any:
        assert counts is not None
        return np.argsort(counts, kind="stable")[np.arange(count) % len(merits)]


def test_parts_of_ones_own_fit():
    search = GeneticAlgorithm(functions.sphere.genotype(3), crossover=Middle(), selection=Forwards(), seed=1)
    assert search.run(functions.sphere, generations=30).best_fitness < 1e-2


# Hostile


def test_a_population_of_one_searches():
    for survival in ("plus", "generational"):
        search = GeneticAlgorithm(BinaryGenotype(6), population_size=1, survival=survival, maximize=True, seed=1)
        assert search.run(functions.onemax, target=6, evaluations=5000).reason == "target"


def test_bounds_of_no_width_have_one_genome():
    search = GeneticAlgorithm(RangeGenotype(3, (2.0, 2.0)), seed=1)
    result = search.run(functions.sphere, generations=5)
    assert (result.genomes == 2.0).all() and result.best_fitness == 12.0


@pytest.mark.parametrize("survival", ["plus", "generational"])
def test_invalid_genomes_are_never_found(survival: str):
    def fitness(rows: Any) -> Any:
        values = (rows**2).sum(axis=1)
        values[rows[:, 0] < 0] = np.nan
        values[rows[:, 1] < 0] = -np.inf
        return values

    search = GeneticAlgorithm(functions.sphere.genotype(3), survival=survival, seed=1)
    result = search.run(fitness, vectorized=True, evaluations=5000)
    assert result.best_fitness < 0.05 and (result.best_genome[:2] >= 0).all()
    assert result.invalid > 75
    if survival == "plus":
        assert not np.isnan(result.fitness).any()


@pytest.mark.parametrize("survival", ["plus", "generational"])
def test_where_all_are_invalid_nothing_is_found(survival: str):
    search = GeneticAlgorithm(functions.sphere.genotype(3), survival=survival, seed=1)
    result = search.run(lambda x: None, generations=5)
    assert result.best_genome is None and np.isnan(result.best_fitness) and result.invalid == result.evaluations


def test_a_fitness_that_fails_is_told_and_the_search_goes_on():
    search = GeneticAlgorithm(functions.sphere.genotype(3), population_size=10, seed=1)
    search.run(functions.sphere, generations=2)
    for fitness in (lambda x: 1 / 0, lambda x: "a", lambda x: x.fill(0)):
        with pytest.raises(FitnessError, match="genome 0"):
            search.run(fitness, generations=4)
    with pytest.raises(FitnessError, match="shape"):
        search.run(lambda x: x, vectorized=True, generations=4)
    assert search.run(functions.sphere, generations=20).generations == 20


def test_a_trap_that_does_not_fit_the_genome_is_told():
    with pytest.raises(ValueError, match="genomes has 10 genes, expected a multiple of the order 4"):
        GeneticAlgorithm(BinaryGenotype(10), maximize=True).run(functions.trap(4), generations=2)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"survival": "none"}, ValueError, "survival is 'none', expected one of plus, generational"),
        ({"selection": "best"}, ValueError, "selection is 'best', expected one of tournament"),
        ({"elite_count": -1}, ValueError, "elite_count is -1, expected a whole number from 0"),
        ({"crossover_rate": 1.5}, ValueError, "crossover_rate is 1.5, expected a probability"),
        ({"crossover_rate": 0.5, "crossover": SBX()}, ValueError, "crossover_rate is 0.5, but SBX.* has a rate of its"),
        ({"crossover": OrderCrossover()}, TypeError, "crossover is OrderCrossover.*, expected for a RangeGenotype SBX"),
        ({"mutation": BitFlip()}, TypeError, "mutation is BitFlip.* Polynomial.* or GaussianMutation"),
        ({"mutation": PolynomialMutation(), "adaptive_mutation": True}, ValueError, "has no sigma"),
        ({"population_size": 0}, ValueError, "population_size is 0"),
        ({"initial": [[9.0, 9.0, 9.0]]}, ValueError, "genomes.*9.0, expected -5.12 to 5.12"),
    ],
)
def test_arguments_that_do_not_fit_are_named(parameters: dict[str, Any], error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        GeneticAlgorithm(functions.sphere.genotype(3), **parameters)


def test_permutations_are_not_crossed_like_lists():
    with pytest.raises(TypeError, match=r"UniformCrossover.*expected for a UniqueGenotype OrderCrossover or Matched"):
        GeneticAlgorithm(UniqueGenotype(range(5)), crossover=UniformCrossover())


def test_a_crossover_of_one_s_own_that_returns_too_little_is_told():
    class Half(Middle):
        def cross(self, a: Any, *others: Any, **more: Any) -> Any:
            return a

    search = GeneticAlgorithm(functions.sphere.genotype(3), crossover=Half(), selection=Tournament(2), seed=1)
    with pytest.raises(ValueError, match=r"returned shape \(50, 3\), expected \(100, 3\)"):
        search.run(functions.sphere, generations=2)


@pytest.mark.parametrize("kind", [GeneticAlgorithm, NSGA2])
@pytest.mark.parametrize("operator", [5, "sbx", BitFlip])
def test_what_is_no_operator_is_refused_at_once(kind: Any, operator: Any) -> None:
    for name in ("crossover", "mutation"):
        with pytest.raises(TypeError, match=rf"{name} is .*, expected something that can"):
            kind(BinaryGenotype(4), **{name: operator})
