"""Exhaustive search: every chromosome of a genotype is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gigaevo.optimize.arguments import brief, check_truths
from gigaevo.optimize.genotypes import as_genotype
from gigaevo.optimize.strategy.evaluation import Evaluation
from gigaevo.optimize.strategy.executors import fitness_executor
from gigaevo.optimize.strategy.gene_space import gene_space
from gigaevo.optimize.strategy.ordering import FitnessOrdering
from gigaevo.optimize.strategy.permutations import count_permutations, permuted_rows
from gigaevo.optimize.strategy.population import Chromosome, Population

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import Genotype

AT_A_TIME = 4096
MOST = 2**62  # candidates; nobody lives to see more


class Permutate:
    """Looks at every chromosome, and at finer steps round the best where the steps of the genotype are scaled.

    Numbers that are not whole need ``MutationType.step`` or ``step_scaled``: the grid of the first scale covers the
    range, that of the next lies within one step of the first round its best, and so on.

    Args:
        genotype: The search space.
        fitness: See ``Strategy``.
        fitness_ordering: Whether scores are to be large or small; its words "maximize" and "minimize" will do.
        vectorized: Whether ``fitness`` takes all chromosomes of a batch at once.
        par_fitness: Whether chromosomes are evaluated in parallel; see ``Strategy``.
        replace_on_equal_fitness: Whether the last of equals is the best, not the first.

    Attributes:
        size: Chromosomes at the first scale.
        evaluations: Chromosomes that were looked at.

    Raises:
        ValueError: There are too many chromosomes, or a gene may be any number.
    """

    def __init__(
        self,
        genotype: Genotype,
        fitness: Any,
        *,
        fitness_ordering: FitnessOrdering | str = FitnessOrdering.MAXIMIZE,
        vectorized: bool = False,
        par_fitness: bool = False,
        replace_on_equal_fitness: bool = False,
    ) -> None:
        check_truths(vectorized=vectorized, replace_on_equal_fitness=replace_on_equal_fitness, par_fitness=par_fitness)
        self.genotype = as_genotype(genotype)
        self.space = gene_space(self.genotype)
        self.fitness = fitness
        self.fitness_ordering = FitnessOrdering.of(fitness_ordering)
        self.vectorized = vectorized
        self.par_fitness = par_fitness
        self.replace_on_equal_fitness = replace_on_equal_fitness
        self.size = count_permutations(self.space)
        if self.size > MOST:
            raise ValueError(f"the genotype has more than {MOST:.3g} chromosomes, expected at most so many")
        self.evaluations = 0
        self._best_merit = -np.inf
        self._best_row: NDArray[Any] | None = None
        self._evaluation()  # raises if the fitness cannot be called

    def __repr__(self) -> str:
        found = f", best_fitness_score={self.best_fitness_score}" if self.evaluations else ""
        return f"Permutate({brief(self.genotype)}, {brief(self.fitness)}, size={self.size}{found})"

    def call(self) -> Self:
        """Look at all of them."""
        self.evaluations, self._best_merit, self._best_row = 0, -np.inf, None
        with fitness_executor(self.fitness, parallel=self.par_fitness, vectorized=self.vectorized) as executor:
            evaluate = self._evaluation(executor)
            for scale in range(self.space.scales):
                if scale and self._best_row is None:
                    break
                for rows in permuted_rows(self.space, AT_A_TIME, scale, self._best_row):
                    self._look_at(rows, evaluate)
        return self

    def _evaluation(self, executor: Executor | None = None) -> Evaluation:
        sign = self.fitness_ordering.sign
        return Evaluation(self.space, self.fitness, sign, vectorized=self.vectorized, executor=executor)

    def _look_at(self, rows: NDArray[Any], evaluate: Evaluation) -> None:
        population = Population(rows)
        self.evaluations += evaluate(population)
        merits = population.merits
        best = len(merits) - 1 - int(merits[::-1].argmax()) if self.replace_on_equal_fitness else int(merits.argmax())
        merit = float(merits[best])
        if merit > self._best_merit or (self.replace_on_equal_fitness and merit == self._best_merit > -np.inf):
            self._best_merit, self._best_row = merit, rows[best].copy()

    @property
    def best_genes(self) -> NDArray[Any] | None:
        """Genes of the best score; None where no chromosome is valid, and before ``call``."""
        if self._best_row is None:
            return None
        genes: NDArray[Any] = self.space.decode(self._best_row[None])[0].copy()
        return genes

    @property
    def best_fitness_score(self) -> float | None:
        """The best score; None where no chromosome is valid, and before ``call``."""
        return None if self._best_row is None else self.fitness_ordering.sign * self._best_merit + 0.0

    def best_genes_and_fitness_score(self) -> tuple[NDArray[Any] | None, float | None]:
        """``best_genes`` and ``best_fitness_score``, called as in the strategy document."""
        return self.best_genes, self.best_fitness_score

    @property
    def best_chromosome(self) -> Chromosome | None:
        """The best chromosome; None where there is none."""
        genes = self.best_genes
        return None if genes is None else Chromosome(genes, self.best_fitness_score)
