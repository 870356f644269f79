"""The emitter of CMA-ME: CMA-ES that looks for what improves an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gigaevo.kernels import AddStatus
from gigaevo.kernels.cma import cma_fold
from gigaevo.optimize.algorithms.cma_distribution import RIM, CmaDistribution
from gigaevo.optimize.arguments import check_number, check_whole
from gigaevo.optimize.genotypes import ranges_of
from gigaevo.optimize.quality_diversity.emitters import LearningEmitter, rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.quality_diversity.vector_archive import VectorArchive

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]

NARROWEST = 1e-9  # standard deviations, as parts of the ranges, below which there is nothing more to find
WIDEST = 1e3
WORST_CONDITION = 1e14


class CMAEmitter(LearningEmitter):
    """Samples of a normal distribution that moves to where the archive becomes better.

    CMA-ES ranks its samples by what they did to the archive: those that filled an empty place come first, by fitness;
    then those that drove out an elite, by how much they are better; then the others, by how little they fell short.
    When a generation improved nothing, or the distribution has become too narrow or too wide, it begins anew at an
    elite drawn at random. After M. C. Fontaine, J. Togelius, S. Nikolaidis and A. K. Hoover, "Covariance matrix
    adaptation for the rapid illumination of behavior space" (GECCO 2020), the improvement emitter.

    Several of them, or one beside an ``IsoLineEmitter``, look at several places at once. Bounds are kept by a smooth
    fold, as in ``CMAES``. For ``RangeGenotype`` and ``MultiRangeGenotype``.

    Args:
        sigma: First standard deviation of each gene, as a part of its range, above 0.
        population_size: Samples of a generation, at least 2; None: the emitter's share of a batch.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    _told: list[tuple[Floats, int, int, float]]  # samples, with their generation, status and gain

    def __init__(self, sigma: float = 0.1, *, population_size: int | None = None) -> None:
        check_number("sigma", sigma, 0.0, above=True)
        if population_size is not None:
            check_whole("population_size", population_size, 2)
        self.sigma = float(sigma)
        self.population_size = population_size
        self.restarts = 0

    def emit(self, n: int, archive: VectorArchive, stream: RandomStream, rows: Integers | None) -> Floats:
        if self._distribution is None:
            self._begin(archive, stream)
        assert self._distribution is not None
        samples = self._distribution.sample(n, stream)
        for sample in samples:
            self._asked[self._next] = sample
            self._next += 1
        folded = cma_fold(samples, self._lower, self._upper, self._rim)
        return rounded(folded, self._ranges, stream) if self._whole else folded

    def marks(self, n: int) -> Integers:
        assert self._distribution is not None
        asked = np.arange(self._next - n, self._next)
        return np.stack([asked, np.full(n, self._distribution.generation)], axis=1)

    def learn(
        self,
        codes: Floats,
        marks: Integers,
        status: NDArray[np.int8],
        gains: Floats,
        archive: VectorArchive,
        stream: RandomStream,
    ) -> None:
        for (asked, generation), outcome, gain in zip(marks.tolist(), status.tolist(), gains.tolist(), strict=True):
            sample = self._asked.pop(asked, None)
            if sample is not None:  # else it was asked before the emitter began anew
                self._told.append((sample, generation, outcome, gain))
        while len(self._told) >= self._size:
            generation_told, self._told = self._told[: self._size], self._told[self._size :]
            if not self._update(generation_told):
                self._begin(archive, stream)

    def settle(self, genotype: Genotype, population_size: int) -> None:
        self._ranges = ranges_of(genotype, type(self).__name__)
        self._whole = bool(self._ranges.integer.any())
        self._lower, self._upper = self._ranges.lower, self._ranges.upper
        span = self._upper - self._lower
        self._rim = RIM * span
        self._width = np.where(span > 0.0, span, 1.0)
        self._size = max(2, population_size if self.population_size is None else self.population_size)
        self._distribution: CmaDistribution | None = None
        self._next = 0
        self._asked: dict[int, Floats] = {}  # samples of the present distribution that were not told yet
        self._told = []

    def _begin(self, archive: VectorArchive, stream: RandomStream) -> None:
        """A new distribution around an elite; what was asked before is of no use to it."""
        self.restarts += self._distribution is not None
        elite = archive.genomes[int(stream.integers(1, len(archive))[0])]
        self._distribution = CmaDistribution(
            elite, self.sigma, scale=self._width, population_size=self._size, active=False
        )
        self._asked.clear()
        self._told.clear()

    def _update(self, told: list[tuple[Floats, int, int, float]]) -> bool:
        """Learn from a generation; whether it is worth to go on."""
        assert self._distribution is not None
        samples = np.array([sample for sample, _, _, _ in told])
        generations = np.array([generation for _, generation, _, _ in told])
        status = np.array([outcome for _, _, outcome, _ in told])
        gains = np.array([gain for _, _, _, gain in told])
        if not (status != AddStatus.REJECTED).any():
            return False
        foreign = generations != self._distribution.generation
        merits = improvement_ranks(status, gains)
        sound = self._distribution.update(samples, merits, foreign if foreign.any() else None)
        deviations = self._distribution.deviations / self._width
        return (
            sound
            and self._distribution.condition < WORST_CONDITION
            and bool((deviations > NARROWEST).any() and (deviations < WIDEST).all())
        )

    def __repr__(self) -> str:
        return f"CMAEmitter(sigma={self.sigma}, population_size={self.population_size})"


def improvement_ranks(status: NDArray[np.integer], gains: Floats) -> Floats:
    """Merits by which CMA-ME ranks: by ``AddStatus``, then by gain; shape (n,). Minus infinity where a gain is NaN.

    Of equals the earlier has the larger merit.
    """
    order = np.lexsort((np.arange(len(gains))[::-1], np.nan_to_num(gains, nan=-np.inf), status))
    merits = np.empty(len(gains))
    merits[order] = np.arange(len(gains), dtype=np.float64)
    merits[np.isnan(gains)] = -np.inf
    return merits
