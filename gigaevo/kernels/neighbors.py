"""How far the nearest others of each point are, kept while points come, move and go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks import array_checks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

FEW_SITES = 512  # up to which all pairs are looked at, without a tree
BLOCK = 2**17  # distances held at a time where there are many: they stay in the cache
TREE_EXTENT = 1e150  # magnitude of points from which on a tree would overflow


class NeighborIndex:
    """The distances of every point to its k nearest others, exact, kept at O(n) numpy work a change.

    Distances are Euclidean and always made by the same arithmetic, so indices of equal contents give equal answers to
    the last bit, whatever came before. A change looks once at the distances of all from the changed point; a removal
    also at those from the few points that had it among their k nearest. Rows are numbered as ``EliteArchive`` numbers
    them: ``append`` makes row n, ``remove`` moves the last row into the hole. A distance whose square leaves the range
    of floats counts as 0 (below about 1e-162) or infinite (above about 1e154).

    The mean distance to the k nearest is the novelty of Lehman and Stanley, Abandoning Objectives: Evolution Through
    the Search for Novelty Alone, Evolutionary Computation 19(2), 2011.

    Args:
        points: float64 (n, d), finite, d >= 1; n may be 0.
        k: How many others count, at least 1.

    Raises:
        ValueError: Naming argument, index and value.
    """

    def __init__(self, points: ArrayLike, k: int) -> None:
        array = array_checks.float_array("points", points, 2)
        array_checks.check_finite("points", array)
        if array.shape[1] < 1:
            raise ValueError(f"points has shape {array.shape}, expected at least 1 axis")
        if array_checks.int64("k", k) < 1:
            raise ValueError(f"k is {k}, expected 1 or more")
        self._k = k
        self._count = len(array)
        # Columns of rows, since numpy runs along them: (d, n) and (k, n). Of each row ``distances`` has the k least
        # distances, ascending, and ``beyond`` how many more others are exactly as far as the k-th: where there are
        # any, the row needs no search when it loses one of its k.
        self._points = array.T.copy()
        self._distances = np.empty((k, self._count))
        self._beyond = np.empty(self._count, dtype=np.int64)
        self._novelty = np.empty(self._count)
        self._rebuild()

    def append(self, point: ArrayLike) -> None:
        """Let the next row, ``len(self)``, be at ``point``.

        Args:
            point: float64 (d,), finite.

        Raises:
            ValueError: It does not fit.
        """
        checked = self._checked_point(point)
        self._reserve(self._count + 1)
        row = self._count
        self._count += 1
        self._points[:, row] = checked
        self._settle(row)

    def replace(self, row: int, point: ArrayLike) -> None:
        """Move ``row`` to ``point``.

        Args:
            row: 0 to ``len(self) - 1``.
            point: float64 (d,), finite.

        Raises:
            ValueError: There is no such row, or the point does not fit.
        """
        array_checks.check_row(array_checks.int64("row", row), self._count)
        checked = self._checked_point(point)
        if self._are_enough():
            self._forget(row)
        self._points[:, row] = checked
        self._settle(row)

    def remove(self, row: int) -> None:
        """Take ``row`` out; the last row takes its place. ValueError if there is no such row."""
        array_checks.check_row(array_checks.int64("row", row), self._count)
        were_enough = self._are_enough()
        if were_enough:
            self._forget(row)
        self._count -= 1
        for column in self._columns():
            column[..., row] = column[..., self._count]
        if not were_enough:
            self._rebuild()

    def clear(self) -> None:
        """Take every row out."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def k(self) -> int:
        """How many others count."""
        return self._k

    @property
    def novelty(self) -> Floats:
        """float64 (n,), mean distance to the k nearest others, or to all where there are fewer; +inf of a single row.

        A read-only view, to be taken anew after every change.
        """
        view = self._novelty[: self._count]
        view.flags.writeable = False
        return view

    def novelty_of(self, points: ArrayLike) -> Floats:
        """The novelty that further points would have among all rows, each of them alone.

        Args:
            points: float64 (m, d), finite.

        Returns:
            float64 (m,), +inf where there are no rows.

        Raises:
            ValueError: The points do not fit.
        """
        array = array_checks.float_array("points", points, 2)
        array_checks.check_shape("points", array, (len(array), len(self._points)))
        array_checks.check_finite("points", array)
        others = min(self._k, self._count)
        if others == 0:
            return np.full(len(array), math.inf)
        nearest = np.empty((others, len(array)))
        for item, point in enumerate(array):
            nearest[:, item] = least(self._distances_to(point), others)
        return mean(nearest)

    def nearest(self, row: int) -> tuple[int, float]:
        """The nearest other row, of equally near ones the lowest, and its distance.

        Raises:
            ValueError: There is no such row, or no other.
        """
        array_checks.check_row(array_checks.int64("row", row), self._count)
        self._check_pair()
        distance = self._distances[0, row]
        return int((self._distances_of(row) == distance).argmax()), float(distance)

    def closest_pair(self) -> tuple[int, int]:
        """The two rows, ascending, that are least far from each other; of several pairs the one that sorts first.

        Raises:
            ValueError: There are less than two rows.
        """
        self._check_pair()
        row = int(self._distances[0, : self._count].argmin())
        return row, self.nearest(row)[0]

    def distances_from(self, point: ArrayLike) -> Floats:
        """float64 (n,), how far each row is from ``point``, float64 (d,). ValueError if the point does not fit."""
        return self._distances_to(self._checked_point(point))

    def _are_enough(self) -> bool:
        """Whether rows have k others even without one of them, so that all their k distances are known and finite."""
        return self._count >= self._k + 2

    def _settle(self, row: int) -> None:
        """Bring everything up to date with a row that the others do not know yet."""
        if not self._are_enough():
            self._rebuild()
            return
        distances = self._distances_of(row)
        farthest = self._distances[-1, : self._count]
        self._beyond[: self._count] += distances == farthest
        rows = np.flatnonzero(distances < farthest)
        lists, pushed_out = self._distances[:, rows], farthest[rows]
        lists[-1] = distances[rows]
        lists.sort(axis=0)
        self._write(rows, lists, np.where(lists[-1] == pushed_out, self._beyond[rows] + 1, 0))
        own = least(distances, self._k)
        tied = np.count_nonzero(distances <= own[-1]) - self._k
        self._write(np.array([row]), own[:, np.newaxis], np.array([tied]))

    def _forget(self, row: int) -> None:
        """Bring all others to where they would be without ``row``."""
        distances = self._distances_of(row)
        farthest = self._distances[-1, : self._count]
        losers = np.flatnonzero(distances <= farthest)
        spared = (distances[losers] == farthest[losers]) & (self._beyond[losers] > 0)
        self._beyond[losers[spared]] -= 1
        losers = losers[~spared]
        lists, following, beyond = self._distances[:, losers], farthest[losers], self._beyond[losers] - 1
        bare = beyond < 0
        following[bare], beyond[bare] = self._next_beyond(losers[bare])
        lost = (lists == distances[losers]).argmax(axis=0)
        lists[lost, np.arange(len(losers))] = following
        lists.sort(axis=0)
        self._write(losers, lists, beyond)

    def _next_beyond(self, rows: Ints) -> tuple[Floats, Ints]:
        """Of each of ``rows`` the least distance above its k-th, and how many others but one are as far."""
        following, more = np.empty(len(rows)), np.empty(len(rows), dtype=np.int64)
        used = self._points[:, : self._count]
        for block in blocks(len(rows), self._count):
            asked = rows[block]
            matrix = distances_between(used[:, asked, np.newaxis], used[:, np.newaxis, :])
            matrix[np.arange(len(asked)), asked] = np.nan
            matrix[matrix <= self._distances[-1, asked, np.newaxis]] = np.nan
            following[block] = np.fmin.reduce(matrix, axis=1)
            more[block] = np.count_nonzero(matrix == following[block, np.newaxis], axis=1) - 1
        return following, more

    def _rebuild(self) -> None:
        """Make everything anew from the points."""
        rows = slice(self._count)
        self._distances[:, rows], self._beyond[rows] = nearest_of_all(self._points[:, rows], self._k)
        others = min(self._k, self._count - 1)
        self._novelty[rows] = mean(self._distances[:others, rows]) if others > 0 else math.inf

    def _write(self, rows: Ints, distances: Floats, beyond: Ints) -> None:
        self._distances[:, rows] = distances
        self._beyond[rows] = beyond
        self._novelty[rows] = mean(distances)

    def _distances_to(self, point: Floats) -> Floats:
        return distances_between(self._points[:, : self._count], point[:, np.newaxis])

    def _distances_of(self, row: int) -> Floats:
        """Distances of all others from ``row``; its own is NaN, which is neither less than, more than nor equal."""
        distances = self._distances_to(self._points[:, row])
        distances[row] = np.nan
        return distances

    def _checked_point(self, point: ArrayLike) -> Floats:
        array = array_checks.float_array("point", point, 1)
        array_checks.check_shape("point", array, (len(self._points),))
        array_checks.check_finite("point", array)
        return array

    def _check_pair(self) -> None:
        if self._count < 2:
            raise ValueError(f"the index has {self._count} row{'' if self._count == 1 else 's'}, a pair needs 2")

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self._points, self._distances, self._beyond, self._novelty

    def _reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        array_checks.check_rows(rows)
        capacity = len(self._novelty)
        if rows <= capacity:
            return
        extra = max(rows, 2 * capacity) - capacity
        self._points, self._distances, self._beyond, self._novelty = (
            np.concatenate([column, np.empty((*column.shape[:-1], extra), dtype=column.dtype)], axis=-1)
            for column in self._columns()
        )


def distances_between(points: Floats, others: Floats) -> Floats:
    """Euclidean distances along the first axis, the rest broadcast; the one place where a distance is made.

    Squares are added up axis by axis, so the result is the same in both directions and in arrays of any shape.
    """
    with np.errstate(over="ignore"):
        total: Floats = points[0] - others[0]
        total *= total
        for axis in range(1, len(points)):
            difference = points[axis] - others[axis]
            difference *= difference
            total += difference
    return np.sqrt(total, out=total)


def least(distances: Floats, n: int) -> Floats:
    """The ``n`` least, ascending; NaN counts as the greatest."""
    return np.sort(np.partition(distances, n - 1)[:n])


def mean(distances: Floats) -> Floats:
    """Mean along the first axis, added up in its order."""
    total: Floats = distances[0].copy()
    for more in distances[1:]:
        total += more
    total /= len(distances)
    return total


def blocks(rows: int, width: int) -> list[slice]:
    """Slices of ``rows`` whose matrices of that width hold about ``BLOCK`` numbers each."""
    step = max(1, BLOCK // max(1, width))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def nearest_of_all(points: Floats, k: int) -> tuple[Floats, Ints]:
    """Distances (k, n) and ties beyond the k-th (n,) of all points (d, n), as ``NeighborIndex`` keeps them.

    Points in the same place share their answer, so that a crowd in one place costs no more than a single point.
    """
    sites, site_of, crowd = np.unique(points.T + 0.0, axis=0, return_inverse=True, return_counts=True)
    distances, beyond = nearest_of_sites(np.ascontiguousarray(sites.T), crowd, k)
    site_of = site_of.reshape(-1)
    return distances[:, site_of], beyond[site_of]


def nearest_of_sites(sites: Floats, crowd: Ints, k: int) -> tuple[Floats, Ints]:
    """The same for one point of each of the different ``sites`` (d, u), at which there are ``crowd`` (u,) points.

    A tree proposes candidates, whose distances are then made as everywhere else; where the last candidate is not
    clearly farther than the k-th nearest point, it is asked for four times as many.
    """
    count = sites.shape[1]
    distances, beyond = np.empty((k, count)), np.empty(count, dtype=np.int64)
    reach, tree = count, None
    if count > max(FEW_SITES, 4 * k) and np.abs(sites).max() < TREE_EXTENT:
        from scipy.spatial import cKDTree

        reach, tree = k + 4, cKDTree(sites.T)
    pending = np.arange(count)
    while len(pending):
        unsure = [pending[:0]]
        for block in blocks(len(pending), reach):
            asked = pending[block]
            candidates, radius = np.arange(count)[np.newaxis], np.full(len(asked), math.inf)
            if tree is not None and reach < count:
                reported, candidates = map(np.asarray, tree.query(sites[:, asked].T, k=reach))
                radius = reported[:, -1]
            found = distances_between(sites[:, asked, np.newaxis], sites[:, candidates])
            points_at = crowd[candidates] - (candidates == asked[:, np.newaxis])
            distances[:, asked], beyond[asked] = nearest_of_candidates(found, points_at, k)
            # The tree rounds in its own way. Comparing with >=, an infinite radius makes sure of an infinite distance.
            unsure.append(asked[~(radius >= distances[-1, asked] * (1.0 + 1e-9) + 1e-150)])
        pending, reach = np.concatenate(unsure), min(4 * reach, count)
    return distances, beyond


def nearest_of_candidates(found: Floats, points_at: Ints, k: int) -> tuple[Floats, Ints]:
    """The same from distances (m, c) of candidate sites and how many other points are at each (m, c)."""
    order = found.argsort(axis=1)
    found, points_at = np.take_along_axis(found, order, axis=1), np.take_along_axis(points_at, order, axis=1)
    reached = points_at.cumsum(axis=1)
    distances = np.full((k, len(found)), math.inf)
    for nth in range(k):
        column = np.minimum((reached <= nth).sum(axis=1), found.shape[1] - 1)
        distances[nth] = np.where(reached[:, -1] > nth, found[np.arange(len(found)), column], math.inf)
    tied = np.where(found <= distances[-1, :, np.newaxis], points_at, 0).sum(axis=1) - k
    return distances, np.maximum(tied, 0)
