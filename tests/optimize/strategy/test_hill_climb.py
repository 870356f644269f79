"""Hill climbing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import (
    BinaryGenotype,
    ListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
    functions,
)
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverClone,
    Evolve,
    FitnessOrdering,
    HillClimb,
    HillClimbVariant,
    MutateSingleGene,
    MutationType,
    SelectElite,
    SumGenes,
)
from gigaevo.optimize.strategy.gene_space import gene_space
from gigaevo.optimize.strategy.neighbours import neighbours
from tests.optimize.strategy.queens import conflicts
from tests.optimize.strategy.searches import RaisesOnce, Watcher

STOCHASTIC, STEEPEST = HillClimbVariant.STOCHASTIC, HillClimbVariant.STEEPEST_ASCENT


def neighbours_of(genotype: Any, genome: Any, scale: int = 0) -> list[list[Any]]:
    space = gene_space(genotype)
    rows = neighbours(space, space.encode([genome])[0], scale, RandomStream(np.random.SeedSequence(0)))
    found: list[list[Any]] = space.decode(rows).tolist()
    return found


def test_neighbours_of_bits_flip_each_gene() -> None:
    found = neighbours_of(BinaryGenotype(70), [False] * 70)
    assert (np.array(found) == np.eye(70, dtype=np.bool_)).all()


def test_neighbours_in_lists_are_all_other_alleles() -> None:
    assert neighbours_of(ListGenotype(2, "abc"), ["a", "b"]) == [["b", "b"], ["c", "b"], ["a", "a"], ["a", "c"]]


def test_neighbours_of_permutations_are_all_swaps_within_a_set() -> None:
    assert len(neighbours_of(UniqueGenotype(range(6)), range(6))) == 15
    found = neighbours_of(MultiUniqueGenotype(["abc", [1, 2], [9]]), np.array(["a", "b", "c", 1, 2, 9], object))
    assert len(found) == 4
    assert ["a", "b", "c", 2, 1, 9] in found


def test_neighbours_of_numbers_are_one_below_and_one_above_within_the_distance() -> None:
    found = np.array(neighbours_of(RangeGenotype(2, (0, 10), mutation_type=MutationType.range(2)), [5, 9.5]))
    changes = found - [5, 9.5]
    assert (np.count_nonzero(changes, axis=1) == 1).all()
    assert -2 <= changes[0, 0] < 0 < changes[1, 0] <= 2
    assert -2 <= changes[2, 1] < 0 < changes[3, 1] <= 0.5
    steps = MultiRangeGenotype(
        [(0, 1), (0, 9)], mutation_types=[MutationType.step_scaled([0.5, 0.25]), MutationType.step(1)]
    )
    assert neighbours_of(steps, [0.5, 9]) == [[0.0, 9.0], [1.0, 9.0], [0.5, 8.0]]
    assert neighbours_of(steps, [0.5, 9], 1) == [[0.25, 9.0], [0.75, 9.0], [0.5, 8.0]]
    whole = neighbours_of(RangeGenotype(1, (0, 9), integer=True, mutation_type=MutationType.range(3)), [5])
    assert 2 <= whole[0][0] < 5 < whole[1][0] <= 8
    assert neighbours_of(RangeGenotype(1, (0, 3), integer=True), [2]) == [[0.0], [1.0], [3.0]]
    with pytest.raises(ValueError, match="too many neighbours"):
        neighbours_of(RangeGenotype(1, (0, 1e9), integer=True), [2])


@pytest.mark.parametrize("variant", [STOCHASTIC, STEEPEST])
def test_it_climbs_to_the_top_and_never_goes_down(variant: HillClimbVariant) -> None:
    scores: list[float] = []

    class Scores(Watcher):
        def on_generation_complete(self, strategy: Any) -> None:
            scores.append(strategy.chromosomes[0].fitness_score)

    climb = HillClimb(
        BinaryGenotype(20), CountTrue(), variant=variant, target_fitness_score=20, seed=1, reporter=Scores()
    ).call()
    assert scores == sorted(scores)
    assert scores[-1] == climb.best_fitness_score == 20
    each = 20 if variant is STEEPEST else 1
    assert climb.state.evaluations == 1 + each * climb.state.current_generation


@pytest.mark.parametrize("variant", [STOCHASTIC, STEEPEST])
def test_64_queens_are_placed(variant: HillClimbVariant) -> None:
    steepest = variant is STEEPEST
    for seed in range(1 if steepest else 3):
        climb = HillClimb(
            UniqueGenotype(range(64 if not steepest else 20)),
            conflicts,
            variant=variant,
            fitness_ordering=FitnessOrdering.MINIMIZE,
            target_fitness_score=0,
            max_generations=40_000 if not steepest else 200,
            replace_on_equal_fitness=True,
            seed=seed,
        ).call()
        assert climb.best_fitness_score == 0
        assert climb.best_genes is not None
        assert conflicts(climb.best_genes) == 0


def test_64_queens_are_placed_natively_as_in_python() -> None:
    def search(reporter: Any, size: int) -> HillClimb:
        return HillClimb(
            UniqueGenotype(range(size)),
            functions.queens,
            fitness_ordering=FitnessOrdering.MINIMIZE,
            target_fitness_score=0,
            replace_on_equal_fitness=True,
            seed=3,
            reporter=reporter,
        ).call()

    for size in (64, 20):
        native = search(None, size)
        assert native.best_fitness_score == 0
        assert native.best_genes is not None
        assert sorted(native.best_genes.tolist()) == list(range(size))
        assert conflicts(native.best_genes) == 0
    stepwise = search(Watcher(), 20)
    assert stepwise.state.evaluations == native.state.evaluations
    assert stepwise.state.stream.state.tolist() == native.state.stream.state.tolist()
    assert stepwise.state.population.genes.tolist() == native.state.population.genes.tolist()


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    ("genotype", "fitness"),
    [
        (UniqueGenotype(range(12)), functions.queens),
        (BinaryGenotype(70), functions.onemax),
        (RangeGenotype(5, (-5, 5), mutation_type=MutationType.range_scaled([2, 0.1])), functions.rastrigin),
        (UniqueGenotype([0]), functions.queens),
    ],
)
def test_a_steepest_climb_runs_natively_as_in_python(genotype: Any, fitness: Any, replace: bool) -> None:
    def search(reporter: Any) -> HillClimb:
        return HillClimb(
            genotype,
            fitness,
            variant=STEEPEST,
            fitness_ordering=FitnessOrdering.MAXIMIZE if fitness.maximize else FitnessOrdering.MINIMIZE,
            max_stale_generations=3,
            max_generations=40,
            replace_on_equal_fitness=replace,
            seed=3,
            reporter=reporter,
        ).call()

    native, stepwise = search(None), search(Watcher())
    assert ("native" in native.state.durations) == (not isinstance(genotype, RangeGenotype))
    assert native.chromosomes[0].genes.tolist() == stepwise.chromosomes[0].genes.tolist()
    assert native.chromosomes[0].fitness_score == stepwise.chromosomes[0].fitness_score
    assert native.state.stream.state.tolist() == stepwise.state.stream.state.tolist()
    assert native.best_genes is not None
    assert stepwise.best_genes is not None
    assert native.best_genes.tolist() == stepwise.best_genes.tolist()
    for name in ("evaluations", "best_generation", "current_generation", "stop_reason", "scale"):
        assert getattr(native.state, name) == getattr(stepwise.state, name)


def test_queens_are_placed_by_a_population_too() -> None:
    evolve = Evolve(
        UniqueGenotype(range(24)),
        conflicts,
        select=SelectElite(0.5, 0.02),
        crossover=CrossoverClone(1.0),
        mutate=MutateSingleGene(1.0),
        fitness_ordering=FitnessOrdering.MINIMIZE,
        target_population_size=20,
        target_fitness_score=0,
        max_generations=5000,
        seed=1,
    ).call()
    assert evolve.best_fitness_score == 0


def test_an_invalid_place_is_left_for_any_other() -> None:
    climb = HillClimb(
        BinaryGenotype(12),
        lambda genes: None if genes.sum() < 9 else float(genes.sum()),
        target_fitness_score=12,
        max_generations=5000,
        seed_genes_list=[[False] * 12],
        seed=1,
    ).call()
    assert climb.best_fitness_score == 12


def test_seed_genes_are_where_it_begins() -> None:
    seeds = np.eye(5, dtype=np.bool_)
    begun = set()
    for seed in range(40):
        climb = HillClimb(BinaryGenotype(5), CountTrue(), max_generations=1, seed=seed, seed_genes_list=seeds)
        begun.add(climb._start_population(RandomStream(np.random.SeedSequence(seed))).genes.tobytes())
    assert len(begun) == 5


def test_a_scaled_climb_goes_to_finer_steps() -> None:
    climb = HillClimb(
        RangeGenotype(4, (0, 10), mutation_type=MutationType.step_scaled([1, 0.1, 0.01])),
        lambda genes: -np.abs(genes - 3.14159).sum(),
        variant=STEEPEST,
        max_stale_generations=1,
        seed=2,
    ).call()
    assert climb.state.scale == 2
    assert climb.best_genes is not None
    assert np.abs(climb.best_genes - 3.14159).max() < 0.011


@pytest.mark.parametrize("genotype", [BinaryGenotype(20), RangeGenotype(3, (0.0, 1.0))])
@pytest.mark.parametrize("broken_at", [1, 5, 30])
@pytest.mark.parametrize("variant", [STOCHASTIC, STEEPEST])
def test_a_climb_whose_fitness_raised_goes_on_as_if_it_had_not(
    variant: HillClimbVariant, broken_at: int, genotype: Any
) -> None:
    climb = HillClimb(genotype, RaisesOnce(at=broken_at), variant=variant, max_generations=50, seed=4)
    with pytest.raises(ValueError, match="no licence left"):
        climb.call()
    assert len(climb.state.population) == 1
    if broken_at > 1:
        stood = climb.chromosomes[0]
        assert stood.fitness_score == stood.genes.sum()
    climb.resume()
    whole = HillClimb(genotype, SumGenes(), variant=variant, max_generations=50, seed=4).call()
    assert (climb.best_generation, climb.state.evaluations) == (whole.best_generation, whole.state.evaluations)
    assert climb.chromosomes[0].genes.tolist() == whole.chromosomes[0].genes.tolist()


@pytest.mark.parametrize("variant", [STOCHASTIC, STEEPEST])
def test_a_cache_spares_a_climb_what_it_has_seen_and_changes_nothing(variant: HillClimbVariant) -> None:
    calls: list[bytes] = []

    def fitness(genes: Any) -> float:
        calls.append(genes.tobytes())
        return float(genes[:6].sum())

    told: dict[str, Any] = {"variant": variant, "max_generations": 60, "replace_on_equal_fitness": True, "seed": 4}
    plain = HillClimb(BinaryGenotype(8), fitness, **told).call()
    without = len(calls)
    calls.clear()
    cached = HillClimb(BinaryGenotype(8), fitness, **told, fitness_cache=256).call()
    assert len(calls) == len(set(calls)) < without
    assert cached.state.population.genes.tolist() == plain.state.population.genes.tolist()


def test_it_reads_well_and_the_same_seed_is_the_same_climb() -> None:
    climb = HillClimb(BinaryGenotype(30), CountTrue(), max_generations=50, seed=4).call()
    assert "variant=stochastic" in repr(climb)
    board = repr(
        HillClimb(UniqueGenotype(range(1000)), functions.queens, fitness_ordering="minimize", max_generations=3)
    )
    assert "UniqueGenotype(allele_list=<1000 of them, the first 0>)" in board
    with pytest.raises(ValueError, match="variant is 'up', expected a HillClimbVariant, or 'stochastic' or"):
        HillClimb(BinaryGenotype(3), CountTrue(), variant="up", max_generations=3)
    again = HillClimb(BinaryGenotype(30), CountTrue(), max_generations=50, seed=4).call()
    assert climb.best_genes is not None
    assert again.best_genes is not None
    assert climb.best_genes.tolist() == again.best_genes.tolist()
