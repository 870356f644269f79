"""From the scores that a fitness function gives to the merits of a population."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy import score_unknown
from gigaevo.kernels.strategy_laws import Score, Scoring
from gigaevo.optimize.genotypes import Ranges, UniqueGenotype
from gigaevo.optimize.search.fitness import Evaluator
from gigaevo.optimize.search.native import BitFunction, Queens, RealFunction, kernels_know
from gigaevo.optimize.strategy.gene_space import BitSpace
from gigaevo.optimize.strategy.placeholders import CountTrue, SumGenes

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from gigaevo.optimize.strategy.fitness_cache import FitnessCache
    from gigaevo.optimize.strategy.gene_space import GeneSpace
    from gigaevo.optimize.strategy.population import Population


class Evaluation:
    """Finds the merits of the chromosomes that have none.

    Args:
        space: How the rows of the population are read.
        fitness: Of the genes of one chromosome, or native, or of all at once if ``vectorized``.
        sign: Turns scores into merits.
        vectorized: Whether ``fitness`` takes genes of shape (n, genes_size).
        cache: Merits that were found before, if they are to be remembered.
        executor: Where chromosomes are evaluated one by one in parallel, if given.

    Attributes:
        scoring: What the kernels are told if they know the fitness and nothing is remembered, else None.

    Raises:
        TypeError: ``fitness`` cannot be called.
        ValueError: It is one of ``gigaevo.optimize.functions`` and is to be searched in the other direction.
    """

    def __init__(
        self,
        space: GeneSpace,
        fitness: Any,
        sign: float,
        *,
        vectorized: bool = False,
        cache: FitnessCache | None = None,
        executor: Executor | None = None,
    ) -> None:
        if isinstance(fitness, (BitFunction, Queens, RealFunction)) and (sign > 0.0) != fitness.maximize:
            there, word = ("minimize", "maximised") if fitness.maximize else ("maximize", "minimised")
            raise ValueError(
                f"fitness_ordering is {there}, but {fitness.name} is to be {word}: give the ordering that fits"
            )
        self._space = space
        self._sign = sign
        self._cache = cache
        self._native = native_scoring(space, fitness, sign)
        self.scoring = self._native if cache is None else None
        self._evaluate = Evaluator(fitness, vectorized=vectorized, executor=executor)

    def __call__(self, population: Population) -> int:
        """Set the merits of ``population`` that are unknown; -inf where there is no score.

        Returns:
            How many chromosomes the fitness was calculated of.

        Raises:
            FitnessError: The function raised, or what it gave back is no fitness.
        """
        if self.scoring is not None:
            return score_unknown(population.pool, population.size, self.scoring)
        if self._cache is not None:
            return self._remembered(population, self._cache)
        rows = population.unknown()
        if len(rows):
            population.pool.merits[rows] = self.merits_of(population.pool.genes[rows])
        return len(rows)

    def merits_of(self, genes: NDArray[Any]) -> NDArray[np.float64]:
        """Merits of rows of genes, shape (n,), always calculated."""
        scores, _ = self._evaluate(self._space.decode(genes))
        return np.where(np.isfinite(scores), self._sign * scores, -np.inf)

    def _remembered(self, population: Population, cache: FitnessCache) -> int:
        """Set merits that the cache has, calculate others; equal rows are calculated once."""
        pool = population.pool
        missing, again = cache.recall(population)
        if not len(missing):
            return 0
        if self._native is not None:
            score_unknown(pool, population.size, self._native)  # at once those that come again
        else:
            pool.merits[missing] = self.merits_of(pool.genes[missing])
            pool.merits[again[:, 0]] = pool.merits[again[:, 1]]
        cache.remember(population, missing)
        return len(missing)


def native_scoring(space: GeneSpace, fitness: Any, sign: float) -> Scoring | None:
    """What the kernels are told of ``fitness``; None if they do not know it, or not on such genes."""
    genotype = space.genotype
    on_bits, on_numbers = isinstance(space, BitSpace), isinstance(genotype, Ranges)
    if on_bits and kernels_know(fitness, CountTrue, genotype):
        return Scoring(Score.SUM, 0, sign)
    if on_bits and kernels_know(fitness, BitFunction, genotype) and fitness.name == "onemax":
        return Scoring(Score.SUM, 0, sign)
    if (on_bits or on_numbers) and kernels_know(fitness, SumGenes, genotype) and fitness.precision is None:
        return Scoring(Score.SUM, 0, sign)
    if on_numbers and kernels_know(fitness, RealFunction, genotype):
        return Scoring(Score.REAL, fitness.code, sign)
    if isinstance(genotype, UniqueGenotype) and kernels_know(fitness, Queens, genotype):
        is_board = tuple(genotype.allele_list) == tuple(range(genotype.genes_size))
        return Scoring(Score.QUEENS, 0, sign) if is_board else None
    return None
