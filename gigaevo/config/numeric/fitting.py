"""``algorithm=auto``: an optimizer that fits a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigaevo import optimize
from gigaevo.kernels.checks.grid_checks import MAX_AXES
from gigaevo.optimize.genotypes import Ranges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigaevo.optimize import GridArchive
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.optimizer import Optimizer
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
        population_size: Genomes that are kept, of MAP-Elites those that are made at a time; None: as many as that
            algorithm has by default.
    """
    given: dict[str, Any] = {"seed": seed, "maximize": problem.maximize[0]}
    if problem.behavior_keys:
        archive = grid_archive(ranges=problem.behavior_bounds, worst_fitness=problem.worst_fitness)
        return optimize.MAPElites(genotype, archive, **given, batch_size=population_size or 100)
    if population_size is not None:
        given["population_size"] = population_size
    if len(problem.objectives) > 1:
        return optimize.NSGA2(genotype, **{**given, "maximize": list(problem.maximize)}, reference=problem.reference)
    if isinstance(genotype, Ranges):
        return optimize.DifferentialEvolution(genotype, **given, strategy="shade")
    return optimize.GeneticAlgorithm(genotype, **given)


def grid_archive(
    *, ranges: Sequence[Sequence[float]], worst_fitness: float = 0.0, cells: int = 32, elites_per_cell: int = 1
) -> GridArchive:
    """An archive with as many cells along each axis.

    Args:
        ranges: Lowest and highest of each behaviour.
        worst_fitness: From which the QD-score is counted.
        cells: Along each axis, at least 1.
        elites_per_cell: Elites that a cell may hold, at least 1.

    Raises:
        ValueError: There is no behaviour, there are more than a grid has axes, or a number is out of its range.
    """
    if not ranges:
        raise ValueError("an archive needs behaviours; name metrics under behavior_keys in problem.yaml")
    if len(ranges) > MAX_AXES:
        told = f"behavior_keys in problem.yaml names {len(ranges)} metrics, and a grid has at most {MAX_AXES} axes"
        raise ValueError(f"{told}; name fewer of them")
    pairs = [(float(low), float(high)) for low, high in ranges]
    dims = [cells] * len(pairs)
    return optimize.GridArchive(dims, pairs, elites_per_cell=elites_per_cell, qd_score_offset=worst_fitness)
