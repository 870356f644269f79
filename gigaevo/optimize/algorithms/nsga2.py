"""NSGA-II: several objectives at once, by fronts and crowding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels import pareto
from gigaevo.kernels.breeding import repeated
from gigaevo.kernels.checks.pareto_checks import reference_point
from gigaevo.kernels.hypervolume import hypervolume
from gigaevo.optimize.algorithms.genetic_parts import (
    check_mutants,
    check_operator,
    code_bounds,
    default_crossover,
    default_mutation,
)
from gigaevo.optimize.arguments import check_truths, check_whole
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.operators.base import Crossover, Mutation
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed

RETRIES = 10  # of mating, until there are enough children that are new


class NSGA2(Optimizer):
    """The genetic algorithm of Deb, Pratap, Agarwal and Meyarivan (2002): it looks for a whole front of trade-offs.

    In each generation parents are chosen by tournaments of two, in which the better front wins, and in the same front
    the less crowded. Their children join the population, of which the best fronts survive, and of the front that does
    not fit the least crowded.

    Args:
        genotype: The search space, or a pair of arrays (lower, upper). Whole numbers are rounded after each mutation.
        objectives: How many a fitness has, 2 or more; by default as many as ``maximize`` has words, else two.
        population_size: Candidates that are kept, and children of a generation.
        crossover: By default, as for ``GeneticAlgorithm``, what is usual for the genotype: of numbers
            ``SBX(eta=15, rate=0.9)``, of bits ``UniformCrossover(pair_rate=0.9)``.
        mutation: By default likewise: of numbers ``PolynomialMutation(eta=20)``, of bits ``BitFlip()``, of one gene on
            average.
        eliminate_duplicates: Whether children that are the same as one of the population, or as each other, are made
            anew; a few times, where the search space is small. It costs about a tenth of the time, and finds more.
        maximize: Whether a larger fitness is better; one word for each objective where they differ.
        reference: A point worse than what is looked for, in the user's direction. If it is given, the hypervolume
            beyond it goes into the history, and is what ``target`` and ``stale`` look at.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size); the rest of the first population is random.

    Attributes:
        objectives: How many a fitness has.

    Raises:
        TypeError: An operator does not work on the genotype.
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        objectives: int | None = None,
        population_size: int = 100,
        crossover: Crossover | None = None,
        mutation: Mutation | None = None,
        eliminate_duplicates: bool = True,
        maximize: bool | Sequence[bool] = False,
        reference: ArrayLike | None = None,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        self.objectives = number_of_objectives(objectives, maximize)
        super().__init__(genotype, population_size=population_size, maximize=maximize, seed=seed, initial=initial)
        self.crossover: Crossover = default_crossover(self.genotype, 0.9) if crossover is None else crossover
        self.mutation: Mutation = default_mutation(self.genotype, False) if mutation is None else mutation
        check_operator("crossover", self.crossover, self.genotype)
        check_operator("mutation", self.mutation, self.genotype)
        check_truths(eliminate_duplicates=eliminate_duplicates)
        self.eliminate_duplicates = bool(eliminate_duplicates)
        self._lower, self._upper, self._integer = code_bounds(self.genotype)
        self._corner: Merits | None = None
        if reference is not None:
            self._corner = reference_point(reference, np.empty((0, self.objectives))) * self._signs
        self._codes: Codes = np.empty((0, self.genotype.genes_size), self.genotype.dtype)
        self._kept: Merits = np.empty((0, self.objectives))
        self._ranks: NDArray[np.int64] = np.empty(0, np.int64)
        self._crowding: NDArray[np.float64] = np.empty(0)

    @property
    def population(self) -> tuple[Codes, Merits]:
        """Codes and merits of what is kept."""
        return self._codes, self._kept

    @property
    def hypervolume(self) -> float:
        """The hypervolume beyond ``reference`` of the population and of what was told after its last step.

        Raises:
            ValueError: There is no reference.
        """
        return hypervolume(self._at_hand()[1], self._known_corner())

    @property
    def stale_generations(self) -> int:
        """Steps since the hypervolume became larger."""
        self._known_corner()
        return super().stale_generations

    def merit_of(self, fitness: float) -> float:
        """``fitness`` itself, which is a hypervolume."""
        self._known_corner()
        return float(fitness)

    def _found(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._keep(codes, merits)

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        if not self.eliminate_duplicates:
            return self._children(n), ()
        made = self._children(n + n // 16 + 2)  # a few more, so that going back is rare
        new = (~repeated(made, self._codes)).nonzero()[0]
        for _ in range(RETRIES):
            if len(new) >= n:
                break
            made = np.concatenate((made[new], self._children(n)))
            new = (~repeated(made, self._codes)).nonzero()[0]
        if len(new) < n:
            new = np.concatenate((new, np.setdiff1d(np.arange(len(made)), new)))
        return made.take(new[:n], axis=0), ()

    def _children(self, n: int) -> Codes:
        """``n`` children of winners of tournaments."""
        pairs = (n + 1) // 2
        winners = pareto.crowded_tournament(self._ranks, self._crowding, 2 * pairs, self._stream)
        parents, lower, upper = self._codes.take(winners, axis=0), self._lower, self._upper
        children = self.crossover.cross(parents[:pairs], parents[pairs:], self._stream, lower, upper, out=parents)
        mutants = self.mutation.mutate(children, self._stream, lower, upper, self._integer, out=children)
        check_mutants(mutants, self.mutation, (2 * pairs, self.genotype.genes_size))
        return np.ascontiguousarray(mutants[:n], self.genotype.dtype)

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._keep(np.concatenate((self._codes, codes)), np.concatenate((self._kept, merits)))

    def _keep(self, codes: Codes, merits: Merits) -> None:
        """Let the best ``population_size`` live."""
        rows, self._ranks, self._crowding = pareto.survivors(merits, self.population_size)
        self._codes, self._kept = codes.take(rows, axis=0), merits.take(rows, axis=0)
        if self._corner is not None:
            volume = hypervolume(self._kept, self._corner)
            if volume > self._best_merit:
                self._best_merit, self._best_generation = volume, self._generation + 1

    def _front(self, merits: Merits) -> NDArray[np.int64]:
        rows = np.flatnonzero(np.isfinite(merits).all(axis=1))
        ranks = self._ranks[rows] if merits is self._kept else pareto.non_dominated_ranks(merits[rows])
        return np.asarray(rows[ranks == 0], np.int64)

    def _numbers(self, fitness: Merits) -> dict[str, float]:
        numbers = {"front": float(len(self._front(self._kept)))}
        return numbers if self._corner is None else {**numbers, "hypervolume": self.hypervolume}

    def _known_corner(self) -> Merits:
        if self._corner is None:
            raise ValueError("target, stale and hypervolume need a point to measure from: pass reference= to NSGA2")
        return self._corner


def number_of_objectives(objectives: int | None, maximize: Any) -> int:
    """How many objectives there are: what is said, else one for each word of ``maximize``, else two.

    Raises:
        ValueError: It is not a whole number from 2.
    """
    if objectives is None:
        objectives = len(maximize) if isinstance(maximize, (list, tuple, np.ndarray)) else 2
    check_whole("objectives", objectives, 2)
    return int(objectives)
