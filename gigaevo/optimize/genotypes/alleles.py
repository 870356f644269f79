"""Genomes of things from lists: choices from them, or their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief, check_whole
from gigaevo.optimize.genotypes.base import SHOWN, Genotype, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes.base import Codes


@dataclass(frozen=True, repr=False)
class Alleles(Genotype):
    """Genotypes of things from lists; the code of a gene is the index of its allele."""

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.int32)

    def __repr__(self) -> str:
        told = ((part.name, getattr(self, part.name)) for part in fields(self) if part.repr)
        return f"{type(self).__name__}({', '.join(f'{name}={shown(value)}' for name, value in told)})"


@dataclass(frozen=True, repr=False)
class ListGenotype(Alleles):
    """Genes that all choose from one list, the same thing as often as they like.

    Args:
        genes_size: How many, at least 1.
        allele_list: What they choose from, at least one thing, hashable, all different.

    Raises:
        ValueError: An argument is not as it says; the message names it.
    """

    genes_size: int
    allele_list: Sequence[Any]

    def __post_init__(self) -> None:
        check_whole("genes_size", self.genes_size)
        object.__setattr__(self, "allele_list", checked_alleles("allele_list", self.allele_list))

    def random(self, n: int, stream: RandomStream) -> Codes:
        drawn = stream.integers(n * self.genes_size, len(self.allele_list))
        return drawn.astype(np.int32).reshape(n, self.genes_size)

    def decode(self, codes: Codes) -> NDArray[Any]:
        return allele_array(self.allele_list)[codes]

    def encode(self, genomes: Any) -> Codes:
        return codes_of(allele_rows(genomes, self.genes_size), [self.allele_list] * self.genes_size)


@dataclass(frozen=True, repr=False)
class MultiListGenotype(Alleles):
    """Genes that each choose from a list of their own.

    Args:
        allele_lists: What each gene chooses from: at least one thing, hashable, all different.

    Raises:
        ValueError: An argument is not as it says; the message names it.
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
        return codes_of(allele_rows(genomes, self.genes_size), self.allele_lists)


@dataclass(frozen=True, repr=False)
class UniqueGenotype(Alleles):
    """A permutation: every allele once.

    Args:
        allele_list: What is put in order, at least one thing, hashable, all different.

    Raises:
        ValueError: An argument is not as it says; the message names it.
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
        codes = codes_of(allele_rows(genomes, self.genes_size), [self.allele_list] * self.genes_size)
        check_permutations(codes, slice(None))
        return codes


@dataclass(frozen=True, repr=False)
class MultiUniqueGenotype(Alleles):
    """Several permutations, one behind the other.

    Args:
        allele_lists: What is put in order, set by set: at least one thing each, all different.

    Raises:
        ValueError: An argument is not as it says; the message names it.
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
        codes = codes_of(allele_rows(genomes, self.genes_size), lists)
        for part in self.sets:
            check_permutations(codes, part)
        return codes


def shown(value: Any) -> str:
    """A number, alleles or lists of them for ``repr``; of many, how many and the first."""
    if isinstance(value, tuple) and len(value) > SHOWN:
        return f"<{len(value)} of them, the first {shown(value[0])}>"
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return f"({', '.join(map(shown, value))}{',' * (len(value) == 1)})"
    return repr(value)


def checked_alleles(name: str, alleles: Sequence[Any]) -> tuple[Any, ...]:
    """The alleles as a tuple.

    Raises:
        ValueError: There is none, or one is there twice, or is not hashable.
    """
    try:
        given = tuple(np.asarray(alleles).tolist() if hasattr(alleles, "dtype") else alleles)
    except TypeError:
        raise ValueError(f"{name} is {alleles!r}, expected a list of alleles") from None
    if not given:
        raise ValueError(f"{name} is empty, expected at least one allele")
    seen: set[Any] = set()
    for index, allele in enumerate(given):
        try:
            before = allele in seen
        except TypeError:
            raise ValueError(
                f"{name}[{index}] is {allele!r}, expected something hashable, such as a number, a text or a tuple"
            ) from None
        if before:
            raise ValueError(f"{name}[{index}] is {allele!r}, which is there before; alleles must differ")
        seen.add(allele)
    return given


def checked_lists(name: str, lists: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """``checked_alleles`` of each list, of which there must be one."""
    if isinstance(lists, (str, Mapping)) or not hasattr(lists, "__len__"):
        raise ValueError(f"{name} is {brief(lists)}, expected a list of lists of alleles")
    if len(lists) == 0:
        raise ValueError(f"{name} is empty, expected at least one list of alleles")
    return tuple(checked_alleles(f"{name}[{index}]", alleles) for index, alleles in enumerate(lists))


def allele_array(alleles: Sequence[Any]) -> NDArray[Any]:
    """The alleles as an array that can be indexed by codes; of objects where they are neither numbers nor strings."""
    try:
        array = np.asarray(alleles)
    except ValueError:  # tuples of different lengths
        array = np.empty(())
    if array.ndim == 1 and (array.dtype.kind in "biuf" or all(isinstance(allele, str) for allele in alleles)):
        return array
    objects = np.empty(len(alleles), object)
    for place, allele in enumerate(alleles):  # one by one: numpy takes tuples apart
        objects[place] = allele
    return objects


def side_by_side(columns: list[NDArray[Any]]) -> NDArray[Any]:
    """Columns of genomes as one array; of objects where it would else make texts of numbers."""
    texts = {column.dtype.kind in "OU" for column in columns}
    return np.concatenate(columns if len(texts) == 1 else [column.astype(object) for column in columns], axis=1)


def allele_rows(genomes: Any, genes_size: int) -> NDArray[Any]:
    """``rows_of``, where numpy would make texts of numbers beside texts, and more axes of alleles that are tuples.

    Raises:
        ValueError: As ``rows_of``.
    """
    if isinstance(genomes, str) or not hasattr(genomes, "__iter__") or hasattr(genomes, "dtype"):
        return rows_of(genomes, genes_size)
    given = list(genomes)
    if not given or any(isinstance(row, str) or not hasattr(row, "__iter__") for row in given):
        return rows_of(given, genes_size)
    rows = np.empty((len(given), genes_size), object)
    for place, genome in enumerate(given):
        alleles = genome.tolist() if hasattr(genome, "dtype") else list(genome)
        if len(alleles) != genes_size:
            raise ValueError(f"genomes[{place}] has {len(alleles)} genes, expected {genes_size}")
        for gene, allele in enumerate(alleles):
            rows[place, gene] = allele
    return rows


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
                raise ValueError(f"genomes[{row}, {gene}] is {brief(allele)}, expected one of {brief(list(alleles))}")
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
