"""A genetic algorithm on numbers, bits, lists and permutations."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.breeding import (
    advance_bits,
    advance_reals,
    breed_bits,
    breed_reals,
    compete,
    repeated,
    succeed,
)
from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.kernels.codes import PLUS, ROUNDS
from gigaevo.optimize.algorithms.genetic_parts import (
    check_mutants,
    check_operator,
    code_bounds,
    default_crossover,
    default_mutation,
)
from gigaevo.optimize.arguments import check_truths, check_whole
from gigaevo.optimize.operators.discrete import BitFlip
from gigaevo.optimize.operators.selection import (
    EpsilonGreedy,
    RankSelection,
    Roulette,
    Tournament,
    UniformSelection,
    selection_of,
)
from gigaevo.optimize.operators.variation import (
    SBX,
    OnePoint,
    PolynomialMutation,
    TwoPoint,
    UniformCrossover,
    gene_rate,
)
from gigaevo.optimize.populations.convergence import adapt_mutation_sigma
from gigaevo.optimize.search.native import BitFunction, RealFunction, kernels_know
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.operators.base import Crossover, Mutation, Selection
    from gigaevo.optimize.operators.selection import SelectionMethod
    from gigaevo.optimize.search.fitness import NativeFitness
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed

SURVIVALS = ("plus", "generational")
AT_ONCE = 200_000  # evaluations of a native function between two looks at the keyboard
FORGETFUL = (Tournament, Roulette, RankSelection, UniformSelection, EpsilonGreedy)  # do not ask who was selected before


class GeneticAlgorithm(Optimizer):
    """Select parents, cross them, mutate their children, decide who stays; after Holland (1975) and Goldberg (1989).

    What is not given follows the genotype:

    | genotype | crossover | mutation |
    |---|---|---|
    | ranges | ``SBX(15)`` | ``PolynomialMutation(20)``, one gene of a genome on average |
    | bits | ``UniformCrossover()`` | ``BitFlip()``, likewise |
    | lists | ``UniformCrossover()`` | ``RandomReset()``, likewise |
    | permutations | ``OrderCrossover()`` | ``Inversion()`` |

    Args:
        genotype: The search space, or a pair of arrays (lower, upper).
        population_size: Candidates that are kept.
        selection: How parents are selected: an operator or its name, such as "rank".
        crossover: How they are crossed.
        mutation: How their children are mutated; whole numbers are rounded after it.
        crossover_rate: Probability of a pair to be crossed by the default crossover, 0.9 if it is not given; any other
            crossover has a rate of its own.
        survival: "plus": the best of parents and children stay, of equals the children (mu + lambda). "generational":
            children replace all but the elites.
        elite_count: The best candidates, which stay in a generation in any case; in populations that are not larger,
            all but one. "plus" keeps the best anyway.
        adaptive_mutation: Whether the mutation's ``sigma`` follows the 1/5 rule of Rechenberg: a mutant is a success if
            it is better than both of its parents. The default mutation is then ``GaussianMutation``.
        eliminate_duplicates: Whether children that are there already are bred anew, up to 10 times; by default with
            "plus", where they would fill the population.
        maximize: Whether a larger fitness is better.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with.

    Attributes:
        selection: As given, as an operator.
        crossover: As given, or the default one.
        mutation: Likewise; with ``adaptive_mutation`` its ``sigma`` is the one of the moment.

    Raises:
        ValueError: An argument is out of its range, or ``crossover_rate`` is given with a crossover, or a mutation
            without a ``sigma`` is to be adaptive.
        TypeError: An operator does not work on the genotype.
    """

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        population_size: int = 100,
        selection: Selection | SelectionMethod | str = "tournament",
        crossover: Crossover | None = None,
        mutation: Mutation | None = None,
        crossover_rate: float | None = None,
        survival: str = "plus",
        elite_count: int = 1,
        adaptive_mutation: bool = False,
        eliminate_duplicates: bool | None = None,
        maximize: bool = False,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        super().__init__(genotype, population_size=population_size, maximize=maximize, seed=seed, initial=initial)
        if survival not in SURVIVALS:
            raise ValueError(f"survival is {survival!r}, expected one of {', '.join(SURVIVALS)}")
        if crossover is not None and crossover_rate is not None:
            raise ValueError(f"crossover_rate is {crossover_rate}, but {crossover!r} has a rate of its own: give one")
        rate = 0.9 if crossover_rate is None else crossover_rate
        check_rate("crossover_rate", rate)
        check_whole("elite_count", elite_count, 0)
        check_truths(adaptive_mutation=adaptive_mutation)
        if eliminate_duplicates is not None:
            check_truths(eliminate_duplicates=eliminate_duplicates)
        self.selection: Selection = selection_of(selection)
        self.crossover: Crossover = default_crossover(self.genotype, rate) if crossover is None else crossover
        self.mutation: Mutation = default_mutation(self.genotype, adaptive_mutation) if mutation is None else mutation
        check_operator("crossover", self.crossover, self.genotype)
        check_operator("mutation", self.mutation, self.genotype)
        if adaptive_mutation and not (is_dataclass(self.mutation) and hasattr(self.mutation, "sigma")):
            raise ValueError(f"mutation is {self.mutation!r}, which has no sigma: adaptive_mutation cannot adapt it")
        self._elites = PLUS if survival == "plus" else min(int(elite_count), self.population_size - 1)
        self._adaptive = bool(adaptive_mutation)
        self._distinct = survival == "plus" if eliminate_duplicates is None else bool(eliminate_duplicates)
        self._lower, self._upper, self._integer = code_bounds(self.genotype)
        self._of_bits = self.genotype.dtype == np.uint8
        self._fused = self._fused_form()
        self._kept = np.empty((0, self.genotype.genes_size), self.genotype.dtype)
        self._kept_merits: Merits = np.empty(0)
        self._counts = None if type(self.selection) in FORGETFUL else np.zeros(self.population_size, np.int64)

    @property
    def population(self) -> tuple[Codes, Merits]:
        return self._kept, self._kept_merits

    @property
    def batch_size(self) -> int:
        return self.population_size if self._elites == PLUS else self.population_size - self._elites

    def replace(self, codes: Codes, merits: Merits) -> None:
        """Put others in the places of candidates, as a migration does; those that stay keep their place.

        Args:
            codes: Shape (population_size, genes_size).
            merits: Their merits, shape (population_size,).
        """
        if self._counts is not None:
            self._counts[(codes != self._kept).any(axis=1)] = 0  # nobody selected the newcomers yet
        self._found(codes, merits, ())

    def _found(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._kept, self._kept_merits = np.array(codes, order="C"), np.array(merits)

    def _blank_memo(self, n: int) -> Memo:
        return (np.full(n, np.inf),) if self._adaptive else ()

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        if self._fused is not None:
            breed: Any = breed_bits if self._of_bits else breed_reals
            return breed(self._kept, self._kept_merits, n, self._stream, **self._fused), ()
        children, goals = self._bred(n)
        for _ in range(ROUNDS if self._distinct else 0):
            rows = np.flatnonzero(repeated(children, self._kept))
            if not len(rows):
                break
            children[rows], goals[rows] = self._bred(len(rows))
        return children, (goals,) if self._adaptive else ()

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        if self._adaptive:
            self._adapt(merits, memo[0])
        if self._counts is not None:  # children begin with none
            self._survive(self._counts[:, None], self._kept_merits.copy(), np.zeros((len(codes), 1), np.int64), merits)
        self._survive(self._kept, self._kept_merits, codes, merits)

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        if self._fused is None:
            return False
        steps: dict[str, Any] = {
            "generations": min(generations, max(1, AT_ONCE // self.batch_size)),
            "elites": self._elites,
            "best": self._best_merit,
            "target": target,
        }
        if self._of_bits and kernels_know(native, BitFunction, self.genotype):
            if native.order > 64 or self.genotype.genes_size % native.order:
                return False
            steps |= {"function": native.code, "order": native.order}
            progress: Any = advance_bits(self._kept, self._kept_merits, self._stream, **steps, **self._fused)
        elif not self._of_bits and kernels_know(native, RealFunction, self.genotype):
            steps["function"] = native.code
            progress = advance_reals(self._kept, self._kept_merits, self._stream, **steps, **self._fused)
        else:
            return False
        made, best = progress
        self._note_advance(made, best)
        return True

    def _survive(self, codes: Codes, merits: Merits, children: Codes, child_merits: Merits) -> None:
        if self._elites == PLUS:
            compete(codes, merits, children, child_merits)
        else:
            succeed(codes, merits, children, child_merits, self._elites)

    def _bred(self, n: int) -> tuple[Codes, Merits]:
        """Children by the operators, and the merit that each must pass to be better than its parents."""
        pairs = (n + 1) // 2
        parents = self.selection.select(self._kept_merits, 2 * pairs, self._stream, self._counts)
        if self._counts is not None:
            np.add.at(self._counts, parents, 1)
        first, second = parents[:pairs], parents[pairs:]
        children: Codes = self.crossover.cross(
            self._kept[first], self._kept[second], self._stream, self._lower, self._upper
        )
        mutants = self.mutation.mutate(children[:n], self._stream, self._lower, self._upper, self._integer)
        check_mutants(mutants, self.mutation, (n, self.genotype.genes_size))
        goals = np.maximum(self._kept_merits[first], self._kept_merits[second])
        return np.ascontiguousarray(mutants, self.genotype.dtype), np.concatenate([goals, goals])[:n]

    def _adapt(self, merits: Merits, goals: Merits) -> None:
        """The 1/5 rule."""
        mutation: Any = self.mutation
        state = adapt_mutation_sigma(mutation.sigma, int(np.count_nonzero(merits > goals)), len(merits))
        self.mutation = replace(mutation, sigma=state.sigma)

    def _fused_form(self) -> dict[str, Any] | None:
        """Arguments of the kernel that breeds whole generations, where the operators are those that it knows."""
        crossover, mutation, genes = self.crossover, self.mutation, self.genotype.genes_size
        if type(self.selection) is not Tournament or self._adaptive:
            return None
        common: dict[str, Any] = {"size": self.selection.size, "distinct": self._distinct}
        if type(mutation) is BitFlip:
            common["flip_rate"] = gene_rate(mutation.rate, genes)
            if type(crossover) is UniformCrossover:
                return {**common, "cuts": 0, "pair_rate": crossover.pair_rate, "gene_rate": crossover.rate}
            if type(crossover) is OnePoint or type(crossover) is TwoPoint:
                return {**common, "cuts": 1 if type(crossover) is OnePoint else 2, "pair_rate": crossover.rate}
        if type(crossover) is SBX and type(mutation) is PolynomialMutation:
            return {
                **common,
                "lower": self._lower,
                "upper": self._upper,
                "integer": self._integer,
                "eta": crossover.eta,
                "pair_rate": crossover.rate,
                "gene_rate": crossover.gene_rate,
                "exchange_rate": crossover.exchange_rate,
                "mutation_eta": mutation.eta,
                "mutation_rate": gene_rate(mutation.rate, genes),
            }
        return None
