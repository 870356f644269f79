"""The genetic algorithm against DEAP, pymoo, pygad and pygmo: CPU time, one process, the contestants taking turns.

OneMax of 100 bits: population 100, generational, tournaments of three, no elites, against DEAP's eaSimple on
array.array, both with two-point crossover of half of the pairs and one bit of a hundred flipped. Rastrigin of 30
numbers: population 100, 500 generations, parents and children competing, against the GA of pymoo with its defaults,
pygad and pygmo's sga. Each figure is the median over ``--seeds`` runs, each with a seed of its own, of the CPU time of
a run, divided by its evaluations; beside it the median of the best fitness found. DEAP evaluates only what was crossed
or mutated, 60 of 100: "DEAP, by children" divides by all children instead, as a generation of ours evaluates them all.

    pip install -e ".[peers]"
    python benchmarks/bench_genetic.py --seeds 5
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version

import numpy as np
import pygad
import pygmo
from deap import algorithms, tools
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import Problem
from pymoo.optimize import minimize
from quality.genetic import toolbox

from gigaevo.optimize import BinaryGenotype, BitFlip, GeneticAlgorithm, TwoPoint, functions

GENES, GENERATIONS = 30, 500


@dataclass
class Contestant:
    """Somebody who runs a problem.

    Attributes:
        name: Who, and how.
        run: From a seed to evaluations and the best fitness.
        times: CPU time of an evaluation, in nanoseconds, one for each seed.
        found: Best fitness, one for each seed.
    """

    name: str
    run: Callable[[int], tuple[int, float]]
    times: list[float] = field(default_factory=list)
    found: list[float] = field(default_factory=list)

    def turn(self, seed: int) -> None:
        began = time.process_time_ns()
        evaluations, best = self.run(seed)
        self.times.append((time.process_time_ns() - began) / evaluations)
        self.found.append(best)


def count_ones(rows: np.ndarray) -> np.ndarray:
    return rows.sum(axis=1)


def rastrigin(x: np.ndarray) -> np.ndarray:
    return 10.0 * x.shape[1] + (x * x - 10.0 * np.cos(2.0 * np.pi * x)).sum(axis=1)


def ours_onemax(fitness: object, generations: int, seed: int) -> tuple[int, float]:
    search = GeneticAlgorithm(
        BinaryGenotype(100),
        survival="generational",
        elite_count=0,
        crossover=TwoPoint(0.5),
        mutation=BitFlip(0.01),
        maximize=True,
        seed=seed,
    )
    vectorized = fitness is count_ones
    result = search.run(fitness, vectorized=vectorized, generations=generations)  # type: ignore[arg-type]
    return result.evaluations, result.best_fitness


def deap_onemax(generations: int, by_children: bool, seed: int) -> tuple[int, float]:
    box = toolbox()
    random.seed(seed)
    best = tools.HallOfFame(1)
    _, log = algorithms.eaSimple(
        box.population(100), box, cxpb=0.5, mutpb=0.2, ngen=generations, halloffame=best, verbose=False
    )
    evaluations = 100 * (generations + 1) if by_children else sum(log.select("nevals"))
    return evaluations, best[0].fitness.values[0]


def ours_rastrigin(fitness: object, seed: int) -> tuple[int, float]:
    search = GeneticAlgorithm(functions.rastrigin.genotype(GENES), seed=seed)
    vectorized = fitness is rastrigin
    result = search.run(fitness, vectorized=vectorized, generations=GENERATIONS)  # type: ignore[arg-type]
    return result.evaluations, result.best_fitness


class Rastrigin(Problem):
    """The numpy function as a problem of pymoo."""

    def __init__(self) -> None:
        super().__init__(n_var=GENES, n_obj=1, xl=-5.12, xu=5.12)

    def _evaluate(self, x: np.ndarray, out: dict[str, np.ndarray], *args: object, **kwargs: object) -> None:
        out["F"] = rastrigin(x)[:, None]


def pymoo_rastrigin(seed: int) -> tuple[int, float]:
    result = minimize(Rastrigin(), GA(pop_size=100), ("n_gen", GENERATIONS), seed=seed)
    return result.algorithm.evaluator.n_eval, float(result.F[0])


def pygad_rastrigin(seed: int) -> tuple[int, float]:
    search = pygad.GA(
        num_generations=GENERATIONS,
        num_parents_mating=50,
        sol_per_pop=100,
        num_genes=GENES,
        gene_space={"low": -5.12, "high": 5.12},
        fitness_func=lambda _search, rows, _indices: -rastrigin(np.asarray(rows)),
        fitness_batch_size=100,
        parent_selection_type="tournament",
        crossover_type="uniform",
        random_seed=seed,
        suppress_warnings=True,
    )
    search.run()
    return 100 * GENERATIONS, -float(search.best_solution()[1])


def pygmo_rastrigin(seed: int) -> tuple[int, float]:
    algorithm = pygmo.algorithm(
        pygmo.sga(gen=GENERATIONS, seed=seed, mutation="polynomial", crossover="sbx", param_m=20)
    )
    population = pygmo.population(pygmo.problem(pygmo.rastrigin(GENES)), 100, seed=seed)
    population = algorithm.evolve(population)
    return 100 * (GENERATIONS + 1), float(population.champion_f[0])


def table(title: str, contestants: list[Contestant], seeds: int) -> None:
    """Run all of them seed by seed; the first one is what the others are compared with."""
    for seed in range(seeds):
        for contestant in contestants:
            contestant.turn(seed)
    print(f"\n{title}\n{'':<44} {'ns an evaluation':>17} {'best found':>11} {'times ' + contestants[0].name:>24}")
    slowest = statistics.median(contestants[0].times)
    for contestant in contestants:
        spent = statistics.median(contestant.times)
        best = statistics.median(contestant.found)
        print(f"{contestant.name:<44} {spent:>17.1f} {best:>11.5g} {slowest / spent:>23.1f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--generations", type=int, default=1000, help="of OneMax")
    arguments = parser.parse_args()
    names = ("deap", "pymoo", "pygad", "pygmo", "numpy")
    print(platform.platform(), platform.python_version(), *(f"{name} {version(name)}" for name in names))
    generations = arguments.generations
    table(
        f"OneMax, 100 bits, population 100, {generations} generations",
        [
            Contestant("DEAP", partial(deap_onemax, generations, False)),
            Contestant("DEAP, by children", partial(deap_onemax, generations, True)),
            Contestant("ours, native fitness", partial(ours_onemax, functions.onemax, generations)),
            Contestant("ours, numpy fitness", partial(ours_onemax, count_ones, generations)),
        ],
        arguments.seeds,
    )
    table(
        f"Rastrigin, {GENES} numbers, population 100, {GENERATIONS} generations",
        [
            Contestant("pymoo", pymoo_rastrigin),
            Contestant("pygad, batches", pygad_rastrigin),
            Contestant("pygmo sga, native fitness", pygmo_rastrigin),
            Contestant("ours, native fitness", partial(ours_rastrigin, functions.rastrigin)),
            Contestant("ours, numpy fitness", partial(ours_rastrigin, rastrigin)),
        ],
        arguments.seeds,
    )


if __name__ == "__main__":
    main()
