"""What a genome may be: the search spaces of all optimizers.

Optimizers work on **codes**, arrays of one number for each gene: float64 for ranges, uint8 of 0 and 1 for bits, int32
indices of alleles for lists and sets. Fitness functions see **genomes**: what the codes stand for.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.optimize.mutation_types import MutationKind, MutationType, mutation_type_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.mutation_types import Distance

    Codes: TypeAlias = NDArray[Any]


class Genotype(ABC):
    """The genes of a candidate and the alleles that each may have.

    Attributes:
        genes_size: Genes of a genome.
    """

    genes_size: int

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Of the codes."""

    @abstractmethod
    def random(self, n: int, stream: RandomStream) -> Codes:
        """Codes of ``n`` random genomes, shape (n, genes_size)."""

    @abstractmethod
    def decode(self, codes: Codes) -> NDArray[Any]:
        """The genomes of ``codes``, shape (n, genes_size); may be a view of them."""

    @abstractmethod
    def encode(self, genomes: Any) -> Codes:
        """The codes of ``genomes``, shape (n, genes_size), a new array.

        Raises:
            ValueError: They are of another shape, or of alleles that the genotype has not; the first is named.
        """


def rows_of(genomes: Any, genes_size: int) -> NDArray[Any]:
    """``genomes`` as an array of shape (n, genes_size).

    Raises:
        ValueError: They have another shape.
    """
    rows = np.asarray(genomes)
    if rows.ndim != 2 or rows.shape[1] != genes_size:
        raise ValueError(f"genomes has shape {rows.shape}, expected (n, {genes_size})")
    return rows


@dataclass(frozen=True)
class BinaryGenotype(Genotype):
    """Bits.

    Args:
        genes_size: How many, at least 1.
    """

    genes_size: int

    def __post_init__(self) -> None:
        check_size("genes_size", self.genes_size)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8)

    def random(self, n: int, stream: RandomStream) -> Codes:
        return stream.integers(n * self.genes_size, 2).astype(np.uint8).reshape(n, self.genes_size)

    def decode(self, codes: Codes) -> NDArray[Any]:
        return codes.view(np.bool_)

    def encode(self, genomes: Any) -> Codes:
        rows = rows_of(genomes, self.genes_size)
        if rows.dtype != np.bool_:
            wrong = ~np.isin(rows, (0, 1))
            if wrong.any():
                raise ValueError(f"genomes{first_place(wrong)} is {rows[wrong][0]}, expected 0 or 1")
        return rows.astype(np.uint8)


class Ranges(Genotype):
    """Genotypes of numbers between bounds: what continuous optimizers take.

    Attributes:
        lower: Least value of each gene, float64 of shape (genes_size,).
        upper: Greatest value, not below ``lower``.
        integer: Whether the gene is a whole number, bool of shape (genes_size,).
        mutation_types: How each gene changes in the strategies ``Evolve`` and ``HillClimb``.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    integer: NDArray[np.bool_]
    mutation_types: tuple[MutationType, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    def random(self, n: int, stream: RandomStream) -> Codes:
        shares = stream.uniforms(n * self.genes_size).reshape(n, self.genes_size)
        if not self.integer.any():
            return self.lower + shares * (self.upper - self.lower)
        values = np.floor(shares * (self.upper - self.lower + 1.0)) + self.lower  # each whole number as likely
        return np.where(self.integer, values, self.lower + shares * (self.upper - self.lower))

    def decode(self, codes: Codes) -> NDArray[Any]:
        return codes

    def encode(self, genomes: Any) -> Codes:
        rows = np.array(rows_of(genomes, self.genes_size), np.float64)
        wrong = ~((rows >= self.lower) & (rows <= self.upper))
        if wrong.any():
            column = np.argwhere(wrong)[0][1]
            allowed = f"{self.lower[column]} to {self.upper[column]}"
            raise ValueError(f"genomes{first_place(wrong)} is {rows[wrong][0]}, expected {allowed}")
        broken = self.integer & (rows != np.round(rows))
        if broken.any():
            raise ValueError(f"genomes{first_place(broken)} is {rows[broken][0]}, expected a whole number")
        return rows

    def shares(self, codes: Codes) -> NDArray[np.float64]:
        """Where the genes of ``codes`` lie in their ranges, 0 to 1; 0 in a range of one value."""
        width = self.upper - self.lower
        return np.asarray((codes - self.lower) / np.where(width > 0.0, width, 1.0), np.float64)

    def _set_bounds(self, lower: Any, upper: Any, integer: Any, mutation_types: Sequence[MutationType]) -> None:
        """Fill the attributes of a frozen dataclass, checked."""
        low, high = (np.array(bound, np.float64) for bound in (lower, upper))
        whole = np.array(integer, np.bool_)
        whole |= [kind.kind is MutationKind.DISCRETE for kind in mutation_types]
        for gene in range(low.size):
            pair = f"({low[gene]}, {high[gene]})"
            if not (np.isfinite(low[gene]) and np.isfinite(high[gene])):
                raise ValueError(f"the range of gene {gene} is {pair}, expected finite bounds")
            if low[gene] > high[gene]:
                raise ValueError(f"the range of gene {gene} is {pair}, expected the lower bound first")
            if not math.isfinite(float(high[gene]) - float(low[gene])):
                raise ValueError(f"the range of gene {gene} is {pair}, wider than a float64 can tell")
            if whole[gene]:
                low[gene], high[gene] = np.ceil(low[gene]), np.floor(high[gene])
                if low[gene] > high[gene]:
                    raise ValueError(f"the range of gene {gene} is {pair}, expected a whole number within it")
                mutation_types[gene].check_whole(f"the mutation type of gene {gene}")
        for name, array in (("lower", low), ("upper", high), ("integer", whole)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "genes_size", low.size)
        object.__setattr__(self, "mutation_types", tuple(mutation_types))

    def _shown_types(self) -> str:
        """The mutation types for ``repr``, empty where all are random."""
        kinds = dict.fromkeys(self.mutation_types)
        if kinds.keys() == {MutationType.random()}:
            return ""
        shown = self.mutation_types[0] if len(kinds) == 1 else list(self.mutation_types)
        return f", mutation_type={shown}"


@dataclass(frozen=True, init=False, eq=False, repr=False)
class RangeGenotype(Ranges):
    """Numbers that all have the same range.

    Args:
        genes_size: How many, at least 1.
        allele_range: (lowest, highest), finite, both included.
        integer: Whether they are whole numbers.
        mutation_type: How a gene changes in ``Evolve`` and ``HillClimb``; None: by the two below, or else at random.
        allele_mutation_range: A distance, or (down, up), from which the distance of a change is drawn.
        allele_mutation_scaled_range: Distances, or pairs, from wide to narrow: a change goes to an edge of the present
            scale. Comes before ``allele_mutation_range``.
    """

    def __init__(
        self,
        genes_size: int,
        allele_range: tuple[float, float],
        *,
        integer: bool = False,
        mutation_type: MutationType | None = None,
        allele_mutation_range: Distance | None = None,
        allele_mutation_scaled_range: Sequence[Distance] | None = None,
    ) -> None:
        check_size("genes_size", genes_size)
        lower, upper = pair_of("allele_range", allele_range)
        kind = mutation_type_of(mutation_type, allele_mutation_range, allele_mutation_scaled_range)
        self._set_bounds([lower] * genes_size, [upper] * genes_size, [integer] * genes_size, [kind] * genes_size)

    def __repr__(self) -> str:
        bounds = f"({self.lower[0]}, {self.upper[0]}), integer={bool(self.integer[0])}"
        return f"RangeGenotype({self.genes_size}, {bounds}{self._shown_types()})"


@dataclass(frozen=True, init=False, eq=False, repr=False)
class MultiRangeGenotype(Ranges):
    """Numbers that each have a range of their own.

    Args:
        allele_ranges: (lowest, highest) of each gene, finite, both included.
        integer: Whether the genes are whole numbers: one word for all, or one for each.
        names: Of the genes; none: they are numbered.
        mutation_types: As ``mutation_type`` of ``RangeGenotype``: one for all, or one for each gene.
        allele_mutation_ranges: As ``allele_mutation_range`` there, one for each gene.
        allele_mutation_scaled_ranges: As ``allele_mutation_scaled_range`` there, one for each gene. Where some have
            fewer scales than others they stay at their last.

    Attributes:
        names: Of the genes.
    """

    names: tuple[str, ...]

    def __init__(
        self,
        allele_ranges: Sequence[tuple[float, float]],
        *,
        integer: bool | Sequence[bool] = False,
        names: Sequence[str] | None = None,
        mutation_types: MutationType | Sequence[MutationType] | None = None,
        allele_mutation_ranges: Sequence[Distance] | None = None,
        allele_mutation_scaled_ranges: Sequence[Sequence[Distance]] | None = None,
    ) -> None:
        pairs = [pair_of(f"allele_ranges[{gene}]", given) for gene, given in enumerate(allele_ranges)]
        check_size("the number of allele_ranges", len(pairs))
        whole = [integer] * len(pairs) if isinstance(integer, (bool, np.bool_)) else list(integer)
        called = tuple(names) if names is not None else tuple(f"gene_{gene}" for gene in range(len(pairs)))
        types = [mutation_types] * len(pairs) if isinstance(mutation_types, MutationType) else mutation_types
        told: dict[str, Sequence[Any]] = {"integer": whole, "names": called}
        laws = {
            "mutation_types": types,
            "allele_mutation_ranges": allele_mutation_ranges,
            "allele_mutation_scaled_ranges": allele_mutation_scaled_ranges,
        }
        told |= {name: given for name, given in laws.items() if given is not None}
        for name, given in told.items():
            if len(given) != len(pairs):
                raise ValueError(f"{name} has {len(given)} entries, expected {len(pairs)}, one for each range")
        columns = ([None] * len(pairs) if given is None else given for given in laws.values())
        kinds = [mutation_type_of(*law) for law in zip(*columns, strict=True)]
        self._set_bounds([low for low, _ in pairs], [high for _, high in pairs], whole, kinds)
        object.__setattr__(self, "names", called)

    def __repr__(self) -> str:
        pairs = ", ".join(f"({low}, {high})" for low, high in zip(self.lower, self.upper, strict=True))
        told = f"integer={self.integer.tolist()}, names={list(self.names)}{self._shown_types()}"
        return f"MultiRangeGenotype([{pairs}], {told})".replace("mutation_type=", "mutation_types=")


class Alleles(Genotype):
    """Genotypes of things from lists; the code of a gene is the index of its allele."""

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32)


@dataclass(frozen=True)
class ListGenotype(Alleles):
    """Genes that all choose from one list, the same thing as often as they like.

    Args:
        genes_size: How many, at least 1.
        allele_list: What they choose from, at least one thing, hashable, all different.
    """

    genes_size: int
    allele_list: Sequence[Any]

    def __post_init__(self) -> None:
        check_size("genes_size", self.genes_size)
        object.__setattr__(self, "allele_list", checked_alleles("allele_list", self.allele_list))

    def random(self, n: int, stream: RandomStream) -> Codes:
        drawn = stream.integers(n * self.genes_size, len(self.allele_list))
        return drawn.astype(np.int32).reshape(n, self.genes_size)

    def decode(self, codes: Codes) -> NDArray[Any]:
        return allele_array(self.allele_list)[codes]

    def encode(self, genomes: Any) -> Codes:
        return codes_of(rows_of(genomes, self.genes_size), [self.allele_list] * self.genes_size)


@dataclass(frozen=True)
class MultiListGenotype(Alleles):
    """Genes that each choose from a list of their own.

    Args:
        allele_lists: What each gene chooses from: at least one thing, hashable, all different.
    """

    allele_lists: Sequence[Sequence[Any]]
    genes_size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allele_lists", checked_lists("allele_lists", self.allele_lists))
        object.__setattr__(self, "genes_size", len(self.allele_lists))

    def random(self, n: int, stream: RandomStream) -> Codes:
        columns = [stream.integers(n, len(alleles)) for alleles in self.allele_lists]
        return np.stack(columns, axis=1).astype(np.int32)

    def decode(self, codes: Codes) -> NDArray[Any]:
        columns = [allele_array(alleles)[codes[:, gene : gene + 1]] for gene, alleles in enumerate(self.allele_lists)]
        return side_by_side(columns)

    def encode(self, genomes: Any) -> Codes:
        return codes_of(rows_of(genomes, self.genes_size), self.allele_lists)


@dataclass(frozen=True)
class UniqueGenotype(Alleles):
    """A permutation: every allele once.

    Args:
        allele_list: What is put in order, at least one thing, hashable, all different.
    """

    allele_list: Sequence[Any]
    genes_size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allele_list", checked_alleles("allele_list", self.allele_list))
        object.__setattr__(self, "genes_size", len(self.allele_list))

    def random(self, n: int, stream: RandomStream) -> Codes:
        return permutations(n, self.genes_size, stream)

    def decode(self, codes: Codes) -> NDArray[Any]:
        return allele_array(self.allele_list)[codes]

    def encode(self, genomes: Any) -> Codes:
        codes = codes_of(rows_of(genomes, self.genes_size), [self.allele_list] * self.genes_size)
        check_permutations(codes, slice(None))
        return codes


@dataclass(frozen=True)
class MultiUniqueGenotype(Alleles):
    """Several permutations, one behind the other.

    Args:
        allele_lists: What is put in order, set by set: at least one thing each, all different.
    """

    allele_lists: Sequence[Sequence[Any]]
    genes_size: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allele_lists", checked_lists("allele_lists", self.allele_lists))
        object.__setattr__(self, "genes_size", sum(len(alleles) for alleles in self.allele_lists))

    @property
    def sets(self) -> list[slice]:
        """Where each set lies among the genes."""
        ends = np.cumsum([len(alleles) for alleles in self.allele_lists])
        return [slice(int(end) - len(alleles), int(end)) for end, alleles in zip(ends, self.allele_lists, strict=True)]

    def random(self, n: int, stream: RandomStream) -> Codes:
        return np.concatenate([permutations(n, len(alleles), stream) for alleles in self.allele_lists], axis=1)

    def decode(self, codes: Codes) -> NDArray[Any]:
        pairs = zip(self.allele_lists, self.sets, strict=True)
        return side_by_side([allele_array(alleles)[codes[:, part]] for alleles, part in pairs])

    def encode(self, genomes: Any) -> Codes:
        lists = [alleles for alleles in self.allele_lists for _ in alleles]
        codes = codes_of(rows_of(genomes, self.genes_size), lists)
        for part in self.sets:
            check_permutations(codes, part)
        return codes


def as_genotype(space: Any) -> Genotype:
    """``space`` itself, or the ``MultiRangeGenotype`` of a pair of arrays (lower, upper).

    Raises:
        TypeError: It is neither.
        ValueError: The arrays differ in length, or bounds are not in order.
    """
    if isinstance(space, Genotype):
        return space
    if isinstance(space, (tuple, list)) and len(space) == 2:
        lower, upper = (np.atleast_1d(np.asarray(bound, np.float64)) for bound in space)
        if lower.ndim != 1 or lower.shape != upper.shape:
            raise ValueError(f"bounds have the shapes {lower.shape} and {upper.shape}, expected (n,) for both")
        return MultiRangeGenotype(list(zip(lower.tolist(), upper.tolist(), strict=True)))
    raise TypeError(f"the genotype is {space!r}, expected a Genotype or a pair of arrays (lower, upper)")


def ranges_of(space: Any, optimizer: str) -> Ranges:
    """``as_genotype(space)``, which must be of numbers within ranges.

    Raises:
        TypeError: It is of something else.
    """
    genotype = as_genotype(space)
    if not isinstance(genotype, Ranges):
        raise TypeError(f"{optimizer} works on RangeGenotype and MultiRangeGenotype, not on {type(genotype).__name__}")
    return genotype


def check_size(name: str, size: int) -> None:
    """Raise if a number of genes is not a whole number from 1."""
    if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{name} is {size!r}, expected a whole number from 1")


def pair_of(name: str, given: Any) -> tuple[float, float]:
    """Two numbers.

    Raises:
        ValueError: It is something else.
    """
    try:
        lower, upper = given
        return float(lower), float(upper)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {given!r}, expected two numbers (lowest, highest)") from None


def checked_alleles(name: str, alleles: Sequence[Any]) -> tuple[Any, ...]:
    """The alleles as a tuple.

    Raises:
        ValueError: There is none, or one is there twice.
    """
    given = tuple(np.asarray(alleles).tolist() if hasattr(alleles, "dtype") else alleles)
    if not given:
        raise ValueError(f"{name} is empty, expected at least one allele")
    seen: set[Any] = set()
    for index, allele in enumerate(given):
        if allele in seen:
            raise ValueError(f"{name}[{index}] is {allele!r}, which is there before; alleles must differ")
        seen.add(allele)
    return given


def checked_lists(name: str, lists: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """``checked_alleles`` of each list, of which there must be one."""
    if len(lists) == 0:
        raise ValueError(f"{name} is empty, expected at least one list of alleles")
    return tuple(checked_alleles(f"{name}[{index}]", alleles) for index, alleles in enumerate(lists))


def allele_array(alleles: Sequence[Any]) -> NDArray[Any]:
    """The alleles as an array that can be indexed by codes; of objects where they are neither numbers nor strings."""
    array = np.asarray(alleles)
    if array.ndim == 1 and array.dtype.kind in "biufU":
        return array
    objects = np.empty(len(alleles), object)
    objects[:] = alleles
    return objects


def side_by_side(columns: list[NDArray[Any]]) -> NDArray[Any]:
    """Columns of genomes as one array; of objects where it would else make texts of numbers."""
    texts = {column.dtype.kind in "OU" for column in columns}
    return np.concatenate(columns if len(texts) == 1 else [column.astype(object) for column in columns], axis=1)


def codes_of(rows: NDArray[Any], lists: Sequence[Sequence[Any]]) -> Codes:
    """Indices of the alleles in the list of their gene.

    Raises:
        ValueError: A gene has an allele that is not in its list.
    """
    codes = np.empty(rows.shape, np.int32)
    for gene, alleles in enumerate(lists):
        places = {allele: place for place, allele in enumerate(alleles)}
        for row, allele in enumerate(rows[:, gene].tolist()):
            if allele not in places:
                raise ValueError(f"genomes[{row}, {gene}] is {allele!r}, expected one of {list(alleles)}")
            codes[row, gene] = places[allele]
    return codes


def permutations(n: int, size: int, stream: RandomStream) -> Codes:
    """``n`` random permutations of 0 to ``size - 1``."""
    keys = stream.uniforms(n * size).reshape(n, size)
    return np.argsort(keys, axis=1, kind="stable").astype(np.int32)


def check_permutations(codes: Codes, part: slice) -> None:
    """Raise ValueError if a row has an allele twice among the genes ``part``."""
    inside = codes[:, part]
    wrong = (np.sort(inside, axis=1) != np.arange(inside.shape[1])).any(axis=1)
    if wrong.any():
        raise ValueError(f"genomes[{int(np.argmax(wrong))}] has an allele twice, expected each once")


def first_place(where: NDArray[np.bool_]) -> str:
    """The first place that is True, as an index in brackets."""
    return "[" + ", ".join(str(int(index)) for index in np.argwhere(where)[0]) + "]"
