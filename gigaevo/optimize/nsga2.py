"""NSGA-II: several objectives at once, by fronts and crowding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels import pareto
from gigaevo.kernels.hypervolume import hypervolume
from gigaevo.kernels.pareto_checks import reference_point
from gigaevo.optimize.genotypes import ranges_of
from gigaevo.optimize.optimizer import Optimizer
from gigaevo.optimize.variation import SBX, PolynomialMutation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.fitness import NativeFitness
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.operators import Crossover, Mutation
    from gigaevo.optimize.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed


class NSGA2(Optimizer):
    """The genetic algorithm of Deb, Pratap, Agarwal and Meyarivan (2002): it looks for a whole front of trade-offs.

    In each generation parents are chosen by tournaments of two, in which the better front wins, and in the same front
    the less crowded. Their children join the population, of which the best fronts survive, and of the front that does
    not fit the least crowded.

    Args:
        genotype: Of numbers, or a pair of arrays (lower, upper). Whole numbers are rounded after each mutation.
        objectives: How many a fitness has, 2 or more; by default as many as ``maximize`` has words, else two.
        population_size: Candidates that are kept, and children of a generation.
        crossover: By default ``SBX(eta=15, rate=0.9)``.
        mutation: By default ``PolynomialMutation(eta=20)``, of one gene on average.
        maximize: Whether a larger fitness is better; one word for each objective where they differ.
        reference: A point worse than what is looked for, in the user's direction. If it is given, the hypervolume
            beyond it goes into the history, and is what ``target`` and ``stale`` look at.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size); the rest of the first population is random.

    Attributes:
        objectives: How many a fitness has.

    Raises:
        TypeError: The genotype is not of numbers.
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
        maximize: bool | Sequence[bool] = False,
        reference: ArrayLike | None = None,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        self.objectives = number_of_objectives(objectives, maximize)
        space = ranges_of(genotype, type(self).__name__)
        super().__init__(space, population_size=population_size, maximize=maximize, seed=seed, initial=initial)
        self.crossover = SBX(eta=15.0, rate=0.9) if crossover is None else crossover
        self.mutation = PolynomialMutation(eta=20.0) if mutation is None else mutation
        self._lower, self._upper = space.lower, space.upper
        self._integer = space.integer if space.integer.any() else None
        self._corner: Merits | None = None
        if reference is not None:
            self._corner = reference_point(reference, np.empty((0, self.objectives))) * self._signs
        self._codes: Codes = np.empty((0, space.genes_size), space.dtype)
        self._kept: Merits = np.empty((0, self.objectives))
        self._ranks: NDArray[np.int64] = np.empty(0, np.int64)
        self._crowding: NDArray[np.float64] = np.empty(0)

    @property
    def population(self) -> tuple[Codes, Merits]:
        """Codes and merits of what is kept."""
        return self._codes, self._kept

    @property
    def hypervolume(self) -> float:
        """The hypervolume of the population beyond ``reference``.

        Raises:
            ValueError: There is no reference.
        """
        return hypervolume(self._kept, self._known_corner())

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
        pairs = (n + 1) // 2
        winners = pareto.crowded_tournament(self._ranks, self._crowding, 2 * pairs, self._stream)
        children = self._codes[winners]
        lower, upper = self._lower, self._upper
        self.crossover.cross(children[:pairs], children[pairs:], self._stream, lower, upper, out=children)
        self.mutation.mutate(children, self._stream, lower, upper, self._integer, out=children)
        return children[:n], ()

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._keep(np.concatenate((self._codes, codes)), np.concatenate((self._kept, merits)))

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        for _ in range(generations):
            codes, memo = self._propose(self.population_size)
            self._take(codes, native.evaluate(self.genotype.decode(codes)), memo)
            if self._best_merit >= target:
                break
        return True

    def _keep(self, codes: Codes, merits: Merits) -> None:
        """Let the best ``population_size`` live."""
        rows, self._ranks, self._crowding = pareto.survivors(merits, self.population_size)
        self._codes, self._kept = codes[rows], merits[rows]
        if self._corner is not None:
            volume = hypervolume(self._kept, self._corner)
            if volume > self._best_merit:
                self._best_merit, self._best_generation = volume, self._generation + 1

    def _front(self, merits: Merits) -> NDArray[np.int64]:
        return np.flatnonzero((self._ranks == 0) & np.isfinite(merits).all(axis=1))

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
        objectives = 2 if isinstance(maximize, (bool, np.bool_)) else len(maximize)
    if isinstance(objectives, bool) or not isinstance(objectives, (int, np.integer)) or objectives < 2:
        raise ValueError(f"objectives is {objectives!r}, expected a whole number from 2")
    return int(objectives)
