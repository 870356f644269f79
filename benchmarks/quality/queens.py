"""Sixty-four queens: conflicts left after as many evaluations, by a climb and by a population, against pymoo's GA."""

from __future__ import annotations

import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import Problem
from pymoo.operators.crossover.ox import OrderCrossover
from pymoo.operators.mutation.inversion import InversionMutation
from pymoo.operators.sampling.rnd import PermutationRandomSampling
from pymoo.optimize import minimize
from quality.pair import Pair

from gigaevo.optimize import GeneticAlgorithm, Swap, UniqueGenotype, functions
from gigaevo.optimize.strategy import FitnessOrdering, HillClimb

QUEENS, EVALUATIONS = 64, 3_000


class Board(Problem):
    """The board as a problem of pymoo."""

    def __init__(self) -> None:
        super().__init__(n_var=QUEENS, n_obj=1, xl=0, xu=QUEENS - 1, vtype=int)

    def _evaluate(self, x: np.ndarray, out: dict[str, np.ndarray], *args: object, **kwargs: object) -> None:
        out["F"] = functions.queens.evaluate(np.ascontiguousarray(x, np.int32))[:, None]


def pymoo(seed: int) -> float:
    algorithm = GA(
        pop_size=100,
        sampling=PermutationRandomSampling(),
        mutation=InversionMutation(),
        crossover=OrderCrossover(),
        eliminate_duplicates=True,
    )
    return float(minimize(Board(), algorithm, ("n_eval", EVALUATIONS), seed=seed).F[0])


def climb(seed: int) -> float:
    search = HillClimb(
        UniqueGenotype(range(QUEENS)),
        functions.queens,
        fitness_ordering=FitnessOrdering.MINIMIZE,
        replace_on_equal_fitness=True,
        target_fitness_score=0,
        max_generations=EVALUATIONS,
        seed=seed,
    )
    return float(search.call().best_fitness_score)


def population(seed: int) -> float:
    search = GeneticAlgorithm(UniqueGenotype(range(QUEENS)), mutation=Swap(), seed=seed)
    return search.run(functions.queens, evaluations=EVALUATIONS, target=0).best_fitness


PAIRS = [
    Pair(f"{QUEENS} queens, {EVALUATIONS} evaluations, HillClimb: pymoo GA", climb, pymoo),
    Pair(f"{QUEENS} queens, {EVALUATIONS} evaluations, GeneticAlgorithm: pymoo GA", population, pymoo),
]
