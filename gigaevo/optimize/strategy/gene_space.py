"""A genotype as the kernels of the strategies hold it: rows of bits or of numbers, and what may be done with them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy import mutate_bits, mutate_swaps, mutate_values
from gigaevo.kernels.strategy_laws import Change, GeneLaw, Mutation, ValueLaws, packed, unpacked
from gigaevo.optimize.genotypes import (
    BinaryGenotype,
    Genotype,
    ListGenotype,
    MultiListGenotype,
    MultiUniqueGenotype,
    Ranges,
    UniqueGenotype,
)
from gigaevo.optimize.operators.mutation_types import MutationKind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.strategy.population import Population

_LAWS = {
    # (of any number, of whole numbers)
    MutationKind.RANDOM: (GeneLaw.REDRAW, GeneLaw.REDRAW_WHOLE),
    MutationKind.DISCRETE: (GeneLaw.REDRAW_WHOLE, GeneLaw.REDRAW_WHOLE),
    MutationKind.RANGE: (GeneLaw.MOVE, GeneLaw.MOVE_WHOLE),
    MutationKind.STEP: (GeneLaw.STEP, GeneLaw.STEP),
}


class GeneSpace(ABC):
    """Rows of genes, and how they come to be, change and are read.

    Attributes:
        genotype: Whose genes they are.
        genes_size: Genes of a chromosome.
        width: Words of a row.
        mutable: Genes that may change, int64.
        cuts: Genes before which a chromosome may be cut, int64.
        exchanges_genes: Whether mates may exchange single genes.
        scales: How often the mutation distance shrinks, plus one.
    """

    def __init__(self, genotype: Genotype) -> None:
        self.genotype = genotype
        self.genes_size = genotype.genes_size
        self.width = genotype.genes_size
        self.mutable = np.arange(self.genes_size)
        self.cuts = np.arange(1, self.genes_size)
        self.exchanges_genes = True
        self.scales = 1

    def random(self, n: int, stream: RandomStream) -> NDArray[Any]:
        """Rows of ``n`` random chromosomes, shape (n, width)."""
        return self.rows_of(self.genotype.random(n, stream))

    def encode(self, genomes: ArrayLike) -> NDArray[Any]:
        """Rows of ``genomes``; see ``Genotype.encode`` for errors."""
        return self.rows_of(self.genotype.encode(genomes))

    def decode(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Genomes of ``rows``, shape (n, genes_size)."""
        return self.genotype.decode(self.codes_of(rows))

    def rows_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Rows of codes of the genotype."""
        return codes.astype(np.float64)

    def codes_of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Codes of the genotype."""
        return rows.astype(self.genotype.dtype, copy=False)

    @abstractmethod
    def mutation(self, probability: float, numbers: tuple[int, int], scale: int) -> Mutation:
        """What kernels are told that make whole generations; see ``mutate``."""

    def mutate(
        self,
        population: Population,
        first: int,
        probability: float,
        numbers: tuple[int, int],
        scale: int,
        stream: RandomStream,
    ) -> int:
        """Mutate chromosomes from position ``first`` on.

        Args:
            population: Changed; merits of those that are mutated become unknown.
            first: Where the offspring begin.
            probability: Of each chromosome to be mutated.
            numbers: Least and largest number of genes that change then.
            scale: Which distance of the mutation types is meant.
            stream: Where it draws from.

        Returns:
            How many were mutated.
        """
        return self._mutate(population, first, self.mutation(probability, numbers, scale), stream)

    @abstractmethod
    def _mutate(self, population: Population, first: int, mutation: Mutation, stream: RandomStream) -> int:
        """``mutate`` by the kernel of such genes."""


class BitSpace(GeneSpace):
    """Bits, 64 to a word."""

    def __init__(self, genotype: BinaryGenotype) -> None:
        super().__init__(genotype)
        self.width = -(-genotype.genes_size // 64)

    def rows_of(self, codes: NDArray[Any]) -> NDArray[Any]:
        return packed(codes.view(np.bool_))

    def codes_of(self, rows: NDArray[Any]) -> NDArray[Any]:
        return unpacked(rows, self.genes_size).view(np.uint8)

    def mutation(self, probability: float, numbers: tuple[int, int], scale: int) -> Mutation:
        return Mutation(Change.FLIP, probability, *numbers, self.mutable)

    def _mutate(self, population: Population, first: int, mutation: Mutation, stream: RandomStream) -> int:
        how = (mutation.probability, mutation.least, mutation.most, mutation.mutable)
        return mutate_bits(population.pool, population.size, first, *how, self.genes_size, stream)


class NumberSpace(GeneSpace):
    """Numbers within ranges, and indices of alleles."""

    def __init__(self, genotype: Ranges | ListGenotype | MultiListGenotype) -> None:
        super().__init__(genotype)
        if isinstance(genotype, Ranges):
            self.lower, self.upper = genotype.lower, genotype.upper
            self.whole = genotype.integer
            kinds = genotype.mutation_types
            self.scales = max(1, *(len(kind.scales) for kind in kinds))
            laws = [_LAWS[kind.kind][int(whole)] for kind, whole in zip(kinds, self.whole, strict=True)]
            distances = np.array([[kind.distance(scale) for kind in kinds] for scale in range(self.scales)])
        else:
            lists = (
                [genotype.allele_list] * self.genes_size
                if isinstance(genotype, ListGenotype)
                else genotype.allele_lists
            )
            self.lower = np.zeros(self.genes_size)
            self.upper = np.array([len(alleles) - 1.0 for alleles in lists])
            self.whole = np.ones(self.genes_size, np.bool_)
            laws = [GeneLaw.REDRAW_WHOLE] * self.genes_size
            distances = np.zeros((1, self.genes_size, 2))
        self.laws = [
            ValueLaws(np.array(laws, np.int64), self.lower, self.upper, down.copy(), up.copy())
            for down, up in distances.transpose(0, 2, 1)
        ]
        self.mutable = np.flatnonzero(self.upper > self.lower)

    def mutation(self, probability: float, numbers: tuple[int, int], scale: int) -> Mutation:
        return Mutation(Change.LAW, probability, *numbers, self.mutable, laws=self.laws[scale])

    def _mutate(self, population: Population, first: int, mutation: Mutation, stream: RandomStream) -> int:
        assert mutation.laws is not None
        how = (mutation.probability, mutation.least, mutation.most, mutation.mutable)
        return mutate_values(population.pool, population.size, first, *how, mutation.laws, stream)


class OrderSpace(GeneSpace):
    """Permutations of sets, one behind the other. Mates may only exchange whole sets."""

    def __init__(self, genotype: UniqueGenotype | MultiUniqueGenotype) -> None:
        super().__init__(genotype)
        self.sets = [slice(0, self.genes_size)] if isinstance(genotype, UniqueGenotype) else genotype.sets
        self.starts, self.stops = np.zeros(self.genes_size, np.int64), np.zeros(self.genes_size, np.int64)
        for part in self.sets:
            self.starts[part], self.stops[part] = part.start, part.stop
        self.mutable = np.flatnonzero(self.stops - self.starts > 1)
        self.cuts = np.array([part.start for part in self.sets[1:]], np.int64)
        self.exchanges_genes = False

    def mutation(self, probability: float, numbers: tuple[int, int], scale: int) -> Mutation:
        return Mutation(Change.SWAP, probability, *numbers, self.mutable, starts=self.starts, stops=self.stops)

    def _mutate(self, population: Population, first: int, mutation: Mutation, stream: RandomStream) -> int:
        how = (mutation.probability, mutation.least, mutation.most, mutation.mutable)
        return mutate_swaps(population.pool, population.size, first, *how, self.starts, self.stops, stream)


def gene_space(genotype: Genotype) -> GeneSpace:
    """The space of ``genotype``.

    Raises:
        TypeError: It is none of the seven genotypes.
    """
    if isinstance(genotype, BinaryGenotype):
        return BitSpace(genotype)
    if isinstance(genotype, (Ranges, ListGenotype, MultiListGenotype)):
        return NumberSpace(genotype)
    if isinstance(genotype, (UniqueGenotype, MultiUniqueGenotype)):
        return OrderSpace(genotype)
    raise TypeError(f"genotype is {genotype!r}, expected one of gigaevo.optimize.genotypes")
