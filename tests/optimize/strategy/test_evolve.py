"""The Evolve strategy: its loop in its order, its conditions, and what it does with odd fitness functions."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import (
    BinaryGenotype,
    FitnessError,
    ListGenotype,
    MultiListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
    functions,
)
from gigaevo.optimize.strategy import (
    Countdown,
    CountTrue,
    CrossoverClone,
    CrossoverMultiPoint,
    CrossoverRejuvenate,
    CrossoverUniform,
    Evolve,
    ExtensionMassExtinction,
    FitnessOrdering,
    HillClimb,
    MutateMultiGene,
    MutateMultiGeneRange,
    MutateSingleGene,
    MutationType,
    Permutate,
    SelectElite,
    SelectTournament,
    StrategyReporter,
    SumGenes,
    Zero,
)
from gigaevo.optimize.strategy.reporters import GENERATION_HOOKS
from tests.optimize.strategy.searches import RaisesOnce, Watcher, one_max

MINIMIZE, MAXIMIZE = FitnessOrdering.MINIMIZE, FitnessOrdering.MAXIMIZE


class Recorder(StrategyReporter):
    """Writes down each hook with the size of the population then."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []


def _recording(hook: str) -> Any:
    def record(self: Recorder, strategy: Any) -> None:
        state = strategy._state
        at = (state.current_generation, len(state.population)) if state is not None else (-1, -1)
        self.heard.append((hook, *at))

    return record


for _hook in ("on_enter", "on_start", *GENERATION_HOOKS, "on_finish", "on_exit"):
    setattr(Recorder, _hook, _recording(_hook))


def test_a_generation_selects_extends_crosses_over_and_mutates_in_this_order() -> None:
    recorder = Recorder()
    # No crossover makes anything new and mutation is sure: one better score at most a generation.
    one_max(
        200, crossover=CrossoverClone(0.5), mutate=MutateSingleGene(1.0), max_generations=3, reporter=recorder, seed=5
    ).call()
    heard = [(hook, size) for hook, generation, size in recorder.heard if generation in (-1, 2) and "best" not in hook]
    assert heard == [
        ("on_enter", -1),
        ("on_selection_complete", 20),
        ("on_new_generation", 20),
        ("on_crossover_complete", 30),
        ("on_mutation_complete", 30),
        ("on_generation_complete", 30),
    ]
    names = [hook for hook, _, _ in recorder.heard]
    assert names[:3] == ["on_enter", "on_new_best_chromosome", "on_start"]
    assert names[-2:] == ["on_finish", "on_exit"]
    for place, name in enumerate(names):
        if name == "on_new_best_chromosome" and place > 1:
            assert names[place - 1] == "on_mutation_complete"


def test_the_extension_acts_after_selection_and_before_crossover() -> None:
    recorder = Recorder()
    extension = ExtensionMassExtinction(20, 0.3, 0.05)  # each full population has too few that differ
    one_max(40, extension=extension, max_generations=1, reporter=recorder).call()
    assert [(hook, size) for hook, generation, size in recorder.heard if generation == 1 and "best" not in hook] == [
        ("on_selection_complete", 20),
        ("on_new_generation", 20),
        ("on_extension_event", 6),
        ("on_crossover_complete", 11),
        ("on_mutation_complete", 11),
        ("on_generation_complete", 11),
        ("on_finish", 11),
        ("on_exit", 11),
    ]


def test_the_documents_example_gives_its_answer() -> None:
    evolve = Evolve(
        BinaryGenotype(100),
        CountTrue(),
        select=SelectElite(0.5, 0.02),
        extension=ExtensionMassExtinction(10, 0.1, 0.02),
        crossover=CrossoverUniform(0.7, 0.8),
        mutate=MutateSingleGene(0.2),
        fitness_ordering=MINIMIZE,
        fitness_cache=1000,
        par_fitness=True,
        target_population_size=100,
        target_fitness_score=0,
        valid_fitness_score=10,
        max_stale_generations=1000,
        max_generations=1_000_000,
        max_chromosome_age=10,
        replace_on_equal_fitness=True,
        seed=0,
    ).call()
    best_genes, best_fitness_score = evolve.best_genes_and_fitness_score()
    assert best_genes is not None
    assert best_genes.tolist() == [False] * 100
    assert best_fitness_score == 0
    assert evolve.stop_reason == "target_fitness_score"


def test_the_same_seed_is_the_same_run_and_another_seed_another() -> None:
    def genes(seed: Any) -> list[list[int]]:
        return one_max(seed=seed, fitness=lambda genes: genes.sum()).call().state.population.genes.tolist()  # type: ignore[no-any-return]

    assert genes(7) == genes(7) == genes(np.random.SeedSequence(7))
    assert genes(7) != genes(8)
    assert genes(np.random.default_rng(3)) == genes(np.random.default_rng(3))
    evolve = one_max(seed=None)
    assert evolve.call().state.population.genes.tolist() == evolve.call().state.population.genes.tolist()


def test_a_python_fitness_a_vectorized_and_a_native_one_and_parallel_calls_are_the_same_run() -> None:
    runs = [
        one_max(),
        one_max(reporter=Watcher()),
        one_max(fitness=lambda genes: int(genes.sum())),
        one_max(fitness=lambda genes: genes.sum(axis=1), vectorized=True),
        one_max(fitness=SumGenes()),
        one_max(fitness=_count, par_fitness=True),
        one_max(fitness=lambda genes: int(genes.sum()), par_fitness=True),
    ]
    populations = [run.call().state.population.genes.tolist() for run in runs]
    assert all(population == populations[0] for population in populations)
    assert len({run.state.evaluations for run in runs}) == 1


def _count(genes: Any) -> int:
    return int(genes.sum())


@pytest.mark.parametrize("reporter_first", [False, True])
@pytest.mark.parametrize(
    ("genotype", "fitness", "crossover"),
    [
        (RangeGenotype(9, (-5, 5)), functions.rastrigin, CrossoverUniform(0.7, 0.8)),
        (
            RangeGenotype(5, (-5, 9), mutation_type=MutationType.range_scaled([9, 1, 0.1])),
            functions.rosenbrock,
            CrossoverMultiPoint(0.7, 0.8, 2),
        ),
        (RangeGenotype(9, (-5, 5), integer=True, mutation_type=MutationType.step(2)), SumGenes(), CrossoverClone(0.7)),
        (UniqueGenotype(range(16)), functions.queens, CrossoverClone(0.9)),
        (BinaryGenotype(33), functions.onemax, CrossoverRejuvenate(0.5)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_the_kernels_know_runs_natively_as_in_python(
    genotype: Any, fitness: Any, crossover: Any, reporter_first: bool
) -> None:
    def search(reporter: Any) -> Evolve:
        return Evolve(
            genotype,
            fitness,
            select=SelectTournament(0.5, 0.05, 3) if reporter_first else SelectElite(0.5, 0.02),
            crossover=crossover,
            mutate=MutateMultiGeneRange((1, 3), 0.4),
            fitness_ordering=MAXIMIZE if getattr(fitness, "maximize", False) else MINIMIZE,
            target_population_size=20,
            max_stale_generations=6,
            max_generations=60,
            seed=5,
            reporter=reporter,
        ).call()

    native, stepwise = search(None), search(Watcher())
    assert "native" in native.state.durations
    assert "native" not in stepwise.state.durations
    assert native.state.population.genes.tolist() == stepwise.state.population.genes.tolist()
    assert native.state.stream.state.tolist() == stepwise.state.stream.state.tolist()
    for name in ("scale", "scale_generation", "evaluations", "best_generation", "stale_generations", "stop_reason"):
        assert getattr(native.state, name) == getattr(stepwise.state, name)
    assert native.best_genes is not None
    assert fitness.evaluate(native.best_genes[None])[0] == pytest.approx(native.best_fitness_score)


# Conditions


def test_each_condition_ends_the_run_by_its_name() -> None:
    assert one_max(target_fitness_score=30).call().stop_reason == "target_fitness_score"
    few = one_max(max_generations=3).call()
    assert (few.stop_reason, few.state.current_generation) == ("max_generations", 3)
    stale = one_max(8, max_stale_generations=4).call()
    assert (stale.stop_reason, stale.best_fitness_score) == ("max_stale_generations", 8.0)
    assert stale.state.current_generation - stale.best_generation == 4


@pytest.mark.parametrize("reporter", [None, Watcher()])
def test_valid_fitness_score_holds_back_every_ending(reporter: Any) -> None:
    held = {"valid_fitness_score": 36, "reporter": reporter}
    for ending in ({"max_generations": 1}, {"max_stale_generations": 1}, {"target_fitness_score": 20}):
        evolve = one_max(**held, **ending).call()
        assert evolve.best_fitness_score is not None
        assert evolve.best_fitness_score >= 36
        assert evolve.state.current_generation > 1


def test_minimising_turns_target_and_valid_scores_round() -> None:
    evolve = one_max(fitness_ordering=MINIMIZE, target_fitness_score=3, valid_fitness_score=5).call()
    assert evolve.best_fitness_score is not None
    assert evolve.best_fitness_score <= 3
    genes = evolve.best_genes
    assert genes is not None
    assert genes.sum() == evolve.best_fitness_score


def test_the_word_of_an_ordering_will_do() -> None:
    by_word = one_max(fitness_ordering="minimize").call()
    assert by_word.fitness_ordering is MINIMIZE
    assert by_word.best_fitness_score == one_max(fitness_ordering=MINIMIZE).call().best_fitness_score


@pytest.mark.parametrize(
    ("genotype", "fitness", "ordering", "message"),
    [
        (RangeGenotype(3, (-1, 1)), functions.sphere, MAXIMIZE, "maximize, but sphere is to be minimised"),
        (UniqueGenotype(range(8)), functions.queens, MAXIMIZE, "maximize, but queens is to be minimised"),
        (BinaryGenotype(8), functions.onemax, MINIMIZE, "minimize, but onemax is to be maximised"),
    ],
)
def test_a_function_of_known_direction_is_not_searched_in_the_other(
    genotype: Any, fitness: Any, ordering: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=f"fitness_ordering is {message}"):
        HillClimb(genotype, fitness, fitness_ordering=ordering, max_generations=3)
    with pytest.raises(ValueError, match=f"fitness_ordering is {message}"):
        Permutate(BinaryGenotype(8), fitness, fitness_ordering=ordering)


def test_nothing_to_end_the_search_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing ends the search"):
        Evolve(
            BinaryGenotype(3),
            CountTrue(),
            select=SelectElite(0.5, 0.0),
            crossover=CrossoverClone(0.5),
            mutate=MutateSingleGene(0.1),
            valid_fitness_score=3,
        )


def test_the_aged_die() -> None:
    ages: list[int] = []

    class Ages(Watcher):
        def on_new_generation(self, strategy: Any) -> None:
            ages.append(int(strategy.state.population.ages.max()))

    one_max(max_chromosome_age=3, max_generations=40, reporter=Ages()).call()
    assert max(ages) == 2
    assert 2 in ages


def test_the_best_is_kept_though_the_population_loses_it() -> None:
    evolve = one_max(
        select=SelectTournament(1.0, 0.0, 1), crossover=CrossoverClone(1.0), mutate=MutateMultiGene(20, 1.0)
    ).call()
    scores = [chromosome.fitness_score for chromosome in evolve.chromosomes]
    assert evolve.best_fitness_score is not None
    assert evolve.best_fitness_score > max(score for score in scores if score is not None)
    assert evolve.best_genes is not None
    assert evolve.best_genes.sum() == evolve.best_fitness_score


@pytest.mark.parametrize("reporter", [None, Watcher()])
@pytest.mark.parametrize("replace", [False, True])
def test_an_equal_score_replaces_the_best_only_if_told_and_stays_stale(replace: bool, reporter: Any) -> None:
    zero = Evolve(
        BinaryGenotype(20),
        Zero(),
        select=SelectElite(0.5, 0.0),
        crossover=CrossoverUniform(0.7, 0.8),
        mutate=MutateSingleGene(0.5),
        max_stale_generations=10,
        replace_on_equal_fitness=replace,
        reporter=reporter,
        seed=2,
    ).call()
    assert zero.state.current_generation == 10
    assert zero.best_generation == 0
    first = BinaryGenotype(20).random(1, _stream(2))
    assert zero.best_genes is not None
    assert (zero.best_genes == first[0]).all() != replace


def _stream(seed: int) -> Any:
    from gigaevo.kernels.random import RandomStream

    return RandomStream(np.random.SeedSequence(seed).spawn(1)[0])


# Scaled mutation


def near(target: float) -> Any:
    return lambda genes: -np.abs(genes - target).sum(axis=1)


def scaled(**told: Any) -> Evolve:
    default: dict[str, Any] = {
        "select": SelectElite(0.5, 0.02),
        "crossover": CrossoverUniform(0.7, 0.8),
        "mutate": MutateSingleGene(0.3),
        "vectorized": True,
        "target_population_size": 30,
        "seed": 4,
    }
    genotype = told.pop("genotype", RangeGenotype(3, (0, 100), mutation_type=MutationType.step_scaled([10, 1, 0.1])))
    return Evolve(genotype, near(33.3), **(default | told))


def test_the_scale_shrinks_when_stale_and_only_the_last_ends_the_run() -> None:
    scales: list[tuple[int, int]] = []

    class Scales(Watcher):
        def on_generation_complete(self, strategy: Any) -> None:
            scales.append((strategy.state.scale, strategy.state.stale_generations))

    evolve = scaled(max_stale_generations=8, reporter=Scales()).call()
    assert evolve.stop_reason == "max_stale_generations"
    assert [scale for scale, _ in scales] == sorted(scale for scale, _ in scales)
    assert {scale for scale, _ in scales} == {0, 1, 2}
    for before, after in pairwise(scales):
        if after[0] > before[0]:
            assert before[1] == 7
            assert after[1] == 0
    assert scales[-1] == (2, 8)
    assert evolve.best_fitness_score is not None
    assert evolve.best_fitness_score > -1.0


def test_max_generations_is_of_the_whole_run_not_of_a_scale() -> None:
    evolve = scaled(max_stale_generations=4, max_generations=20).call()
    assert (evolve.stop_reason, evolve.state.current_generation) == ("max_generations", 20)
    assert evolve.state.scale > 0


def test_scaled_distances_come_before_a_range_and_a_range_before_the_whole() -> None:
    both = RangeGenotype(2, (0, 9), allele_mutation_range=(-0.5, 0.5), allele_mutation_scaled_range=[(-2, 2), (-1, 1)])
    assert both.mutation_types[0] == MutationType.step_scaled([2, 1])
    assert RangeGenotype(2, (0, 9), allele_mutation_range=(-0.5, 1)).mutation_types[0] == MutationType.range((-0.5, 1))
    assert RangeGenotype(2, (0, 9)).mutation_types[0] == MutationType.random()


# Genotypes


@pytest.mark.parametrize(
    ("genotype", "crossover", "fitness", "best"),
    [
        (BinaryGenotype(20), CrossoverUniform(0.7, 0.8), lambda genes: genes.sum(), 20),
        (ListGenotype(8, "abcd"), CrossoverUniform(0.7, 0.8), lambda genes: (genes == "c").sum(), 8),
        (MultiListGenotype([[0, 1], [3, 5, 9], [7]]), CrossoverUniform(0.7, 0.8), lambda genes: genes.sum(), 17),
        (UniqueGenotype(range(7)), CrossoverClone(0.8), lambda genes: -np.abs(np.diff(genes)).sum(), -6),
        (
            MultiUniqueGenotype([range(4), range(3)]),
            CrossoverClone(0.8),
            lambda genes: (genes == [3, 2, 1, 0, 2, 1, 0]).sum(),
            7,
        ),
        (RangeGenotype(3, (-5, 5), integer=True), CrossoverUniform(0.7, 0.8), lambda genes: -(genes**2).sum(), 0),
        (
            MultiRangeGenotype([(0, 1), (2, 7)], mutation_types=[MutationType.step(0.25), MutationType.discrete()]),
            CrossoverUniform(0.7, 0.8),
            lambda genes: genes.sum(),
            8,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_genotype_is_searched(genotype: Any, crossover: Any, fitness: Any, best: float) -> None:
    evolve = Evolve(
        genotype,
        fitness,
        select=SelectTournament(0.5, 0.05, 3),
        crossover=crossover,
        mutate=MutateSingleGene(0.5),
        target_population_size=40,
        target_fitness_score=best,
        max_generations=300,
        seed=3,
    ).call()
    assert evolve.best_fitness_score == best
    assert evolve.best_genes is not None
    assert fitness(evolve.best_genes) == best
    genotype.encode(evolve.best_genes[None])


def test_seed_genes_are_repeated_until_the_start_population_is_full() -> None:
    first: list[Any] = []

    class First(Watcher):
        def on_start(self, strategy: Any) -> None:
            first.extend(chromosome.genes.tolist() for chromosome in strategy.chromosomes)

    seeds = [[True, False, False], [True, True, False]]
    one_max(3, seed_genes_list=seeds, target_population_size=5, reporter=First()).call()
    assert first == [seeds[0], seeds[1], seeds[0], seeds[1], seeds[0]]
    with pytest.raises(ValueError, match="genomes has shape"):
        one_max(3, seed_genes_list=[[True, False]])
    with pytest.raises(ValueError, match="seed_genes_list is empty"):
        one_max(3, seed_genes_list=np.zeros((0, 3)))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_population_of_one_or_two_works(size: int) -> None:
    evolve = one_max(6, target_population_size=size, mutate=MutateSingleGene(1.0), max_generations=200).call()
    assert evolve.best_fitness_score == 6


# Odd fitness functions


@pytest.mark.parametrize("ordering", [MINIMIZE, MAXIMIZE])
@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf])
def test_invalid_chromosomes_are_last_in_both_directions(ordering: Any, nothing: Any) -> None:
    def fitness(genes: Any) -> Any:
        return nothing if genes[0] else int(genes.sum())

    evolve = one_max(10, fitness=fitness, fitness_ordering=ordering, max_generations=60).call()
    assert evolve.best_genes is not None
    assert not evolve.best_genes[0]
    assert evolve.best_fitness_score == (0 if ordering is MINIMIZE else 9)
    ranked = [chromosome.fitness_score for chromosome in evolve.chromosomes[:20]]
    valid = [score for score in ranked if score is not None]
    assert ranked[: len(valid)] == valid == sorted(valid, reverse=ordering is MAXIMIZE)


def test_without_any_valid_chromosome_there_is_no_best() -> None:
    evolve = one_max(fitness=lambda genes: None, max_generations=3).call()
    assert evolve.best_genes_and_fitness_score() == (None, None)
    assert evolve.best_chromosome is None
    assert evolve.stop_reason == "max_generations"
    assert one_max(fitness=lambda genes: None, max_stale_generations=4).call().state.current_generation == 4


def _raises(genes: Any) -> float:
    raise RuntimeError("the sun is too bright")


def _writes(genes: Any) -> float:
    genes[0] = True
    return 1.0


@pytest.mark.parametrize(
    ("fitness", "vectorized", "message"),
    [
        (_raises, False, "RuntimeError: the sun is too bright for genome 0"),
        (_writes, False, "must not change its argument"),
        (lambda genes: "much", False, "'much', expected a number or None"),
        (lambda genes: [1, 2], False, "expected a number or None"),
        (lambda genes: genes.sum(), True, r"has shape \(\), expected \(20,\)"),
        (lambda genes: None, True, "returned None"),
    ],
)
def test_a_fitness_that_is_none_is_an_error_that_says_so(fitness: Any, vectorized: bool, message: str) -> None:
    with pytest.raises(FitnessError, match=message):
        one_max(fitness=fitness, vectorized=vectorized).call()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"target_population_size": 0}, "target_population_size is 0"),
        ({"target_population_size": 2.5}, "target_population_size is 2.5"),
        ({"max_chromosome_age": 0}, "max_chromosome_age is 0"),
        ({"max_generations": 0}, "max_generations is 0"),
        ({"max_stale_generations": -1}, "max_stale_generations is -1"),
        ({"target_fitness_score": math.nan}, "target_fitness_score is nan"),
        ({"fitness_cache": 0}, "fitness_cache is 0"),
        ({"fitness_ordering": "up"}, "fitness_ordering is 'up'"),
        ({"target_fitness_score": "3"}, "target_fitness_score is '3'"),
        ({"valid_fitness_score": [3]}, r"valid_fitness_score is \[3\]"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_an_argument_out_of_its_range_is_named(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        one_max(**told)


def test_a_part_or_a_fitness_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="select is 3"):
        one_max(select=3)
    with pytest.raises(TypeError, match="mutate is None"):
        one_max(mutate=None)
    for name, kind in (("select", SelectElite), ("mutate", MutateSingleGene), ("extension", ExtensionMassExtinction)):
        with pytest.raises(TypeError, match=rf"{name} is the class {kind.__name__}, expected an object of it"):
            one_max(**{name: kind})
    with pytest.raises(TypeError, match="crossover is <function"):
        one_max(crossover=lambda population, space, stream: 0)
    with pytest.raises(TypeError, match="extension is 5"):
        one_max(extension=5)
    for reporter in (StrategyReporter, 5):
        with pytest.raises(TypeError, match=r"reporter is .*, expected an object of a StrategyReporter"):
            one_max(reporter=reporter)
    with pytest.raises(TypeError, match="fitness is 5"):
        one_max(fitness=5)
    with pytest.raises(RuntimeError, match="has not been run"):
        _ = one_max().state


def test_a_countdown_shows_how_many_were_evaluated() -> None:
    evolve = one_max(fitness=Countdown(1000), fitness_ordering=MINIMIZE, target_fitness_score=0).call()
    assert evolve.best_fitness_score == 0
    assert evolve.state.evaluations >= 1000


# Keeping


def test_it_pickles_before_and_after_and_reads_well() -> None:
    evolve = one_max(max_generations=10, fitness=_count)
    copy = pickle.loads(pickle.dumps(evolve)).call()
    assert copy.state.population.genes.tolist() == evolve.call().state.population.genes.tolist()
    again = pickle.loads(pickle.dumps(evolve))
    assert again.best_fitness_score == evolve.best_fitness_score
    shown = repr(evolve)
    assert "select=SelectElite(replacement_rate=0.5, elitism_rate=0.02)" in shown
    assert f"best_fitness_score={evolve.best_fitness_score}" in shown
    assert "max_generations=10,\n    seed=1,\n" in shown
    assert "extension" not in shown
    state = evolve.state
    assert repr(state) == (
        f"StrategyState(generation 10, {len(state.population)} chromosomes, best_merit={state.progress.best_merit:g} "
        f"in generation {state.best_generation}, stale for {state.stale_generations}, {state.evaluations} evaluations, "
        "stop_reason='max_generations')"
    )


@pytest.mark.parametrize("reporter", [None, Watcher()])
def test_a_run_that_was_saved_goes_on_as_if_nothing_had_happened(tmp_path: Path, reporter: Any) -> None:
    whole = one_max(60, max_generations=25, reporter=reporter).call()
    half = one_max(60, max_generations=10, reporter=reporter).call()
    half.save(tmp_path / "half")
    rest = one_max(60, max_generations=25, reporter=reporter).load(tmp_path / "half").resume()
    assert rest.state.current_generation == 25
    assert rest.state.population.genes.tolist() == whole.state.population.genes.tolist()
    assert rest.best_generation == whole.best_generation


def test_a_state_of_another_search_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    one_max(60, max_generations=3).call().save(path)
    holds = "state holds the state of Evolve on BinaryGenotype of 60 genes, expected the state of "
    with pytest.raises(ValueError, match=holds + "Evolve on BinaryGenotype of 61 genes"):
        one_max(61).load(path)
    with pytest.raises(ValueError, match=holds + "HillClimb on BinaryGenotype of 60 genes"):
        HillClimb(BinaryGenotype(60), CountTrue(), max_generations=3).load(path)
    with pytest.raises(ValueError, match=holds + "Evolve on RangeGenotype of 1 genes"):
        scaled(genotype=RangeGenotype(1, (0, 1)), max_generations=3).load(path)
    scaled(genotype=RangeGenotype(3, (0, 100)), max_generations=3).call().save(path)
    with pytest.raises(ValueError, match=r"but of genes that are none of RangeGenotype\(3, \(0.0, 1.0\)"):
        scaled(genotype=RangeGenotype(3, (0, 1)), max_generations=3).load(path)


def test_a_run_whose_fitness_raised_once_goes_on_as_if_it_had_not() -> None:
    broken = one_max(fitness=RaisesOnce(at=70))
    with pytest.raises(FitnessError, match="OSError: no licence left"):
        broken.call()
    assert 0 < broken.state.current_generation < 30
    whole = one_max().call()
    assert broken.resume().state.population.genes.tolist() == whole.state.population.genes.tolist()
    assert broken.best_generation == whole.best_generation
