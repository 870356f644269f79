"""Crossovers and mutations of bits, of alleles from lists and of permutations, in numpy: the twin of ``_genetic``.

Bits are uint8 of 0 and 1, alleles and permutations int32 codes. Crossovers take two parents of each pair, ``a`` and
``b`` of shape (n, d), and return their children, (2n, d): children ``i`` and ``n + i`` are of pair ``i``, the first
beginning as a copy of ``a[i]``, the second of ``b[i]``. ``out`` may be the array whose halves are the parents, but for
``order`` and ``matched``. Mutations take genomes of shape (n, d); ``out`` may be the genomes themselves.

``pair_rate`` is the probability of a pair to be crossed at all, ``gene_rate`` that of each gene to take part, ``rate``
that of a genome to be changed. Permutations may be several, one behind the other: ``ends`` says where each ends. All
raise ValueError for arrays of other types and shapes, rates that are no probabilities, and rows that are no
permutations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.checks import genetic_checks as checks
from gigaevo.kernels.checks.array_checks import check_rate, output
from gigaevo.kernels.checks.variation_checks import check_cuts
from gigaevo.kernels.twins.variation_numpy import crossed_genes, every_other_stretch, exchange, happens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

    Codes: TypeAlias = NDArray[Any]
    Bits: TypeAlias = NDArray[np.uint8]
    Alleles: TypeAlias = NDArray[np.int32]


def uniform(
    a: Codes,
    b: Codes,
    stream: RandomStream,
    *,
    pair_rate: float = 1.0,
    gene_rate: float = 0.5,
    out: Codes | None = None,
) -> Codes:
    """Uniform crossover: each gene of a crossed pair is exchanged with probability ``gene_rate``.

    Args:
        a: uint8 or int32.
        b: The same.
    """
    first, second = checks.parents(a, b, np.uint8, np.int32)
    check_rate("pair_rate", pair_rate)
    check_rate("gene_rate", gene_rate)
    children = output(out, (2 * len(first), first.shape[1]), first.dtype)
    return exchange(first, second, crossed_genes(first.shape, stream, pair_rate, gene_rate), children)


def points(
    a: Codes, b: Codes, stream: RandomStream, *, cuts: int = 1, pair_rate: float = 1.0, out: Codes | None = None
) -> Codes:
    """Crossover at ``cuts`` different points between genes, all equally likely: every other stretch is exchanged.

    The first stretch stays. Where there are fewer points, all are cut; a genome of one gene stays as it is.

    Args:
        a: uint8 or int32.
        b: The same.
        cuts: Number of points, 1 or more.
    """
    first, second = checks.parents(a, b, np.uint8, np.int32)
    check_rate("pair_rate", pair_rate)
    check_cuts(cuts)
    children = output(out, (2 * len(first), first.shape[1]), first.dtype)
    return exchange(first, second, every_other_stretch(first.shape, cuts, stream, pair_rate), children)


def flip(genomes: Bits, stream: RandomStream, *, gene_rate: float, out: Bits | None = None) -> Bits:
    """Bit flip: each bit is turned with probability ``gene_rate``."""
    rows = checks.codes("genomes", genomes, np.uint8)
    check_rate("gene_rate", gene_rate)
    mutants = output(out, rows.shape, rows.dtype)
    np.bitwise_xor(rows, happens(rows.shape, stream, gene_rate), out=mutants)
    return mutants


def reset(
    genomes: Alleles, stream: RandomStream, *, limits: ArrayLike, gene_rate: float, out: Alleles | None = None
) -> Alleles:
    """Random reset: each gene takes another of its alleles, all equally likely, with probability ``gene_rate``.

    Args:
        limits: Alleles of each gene, whole numbers of shape (d,); a gene of one allele stays.
    """
    rows = checks.codes("genomes", genomes, np.int32)
    alleles = checks.limits(limits, rows.shape[1])
    check_rate("gene_rate", gene_rate)
    mutants = output(out, rows.shape, rows.dtype)
    steps = 1 + np.floor(stream.uniforms(rows.size).reshape(rows.shape) * (alleles - 1)).astype(np.int32)
    changed = happens(rows.shape, stream, gene_rate) & (alleles > 1)
    mutants[:] = np.where(changed, (rows + steps) % alleles, rows)
    return mutants


def order(
    a: Alleles,
    b: Alleles,
    stream: RandomStream,
    *,
    ends: ArrayLike | None = None,
    pair_rate: float = 1.0,
    out: Alleles | None = None,
) -> Alleles:
    """Order crossover (OX): a stretch of one parent, all other alleles in the order of the other.

    From Davis, "Applying Adaptive Algorithms to Epistatic Domains" (1985). The stretch reaches from one random place to
    another; the others are filled from behind it on, as the other parent has them from there on.
    """
    return _recombined(_ordered, a, b, stream, ends, pair_rate, out)


def matched(
    a: Alleles,
    b: Alleles,
    stream: RandomStream,
    *,
    ends: ArrayLike | None = None,
    pair_rate: float = 1.0,
    out: Alleles | None = None,
) -> Alleles:
    """Partially matched crossover (PMX): a stretch of one parent, all other places as the other parent has them.

    From Goldberg and Lingle, "Alleles, Loci, and the Traveling Salesman Problem" (1985). Where the other parent has an
    allele of the stretch, there comes the one that it has in the place of it.
    """
    return _recombined(_matched, a, b, stream, ends, pair_rate, out)


def swap(
    genomes: Alleles,
    stream: RandomStream,
    *,
    rate: float = 1.0,
    ends: ArrayLike | None = None,
    out: Alleles | None = None,
) -> Alleles:
    """Two alleles of a set change places. Each gene is as likely to be one of them, if its set has another."""
    return _rearranged(lambda first, last: [last, *range(first + 1, last), first], genomes, stream, rate, ends, out)


def inversion(
    genomes: Alleles,
    stream: RandomStream,
    *,
    rate: float = 1.0,
    ends: ArrayLike | None = None,
    out: Alleles | None = None,
) -> Alleles:
    """The stretch from one random place of a set to another is turned round. Places are drawn as by ``swap``."""
    return _rearranged(lambda first, last: range(last, first - 1, -1), genomes, stream, rate, ends, out)


def scramble(
    genomes: Alleles,
    stream: RandomStream,
    *,
    rate: float = 1.0,
    ends: ArrayLike | None = None,
    out: Alleles | None = None,
) -> Alleles:
    """The stretch from one random place of a set to another is shuffled. Places are drawn as by ``swap``."""
    return _rearranged(
        lambda first, last: first + stream.permutation(last + 1 - first), genomes, stream, rate, ends, out
    )


def _two_places(size: int, stream: RandomStream) -> tuple[int, int]:
    """Two different places of ``size``, in order."""
    one, other = int(stream.integers(1, size)[0]), int(stream.integers(1, size - 1)[0])
    other += other >= one
    return min(one, other), max(one, other)


def _parts(ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First gene and end of each set of two alleles or more."""
    start = 0
    for end in ends.tolist():
        if end - start > 1:
            yield start, end
        start = end


def _recombined(
    recombine: Callable[[Alleles, Alleles, int, int], Alleles],
    a: Alleles,
    b: Alleles,
    stream: RandomStream,
    ends: ArrayLike | None,
    pair_rate: float,
    out: Alleles | None,
) -> Alleles:
    first, second = checks.parents(a, b, np.int32)
    stops = checks.set_ends(ends, first.shape[1])
    check_rate("pair_rate", pair_rate)
    checks.check_permutations("a", first, stops)
    checks.check_permutations("b", second, stops)
    n = len(first)
    children = output(out, (2 * n, first.shape[1]), first.dtype)
    children[:n], children[n:] = first, second
    for pair in np.flatnonzero(happens((n,), stream, pair_rate)).tolist():
        for start, end in _parts(stops):
            places = _two_places(end - start, stream)
            one, other = first[pair, start:end], second[pair, start:end]
            children[pair, start:end] = recombine(one, other, *places)
            children[n + pair, start:end] = recombine(other, one, *places)
    return children


def _ordered(a: Alleles, b: Alleles, first: int, last: int) -> Alleles:
    child, behind = a.copy(), np.roll(b, -last - 1)
    others = behind[~np.isin(behind, a[first : last + 1])]
    child[(last + 1 + np.arange(len(others))) % len(a)] = others
    return child


def _matched(a: Alleles, b: Alleles, first: int, last: int) -> Alleles:
    child = b.copy()
    child[first : last + 1] = a[first : last + 1]
    in_stretch = dict(zip(a[first : last + 1].tolist(), b[first : last + 1].tolist(), strict=True))
    for place in (*range(first), *range(last + 1, len(a))):
        allele = int(b[place])
        while allele in in_stretch:
            allele = in_stretch[allele]
        child[place] = allele
    return child


def _rearranged(
    sources: Callable[[int, int], ArrayLike],
    genomes: Alleles,
    stream: RandomStream,
    rate: float,
    ends: ArrayLike | None,
    out: Alleles | None,
) -> Alleles:
    """Genomes of which a stretch comes from other places: ``sources`` of its first and last."""
    rows = checks.codes("genomes", genomes, np.int32)
    stops = checks.set_ends(ends, rows.shape[1])
    check_rate("rate", rate)
    mutants = output(out, rows.shape, rows.dtype)
    mutants[:] = rows
    genes = [(start, end) for start, end in _parts(stops) for _ in range(start, end)]
    for row in np.flatnonzero(happens((len(rows),), stream, rate)).tolist() if genes else ():
        start, end = genes[int(stream.integers(1, len(genes))[0])]
        first, last = (start + place for place in _two_places(end - start, stream))
        mutants[row, first : last + 1] = mutants[row, np.asarray(sources(first, last))]
    return mutants
