"""The primary metric of a search: of its best genome, or of a whole Pareto front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.stops import Stop
from gigaevo.problems.numeric_problem import HYPERVOLUME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.config.numeric.genotypes import GenomeForm
    from gigaevo.optimize.optimizer import Optimizer
    from gigaevo.optimize.stops import Progress
    from gigaevo.problems import NumericProblem


class Measure:
    """Measures an optimizer by a problem's primary metric.

    Args:
        problem: The problem.
    """

    def __init__(self, problem: NumericProblem) -> None:
        self._problem = problem
        self._signs = np.where(problem.maximize, 1.0, -1.0)

    @property
    def of_a_front(self) -> bool:
        """Whether there are several objectives."""
        return len(self._problem.objectives) > 1

    @property
    def higher_is_better(self) -> bool:
        """Direction of the metric."""
        return self._problem.metrics.primary.higher_is_better

    def of(self, optimizer: Optimizer) -> float | None:
        """The metric as it stands; None before there is a valid genome."""
        if not self.of_a_front:
            return float(optimizer.best_fitness) if np.isfinite(optimizer.best_merit) else None
        fitness = front_of(optimizer)[1]
        if not len(fitness):
            return None
        key = self._problem.metrics.primary_key
        if key == HYPERVOLUME and key not in self._problem.objectives:
            return self._hypervolume(fitness)
        column = fitness[:, self._problem.objectives.index(key)]
        return float(column.max() if self.higher_is_better else column.min())

    def elites(self, optimizer: Optimizer, form: GenomeForm) -> list[dict[str, Any]]:
        """Records of what is worth keeping: the front by its first objective, an archive by fitness, or the best."""
        problem = self._problem
        if self.of_a_front:
            genomes, fitness = front_of(optimizer)
            order = np.lexsort((-self._signs * fitness).T[::-1])
            return [
                {"genome": form.plain(genomes[row]), "objectives": dict(zip(problem.objectives, values, strict=True))}
                for row, values in zip(order, fitness[order].tolist(), strict=True)
            ]
        if problem.behavior_keys:
            return self._archived(optimizer, form)
        genome = optimizer.best_genome
        if genome is None:
            return []
        return [{"genome": form.plain(genome), "fitness": float(optimizer.best_fitness)}]

    def stops(self, *, target: float | None, plateau: int | None) -> list[Stop]:
        """What ends a search of several objectives by their metric, looked at after each generation."""
        return [] if target is None and plateau is None else [FrontStop(self, target, plateau)]

    def _hypervolume(self, fitness: NDArray[np.float64]) -> float:
        from gigaevo.kernels.pareto import hypervolume

        reference = self._problem.reference
        assert reference is not None  # the problem was checked for that
        return float(hypervolume(fitness * self._signs, np.array(reference) * self._signs))

    def _archived(self, optimizer: Optimizer, form: GenomeForm) -> list[dict[str, Any]]:
        archive = optimizer.result().archive
        order = np.argsort(-self._signs[0] * archive.fitness, kind="stable")
        keys = self._problem.behavior_keys
        return [
            {
                "genome": form.plain(archive.genomes[row]),
                "fitness": float(archive.fitness[row]),
                "behaviors": dict(zip(keys, archive.behaviors[row].tolist(), strict=True)),
            }
            for row in order
        ]


def front_of(optimizer: Optimizer) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Genomes and objectives of the population that no other one dominates; without the invalid ones."""
    result = optimizer.result()
    genomes, fitness = result.genomes[result.front], result.fitness[result.front]
    valid = np.isfinite(fitness).all(axis=1)
    return genomes[valid], fitness[valid]


@dataclass
class FrontStop(Stop):
    """Ends a search when the metric of its front is good enough, or has not become better for some generations.

    Args:
        measure: The metric.
        goal: Value at which it ends; None: none.
        plateau: Generations in a row without a better value after which it ends; None: never.
    """

    measure: Measure
    goal: float | None
    plateau: int | None
    _best: float | None = None
    _generation: int = 0

    def reason(self, search: Progress) -> str | None:
        value = self.measure.of(search)  # type: ignore[arg-type]
        if value is None:
            return None
        sign = 1.0 if self.measure.higher_is_better else -1.0
        if self._best is None or sign * value > sign * self._best:
            self._best, self._generation = value, search.generation
        if self.goal is not None and sign * value >= sign * self.goal:
            return "target"
        stale = self.plateau is not None and search.generation - self._generation >= self.plateau
        return "stale" if stale else None
