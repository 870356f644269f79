"""The primary metric of a search: of its best genome, or of a whole Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.config.numeric.genotypes import GenomeForm
    from gigaevo.config.numeric.searching import Searching
    from gigaevo.optimize.search.result import Result
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

    def of(self, optimizer: Searching) -> float | None:
        """The metric as it stands; None before there is a valid genome."""
        if not self.of_a_front:
            return float(optimizer.best_fitness) if np.isfinite(optimizer.best_merit) else None
        fitness = front_of(optimizer)[1]
        return self._hypervolume(fitness) if len(fitness) else None

    def elites(self, optimizer: Searching, form: GenomeForm) -> list[dict[str, Any]]:
        """Records of what is worth keeping: the front by its first objective, an archive by fitness, or the best."""
        problem = self._problem
        if self.of_a_front:
            genomes, fitness = front_of(optimizer)
            order = np.lexsort((-self._signs * fitness).T[::-1])
            return [
                {"genome": form.plain(genomes[row]), "objectives": dict(zip(problem.objectives, values, strict=True))}
                for row, values in zip(order, fitness[order].tolist(), strict=True)
            ]
        if optimizer.behaviors:
            return self._archived(optimizer, form)
        genome = optimizer.best_genome
        if genome is None:
            return []
        return [{"genome": form.plain(genome), "fitness": float(optimizer.best_fitness)}]

    def _hypervolume(self, fitness: NDArray[np.float64]) -> float:
        from gigaevo.kernels.hypervolume import hypervolume

        reference = self._problem.reference
        assert reference is not None  # the problem was checked for that
        return float(hypervolume(fitness * self._signs, np.array(reference) * self._signs))

    def _archived(self, optimizer: Searching, form: GenomeForm) -> list[dict[str, Any]]:
        elites = _result(optimizer).archive.data()
        genomes = optimizer.genotype.decode(elites.genomes.astype(optimizer.genotype.dtype))
        order = np.lexsort((elites.cells, -self._signs[0] * elites.fitness))
        keys = self._problem.behavior_keys
        return [
            {
                "genome": form.plain(genomes[row]),
                "fitness": float(elites.fitness[row]),
                "behaviors": dict(zip(keys, elites.behaviors[row].tolist(), strict=True)),
            }
            for row in order
        ]


def front_of(optimizer: Searching) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Genomes and objectives of the population that no other one dominates; without the invalid ones."""
    result = _result(optimizer)
    genomes, fitness = result.genomes[result.front], result.fitness[result.front]
    valid = np.isfinite(fitness).all(axis=1)
    return genomes[valid], fitness[valid]


def _result(optimizer: Searching) -> Result:
    assert isinstance(optimizer, Optimizer)  # the Evolve strategy has one objective and no behaviours
    return optimizer.result()
