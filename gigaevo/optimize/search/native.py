"""Compiled fitness functions: what they are a function of, their direction, their usual bounds and their optimum."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import numpy as np

from gigaevo.kernels.checks import functions_checks
from gigaevo.kernels.checks.functions_checks import BITS, REAL, SEVERAL
from gigaevo.kernels.functions import conflicts, evaluate, evaluate_bits, evaluate_several, tour_lengths
from gigaevo.optimize.arguments import keeps
from gigaevo.optimize.genotypes import BinaryGenotype, MultiRangeGenotype, RangeGenotype, Ranges, UniqueGenotype

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype

    Values = NDArray[np.float64]

Fitness = TypeVar("Fitness")


class NativeFunction(ABC):
    """A test function whose values come from a kernel.

    Pass it to ``run`` as the fitness: algorithms that have a loop of their own for it then never come back to Python.
    Called like any function it gives the value of one genome.

    Attributes:
        name: How it is called.
        maximize: The direction in which it is a problem.
        objectives: Numbers it gives for a genome.
    """

    name: str
    maximize: bool = False
    objectives: int = 1

    @abstractmethod
    def evaluate(self, genomes: NDArray[Any]) -> Values:
        """Values of ``genomes``, shape (n,), or (n, objectives) where there are several."""

    @abstractmethod
    def genotype(self, genes_size: int) -> Genotype:
        """The usual search space of ``genes_size`` genes."""

    def __call__(self, genome: ArrayLike) -> Any:
        """The value of one genome: a number, or a list where there are several objectives."""
        return self.evaluate(np.asarray(genome)[None])[0].tolist()


@dataclass(frozen=True)
class RealFunction(NativeFunction):
    """A function of numbers, minimised.

    Attributes:
        name: One of ``gigaevo.kernels.checks.functions_checks.REAL``.
        lower: Usual lower bound of all genes.
        upper: Usual upper bound.
        best_gene: Every gene of the best genome.
        least: The least value for each gene of the genome.
    """

    name: str
    lower: float
    upper: float
    best_gene: float
    least: float = 0.0
    code: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", REAL.index(self.name))

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        return evaluate(self.code, genomes)

    def genotype(self, genes_size: int) -> RangeGenotype:
        return RangeGenotype(genes_size, (self.lower, self.upper))

    def optimum(self, genes_size: int) -> float:
        """The least value of ``genes_size`` genes."""
        return self.least * genes_size


@dataclass(frozen=True)
class BitFunction(NativeFunction):
    """A function of bits, maximised; the best genome is of ones.

    Attributes:
        name: One of ``gigaevo.kernels.checks.functions_checks.BITS``.
        order: Bits of a trap, 1 for the others.
    """

    name: str
    order: int = 1
    maximize: bool = field(default=True, init=False, repr=False)
    code: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", BITS.index(self.name))
        if self.order < 1:
            raise ValueError(f"order is {self.order}, expected 1 or more")

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        return evaluate_bits(self.code, genomes, self.order)

    def genotype(self, genes_size: int) -> BinaryGenotype:
        return BinaryGenotype(genes_size)

    def optimum(self, genes_size: int) -> float:
        """The greatest value of ``genes_size`` genes."""
        return float(genes_size)


@dataclass(frozen=True)
class Queens(NativeFunction):
    """Pairs of queens on one diagonal of a board, minimised; a gene is the column of the queen of its row."""

    name: str = field(default="queens", init=False, repr=False)

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        return conflicts(genomes)

    def genotype(self, genes_size: int) -> UniqueGenotype:
        return UniqueGenotype(range(genes_size))

    def optimum(self, genes_size: int) -> float:
        """The least number of pairs on a board of that size."""
        return float(genes_size - 1) if genes_size < 4 else 0.0


@dataclass(frozen=True, eq=False)
class Tour(NativeFunction):
    """The length of a closed tour through all places, minimised; a genome is their order.

    Args:
        distances: From each place to each, finite, shape (d, d).
    """

    distances: NDArray[np.float64]
    name: str = field(default="tsp", init=False)

    def __post_init__(self) -> None:
        table = functions_checks.distances(self.distances).copy()
        table.flags.writeable = False
        object.__setattr__(self, "distances", table)

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        return tour_lengths(genomes, self.distances)

    def genotype(self, genes_size: int | None = None) -> UniqueGenotype:
        """All orders of the places."""
        if genes_size not in (None, len(self.distances)):
            raise ValueError(f"genes_size is {genes_size}, expected {len(self.distances)}, one for each place")
        return UniqueGenotype(range(len(self.distances)))

    def __repr__(self) -> str:
        return f"Tour({len(self.distances)} places)"


@dataclass(frozen=True)
class SeveralFunction(NativeFunction):
    """A function of several objectives, all minimised; of genes from 0 to 1, but for ZDT4's others, from -5 to 5.

    Attributes:
        name: One of ``gigaevo.kernels.checks.functions_checks.SEVERAL``.
        objectives: 2, but for the DTLZ functions.
    """

    name: str
    objectives: int = 2
    code: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", SEVERAL.index(self.name))
        functions_checks.check_objectives(self.name, self.objectives)

    def evaluate(self, genomes: NDArray[Any]) -> Values:
        return evaluate_several(self.code, genomes, self.objectives)

    def genotype(self, genes_size: int) -> RangeGenotype | MultiRangeGenotype:
        if self.name == "zdt4":
            return MultiRangeGenotype([(0.0, 1.0)] + [(-5.0, 5.0)] * (genes_size - 1))
        return RangeGenotype(genes_size, (0.0, 1.0))

    def front(self, n: int = 1000) -> Values:
        """``n`` points of the true Pareto front of a ZDT function, shape (n, 2), by ascending first objective.

        Raises:
            ValueError: The front of this function is a surface.
        """
        if not self.name.startswith("zdt"):
            raise ValueError(f"front is known for the ZDT functions, not for {self.name}")
        first = np.linspace(_SIXTH_FRONT if self.name == "zdt6" else 0.0, 1.0, n)
        if self.name == "zdt3":
            widths = np.array([end - start for start, end in _THIRD_FRONT])
            starts = np.array([start for start, _ in _THIRD_FRONT])
            along = np.linspace(0.0, widths.sum(), n)
            part = np.minimum(np.searchsorted(widths.cumsum(), along), len(widths) - 1)
            first = starts[part] + along - (widths.cumsum() - widths)[part]
            return np.stack([first, 1.0 - np.sqrt(first) - first * np.sin(10.0 * np.pi * first)], axis=1)
        second = 1.0 - first**2 if self.name in {"zdt2", "zdt6"} else 1.0 - np.sqrt(first)
        return np.stack([first, second], axis=1)


def kernels_know(fitness: object, kind: type[Fitness], genotype: Genotype) -> TypeGuard[Fitness]:
    """Whether kernels may stand in for ``fitness``, which is then of ``kind``, on genomes of ``genotype``.

    They know the values that ``kind`` gives to codes: not what a subclass puts in the place of its ``evaluate``, or in
    that of the ``decode`` of a genotype.
    """
    genotypes = (Ranges, BinaryGenotype, UniqueGenotype)
    return keeps(fitness, kind, "evaluate") and any(keeps(genotype, known, "decode") for known in genotypes)


# Where ZDT6's first objective begins: 1 - exp(-4 x) sin(6 pi x)^6 at its least.
_SIXTH_FRONT = 0.28077531880
# The parts of ZDT3's front, in its first objective.
_THIRD_FRONT = (
    (0.0, 0.0830015349),
    (0.1822287280, 0.2577623634),
    (0.4093136748, 0.4538821041),
    (0.6183967944, 0.6525117038),
    (0.8233317983, 0.8518328654),
)
