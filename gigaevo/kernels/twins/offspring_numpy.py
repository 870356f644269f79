"""Crossover and mutation of populations that grow by offspring, in numpy: a part of the twin of ``_strategy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.strategy_checks import (
    check_bits,
    check_crossing,
    check_laws,
    check_mutation,
    check_numbers,
    check_pool,
    check_room,
    check_sets,
)
from gigaevo.kernels.strategy_laws import Exchange, GeneLaw, Pool, packed, share

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.kernels.strategy_laws import Crossing, ValueLaws
    from gigaevo.kernels.twins.random_numpy import RandomStream

    Rows = NDArray[np.int64]


def cross_over(pool: Pool, size: int, crossing: Crossing, stream: RandomStream) -> tuple[int, int]:
    """Make everyone a generation older and add offspring.

    The first ``selection_rate`` of the population are cloned, and the clones added behind it with age 0. Neighbours
    among the clones are mates (the last of an odd number has none); with probability ``crossover_rate`` they exchange
    what ``crossing`` says, and their merits become NaN. The others keep the merit of their parent.

    Args:
        pool: The population.
        size: Chromosomes before.
        crossing: See ``Crossing``.
        stream: Where it draws from.

    Returns:
        Chromosomes after, and how many of them come before the offspring.

    Raises:
        ValueError: ``crossing`` is not as it says, or the pool has no room for the offspring.
    """
    check_pool(pool, size)
    check_crossing(pool, crossing)
    selected = share(size, crossing.selection_rate)
    rows = pool.order[:size]
    if crossing.exchange == Exchange.REJUVENATION:
        _rejuvenate(pool, rows, selected)
        return size, 0
    check_room(pool, size, size + selected)
    pool.ages[rows] += 1
    children = pool.order[size : size + selected]
    pool.genes[children] = pool.genes[rows[:selected]]
    pool.merits[children] = pool.merits[rows[:selected]]
    pool.ages[children] = 0
    if crossing.exchange != Exchange.NOTHING:
        crossed = stream.uniforms(selected // 2) < crossing.crossover_rate
        for pair in np.flatnonzero(crossed).tolist():
            left, right = children[2 * pair : 2 * pair + 2].tolist()
            _exchange(pool.genes, left, right, _exchanged(pool, crossing, stream))
            pool.merits[left] = pool.merits[right] = np.nan
    return size + selected, size


def mutate_bits(
    pool: Pool,
    size: int,
    first: int,
    probability: float,
    least: int,
    most: int,
    mutable: NDArray[np.int64],
    genes_size: int,
    stream: RandomStream,
) -> int:
    """Flip genes of chromosomes.

    Each chromosome is mutated with ``probability``: then ``least`` to ``most`` genes of it, each number as likely, are
    drawn without replacement and changed, and its merit becomes NaN.

    Args:
        pool: The population, of bits.
        size: Chromosomes in it.
        first: Where the offspring begin: those before are left alone.
        probability: In [0, 1].
        least: At least 1; where fewer genes are mutable, all of these change.
        most: At least ``least``.
        mutable: Genes that may change, int64 of shape (n,); where it is empty nothing happens.
        genes_size: Genes of a chromosome.
        stream: Where it draws from.

    Returns:
        How many chromosomes were mutated.

    Raises:
        ValueError: An argument is not as said above.
    """
    check_bits(pool)
    check_pool(pool, size)
    check_mutation(pool, size, first, probability, least, most, mutable, genes_size)

    def flip(row: int, gene: int) -> None:
        pool.genes[row, gene // 64] ^= np.uint64(1 << gene % 64)

    return _mutate(pool, size, first, probability, least, most, mutable, stream, flip)


def mutate_values(
    pool: Pool,
    size: int,
    first: int,
    probability: float,
    least: int,
    most: int,
    mutable: NDArray[np.int64],
    laws: ValueLaws,
    stream: RandomStream,
) -> int:
    """Change genes that are numbers, each by its law; see ``mutate_bits`` for the rest.

    Raises:
        ValueError: An argument is not as said in ``mutate_bits``, ``ValueLaws`` and ``GeneLaw``.
    """
    check_numbers(pool)
    check_pool(pool, size)
    genes_size = pool.genes.shape[1]
    check_mutation(pool, size, first, probability, least, most, mutable, genes_size)
    check_laws(laws, genes_size)

    def change(row: int, gene: int) -> None:
        pool.genes[row, gene] = _changed(float(pool.genes[row, gene]), gene, laws, stream)

    return _mutate(pool, size, first, probability, least, most, mutable, stream, change)


def mutate_swaps(
    pool: Pool,
    size: int,
    first: int,
    probability: float,
    least: int,
    most: int,
    mutable: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    stream: RandomStream,
) -> int:
    """Swap genes with another of the same set; see ``mutate_bits`` for the rest.

    Args:
        pool: The population, of numbers.
        size: See ``mutate_bits``.
        first: See ``mutate_bits``.
        probability: See ``mutate_bits``.
        least: See ``mutate_bits``.
        most: See ``mutate_bits``.
        mutable: See ``mutate_bits``; genes alone in their set do not belong here, and stay as they are.
        starts: First gene of the set of each gene, int64 of shape (genes_size,).
        stops: The gene behind the last of the set of each gene.
        stream: Where it draws from.

    Raises:
        ValueError: An argument is not as said above.
    """
    check_numbers(pool)
    check_pool(pool, size)
    genes_size = pool.genes.shape[1]
    check_mutation(pool, size, first, probability, least, most, mutable, genes_size)
    check_sets(starts, stops, genes_size)

    def swap(row: int, gene: int) -> None:
        others = int(stops[gene] - starts[gene]) - 1
        if others:
            other = int(starts[gene]) + int(stream.integers(1, others)[0])
            other += other >= gene
            pool.genes[row, [gene, other]] = pool.genes[row, [other, gene]]

    return _mutate(pool, size, first, probability, least, most, mutable, stream, swap)


def _rejuvenate(pool: Pool, rows: Rows, selected: int) -> None:
    """The places behind the first ``selected`` go to clones of these, from the first on."""
    if 0 < selected < len(rows):
        sources = rows[np.arange(len(rows) - selected) % selected]
        pool.genes[rows[selected:]] = pool.genes[sources]
        pool.merits[rows[selected:]] = pool.merits[sources]
    pool.ages[rows] = 0


def _exchanged(pool: Pool, crossing: Crossing, stream: RandomStream) -> NDArray[np.uint64] | NDArray[np.bool_]:
    """Which genes two mates exchange: a mask for each word of bits, or bool for each number."""
    genes_size = crossing.genes_size
    if crossing.exchange == Exchange.HALF:
        chosen = stream.uniforms(genes_size) < 0.5
    elif crossing.exchange == Exchange.GENES:
        chosen = np.zeros(genes_size, np.bool_)
        np.logical_xor.at(chosen, _drawn(genes_size, crossing, stream), True)
    else:
        chosen = np.zeros(genes_size, np.bool_)
        for cut in crossing.cuts[_drawn(len(crossing.cuts), crossing, stream)].tolist():
            chosen[cut:] ^= True
    return packed(chosen[None])[0] if pool.genes.dtype == np.uint64 else chosen


def _drawn(there: int, crossing: Crossing, stream: RandomStream) -> Rows:
    if crossing.allow_duplicates:
        return stream.integers(crossing.number, there)
    return _distinct(there, crossing.number, stream)


def _exchange(
    genes: NDArray[np.uint64] | NDArray[np.float64],
    left: int,
    right: int,
    chosen: NDArray[np.uint64] | NDArray[np.bool_],
) -> None:
    if genes.dtype == np.uint64:
        different = (genes[left] ^ genes[right]) & chosen
        genes[left] ^= different
        genes[right] ^= different
    else:
        genes[left, chosen], genes[right, chosen] = genes[right, chosen], genes[left, chosen]


def _distinct(limit: int, number: int, stream: RandomStream) -> Rows:
    """``number`` different integers below ``limit``, int64."""
    return stream.permutation(limit)[:number]


def _mutate(
    pool: Pool,
    size: int,
    first: int,
    probability: float,
    least: int,
    most: int,
    mutable: Rows,
    stream: RandomStream,
    change: Callable[[int, int], None],
) -> int:
    """Mutate chromosomes from position ``first`` on: ``change`` is told row and gene."""
    if not len(mutable):
        return 0
    rows = pool.order[first:size]
    mutated = rows[stream.uniforms(len(rows)) < probability]
    for row in mutated.tolist():
        number = least + int(stream.integers(1, most - least + 1)[0]) if most > least else least
        for gene in mutable[_distinct(len(mutable), min(number, len(mutable)), stream)].tolist():
            change(row, gene)
    pool.merits[mutated] = np.nan
    return len(mutated)


def _changed(gene_value: float, gene: int, laws: ValueLaws, stream: RandomStream) -> float:
    """The new value of a gene; see ``GeneLaw``."""
    law = laws.law[gene]
    low, high = float(laws.low[gene]), float(laws.high[gene])
    down, up = float(laws.down[gene]), float(laws.up[gene])
    u = float(stream.uniforms(1)[0])
    if law == GeneLaw.STEP:
        one, other = (down, up) if u < 0.5 else (up, down)
        moved = min(max(gene_value + one, low), high)
        return moved if moved != gene_value else min(max(gene_value + other, low), high)
    if law in (GeneLaw.MOVE, GeneLaw.MOVE_WHOLE):
        low, high = max(low, gene_value + down), min(high, gene_value + up)
    if law in (GeneLaw.REDRAW, GeneLaw.MOVE):
        return min(low + u * (high - low), high)
    low, high = np.ceil(low), np.floor(high)
    if law == GeneLaw.REDRAW_WHOLE or high <= low:
        return float(min(low + np.floor(u * (high - low + 1.0)), high))
    drawn = min(low + np.floor(u * (high - low)), high - 1.0)
    return float(drawn + (drawn >= gene_value))
