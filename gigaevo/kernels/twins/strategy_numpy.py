"""Populations that grow by offspring and are cut by selection, in numpy: the twin of ``_strategy``.

Selection draws nothing (elite) or from the stream (tournament), and so do crossover and mutation: with the same seed
the two implementations draw different numbers. All else is equal to the last bit.

The rules are those of the strategy document, whose source is the Rust crate ``genetic_algorithm`` (B. van Westing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.strategy_checks import (
    check_bits,
    check_crossing,
    check_laws,
    check_mutation,
    check_numbers,
    check_order,
    check_pool,
    check_rate,
    check_room,
    check_scoring,
    check_sets,
)
from gigaevo.kernels.strategy_laws import Exchange, GeneLaw, Pool, Score, packed, share
from gigaevo.kernels.twins.functions_numpy import conflicts, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.kernels.strategy_laws import Crossing, Scoring, ValueLaws
    from gigaevo.kernels.twins.random_numpy import RandomStream

    Rows = NDArray[np.int64]


def select_elite(pool: Pool, size: int, target_size: int, replacement_rate: float, elitism_rate: float) -> int:
    """Keep the best, a share of them offspring, and line them up by merit.

    The best ``elitism_rate`` of all pass first. Of the places left ``replacement_rate`` go to the best offspring (age
    0), the rest to the best parents; places that one group cannot fill go to the remaining offspring, then to the
    remaining parents. Of equal merits the earlier in the population comes first; NaN counts as -inf.

    Args:
        pool: The population. Only ``order`` is changed: survivors come first, larger merits first.
        size: Chromosomes before.
        target_size: Chromosomes that are to be left, at least 1.
        replacement_rate: In [0, 1].
        elitism_rate: In [0, 1].

    Returns:
        Chromosomes after: ``target_size``, or ``size`` if that is smaller.

    Raises:
        ValueError: A rate is not in [0, 1], or the pool is not as it says.
    """
    _check_selection(pool, size, target_size, replacement_rate, elitism_rate)
    ranked = pool.order[:size][_by_merit(pool, size)]
    elite = min(share(size, elitism_rate), target_size)
    young = pool.ages[ranked] == 0
    young_left, old_left = _places(young[elite:], target_size - elite, replacement_rate)
    rest_young = young[elite:]
    keep = np.where(rest_young, np.cumsum(rest_young) <= young_left, np.cumsum(~rest_young) <= old_left)
    keep = np.concatenate((np.ones(elite, np.bool_), keep))
    pool.order[:size] = np.concatenate((ranked[keep], ranked[~keep]))
    return int(keep.sum())


def select_tournament(
    pool: Pool,
    size: int,
    target_size: int,
    replacement_rate: float,
    elitism_rate: float,
    tournament_size: int,
    stream: RandomStream,
) -> int:
    """Keep the winners of tournaments, and line them up as they win.

    Places are shared out as in ``select_elite``. The places of a group go to winners of tournaments among those of the
    group that are still there; a tournament draws ``tournament_size`` of them with replacement, and of equal merits
    the first drawn wins. All who are left are then lined up by further tournaments.

    Args:
        pool: See ``select_elite``.
        size: Chromosomes before.
        target_size: Chromosomes that are to be left, at least 1.
        replacement_rate: In [0, 1].
        elitism_rate: In [0, 1].
        tournament_size: At least 1.
        stream: Where contestants are drawn from.

    Returns:
        Chromosomes after: ``target_size``, or ``size`` if that is smaller.

    Raises:
        ValueError: As ``select_elite``, or ``tournament_size`` is below 1.
    """
    _check_selection(pool, size, target_size, replacement_rate, elitism_rate)
    if tournament_size < 1:
        raise ValueError(f"tournament_size must be at least 1, not {tournament_size}")
    ranked = pool.order[:size][_by_merit(pool, size)].tolist()
    elite = min(share(size, elitism_rate), target_size)
    rest = ranked[elite:]
    young = [row for row in rest if pool.ages[row] == 0]
    old = [row for row in rest if pool.ages[row] != 0]
    is_young = np.array([pool.ages[row] == 0 for row in rest], np.bool_)
    young_left, old_left = _places(is_young, target_size - elite, replacement_rate)
    winners = (
        ranked[:elite]
        + _tournaments(pool, young, young_left, tournament_size, stream)
        + _tournaments(pool, old, old_left, tournament_size, stream)
    )
    kept = len(winners)
    pool.order[:kept] = _tournaments(pool, winners, kept, tournament_size, stream)
    pool.order[kept:size] = young + old
    return kept


def drop_aged(pool: Pool, size: int, max_age: int) -> int:
    """Let chromosomes of ``max_age`` generations and more die; if that were all of them, none does.

    Args:
        pool: The population. Only ``order`` is changed; the others stay in their order.
        size: Chromosomes before.
        max_age: At least 1.

    Returns:
        Chromosomes after.
    """
    check_pool(pool, size)
    rows = pool.order[:size].copy()
    alive = pool.ages[rows] < max_age
    if not alive.any():
        return size
    pool.order[:size] = np.concatenate((rows[alive], rows[~alive]))
    return int(alive.sum())


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


def score_unknown(pool: Pool, size: int, scoring: Scoring) -> int:
    """Set the merits that are NaN to ``sign`` times the score of the chromosome; -inf where that is no finite number.

    Args:
        pool: The population.
        size: Chromosomes in it.
        scoring: The fitness function.

    Returns:
        How many merits were set.

    Raises:
        ValueError: The function does not fit the genes.
    """
    check_pool(pool, size)
    check_scoring(pool, scoring)
    if scoring.score == Score.QUEENS:
        check_order(pool, size)
    rows = pool.order[:size]
    rows = rows[np.isnan(pool.merits[rows])]
    genes = pool.genes[rows]
    if scoring.score == Score.REAL:
        scores = evaluate(scoring.code, genes)
    elif scoring.score == Score.QUEENS:
        scores = conflicts(genes.astype(np.int32))
    elif genes.dtype == np.uint64:
        scores = np.bitwise_count(genes).sum(1, dtype=np.int64).astype(np.float64)
    else:
        scores = np.zeros(len(rows))
        with np.errstate(invalid="ignore"):  # what is no number is invalid
            for column in genes.T:
                scores += column
    pool.merits[rows] = np.where(np.isfinite(scores), scoring.sign * scores, -np.inf)
    return len(rows)


def distinct_rows(pool: Pool, size: int) -> NDArray[np.bool_]:
    """Which chromosomes of the population are the first with their genes, bool of shape (size,)."""
    check_pool(pool, size)
    first = np.zeros(size, np.bool_)
    if size:
        rows = np.ascontiguousarray(pool.genes[pool.order[:size]]).view(np.uint64)
        first[np.unique(rows, axis=0, return_index=True)[1]] = True
    return first


def _check_selection(pool: Pool, size: int, target_size: int, replacement_rate: float, elitism_rate: float) -> None:
    check_pool(pool, size)
    check_rate("replacement_rate", replacement_rate)
    check_rate("elitism_rate", elitism_rate)
    if target_size < 1:
        raise ValueError(f"target_size must be at least 1, not {target_size}")


def _by_merit(pool: Pool, size: int) -> Rows:
    """Positions of the population, larger merits first."""
    merits = pool.merits[pool.order[:size]]
    return np.argsort(np.where(np.isnan(merits), np.inf, -merits), kind="stable")


def _places(young: NDArray[np.bool_], places: int, replacement_rate: float) -> tuple[int, int]:
    """How many offspring and how many parents are kept."""
    there = int(young.sum())
    old_there = len(young) - there
    wanted = share(places, replacement_rate)
    offspring = min(wanted, there)
    parents = min(places - wanted, old_there)
    offspring += min(places - offspring - parents, there - offspring)
    parents += min(places - offspring - parents, old_there - parents)
    return offspring, parents


def _tournaments(pool: Pool, group: list[int], places: int, tournament_size: int, stream: RandomStream) -> list[int]:
    """Take ``places`` winners out of ``group``."""
    winners = []
    for _ in range(places):
        contestants = stream.integers(min(tournament_size, len(group)), len(group)).tolist()
        winner = max(contestants, key=lambda at: _rank(pool.merits[group[at]]))
        winners.append(group[winner])
        group[winner] = group[-1]
        group.pop()
    return winners


def _rank(merit: float) -> float:
    return -np.inf if np.isnan(merit) else merit


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
