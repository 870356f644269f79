"""NSGA-II against pymoo's: the hypervolume reached beyond 1.1 in every objective, with a population of 100."""

from __future__ import annotations

from functools import partial

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2 as PymooNSGA2
from pymoo.optimize import minimize
from pymoo.problems import get_problem
from quality.pair import Pair

from gigaevo.optimize import NSGA2, functions, hypervolume


def ours(name: str, genes: int, objectives: int, generations: int, seed: int) -> float:
    fitness = functions.dtlz2(objectives) if name == "dtlz2" else getattr(functions, name)
    search = NSGA2((np.zeros(genes), np.ones(genes)), objectives=objectives, seed=seed)
    found = search.run(fitness, generations=generations).fitness
    return hypervolume(found, [1.1] * objectives, maximize=False)


def pymoo(name: str, genes: int, objectives: int, generations: int, seed: int) -> float:
    own = {"n_obj": objectives} if name == "dtlz2" else {}
    problem = get_problem(name, n_var=genes, **own)
    found = minimize(problem, PymooNSGA2(pop_size=100), ("n_gen", generations), seed=seed, verbose=False)
    return hypervolume(found.pop.get("F"), [1.1] * objectives, maximize=False)


def pair(name: str, genes: int, objectives: int, generations: int) -> Pair:
    problem = (name, genes, objectives, generations)
    title = f"{name} {genes}-D, {generations} generations, NSGA-II, pymoo"
    return Pair(title, partial(ours, *problem), partial(pymoo, *problem), maximize=True)


PROBLEMS = [("zdt1", 30, 2), ("zdt2", 30, 2), ("zdt3", 30, 2), ("dtlz2", 12, 3)]
PAIRS = [pair(*problem, generations) for generations in (100, 250) for problem in PROBLEMS]
