"""How offspring come from parents.

The first ``selection_rate`` of the population are cloned and join it as offspring; the parents stay. Neighbours are
mates: with probability ``crossover_rate`` two of them exchange genes, else they stay clones and keep their score.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.kernels.strategy import cross_over
from gigaevo.kernels.strategy_laws import Crossing, Exchange, share
from gigaevo.optimize.arguments import check_whole

if TYPE_CHECKING:
    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.strategy.gene_space import GeneSpace
    from gigaevo.optimize.strategy.population import Population


class Crossover(Protocol):
    """Adds offspring to a population."""

    def check(self, space: GeneSpace) -> None:
        """Raise ValueError if it cannot be used with the genes of ``space``."""

    def __call__(self, population: Population, space: GeneSpace, stream: RandomStream) -> int:
        """Make everyone a generation older, add offspring of age 0, and say at which position they begin."""


@dataclass(frozen=True)
class KernelCrossover:
    """What the crossovers below share: they tell a kernel what mates exchange."""

    selection_rate: float
    crossover_rate: float

    exchange: ClassVar[Exchange]

    def __post_init__(self) -> None:
        check_rate("selection_rate", self.selection_rate)
        check_rate("crossover_rate", self.crossover_rate)
        check_whole("number_of_crossovers", self.number)

    @property
    def number(self) -> int:
        """Genes or points that are drawn."""
        return 1

    @property
    def duplicates(self) -> bool:
        """Whether one may be drawn twice."""
        return False

    def check(self, space: GeneSpace) -> None:
        """See ``Crossover``."""
        name, genotype = type(self).__name__, type(space.genotype).__name__
        if self.exchange in (Exchange.HALF, Exchange.GENES) and not space.exchanges_genes:
            raise ValueError(f"crossover is {name}, but genes of {genotype} must stay different: use CrossoverClone")
        if self.exchange is Exchange.POINTS and not len(space.cuts):
            raise ValueError(f"crossover is {name}, but {genotype} has no point to cut at: use CrossoverClone")
        there = {Exchange.GENES: space.genes_size, Exchange.POINTS: len(space.cuts)}.get(self.exchange, self.number)
        if self.number > there and not self.duplicates:
            raise ValueError(f"number_of_crossovers is {self.number}, expected at most {there} of {genotype}")

    def crossing(self, space: GeneSpace) -> Crossing:
        """What the kernel is told."""
        return Crossing(
            self.exchange,
            self.selection_rate,
            self.crossover_rate,
            self.number,
            self.duplicates,
            space.cuts,
            space.genes_size,
        )

    def __call__(self, population: Population, space: GeneSpace, stream: RandomStream) -> int:
        """See ``Crossover``."""
        population.reserve(population.size + share(population.size, self.selection_rate))
        population.size, first = cross_over(population.pool, population.size, self.crossing(space), stream)
        return first


@dataclass(frozen=True)
class CrossoverUniform(KernelCrossover):
    """Mates exchange each gene with probability 1/2.

    Args:
        selection_rate: Share of the population that has offspring, in [0, 1]; typically 0.4 to 0.8.
        crossover_rate: Probability that two mates exchange genes, in [0, 1]; typically 0.5 to 0.8.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    exchange = Exchange.HALF


@dataclass(frozen=True)
class CrossoverSingleGene(KernelCrossover):
    """Mates exchange one gene. Arguments as of ``CrossoverUniform``."""

    exchange = Exchange.GENES


@dataclass(frozen=True)
class CrossoverSinglePoint(KernelCrossover):
    """Mates exchange all genes behind a point. Arguments as of ``CrossoverUniform``."""

    exchange = Exchange.POINTS


@dataclass(frozen=True)
class _Several(KernelCrossover):
    """A crossover that draws a number of genes or points."""

    number_of_crossovers: int
    allow_duplicates: bool = False

    @property
    def number(self) -> int:
        return self.number_of_crossovers

    @property
    def duplicates(self) -> bool:
        return self.allow_duplicates


@dataclass(frozen=True)
class CrossoverMultiGene(_Several):
    """Mates exchange a number of genes.

    Args:
        selection_rate: See ``CrossoverUniform``.
        crossover_rate: See ``CrossoverUniform``.
        number_of_crossovers: Genes that are drawn, at least 1.
        allow_duplicates: Whether a gene may be drawn again, which exchanges it back.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    exchange = Exchange.GENES


@dataclass(frozen=True)
class CrossoverMultiPoint(_Several):
    """Mates exchange every second segment between a number of points.

    Args:
        selection_rate: See ``CrossoverUniform``.
        crossover_rate: See ``CrossoverUniform``.
        number_of_crossovers: Points that are drawn, at least 1.
        allow_duplicates: Whether a point may be drawn again, which undoes it.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    exchange = Exchange.POINTS


@dataclass(frozen=True)
class CrossoverClone(KernelCrossover):
    """Offspring are clones; only mutation makes them differ.

    Args:
        selection_rate: See ``CrossoverUniform``.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    crossover_rate: float = field(default=0.0, init=False, repr=False)

    exchange = Exchange.NOTHING


@dataclass(frozen=True)
class CrossoverRejuvenate(KernelCrossover):
    """No offspring join: behind the first ``selection_rate`` all places go to clones of these, and all are young again.

    Args:
        selection_rate: Share of the population that is copied, in [0, 1].

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    crossover_rate: float = field(default=0.0, init=False, repr=False)

    exchange = Exchange.REJUVENATION
