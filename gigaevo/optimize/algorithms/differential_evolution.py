"""Differential evolution (Storn and Price 1997) and its self-adapting form SHADE (Tanabe and Fukunaga 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels import differential
from gigaevo.kernels.differential import Base, Plan
from gigaevo.optimize.algorithms.turns import NOBODY, Turns, with_homes
from gigaevo.optimize.arguments import check_number, check_whole, is_number
from gigaevo.optimize.genotypes import ranges_of
from gigaevo.optimize.search.native import RealFunction, kernels_know
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.fitness import NativeFitness
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed

LEADING = 0.2  # share of the population that leads in SHADE, at most; at least two members


@dataclass(frozen=True)
class Strategy:
    """How a mutant is made, and whether its weight and crossover rate are learnt.

    Attributes:
        base: Where the sum begins.
        pull: Whether it goes on towards a leader.
        differences: Differences of two members that are added.
        adaptive: Whether weights and rates are drawn from a memory of what succeeded (SHADE).
    """

    base: Base
    pull: bool = False
    differences: int = 1
    adaptive: bool = False

    @property
    def members(self) -> int:
        """The smallest population: the target and what is drawn beside it."""
        return 1 + 2 * self.differences + (self.base == Base.RANDOM)


STRATEGIES = {
    "rand/1": Strategy(Base.RANDOM),
    "best/1": Strategy(Base.LEADER),
    "current-to-best/1": Strategy(Base.TARGET, pull=True),
    "rand-to-best/1": Strategy(Base.RANDOM, pull=True),
    "rand/2": Strategy(Base.RANDOM, differences=2),
    "best/2": Strategy(Base.LEADER, differences=2),
    "shade": Strategy(Base.TARGET, pull=True, adaptive=True),
}


class DifferentialEvolution(Optimizer):
    """Trials from differences of members; each takes the place of its target if it is at least as good.

    All trials of a step are made from the population before it. The best member never becomes worse. A gene of a mutant
    that is out of bounds goes half-way from the target's to the bound; genes that are whole numbers are rounded.

    An answer that comes late meets whoever has its target's place by then. Founders that were asked when enough others
    were told first meet the worst member.

    Args:
        genotype: Ranges, or a pair of arrays (lower, upper).
        population_size: Members; by default ten for each gene, at least 20 and at most 100. ``rand/1`` and
            ``rand-to-best/1`` need 4, the other ones with one difference 3, ``best/2`` 5 and ``rand/2`` 6.
        strategy: ``shade`` is current-to-pbest/1 with an archive of replaced members; it learns weight and crossover
            rate, which then are not to be given. ``rand/1`` explores most, ``best/1`` least; ``current-to-best/1`` and
            ``rand-to-best/1`` are between them; ``rand/2`` and ``best/2`` add two differences.
        weight: Of differences (F), above 0 and at most 2; or (lowest, highest), drawn for each trial. By default 0.5.
        crossover_rate: Chance (CR) that a gene is the mutant's, 0 to 1, by default 0.9; one gene always is.
        crossover: ``binomial``: each gene for itself; ``exponential``: a run of genes that goes on with that chance.
        memory_size: Entries of SHADE's memory, 1 or more; with fewer it learns faster and forgets sooner.
        maximize: Whether a larger fitness is better.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size); the rest of the first population is random.

    Raises:
        TypeError: The genotype is not of ranges.
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        population_size: int | None = None,
        strategy: str = "shade",
        weight: float | tuple[float, float] | None = None,
        crossover_rate: float | None = None,
        crossover: str = "binomial",
        memory_size: int = 10,
        maximize: bool = False,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        space = ranges_of(genotype, type(self).__name__)
        if population_size is None:
            population_size = min(max(10 * space.genes_size, 20), 100)
        super().__init__(space, population_size=population_size, maximize=maximize, seed=seed, initial=initial)
        if not (isinstance(strategy, str) and strategy in STRATEGIES):
            raise ValueError(f"strategy is {strategy!r}, expected one of {', '.join(STRATEGIES)}")
        if crossover not in ("binomial", "exponential"):
            raise ValueError(f"crossover is {crossover!r}, expected binomial or exponential")
        self.strategy = strategy
        self.crossover = crossover
        if self.population_size < self._how.members:
            raise ValueError(
                f"population_size is {self.population_size}, expected {self._how.members} or more for {strategy}"
            )
        self._set_settings(weight, crossover_rate, memory_size)
        self._lower, self._upper = space.lower, space.upper
        self._integer = space.integer if space.integer.any() else None
        self._turns = Turns(self.population_size)
        self._counters = np.zeros(2, np.int64)  # rows of the archive that are filled; entry of the memory to write next
        room = self.population_size if self._how.adaptive else 0
        self._pool = np.zeros((self.population_size + room, space.genes_size))
        self._member_merits = np.full(self.population_size, -np.inf)
        self._leaders = np.zeros(1, np.int64)

    @property
    def _how(self) -> Strategy:
        return STRATEGIES[self.strategy]

    def _set_settings(
        self, weight: float | tuple[float, float] | None, crossover_rate: float | None, memory_size: int
    ) -> None:
        check_whole("memory_size", memory_size)
        if self._how.adaptive:
            for name, given in (("weight", weight), ("crossover_rate", crossover_rate)):
                if given is not None:
                    raise ValueError(f"{name} is {given!r}, but {self.strategy} learns it: choose another strategy")
        self.weight = weight_range(0.5 if weight is None else weight)
        rate = 0.9 if crossover_rate is None else crossover_rate
        check_number("crossover_rate", rate, 0.0, 1.0)
        self.crossover_rate = float(rate)
        self._memory = np.full((2, memory_size), 0.5)  # weights and rates that succeeded

    @property
    def population(self) -> tuple[Codes, Merits]:
        founded = self.population_size if self._founded else 0
        return self._pool[:founded], self._member_merits[:founded]

    @property
    def weights(self) -> Merits:
        """What SHADE remembers of weights that succeeded, shape (memory_size,)."""
        return np.array(self._memory[0])

    @property
    def crossover_rates(self) -> Merits:
        """What SHADE remembers of crossover rates that succeeded, shape (memory_size,)."""
        return np.array(self._memory[1])

    def _found(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        self._pool[: self.population_size] = codes
        self._member_merits[:] = merits
        self._choose_leaders()

    def _blank_memo(self, n: int) -> Memo:
        return self._memo(np.full(n, NOBODY), np.ones(n), np.ones(n))

    def _memo(self, targets: NDArray[np.int64], weights: Merits, rates: Merits) -> Memo:
        return (targets, weights, rates) if self._how.adaptive else (targets,)

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        targets = self._turns.take(n)
        weights, rates = self._settings(n)
        how, stream = self._how, self._stream
        size = self.population_size
        least = min(2, len(self._leaders))
        parents = differential.draw_parents(
            targets,
            size,
            size + int(self._counters[0]),
            self._leaders,
            least,
            how.base,
            how.pull,
            how.differences,
            stream,
        )
        crossed = differential.draw_crossover(rates, self._pool.shape[1], self.crossover == "exponential", stream)
        trials = differential.recombine(
            self._pool, targets, parents, weights, crossed, self._lower, self._upper, self._integer
        )
        return trials, self._memo(targets, weights, rates)

    def _settings(self, n: int) -> tuple[Merits, Merits]:
        """Weights and crossover rates of ``n`` trials."""
        if self._how.adaptive:
            return differential.draw_settings(self._memory[0], self._memory[1], n, self._stream)
        lowest, highest = self.weight
        weights = np.full(n, lowest)
        if highest > lowest:
            weights += (highest - lowest) * self._stream.uniforms(n)
        return weights, np.full(n, self.crossover_rate)

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        targets = with_homes(memo[0], self._member_merits)
        archived = int(self._counters[0])
        gains, self._counters[0] = differential.replace(
            self._pool, self._member_merits, targets, codes, merits, archived, self._stream
        )
        if self._how.adaptive:
            if targets is not memo[0]:
                gains[memo[0] == NOBODY] = 0.0  # no settings of the memory made them
            self._learn(gains, memo[1], memo[2])
        self._choose_leaders()

    def _learn(self, gains: Merits, weights: Merits, rates: Merits) -> None:
        """Write what succeeded over the oldest entry of the memory."""
        means = differential.success_means(gains, weights, rates)
        if means is not None:
            oldest = int(self._counters[1])
            self._memory[:, oldest] = means
            self._counters[1] = (oldest + 1) % self._memory.shape[1]

    def _choose_leaders(self) -> None:
        if self._how.adaptive:
            self._leaders = differential.best_members(self._member_merits, self._leading)
        elif self._how.pull or self._how.base == Base.LEADER:
            self._leaders[0] = self._member_merits.argmax()

    @property
    def _leading(self) -> int:
        return max(2, round(LEADING * self.population_size)) if self._how.adaptive else 1

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        if not kernels_know(native, RealFunction, self.genotype):
            return False
        how = self._how
        exponential = self.crossover == "exponential"
        plan = Plan(
            how.base,
            how.pull,
            how.differences,
            exponential,
            how.adaptive,
            self._leading,
            *self.weight,
            self.crossover_rate,
        )
        task = self._task(native.code, generations, target)
        made = differential.advance(
            plan,
            self._pool,
            self._member_merits,
            self._memory,
            self._counters,
            self._turns.take(self.population_size),
            self._lower,
            self._upper,
            self._integer,
            task,
            self._stream,
        )
        self._note_advance(made, task.best_code)
        self._choose_leaders()
        return True


def weight_range(given: Any) -> tuple[float, float]:
    """A weight, or the lowest and highest one, as a pair.

    Raises:
        ValueError: It is neither, or out of 0 to 2.
    """
    pair: Sequence[Any] = given if isinstance(given, (tuple, list)) else (given, given)
    if len(pair) != 2 or not all(map(is_number, pair)) or not 0.0 < pair[0] <= pair[1] <= 2.0:
        raise ValueError(f"weight is {given!r}, expected a number above 0 and at most 2, or (lowest, highest) of them")
    return float(pair[0]), float(pair[1])
