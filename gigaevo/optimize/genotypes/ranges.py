"""Genomes of numbers between bounds, which may be whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks.variation_checks import LARGEST_WHOLE
from gigaevo.optimize.arguments import brief, check_truth, check_whole
from gigaevo.optimize.genotypes.base import SHOWN, Genotype, first_place, rows_of
from gigaevo.optimize.operators.mutation_types import MutationKind, MutationType, mutation_type_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes.base import Codes
    from gigaevo.optimize.operators.mutation_types import Distance


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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash(self._told())

    def _told(self) -> tuple[Any, ...]:
        """All that was told, as values that can be compared."""
        bounds = (tuple(array.tolist()) for array in (self.lower, self.upper, self.integer))
        return type(self), *bounds, self.mutation_types, getattr(self, "names", None)

    def _set_bounds(self, lower: Any, upper: Any, integer: Any, mutation_types: Sequence[MutationType]) -> None:
        """Fill the attributes of a frozen dataclass, checked."""
        low, high = (np.array(bound, np.float64) for bound in (lower, upper))
        words = np.asarray(integer, object)
        for gene, word in enumerate(np.atleast_1d(words).tolist()):
            check_truth(f"integer[{gene}]" if words.ndim else "integer", word)
        for gene, kind in enumerate(mutation_types):
            if not isinstance(kind, MutationType):
                raise ValueError(
                    f"the mutation type of gene {gene} is {brief(kind)}, expected one such as MutationType.range(0.1)"
                )
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
                if max(-low[gene], high[gene]) > LARGEST_WHOLE:
                    raise ValueError(f"the range of gene {gene} is {pair}, expected whole numbers within 2**53")
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
        integer: Whether they are whole numbers; these must lie within 2**53, beyond which float64 leaves some out.
        mutation_type: How a gene changes in ``Evolve`` and ``HillClimb``; None: by the two below, or else at random.
        allele_mutation_range: A distance, or (down, up), from which the distance of a change is drawn.
        allele_mutation_scaled_range: Distances, or pairs, from wide to narrow: a change goes to an edge of the present
            scale. Comes before ``allele_mutation_range``.

    Raises:
        ValueError: An argument is out of its range; the message names it.
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
        check_whole("genes_size", genes_size)
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

    Raises:
        ValueError: An argument is out of its range; the message names it.
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
        pairs = [
            pair_of(f"allele_ranges[{gene}]", given)
            for gene, given in enumerate(one_for_each("allele_ranges", allele_ranges))
        ]
        check_whole("the number of allele_ranges", len(pairs))
        told: dict[str, Any] = {
            "integer": [integer] * len(pairs) if isinstance(integer, (bool, np.bool_)) else integer,
            "names": [f"gene_{gene}" for gene in range(len(pairs))] if names is None else names,
            "mutation_types": mutation_types,
            "allele_mutation_ranges": allele_mutation_ranges,
            "allele_mutation_scaled_ranges": allele_mutation_scaled_ranges,
        }
        if mutation_types is None or isinstance(mutation_types, MutationType):
            told["mutation_types"] = [mutation_types] * len(pairs)
        columns = []
        for name, given in told.items():
            columns.append([None] * len(pairs) if given is None else one_for_each(name, given))
            if len(columns[-1]) != len(pairs):
                raise ValueError(f"{name} has {len(columns[-1])} entries, expected {len(pairs)}, one for each range")
        whole, called, *laws = columns
        if len(set(called)) < len(called):
            twice = max(called, key=called.count)
            raise ValueError(f"names has {twice!r} more than once, expected a name of its own for each gene")
        kinds = [mutation_type_of(*law) for law in zip(*laws, strict=True)]
        self._set_bounds([low for low, _ in pairs], [high for _, high in pairs], whole, kinds)
        object.__setattr__(self, "names", tuple(called))

    def __repr__(self) -> str:
        if self.genes_size > SHOWN:
            whole = f"{np.count_nonzero(self.integer)} of them whole numbers, " if self.integer.any() else ""
            return f"MultiRangeGenotype({self.genes_size} genes, {whole}the first {self.names[0]!r} in {self._pair(0)})"
        pairs = ", ".join(self._pair(gene) for gene in range(self.genes_size))
        told = f"integer={self.integer.tolist()}, names={list(self.names)}{self._shown_types()}"
        return f"MultiRangeGenotype([{pairs}], {told})".replace("mutation_type=", "mutation_types=")

    def _pair(self, gene: int) -> str:
        return f"({self.lower[gene]}, {self.upper[gene]})"


def as_genotype(space: Any) -> Genotype:
    """``space`` itself, or the ``MultiRangeGenotype`` of a pair of arrays (lower, upper).

    Raises:
        TypeError: It is neither.
        ValueError: The arrays differ in length, or bounds are not in order.
    """
    if isinstance(space, Genotype):
        return space
    if isinstance(space, list) and space and all(isinstance(pair, tuple) and len(pair) == 2 for pair in space):
        # A list of two pairs could be two ranges, or the lower and the upper bounds of two genes.
        raise ValueError(
            f"the genotype is {space!r}, expected a pair of arrays (lower, upper); a list of ranges is a "
            "MultiRangeGenotype([(lowest, highest), ...])"
        )
    if isinstance(space, (tuple, list)) and len(space) == 2:
        try:
            lower, upper = (np.atleast_1d(np.asarray(bound, np.float64)) for bound in space)
        except (TypeError, ValueError):
            raise ValueError(
                f"the genotype is {space!r}, expected a pair of arrays of numbers (lower, upper)"
            ) from None
        if lower.ndim != 1 or lower.shape != upper.shape:
            raise ValueError(f"bounds have the shapes {lower.shape} and {upper.shape}, expected (n,) for both")
        return MultiRangeGenotype(list(zip(lower.tolist(), upper.tolist(), strict=True)))
    raise TypeError(f"the genotype is {space!r}, expected a Genotype or a pair of arrays (lower, upper)")


def ranges_of(space: Any, optimizer: str) -> Ranges:
    """``as_genotype(space)``, which must be of numbers within ranges.

    Raises:
        TypeError: It is of something else.
        ValueError: As ``as_genotype``.
    """
    genotype = as_genotype(space)
    if not isinstance(genotype, Ranges):
        raise TypeError(f"{optimizer} works on RangeGenotype and MultiRangeGenotype, not on {type(genotype).__name__}")
    return genotype


def one_for_each(name: str, given: Any) -> list[Any]:
    """What was given for each gene.

    Raises:
        ValueError: It is one thing, or a text.
    """
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise ValueError(f"{name} is {brief(given)}, expected one for each gene")
    return list(given)


def pair_of(name: str, given: Any) -> tuple[float, float]:
    """Two numbers.

    Raises:
        ValueError: It is something else.
    """
    try:
        lower, upper = given
        if isinstance(lower, str) or isinstance(upper, str):
            raise TypeError
        return float(lower), float(upper)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {brief(given)}, expected two numbers (lowest, highest)") from None
