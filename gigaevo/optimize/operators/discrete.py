"""Crossover and mutation of bits, of alleles from lists and of permutations: parts of a genetic algorithm.

They work on codes: uint8 of 0 and 1 for bits, int32 indices of alleles for lists and permutations. The crossovers
``UniformCrossover``, ``OnePoint`` and ``TwoPoint`` of ``variation`` do for bits and lists. ``lower`` and ``upper``,
which every operator is given, are the least and the greatest code of a gene; of a gene of a permutation they are the
first and the last gene of its set, for there may be several permutations, one behind the other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels import genetic
from gigaevo.kernels.checks.array_checks import check_rate
from gigaevo.optimize.operators.variation import gene_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream

    Codes: TypeAlias = NDArray[Any]
    Floats: TypeAlias = NDArray[np.float64]
    Bools: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class GeneMutation(ABC):
    """Mutation of each gene by itself.

    Args:
        rate: Probability of each gene to be changed, 0 to 1; None for one gene of a genome on average.
    """

    rate: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None:
            check_rate("rate", self.rate)

    def mutate(
        self,
        genomes: Codes,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        integer: Bools | None = None,
        out: Codes | None = None,
    ) -> Codes:
        """See ``base.Mutation``."""
        return self._mutated(genomes, stream, gene_rate(self.rate, genomes.shape[1]), upper, out)

    @abstractmethod
    def _mutated(self, genomes: Codes, stream: RandomStream, rate: float, upper: Floats, out: Codes | None) -> Codes:
        """``mutate`` with the probability of a gene."""


class BitFlip(GeneMutation):
    """Bits are flipped.

    Args:
        rate: Probability of each bit to be flipped, 0 to 1; None for one bit of a genome on average.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _mutated(self, genomes: Codes, stream: RandomStream, rate: float, upper: Floats, out: Codes | None) -> Codes:
        return genetic.flip(genomes, stream, gene_rate=rate, out=out)


class RandomReset(GeneMutation):
    """Genes take another allele of their list, all equally likely.

    Args:
        rate: Probability of each gene to be changed, 0 to 1; None for one gene of a genome on average.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _mutated(self, genomes: Codes, stream: RandomStream, rate: float, upper: Floats, out: Codes | None) -> Codes:
        return genetic.reset(genomes, stream, limits=upper.astype(np.int32) + 1, gene_rate=rate, out=out)


@dataclass(frozen=True)
class PermutationCrossover(ABC):
    """Crossover of permutations.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.
    """

    rate: float = 0.9

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def cross(
        self, a: Codes, b: Codes, stream: RandomStream, lower: Floats, upper: Floats, out: Codes | None = None
    ) -> Codes:
        """See ``base.Crossover``."""
        children = self._crossed(a, b, stream, set_ends(upper))
        if out is None:
            return children
        out[:] = children  # made apart, for a parent is needed until both children are made
        return out

    @abstractmethod
    def _crossed(self, a: Codes, b: Codes, stream: RandomStream, ends: list[int]) -> Codes:
        """The children, of sets that end at ``ends``."""


class OrderCrossover(PermutationCrossover):
    """OX (Davis 1985): a stretch of one parent, all other alleles in the order in which the other has them.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _crossed(self, a: Codes, b: Codes, stream: RandomStream, ends: list[int]) -> Codes:
        return genetic.order(a, b, stream, ends=ends, pair_rate=self.rate)


class MatchedCrossover(PermutationCrossover):
    """PMX (Goldberg and Lingle 1985): a stretch of one parent, all other places as the other has them where it can be.

    Args:
        rate: Probability of a pair to be crossed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _crossed(self, a: Codes, b: Codes, stream: RandomStream, ends: list[int]) -> Codes:
        return genetic.matched(a, b, stream, ends=ends, pair_rate=self.rate)


@dataclass(frozen=True)
class PermutationMutation(ABC):
    """Mutation of permutations.

    Args:
        rate: Probability of a genome to be changed, 0 to 1.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        check_rate("rate", self.rate)

    def mutate(
        self,
        genomes: Codes,
        stream: RandomStream,
        lower: Floats,
        upper: Floats,
        integer: Bools | None = None,
        out: Codes | None = None,
    ) -> Codes:
        """See ``base.Mutation``."""
        return self._mutated(genomes, stream, set_ends(upper), out)

    @abstractmethod
    def _mutated(self, genomes: Codes, stream: RandomStream, ends: list[int], out: Codes | None) -> Codes:
        """The mutants, of sets that end at ``ends``."""


class Swap(PermutationMutation):
    """Two alleles of a permutation change places: the smallest change where places matter, as with queens.

    Args:
        rate: Probability of a genome to be changed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _mutated(self, genomes: Codes, stream: RandomStream, ends: list[int], out: Codes | None) -> Codes:
        return genetic.swap(genomes, stream, rate=self.rate, ends=ends, out=out)


class Inversion(PermutationMutation):
    """A stretch of a permutation is turned round: the smallest change where neighbours matter, as on a tour.

    Args:
        rate: Probability of a genome to be changed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _mutated(self, genomes: Codes, stream: RandomStream, ends: list[int], out: Codes | None) -> Codes:
        return genetic.inversion(genomes, stream, rate=self.rate, ends=ends, out=out)


class Scramble(PermutationMutation):
    """A stretch of a permutation is shuffled.

    Args:
        rate: Probability of a genome to be changed, 0 to 1.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def _mutated(self, genomes: Codes, stream: RandomStream, ends: list[int], out: Codes | None) -> Codes:
        return genetic.scramble(genomes, stream, rate=self.rate, ends=ends, out=out)


def set_ends(upper: Floats) -> list[int]:
    """Where each set of a permutation ends, from the last gene of the set of each gene."""
    ends, gene = [], 0
    while gene < len(upper):
        gene = int(upper[gene]) + 1
        ends.append(gene)
    return ends
