"""Selection of candidates by their merit, in numpy: the twin of ``_selection``.

A merit is the larger the better. Candidates that are invalid (NaN, minus infinity) are never selected while there is a
valid one; where there is none they are all equal. Everybody can be selected more than once. Picks are the positions of
candidates in ``merits``, int64 of shape (count,), in random order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.checks.array_checks import check_not_negative, check_rate
from gigaevo.kernels.checks.selection_checks import (
    check_picks,
    check_size,
    contestants,
    contested,
    pick_counts,
    shares,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

FLOOR = 1e-6  # of the worst on a roulette wheel, where the best has 1


def _field(merits: ArrayLike, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """The merits among which is selected, and their rows if they are not all."""
    array = array_checks.float_array("merits", merits, 1)
    check_picks(len(array), array_checks.int64("count", count))
    return contestants(array)


def _rows_of(picked: NDArray[np.int64], rows: NDArray[np.int64] | None) -> NDArray[np.int64]:
    return picked if rows is None else rows[picked]


def tournament(merits: ArrayLike, count: int, size: int, stream: RandomStream) -> NDArray[np.int64]:
    """The winners of ``count`` tournaments.

    For each, ``size`` candidates are drawn with replacement and the one of the greatest merit wins; of equal ones, the
    first that was drawn, so that none is preferred.

    Raises:
        ValueError: ``size`` is below 1, ``count`` negative, or there are no candidates.
    """
    pool, rows = _field(merits, count)
    check_size(array_checks.int64("size", size))
    if not count:
        return np.empty(0, np.int64)
    size = contested(size, len(pool))
    drawn = stream.integers(count * size, len(pool)).reshape(count, size)
    return _rows_of(drawn[np.arange(count), pool[drawn].argmax(axis=1)], rows)


def roulette(merits: ArrayLike, count: int, stream: RandomStream, floor: float = FLOOR) -> NDArray[np.int64]:
    """``count`` picks, each with probability proportional to merit above the least one.

    The weight of candidate ``i`` is ``(merits[i] - least) / (greatest - least) + floor``: merits of any sign and scale
    will do. Where all are equal so are the weights; merits of plus infinity share the wheel.

    Args:
        floor: Weight of the worst, where the best has 1; 0 or more.

    Raises:
        ValueError: ``count`` or ``floor`` is negative, or there are no candidates.
    """
    pool, rows = _field(merits, count)
    check_not_negative("floor", floor)
    if not count:
        return np.empty(0, np.int64)
    ends = np.cumsum(shares(pool, floor))
    picked = np.searchsorted(ends, stream.uniforms(count) * ends[-1], side="right")
    return _rows_of(picked.astype(np.int64, copy=False), rows)


def rank(merits: ArrayLike, count: int, stream: RandomStream) -> NDArray[np.int64]:
    """``count`` picks, each with probability proportional to rank: 1 for the worst candidate, n for the best.

    Equal merits have equal probabilities, those of the mean of their ranks. No ranks are made for it: of ``n + 1``
    candidates, one of them imagined to be worse than all, two different ones are drawn and the better is taken. With
    rank ``r`` it is picked in ``r`` of the ``n (n + 1) / 2`` pairs.

    Raises:
        ValueError: ``count`` is negative, or there are no candidates.
    """
    pool, rows = _field(merits, count)
    if not count:
        return np.empty(0, np.int64)
    first, second = stream.integers(count, len(pool) + 1), stream.integers(count, len(pool))
    second += second >= first
    padded = np.append(pool, -math.inf)
    return _rows_of(np.where(padded[second] > padded[first], second, first), rows)


def uniform(merits: ArrayLike, count: int, stream: RandomStream) -> NDArray[np.int64]:
    """``count`` picks, all candidates being equally likely.

    Raises:
        ValueError: ``count`` is negative, or there are no candidates.
    """
    pool, rows = _field(merits, count)
    if not count:
        return np.empty(0, np.int64)
    return _rows_of(stream.integers(count, len(pool)), rows)


def epsilon_greedy(merits: ArrayLike, count: int, epsilon: float, stream: RandomStream) -> NDArray[np.int64]:
    """``count`` picks: with probability ``epsilon`` any candidate, else the best; of equal ones, the first.

    Raises:
        ValueError: ``epsilon`` is not in [0, 1], ``count`` negative, or there are no candidates.
    """
    pool, rows = _field(merits, count)
    check_rate("epsilon", epsilon)
    if not count:
        return np.empty(0, np.int64)
    explores = stream.uniforms(count) < epsilon
    return _rows_of(np.where(explores, stream.integers(count, len(pool)), pool.argmax()), rows)


def ucb1(merits: ArrayLike, counts: ArrayLike, total: int, count: int, exploration: float = 1.0) -> NDArray[np.int64]:
    """``count`` picks by the upper confidence bound ``merit + exploration * sqrt(2 ln(total) / selected)``.

    From Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem" (2002). Nothing is
    drawn. Candidates that were never selected come first, the fittest before the others; of equal ones, the first.
    Each pick counts before the next is made, in numbers of this call: the caller's stay as they were.

    Args:
        counts: How often each candidate has been selected so far, int64 of the shape of ``merits``.
        total: How often candidates have been selected so far in all, 0 or more.
        exploration: Weight of the bonus, 0 or more.

    Raises:
        ValueError: ``counts`` is of another shape or has a negative entry; ``total``, ``count`` or ``exploration`` is
            negative; or there are no candidates.
    """
    pool, rows = _field(merits, count)
    selected = pick_counts(counts, len(np.asarray(merits)))
    check_not_negative("total", array_checks.int64("total", total))
    check_not_negative("exploration", exploration)
    selected = selected.copy() if rows is None else selected[rows]
    rarity = 1.0 / np.sqrt(np.maximum(selected, 1))
    picked = np.empty(count, np.int64)
    for pick in range(count):
        fresh = np.flatnonzero(selected == 0)
        if len(fresh):
            chosen = int(fresh[pool[fresh].argmax()])
        else:
            width = exploration * math.sqrt(2.0 * math.log(max(total, 1)))
            chosen = int((pool + width * rarity).argmax())
        picked[pick] = chosen
        selected[chosen] += 1
        rarity[chosen] = 1.0 / math.sqrt(selected[chosen])
        total += 1
    return _rows_of(picked, rows)
