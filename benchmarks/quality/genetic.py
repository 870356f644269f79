"""The genetic algorithm against DEAP (bits) and pymoo (numbers, tours), with the peers' own defaults."""

from __future__ import annotations

import array
import random
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from deap import algorithms, base, creator, tools
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import ElementwiseProblem, Problem
from pymoo.operators.crossover.ox import OrderCrossover
from pymoo.operators.mutation.inversion import InversionMutation
from pymoo.operators.sampling.rnd import PermutationRandomSampling
from pymoo.optimize import minimize
from quality.pair import Pair

from gigaevo.optimize import BinaryGenotype, GeneticAlgorithm, functions

EVALUATIONS = 50_000
PLACES = 30


@cache
def toolbox() -> base.Toolbox:
    """DEAP's OneMax example on array.array: two-point crossover, bit flip, tournaments of three."""
    creator.create("FitnessMax", base.Fitness, weights=(1.0,))
    creator.create("Bits", array.array, typecode="b", fitness=creator.FitnessMax)
    box = base.Toolbox()
    box.register("individual", tools.initRepeat, creator.Bits, partial(random.randint, 0, 1), 100)
    box.register("population", tools.initRepeat, list, box.individual)
    box.register("evaluate", lambda bits: (sum(bits),))
    box.register("mate", tools.cxTwoPoint)
    box.register("mutate", tools.mutFlipBit, indpb=0.05)
    box.register("select", tools.selTournament, tournsize=3)
    return box


def deap_onemax(generations: int, seed: int) -> float:
    """The most ones that DEAP's eaSimple found."""
    box = toolbox()
    random.seed(seed)
    best = tools.HallOfFame(1)
    population = box.population(100)
    algorithms.eaSimple(population, box, cxpb=0.5, mutpb=0.2, ngen=generations, halloffame=best, verbose=False)
    return best[0].fitness.values[0]


def ours_onemax(generations: int, seed: int) -> float:
    """Of as many evaluations: DEAP evaluates what was crossed or mutated, 60 of 100."""
    search = GeneticAlgorithm(BinaryGenotype(100), survival="generational", elite_count=0, maximize=True, seed=seed)
    return search.run(functions.onemax, evaluations=100 + 60 * generations).best_fitness


class Vectorized(Problem):
    """A native function as a problem of pymoo."""

    def __init__(self, name: str) -> None:
        self.function = functions.by_name(name)
        space = self.function.genotype(30)
        super().__init__(n_var=30, n_obj=1, xl=space.lower, xu=space.upper)

    def _evaluate(self, x: np.ndarray, out: dict[str, np.ndarray], *args: object, **kwargs: object) -> None:
        out["F"] = self.function.evaluate(np.ascontiguousarray(x))[:, None]


def pymoo_real(name: str, seed: int) -> float:
    return float(minimize(Vectorized(name), GA(pop_size=100), ("n_eval", EVALUATIONS), seed=seed).F[0])


def ours_real(name: str, seed: int) -> float:
    function = functions.by_name(name)
    return GeneticAlgorithm(function.genotype(30), seed=seed).run(function, evaluations=EVALUATIONS).best_fitness


@cache
def tour() -> functions.Tour:
    places = np.random.default_rng(0).random((PLACES, 2))
    return functions.tsp(np.linalg.norm(places[:, None] - places[None], axis=2))


class Salesman(ElementwiseProblem):
    """A tour as a problem of pymoo."""

    def __init__(self) -> None:
        super().__init__(n_var=PLACES, n_obj=1, xl=0, xu=PLACES - 1, vtype=int)

    def _evaluate(self, x: np.ndarray, out: dict[str, float], *args: object, **kwargs: object) -> None:
        out["F"] = tour()(x)


def pymoo_tour(evaluations: int, seed: int) -> float:
    algorithm = GA(
        pop_size=100,
        sampling=PermutationRandomSampling(),
        mutation=InversionMutation(),
        crossover=OrderCrossover(),
        eliminate_duplicates=True,
    )
    return float(minimize(Salesman(), algorithm, ("n_eval", evaluations), seed=seed).F[0])


def ours_tour(evaluations: int, seed: int) -> float:
    search = GeneticAlgorithm(tour().genotype(), seed=seed)
    return search.run(tour(), evaluations=evaluations).best_fitness


def of(call: Callable[..., float], *arguments: object) -> Callable[[int], float]:
    return partial(call, *arguments)


PAIRS = [
    Pair("OneMax 100 bits, 20 generations: DEAP", of(ours_onemax, 20), of(deap_onemax, 20), maximize=True),
    Pair("OneMax 100 bits, 60 generations: DEAP", of(ours_onemax, 60), of(deap_onemax, 60), maximize=True),
    *(
        Pair(f"{name} 30-D, 50,000 evaluations: pymoo GA", of(ours_real, name), of(pymoo_real, name))
        for name in ("sphere", "rastrigin", "ackley", "rosenbrock")
    ),
    Pair("tour of 30 places, 20,000 evaluations: pymoo GA", of(ours_tour, 20_000), of(pymoo_tour, 20_000)),
]
