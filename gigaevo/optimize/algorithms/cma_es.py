"""CMA-ES: evolution strategy with covariance matrix adaptation."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from gigaevo.kernels.cma import cma_fold
from gigaevo.optimize.algorithms.cma_distribution import RIM, CmaDistribution, default_population
from gigaevo.optimize.arguments import check_number, check_truths
from gigaevo.optimize.genotypes import ranges_of
from gigaevo.optimize.search.native import RealFunction, kernels_know
from gigaevo.optimize.search.optimizer import Optimizer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype, Ranges
    from gigaevo.optimize.search.fitness import NativeFitness
    from gigaevo.optimize.search.optimizer import Codes, Memo, Merits
    from gigaevo.optimize.seeds import Seed

    Vector = NDArray[np.float64]

LARGEST = 0.2  # standard deviation as a part of the range: with wider ones the fold makes noise of the samples
TOL_FUN = 1e-12  # range of fitness, relative to the best
TOL_CONDITION = 1e14
MIDDLE = 0.4  # of each range is where a search begins, so that its first samples have room on both sides
LOOK_EVERY = 10  # updates between looks at the stops


class CMAES(Optimizer):
    """Search by a normal distribution that learns its step length and its shape from the ranks of its samples.

    The first choice for 2 to about 200 real variables whose scales or dependences are not known. After N. Hansen, "The
    CMA evolution strategy: a tutorial" (arXiv:1604.00772), with weights below 0 for the worse half, and a Cholesky
    factor in the place of the symmetric root (``gigaevo.kernels.cma``).

    Bounds are kept by a smooth fold of the whole space: the distribution does not see them, and an optimum on a bound
    is found as fast as one inside. Whole numbers are rounded, and sampled widely enough that about one sample of a
    generation reaches another whole number in some gene, after R. Hamano et al., "CMA-ES with margin" (2022).

    Answers may come late. One to a sample of an earlier generation counts as a solution that was injected, and pulls
    from no farther away than samples usually lie (N. Hansen, "Injecting external solutions into CMA-ES", 2011). With
    more candidates under way than ``population_size`` the search may stall: let it be as large.

    It stops by itself where double precision is used up, with the reason "tolx" (the distribution is narrower than
    numbers can tell), "tolfun" (fitness no longer differs) or "condition" (the covariance has become degenerate), or
    begins anew where ``restarts`` says so.

    Args:
        genotype: ``RangeGenotype``, ``MultiRangeGenotype``, or a pair of arrays (lower, upper).
        sigma: First standard deviation of each gene, as a part of its range, above 0. It does not grow beyond 0.2.
        population_size: Samples of a generation, at least 2; None: 4 + 3 ln n. More make the search slower and less
            likely to end in a poor local optimum.
        active: Whether the worse half of the samples takes variance away.
        restarts: None; "ipop": each time it would stop, begin at a random place with twice the samples (A. Auger and N.
            Hansen, 2005); "bipop": take turns with small and short searches (N. Hansen, 2009).
        maximize: Whether a larger fitness is better.
        seed: The one source of randomness; None: another search each time.
        initial: Genome around which it begins, as an array of shape (1, genes_size); of several, their mean. None: a
            random place in the middle 40 % of the ranges.

    Raises:
        ValueError: An argument is out of its range; the message names it.
        TypeError: The genotype is not of ranges.
    """

    genotype: Ranges

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        sigma: float = 0.2,
        population_size: int | None = None,
        active: bool = True,
        restarts: Literal["ipop", "bipop"] | None = None,
        maximize: bool = False,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        ranges = ranges_of(genotype, type(self).__name__)
        size = default_population(ranges.genes_size) if population_size is None else population_size
        super().__init__(ranges, population_size=size, maximize=maximize, seed=seed, initial=initial)
        if self.population_size < 2:
            raise ValueError(f"population_size is {population_size}, expected 2 or more")
        check_number("sigma", sigma, 0.0, above=True)
        if self._initial is not None and not len(self._initial):
            raise ValueError("initial has no genome, expected at least one")
        if restarts not in (None, "ipop", "bipop"):
            raise ValueError(f"restarts is {restarts!r}, expected None, 'ipop' or 'bipop'")
        check_truths(active=active)
        self._sigma = float(sigma)
        self._active = bool(active)
        self._restarts = restarts
        self._integer = ranges.integer
        self._whole = bool(ranges.integer.any())
        # A whole number owns the unit around it, so that those at the ends are as likely as the others.
        self._lower = np.where(ranges.integer, ranges.lower - 0.5, ranges.lower)
        self._upper = np.where(ranges.integer, ranges.upper + 0.5, ranges.upper)
        self._width = np.where(self._upper > self._lower, self._upper - self._lower, 1.0)
        self._rim = RIM * (self._upper - self._lower)
        self._first_size = self.population_size
        self._largest_size = self.population_size
        self._spent = [0, 0]  # evaluations of the small and of the large searches, for "bipop"
        self._small = False
        self._allowance = math.inf
        self._epoch = 0
        self._ended: str | None = None
        self._last = (np.empty((0, ranges.genes_size)), np.empty(0))
        if self._initial is None:
            self._begin(self._random_place(), self._sigma)
        else:
            self._begin(self._initial.mean(axis=0), self._sigma)

    @property
    def population(self) -> tuple[Codes, Merits]:
        """The last generation that was told."""
        return self._last

    @property
    def mean(self) -> Vector:
        """The centre of the distribution as a genome; whole numbers are not rounded. Shape (genes_size,)."""
        folded: Vector = cma_fold(self._distribution.mean[None], self._lower, self._upper, self._rim)[0]
        return folded

    @property
    def deviations(self) -> Vector:
        """The standard deviation of each gene, shape (genes_size,)."""
        return self._distribution.deviations

    @property
    def restarts_made(self) -> int:
        """Times it began anew."""
        return self._epoch

    def converged(self) -> str | None:
        return self._ended

    @property
    def _has_founders(self) -> bool:
        return False

    def _propose(self, n: int) -> tuple[Codes, Memo]:
        samples = self._distribution.sample(n, self._stream)
        codes = cma_fold(samples, self._lower, self._upper, self._rim)
        if self._whole:
            rounded = np.clip(np.rint(codes), self.genotype.lower, self.genotype.upper)
            codes = np.where(self._integer, rounded, codes)
        return codes, (samples, np.full(n, self._epoch), np.full(n, self._distribution.generation))

    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        samples, epochs, generations = memo
        self._last = (codes, merits)
        if self._epoch and (epochs != self._epoch).any():  # asked before the search began anew: of no use to this one
            present = epochs == self._epoch
            samples, merits, generations = samples[present], merits[present], generations[present]
        foreign = generations != self._distribution.generation
        sound = self._distribution.update(samples, merits, foreign if foreign.any() else None)
        self._allowance -= len(merits)
        self._spent[not self._small] += len(merits)
        if self._whole:
            self._widen()
        if len(merits):
            self._extremes[self._kept % len(self._extremes)] = merits.max(), merits.min()
            self._kept += 1
        self._look(sound=sound)

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        if self._whole or not kernels_know(native, RealFunction, self.genotype):
            return False
        left = generations
        while left > 0 and self._ended is None and self._best_merit < target:
            size = self.population_size
            ahead = LOOK_EVERY - self._distribution.generation % LOOK_EVERY
            if self._allowance < ahead * size:
                ahead = max(1, math.ceil(self._allowance / size))
            codes, merits = np.zeros((size, self.genotype.genes_size)), np.zeros(size)
            task = self._task(native.code, min(ahead, left), target)
            made, sound = self._distribution.advance(
                task,
                (self._lower, self._upper, self._rim),
                self._stream,
                codes=codes,
                merits=merits,
                extremes=self._extremes,
                kept=self._kept,
            )
            self._note_advance(made, task.best_code)
            self._kept += made.generations
            self._allowance -= made.generations * size
            self._spent[not self._small] += made.generations * size
            self._last = (codes, merits)
            self._look(sound=sound)
            left -= made.generations
            if self.population_size != size:
                break  # generations are of another size now: the caller counts evaluations
        return True

    def _look(self, *, sound: bool) -> None:
        """After an update: end, or begin anew, where there is reason to."""
        if not sound:
            self._ended = "condition"
        elif self._distribution.generation % LOOK_EVERY == 0:
            self._ended = self._stop()
        if self._restarts is not None and (self._ended is not None or self._allowance <= 0):
            self._restart()

    def _begin(self, mean: Vector, sigma: float) -> None:
        """A new distribution around a genome."""
        self._distribution = CmaDistribution(
            self._unfolded(mean),
            sigma,
            scale=self._width,
            population_size=self.population_size,
            active=self._active,
            largest=LARGEST,
        )
        n = self.genotype.genes_size
        self._extremes = np.empty((10 + math.ceil(30 * n / self.population_size), 2))  # of merits, of the last updates
        self._kept = 0
        self._ended = None
        if self._whole:
            self._widen()

    def _random_place(self) -> Vector:
        """A place in the middle of the ranges."""
        shares = self._stream.uniforms(self.genotype.genes_size)
        place: Vector = self._lower + (0.5 + MIDDLE * (shares - 0.5)) * (self._upper - self._lower)
        return place

    def _unfolded(self, genome: Vector) -> Vector:
        """What the fold maps to ``genome``."""
        low, high, rim = self._lower, self._upper, self._rim
        near_low = low - rim + 2.0 * np.sqrt(rim) * np.sqrt(np.maximum(genome - low, 0.0))
        near_high = high + rim - 2.0 * np.sqrt(rim) * np.sqrt(np.maximum(high - genome, 0.0))
        return np.where(genome < low + rim, near_low, np.where(genome > high - rim, near_high, genome))

    def _widen(self) -> None:
        """Let whole numbers vary enough: one sample of a generation shall reach another value of some gene."""
        chance = 1.0 / (self.genotype.genes_size * self.population_size)
        least = 0.5 / NormalDist().inv_cdf(1.0 - 0.5 * chance)
        scale, deviations = self._distribution.scale, self._distribution.deviations / self._distribution.scale
        scale[self._integer] = np.maximum(self._width, least / deviations)[self._integer]

    def _stop(self) -> str | None:
        """Why this distribution can go no further, None while it can."""
        distribution = self._distribution
        deviations = distribution.deviations
        lost = distribution.mean + 0.2 * deviations == distribution.mean
        if (lost | self._integer).all() and not self._integer.all():
            return "tolx"
        if distribution.condition > TOL_CONDITION:
            return "condition"
        if self._kept >= len(self._extremes):
            bests, worst = self._extremes[:, 0], self._extremes[(self._kept - 1) % len(self._extremes), 1].item()
            highest, lowest = bests.max().item(), min(bests.min().item(), worst)
            if highest == lowest or highest - lowest < TOL_FUN * abs(highest):
                return "tolfun"
        return None

    def _restart(self) -> None:
        """Begin anew, by the rules of ``restarts``."""
        self._epoch += 1
        sigma, self._small, self._allowance = self._sigma, False, math.inf
        if self._restarts == "bipop" and self._spent[0] < self._spent[1]:
            first, second = self._stream.uniforms(2)
            exponent = math.log(max(0.5 * self._largest_size / self._first_size, 1.0)) * first**2
            self.population_size = int(self._first_size * math.exp(exponent))
            sigma *= 10.0 ** (-2.0 * second)
            self._small, self._allowance = True, self._spent[1] / 2
        else:
            self._largest_size *= 2
            self.population_size = self._largest_size
        self._begin(self._random_place(), sigma)
