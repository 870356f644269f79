"""Populations that grow by offspring and are cut by selection, in numpy: the twin of ``_strategy``.

Elite selection draws nothing. Tournaments, crossover and mutation (``offspring_numpy``) draw from the stream, and with
the same seed the two implementations draw different numbers. All else is equal to the last bit.

The rules are those of the strategy document, whose source is the Rust crate ``genetic_algorithm`` (B. van Westing).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks.strategy_checks import check_order, check_pool, check_scoring, check_selection
from gigaevo.kernels.strategy_laws import Score, share
from gigaevo.kernels.twins.functions_numpy import conflicts, evaluate
from gigaevo.kernels.twins.offspring_numpy import cross_over, mutate_bits, mutate_swaps, mutate_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigaevo.kernels.strategy_laws import Pool, Scoring
    from gigaevo.kernels.twins.random_numpy import RandomStream

    Rows = NDArray[np.int64]

__all__ = [
    "cross_over",
    "distinct_rows",
    "drop_aged",
    "mutate_bits",
    "mutate_swaps",
    "mutate_values",
    "score_unknown",
    "select_elite",
    "select_tournament",
]


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
    check_pool(pool, size)
    check_selection(target_size, replacement_rate, elitism_rate)
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
    check_pool(pool, size)
    check_selection(target_size, replacement_rate, elitism_rate, tournament_size)
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
