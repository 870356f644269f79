"""Emitters: how a quality-diversity search makes candidates from the elites it has."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np

from gigaevo.kernels.emission import iso_line
from gigaevo.optimize.arguments import check_number
from gigaevo.optimize.genotypes import BinaryGenotype, ranges_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes import Genotype, Ranges
    from gigaevo.optimize.quality_diversity.vector_archive import VectorArchive

    Floats: TypeAlias = NDArray[np.float64]
    Integers: TypeAlias = NDArray[np.int64]


class Emitter(ABC):
    """Makes candidates from the elites of an archive.

    An emitter is a recipe until a search makes itself a copy of it for its genotype (``placed``): the same one may be
    passed to several searches, or several times to one.
    """

    def placed(self, genotype: Genotype, population_size: int) -> Self:
        """A copy for a search, which makes about ``population_size`` candidates at a time.

        Raises:
            TypeError: It does not work on such a genotype.
        """
        placed = copy.deepcopy(self)
        placed.settle(genotype, population_size)
        return placed

    @abstractmethod
    def emit(self, n: int, archive: VectorArchive, stream: RandomStream, rows: Integers | None) -> Floats:
        """Make ``n`` candidates.

        Args:
            n: How many.
            archive: Holds at least one elite.
            stream: Source of the random numbers.
            rows: Rows of the elites that are to be parents, shape (n,); None: as the emitter likes.

        Returns:
            Codes of shape (n, genes_size), a new array.
        """

    def settle(self, genotype: Genotype, population_size: int) -> None:
        """Look up what ``placed`` was told; called once, on the copy. By default there is nothing to look up."""


class LearningEmitter(Emitter):
    """An emitter that learns from what became of its candidates."""

    @abstractmethod
    def marks(self, n: int) -> Integers:
        """What it wants to know again of the candidates that it made last, int64 of shape (n, 2)."""

    @abstractmethod
    def learn(
        self,
        codes: Floats,
        marks: Integers,
        status: NDArray[np.int8],
        gains: Floats,
        archive: VectorArchive,
        stream: RandomStream,
    ) -> None:
        """Take what became of candidates of its own, in the order in which they were told.

        Args:
            codes: Shape (n, genes_size).
            marks: Shape (n, 2).
            status: ``AddStatus`` codes, shape (n,).
            gains: By how much each was better than the elite it had to beat, shape (n,); NaN where invalid.
            archive: As it is after they were added.
            stream: Source of random numbers.
        """


class IsoLineEmitter(Emitter):
    """Children around one elite and along the line to another one.

    The usual first choice: elites of different cells are often alike in most genes, and the line between two leads
    along what they have in common. After V. Vassiliades and J.-B. Mouret, "Discovering the elite hypervolume by
    leveraging interspecies correlation" (GECCO 2018). For ``RangeGenotype`` and ``MultiRangeGenotype``.

    Args:
        iso_sigma: Standard deviation of each gene, as a part of its range, 0 or more: a number or one for each gene.
        line_sigma: Standard deviation along the line, in units of the distance between the two, 0 or more.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(self, iso_sigma: float | ArrayLike = 0.01, line_sigma: float = 0.2) -> None:
        self.iso_sigma = checked_sigma("iso_sigma", iso_sigma)
        check_number("line_sigma", line_sigma, 0.0)
        self.line_sigma = float(line_sigma)

    def emit(self, n: int, archive: VectorArchive, stream: RandomStream, rows: Integers | None) -> Floats:
        children = iso_line(archive.genomes, n, self._steps, self.line_sigma, self._lower, self._upper, stream, rows)
        return rounded(children, self._ranges, stream) if self._whole else children

    def settle(self, genotype: Genotype, population_size: int) -> None:
        self._ranges = ranges_of(genotype, type(self).__name__)
        self._lower, self._upper = self._ranges.lower, self._ranges.upper
        self._whole = bool(self._ranges.integer.any())
        self._steps = steps_of(self.iso_sigma, self._ranges)

    def __repr__(self) -> str:
        return f"IsoLineEmitter(iso_sigma={self.iso_sigma.tolist()}, line_sigma={self.line_sigma})"


class GaussianEmitter(IsoLineEmitter):
    """Children normally distributed around an elite. For ``RangeGenotype`` and ``MultiRangeGenotype``.

    Args:
        sigma: Standard deviation of each gene, as a part of its range, 0 or more: a number or one for each gene.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(self, sigma: float | ArrayLike = 0.1) -> None:
        super().__init__(checked_sigma("sigma", sigma), 0.0)

    def __repr__(self) -> str:
        return f"GaussianEmitter(sigma={self.iso_sigma.tolist()})"


class FlipEmitter(Emitter):
    """Children that differ from an elite in some bits. For ``BinaryGenotype``.

    Args:
        rate: Probability that a bit is flipped, above 0 and at most 1; None: one bit on average.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(self, rate: float | None = None) -> None:
        if rate is not None:
            check_number("rate", rate, 0.0, 1.0, above=True)
        self.rate = rate

    def emit(self, n: int, archive: VectorArchive, stream: RandomStream, rows: Integers | None) -> Floats:
        parents = archive.genomes[stream.integers(n, len(archive)) if rows is None else rows]
        flips = stream.uniforms(parents.size).reshape(parents.shape) < self._rate
        return np.abs(parents - flips)

    def settle(self, genotype: Genotype, population_size: int) -> None:
        if not isinstance(genotype, BinaryGenotype):
            raise TypeError(f"FlipEmitter works on BinaryGenotype, not on {type(genotype).__name__}")
        self._rate = 1.0 / genotype.genes_size if self.rate is None else self.rate

    def __repr__(self) -> str:
        return f"FlipEmitter(rate={self.rate})"


def checked_sigma(name: str, sigma: float | ArrayLike) -> Floats:
    """A step, or one for each gene, as an array of no or one dimension.

    Raises:
        ValueError: One is negative or not finite, or they are no vector.
    """
    try:
        steps = np.array(sigma, np.float64)
    except (TypeError, ValueError):
        steps = np.array(np.nan)
    if steps.ndim > 1 or not (np.isfinite(steps) & (steps >= 0.0)).all():
        raise ValueError(f"{name} is {sigma!r}, expected a number of 0 or more, or one for each gene")
    return steps


def steps_of(sigma: Floats, ranges: Ranges) -> Floats:
    """Steps in the units of the genes, shape (genes_size,).

    Raises:
        ValueError: ``sigma`` has another number of entries than there are genes.
    """
    if sigma.ndim and sigma.shape != ranges.lower.shape:
        raise ValueError(f"sigma has {len(sigma)} entries, expected one number or {ranges.genes_size}")
    return sigma * (ranges.upper - ranges.lower)


def rounded(codes: Floats, ranges: Ranges, stream: RandomStream) -> Floats:
    """``codes`` with whole numbers where they are to be, up or down by chance: a small step then has an effect too."""
    columns = np.flatnonzero(ranges.integer)
    shares = stream.uniforms(len(codes) * len(columns)).reshape(len(codes), len(columns))
    codes[:, columns] = np.clip(np.floor(codes[:, columns] + shares), ranges.lower[columns], ranges.upper[columns])
    return codes
