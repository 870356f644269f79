"""Statistics of few runs, that assume nothing about how results are distributed and draw no random numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy import stats

CONFIDENCE = 0.95
MOST_ARRANGEMENTS = 20_000  # of results with ties, up to which the test is exact


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a median.

    Attributes:
        low: A result.
        high: A result.
        confidence: How often such an interval holds the median; exact for results without ties.
    """

    low: float
    high: float
    confidence: float


@dataclass(frozen=True, slots=True)
class RankTest:
    """Two samples, compared by who is ahead in pairs.

    Attributes:
        superiority: Share of the pairs in which the first is larger, equal ones half, in [0, 1] (Vargha and Delaney,
            2000); 0.5 where neither is ahead.
        p: How often samples of one distribution would differ at least as much, in either direction: the two-sided test
            of Mann and Whitney.
    """

    superiority: float
    p: float


def median_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> Interval | None:
    """The narrowest interval between two order statistics, equally far from both ends, that reaches ``confidence``.

    That a median lies between them is a matter of the binomial distribution, whatever the values are. Less than six of
    them do not reach 95 %: the interval is then from the least to the largest, with the confidence that it has.

    Args:
        values: Independent.
        confidence: In (0, 1).

    Returns:
        None for less than two values.
    """
    ordered, count = sorted(values), len(values)
    if count < 2:
        return None
    # Each value lies above or below the median: of 2**count arrangements so many leave it outside, at one end.
    arrangements, outside, rank = 2**count, 1, 1
    while 2 * (outside + math.comb(count, rank)) <= (1 - confidence) * arrangements:
        outside += math.comb(count, rank)
        rank += 1
    return Interval(ordered[rank - 1], ordered[count - rank], 1 - 2 * outside / arrangements)


def rank_test(ones: Sequence[float], others: Sequence[float]) -> RankTest:
    """The test of Mann and Whitney (1947): exact where there are no ties, and where the results can be arranged in few
    ways; else by the normal approximation, ties taken into account.

    Args:
        ones: Independent, at least one; infinite ones count as larger or smaller than all others.
        others: The same.
    """
    ahead = sum((one > other) + 0.5 * (one == other) for one in ones for other in others)
    return RankTest(ahead / (len(ones) * len(others)), _two_sided(ones, others))


def _two_sided(ones: Sequence[float], others: Sequence[float]) -> float:
    together = [*ones, *others]
    if len(set(together)) == 1:
        return 1.0
    if len(set(together)) == len(together):
        return float(stats.mannwhitneyu(ones, others, alternative="two-sided", method="exact").pvalue)
    if math.comb(len(together), len(ones)) > MOST_ARRANGEMENTS:
        return float(stats.mannwhitneyu(ones, others, alternative="two-sided", method="asymptotic").pvalue)
    ranks: list[int] = (2 * stats.rankdata(together)).astype(int).tolist()  # whole numbers, also those of ties
    sums = [sum(dealt) for dealt in combinations(ranks, len(ones))]
    seen = sum(ranks[: len(ones)])
    tail = min(sum(one <= seen for one in sums), sum(one >= seen for one in sums))
    return min(1.0, 2.0 * tail / len(sums))


def adjusted(values: Sequence[float]) -> list[float]:
    """Probabilities of several tests, each as large as it must be for all to be read together (Holm, 1979)."""
    order = sorted(range(len(values)), key=values.__getitem__)
    raised, least = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        least = max(least, min(1.0, (len(values) - place) * values[index]))
        raised[index] = least
    return raised
