"""Pareto kernels in numpy: the twin of ``_pareto``, with the same errors and, but for what is drawn, the same results.

Larger is better in every objective. A row *dominates* another if it is at least as good in every objective and better
in one. Front 0 holds the rows that none dominates, front k those that none dominates once the fronts before k are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks, pareto_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.twins.random_numpy import RandomStream

    Rows = NDArray[np.float64]
    Ranks = NDArray[np.int64]


def non_dominated_ranks(objectives: ArrayLike) -> Ranks:
    """The front of each row.

    Args:
        objectives: float64 (n, m), m at least 1. Infinities are numbers like others. Rows with a NaN are invalid: they
            make up one last front, after all others.

    Returns:
        int64 (n,), from 0 without gaps. Rows that are the same are in the same front.

    Raises:
        ValueError: An argument does not fit its description.
    """
    rows = _checked(objectives)
    valid = ~np.isnan(rows).any(axis=1)
    ranks = np.zeros(len(rows), np.int64)
    if valid.any():
        ranks[valid] = _ranks_of_valid(rows[valid])
        ranks[~valid] = ranks[valid].max() + 1
    return ranks


def crowding(objectives: ArrayLike, front: ArrayLike) -> Rows:
    """The crowding distance of rows that are taken as one front (Deb, Pratap, Agarwal and Meyarivan, 2002).

    For each objective the rows are put in order, best first and equal ones as in ``front``. A row's share is the gap
    between its neighbours divided by that between first and last, and infinite for those two. Objectives whose first
    and last do not differ, or differ by infinity, say nothing. The distance is the mean over all objectives.

    Args:
        objectives: float64 (n, m), m at least 1.
        front: int64 (k,), rows of ``objectives``.

    Returns:
        float64 (k,), 0 or more. Infinite for each of one or two rows; 0 for rows with a NaN, which count nothing.

    Raises:
        ValueError: An argument does not fit its description; the text names argument, index and value.
    """
    rows = _checked(objectives)
    chosen = array_checks.int_array("front", front, 1)
    array_checks.check_below("front", chosen, len(rows))
    members = rows[chosen]
    valid = ~np.isnan(members).any(axis=1)
    distances = np.zeros(len(chosen))
    distances[valid] = _crowding_of_valid(members[valid])
    return distances


def ranks_and_crowding(objectives: ArrayLike) -> tuple[Ranks, Rows]:
    """The front of each row and its crowding distance there, equal rows in their order: both functions above at once.

    Args:
        objectives: float64 (n, m), as for ``non_dominated_ranks``.

    Returns:
        int64 (n,) and float64 (n,).

    Raises:
        ValueError: An argument does not fit its description.
    """
    rows = _checked(objectives)
    ranks = non_dominated_ranks(rows)
    distances = np.zeros(len(rows))
    valid = ~np.isnan(rows).any(axis=1)
    for front in range(int(ranks.max(initial=-1)) + 1):
        members = np.flatnonzero((ranks == front) & valid)
        distances[members] = _crowding_of_valid(rows[members])
    return ranks, distances


def survivors(objectives: ArrayLike, n: int) -> tuple[Ranks, Ranks, Rows]:
    """The ``n`` rows that NSGA-II lets live: whole fronts, and of the one that does not fit the least crowded.

    Of rows that are equally crowded the first ones live, so that nothing depends on how one sorts.

    Args:
        objectives: float64 (rows, m), as for ``non_dominated_ranks``.
        n: 0 to rows.

    Returns:
        rows: int64 (n,), ascending.
        ranks: int64 (n,), their fronts.
        crowding: float64 (n,), their distances in the whole fronts.

    Raises:
        ValueError: An argument does not fit its description.
    """
    rows = _checked(objectives)
    count = pareto_checks.survivor_count(n, len(rows))
    ranks, distances = ranks_and_crowding(rows)
    kept = np.sort(np.lexsort((-distances, ranks))[:count])
    return kept, ranks[kept], distances[kept]


def crowded_tournament(ranks: ArrayLike, crowding: ArrayLike, count: int, stream: RandomStream) -> Ranks:
    """Winners of ``count`` tournaments between two: the better front wins, in the same front the larger distance.

    Contestants are dealt from a shuffled deck, again and again, so that each row takes part as often as any other, give
    or take one. Where both are equal the one that was drawn first wins.

    Args:
        ranks: int64 (n,), fronts.
        crowding: float64 (n,), distances in them.
        count: 0 or more.
        stream: Source of the numbers that are drawn.

    Returns:
        int64 (count,), rows.

    Raises:
        ValueError: An argument does not fit its description, or there is nobody to take part.
    """
    fronts, distances = array_checks.int_array("ranks", ranks, 1), array_checks.float_array("crowding", crowding, 1)
    wanted = pareto_checks.tournament_count(count, fronts, distances)
    n = len(fronts)
    decks = [stream.permutation(n) for _ in range(-(-2 * wanted // n) if wanted else 0)]
    first, second = np.concatenate([*decks, np.empty(0, np.int64)])[: 2 * wanted].reshape(wanted, 2).T
    better = (fronts[second] < fronts[first]) | (
        (fronts[second] == fronts[first]) & (distances[second] > distances[first])
    )
    return np.where(better, second, first)


def _checked(objectives: ArrayLike) -> Rows:
    rows = array_checks.float_array("objectives", objectives, 2)
    pareto_checks.check_objectives(rows)
    return rows


def _ranks_of_valid(rows: Rows) -> Ranks:
    """The front of a row is the longest chain of rows above it, each of which dominates the next."""
    distinct, place = np.unique(rows + 0.0, axis=0, return_inverse=True)  # worst first; -0.0 becomes 0.0
    columns = np.ascontiguousarray(distinct[::-1].T)
    ranks = np.zeros(len(distinct), np.int64)
    for row in range(1, len(ranks)):
        dominating = (columns[:, :row] >= columns[:, row : row + 1]).all(axis=0)
        ranks[row] = ranks[:row].max(initial=-1, where=dominating) + 1
    return ranks[::-1][place.reshape(-1)]


def _crowding_of_valid(rows: Rows) -> Rows:
    n, axes = rows.shape
    if n <= 2:
        return np.full(n, np.inf)
    distances = np.zeros(n)
    for values in rows.T:
        order = np.argsort(-values, kind="stable")
        ordered = values[order]
        with np.errstate(invalid="ignore", over="ignore"):
            width = ordered[0] - ordered[-1]
            if not 0.0 < width < np.inf:
                continue
            distances[order[1:-1]] += (ordered[:-2] - ordered[2:]) / width
        distances[order[[0, -1]]] = np.inf
    mean: Rows = distances / axes
    return mean
