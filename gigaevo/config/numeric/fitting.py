"""``algorithm=auto``: an optimizer that fits a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigaevo import optimize
from gigaevo.optimize.genotypes import Ranges

if TYPE_CHECKING:
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.optimizer import Optimizer
    from gigaevo.problems import NumericProblem


def fitting_optimizer(
    *, problem: NumericProblem, genotype: Genotype, seed: int, population_size: int | None = None
) -> Optimizer:
    """NSGA-II for several objectives, MAP-Elites where behaviours are measured, SHADE for numbers within ranges, and a
    genetic algorithm for anything else.

    Args:
        problem: The problem.
        genotype: Its genotype.
        seed: The run's.
        population_size: Genomes that are kept; None: as many as that algorithm keeps by default.
    """
    given: dict[str, Any] = {"seed": seed, "maximize": problem.maximize[0]}
    if population_size is not None:
        given["population_size"] = population_size
    if len(problem.objectives) > 1:
        return optimize.NSGA2(genotype, **{**given, "maximize": list(problem.maximize)}, reference=problem.reference)
    if problem.behavior_keys:
        return optimize.MapElites(genotype, **given, behavior_bounds=problem.behavior_bounds)
    if isinstance(genotype, Ranges):
        return optimize.DifferentialEvolution(genotype, **given, strategy="shade")
    return optimize.GeneticAlgorithm(genotype, **given)
