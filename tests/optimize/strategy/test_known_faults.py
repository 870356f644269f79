"""Faults that other implementations of the strategy have, each as a test that this one has not.

They were found by running, or read in the source of, the Rust crate ``genetic_algorithm`` 0.27.1.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import BinaryGenotype, MultiRangeGenotype, MultiUniqueGenotype, RangeGenotype
from gigaevo.optimize.strategy import (
    CrossoverClone,
    CrossoverMultiPoint,
    CrossoverUniform,
    Evolve,
    ExtensionMassDeduplication,
    ExtensionMassGenesis,
    FitnessOrdering,
    HillClimb,
    MutateMultiGene,
    MutateMultiGeneDynamic,
    MutateSingleGene,
    MutationType,
    Population,
    SelectElite,
    StrategyReporter,
)
from gigaevo.optimize.strategy.gene_space import gene_space
from tests.optimize.strategy.searches import one_max

ROOT = Path(__file__).resolve().parents[3]


def test_repeated_and_speciated_runs_and_climbs_are_not_the_same_run_again() -> None:
    def weighted(genes: Any) -> float:
        return float((genes * np.sqrt(np.arange(len(genes)))).sum())

    evolve = one_max(fitness=weighted, max_generations=8)
    climb = HillClimb(BinaryGenotype(40), weighted, max_generations=8, seed=1)
    for runs in (evolve.call_repeatedly(5).runs, evolve.call_speciated(5).runs[:5], climb.call_repeatedly(5).runs):
        assert len({run.state.population.genes.tobytes() for run in runs}) == 5


def test_minimising_with_an_invalid_chromosome_finds_the_least_valid_one() -> None:
    scores = {0: None, 1: 5.0, 2: 1.0, 3: 9.0}

    def fitness(genes: Any) -> float | None:
        return scores[int(genes[0]) + 2 * int(genes[1])]

    for ordering, best in ((FitnessOrdering.MINIMIZE, 1.0), (FitnessOrdering.MAXIMIZE, 9.0)):
        evolve = one_max(
            2,
            fitness=fitness,
            fitness_ordering=ordering,
            seed_genes_list=[[0, 0], [1, 0], [0, 1], [1, 1]],
            target_population_size=4,
            crossover=CrossoverClone(0.5),
            mutate=MutateSingleGene(0.0),
            max_generations=1,
        ).call()
        assert evolve.best_fitness_score == best


def test_the_elite_gate_lets_the_best_pass_though_there_are_invalid_chromosomes() -> None:
    # Everyone is young, all places go to parents: only what passes the gate first is sure to be ahead.
    population = Population(gene_space(BinaryGenotype(3)).encode(np.zeros((6, 3))))
    population.pool.merits[:] = [-np.inf, -5.0, -np.inf, -1.0, -9.0, -2.0]
    SelectElite(0.5, 0.34)(population, 3, RandomStream(np.random.SeedSequence(0)))
    assert population.merits.tolist() == [-1.0, -2.0, -5.0]


def test_mutations_of_several_permutations_are_the_same_in_every_process() -> None:
    program = (
        "from gigaevo.optimize import MultiUniqueGenotype\n"
        "from gigaevo.optimize.strategy import *\n"
        "import numpy as np\n"
        "for mutate in (MutateMultiGene(3, 0.7), MutateMultiGeneDynamic(3, 0.1, 15)):\n"
        "    e = Evolve(MultiUniqueGenotype(['abcde', range(4), 'xyz']), lambda g: float(g[5]) - (g[0] == 'a'),\n"
        "               select=SelectElite(0.5, 0.02), crossover=CrossoverMultiPoint(0.7, 0.8, 1), mutate=mutate,\n"
        "               extension=ExtensionMassGenesis(9), max_generations=12, target_population_size=20, seed=3)\n"
        "    print(e.call().state.population.genes.tolist())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert len(answers.pop()) > 1000


def test_uniform_crossover_exchanges_half_not_a_third() -> None:
    space = gene_space(BinaryGenotype(100))
    bits = np.zeros((400, 100), np.bool_)
    bits[1::2] = True
    population = Population(space.encode(bits))
    CrossoverUniform(1.0, 1.0)(population, space, RandomStream(np.random.SeedSequence(1)))
    children = space.decode(population.genes)[400:]
    assert children[::2].mean() == pytest.approx(0.5, abs=0.02)  # 0.319 where positions are drawn with duplicates


@pytest.mark.parametrize("mutate", [MutateMultiGene(5, 1.0), MutateMultiGeneDynamic(5, 1.0, 10_000)])
def test_a_mutation_of_n_genes_changes_n_genes(mutate: Any) -> None:
    changed: list[int] = []
    parents: dict[bytes, Any] = {}

    class Changes(StrategyReporter):
        def on_crossover_complete(self, strategy: Any) -> None:
            parents["before"] = strategy.space.decode(strategy.state.population.genes)

        def on_mutation_complete(self, strategy: Any) -> None:
            after = strategy.space.decode(strategy.state.population.genes)
            changed.extend((after != parents["before"]).sum(1)[20:].tolist())

    one_max(50, mutate=mutate, max_generations=5, reporter=Changes()).call()
    assert Counter(changed).keys() == {5}


def test_a_cache_read_keeps_an_entry_and_invalid_results_are_cached() -> None:
    calls: Counter[bytes] = Counter()

    def fitness(genes: Any) -> float | None:
        calls[genes.tobytes()] += 1
        return None if genes[0] else float(genes.sum())

    evolve = one_max(5, fitness=fitness, fitness_cache=32, max_generations=100).call()
    assert max(calls.values()) == 1  # all 32 chromosomes fit, the invalid ones too
    cache = evolve.fitness_cache
    assert cache is not None
    assert cache.misses == len(calls) <= 32
    assert cache.hit_rate == cache.hits / (cache.hits + cache.misses)


def test_rates_beyond_one_and_empty_scales_are_errors_not_crashes() -> None:
    for make in (
        lambda: SelectElite(1.2, 0.0),
        lambda: CrossoverUniform(1.2, 0.5),
        lambda: CrossoverUniform(0.5, 1.2),
        lambda: MutateSingleGene(1.2),
        lambda: MutationType.range_scaled([]),
        lambda: MutationType.step_scaled([]),
    ):
        with pytest.raises(ValueError, match=r"expected a probability|is empty"):
            make()  # type: ignore[no-untyped-call]


def test_a_search_that_cannot_be_built_says_so_before_it_is_repeated() -> None:
    with pytest.raises(ValueError, match="nothing ends the search"):
        Evolve(
            BinaryGenotype(3),
            lambda genes: 0.0,
            select=SelectElite(0.5, 0.0),
            crossover=CrossoverClone(0.5),
            mutate=MutateSingleGene(0.1),
        ).call_repeatedly(3)


def test_one_set_of_a_multi_unique_genotype_has_no_point_to_cut_at() -> None:
    with pytest.raises(ValueError, match="has no point to cut at: use CrossoverClone"):
        one_max_of_sets([range(5)])
    assert one_max_of_sets([range(5), range(2)]).call().best_fitness_score == 4.0


def one_max_of_sets(lists: Any) -> Evolve:
    return Evolve(
        MultiUniqueGenotype(lists),
        lambda genes: float(genes[0]),
        select=SelectElite(0.5, 0.0),
        crossover=CrossoverMultiPoint(0.5, 0.5, 1),
        mutate=MutateSingleGene(0.5),
        target_fitness_score=4,
        seed=1,
    )


def test_scales_of_different_length_work_side_by_side() -> None:
    evolve = Evolve(
        MultiRangeGenotype(
            [(0, 10), (0, 10)], mutation_types=[MutationType.step_scaled([2, 1, 0.5]), MutationType.step_scaled([3])]
        ),
        lambda genes: -np.abs(genes - [4.5, 6]).sum(),
        select=SelectElite(0.5, 0.02),
        crossover=CrossoverUniform(0.7, 0.8),
        mutate=MutateSingleGene(0.5),
        max_stale_generations=10,
        seed=1,
    ).call()
    assert evolve.state.scale == 2


def test_a_mutation_range_does_not_pile_genes_up_at_the_bound() -> None:
    space = gene_space(RangeGenotype(1, (0, 1), mutation_type=MutationType.range(0.5)))
    population = Population(space.encode(np.full((2000, 1), 0.1)))
    space.mutate(population, 0, 1.0, (1, 1), 0, RandomStream(np.random.SeedSequence(0)))
    assert (population.genes == 0.0).mean() < 0.01  # 0.39 where a change is cut off at the bound


def test_ties_in_a_genesis_and_a_deduplication_go_to_the_better_placed() -> None:
    for extension in (ExtensionMassGenesis(10), ExtensionMassDeduplication(10)):
        evolve = one_max(6, extension=extension, max_generations=40, seed=9)
        first = evolve.call().state.population.genes.tolist()
        assert evolve.call().state.population.genes.tolist() == first
        assert evolve.state.extension_events > 0
