"""Order statistics of changing values in plain Python: the twin of ``_ranking.pyx``, same results and same errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.kernels.checks import array_checks
from gigaevo.kernels.twins.treap import Law, Node, count_before, insert, remove, row_at, row_of_share, tree_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# A sum of weights below this has too few digits left for a share of it to be told from its neighbour.
LEAST_SUM = 2.0**-960


class ValueRanking:
    """The rows 0 to n - 1 in the order of their values, of equals the lower row first, kept while values change.

    The first row of that order has rank 0. A change costs O(log n), and so does every question about one row, rank or
    value. Rows are numbered as ``EliteArchive`` numbers them: ``append`` makes row n, ``remove`` moves the last row
    into the hole.

    Rankings of equal contents give equal answers to the last bit, whatever came before: the shape of the tree behind
    them (``treap``) follows from the values of the rows alone, and its sums are always made from those of children.

    Args:
        values: float64 (n,), finite.

    Raises:
        ValueError: A value is NaN or infinite, or it is no array of one dimension.
    """

    def __init__(self, values: ArrayLike = ()) -> None:
        array = array_checks.float_array("values", values, 1)
        array_checks.check_finite("values", array)
        array_checks.check_rows(len(array))
        self._values = array.copy()
        self._count = len(array)
        self._root = tree_of(array)

    def append(self, value: float) -> None:
        """Let the next row, ``len(self)``, have ``value``. ValueError if it is not finite."""
        array_checks.check_number("value", value)
        self._reserve(self._count + 1)
        self._count += 1
        self._place(self._count - 1, value)

    def replace(self, row: int, value: float) -> None:
        """Let ``row`` have another ``value``.

        Raises:
            ValueError: There is no such row, or the value is not finite.
        """
        array_checks.check_row(array_checks.int64("row", row), self._count)
        array_checks.check_number("value", value)
        self._take(row)
        self._place(row, value)

    def remove(self, row: int) -> None:
        """Take ``row`` out; the last row takes its place. ValueError if there is no such row."""
        array_checks.check_row(array_checks.int64("row", row), self._count)
        last = self._count - 1
        self._take(row)
        if row != last:
            self._take(last)
            self._place(row, self._values[last])
        self._count = last

    def clear(self) -> None:
        """Take every row out."""
        self._count = 0
        self._root = None

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[np.float64]:
        """float64 (n,), of each row its value; a read-only view, to be taken anew after every change."""
        view = self._values[: self._count]
        view.flags.writeable = False
        return view

    @property
    def minimum(self) -> float:
        """The least value. ValueError if there are no rows."""
        return self._top().low

    @property
    def maximum(self) -> float:
        """The greatest value. ValueError if there are no rows."""
        return self._top().high

    @property
    def total(self) -> float:
        """Sum of the values, 0.0 if there are none; infinite or NaN where a partial sum exceeds the float range."""
        return self._root.sum if self._root else 0.0

    def rows_at(self, ranks: ArrayLike) -> NDArray[np.int64]:
        """The rows that have ``ranks``.

        Args:
            ranks: int64 (m,), 0 (the least value) to ``len(self) - 1``.

        Returns:
            int64 (m,).

        Raises:
            ValueError: A rank is out of range.
        """
        rank_array = array_checks.int_array("ranks", ranks, 1)
        array_checks.check_below("ranks", rank_array, self._count)
        return np.array([row_at(self._root, rank) for rank in rank_array.tolist()], dtype=np.int64)

    def ranks_of(self, rows: ArrayLike) -> NDArray[np.int64]:
        """The ranks of ``rows``.

        Args:
            rows: int64 (m,), 0 to ``len(self) - 1``.

        Returns:
            int64 (m,).

        Raises:
            ValueError: A row is out of range.
        """
        row_array = array_checks.int_array("rows", rows, 1)
        array_checks.check_below("rows", row_array, self._count)
        return np.array(
            [count_before(self._root, float(self._values[row]), row) for row in row_array.tolist()], dtype=np.int64
        )

    def count_below(self, value: float) -> int:
        """How many values are strictly less than ``value``. ValueError if it is NaN."""
        array_checks.check_not_nan("value", value)
        return count_before(self._root, value, 0)

    def count_at_most(self, value: float) -> int:
        """How many values are less than or equal to ``value``. ValueError if it is NaN."""
        array_checks.check_not_nan("value", value)
        return count_before(self._root, value, self._count)

    def smallest(self, n: int) -> NDArray[np.int64]:
        """The rows of the ``n`` lowest ranks, the least value first, all if there are fewer; O(n log len).

        Raises:
            ValueError: ``n`` is negative.
        """
        array_checks.check_count(n)
        return self.rows_at(np.arange(min(n, self._count), dtype=np.int64))

    def largest(self, n: int) -> NDArray[np.int64]:
        """The rows of the ``n`` highest ranks, the greatest value first, all if there are fewer; O(n log len).

        Of equal values the higher row comes first: it is ``smallest`` backwards.

        Raises:
            ValueError: ``n`` is negative.
        """
        array_checks.check_count(n)
        return self.rows_at(np.arange(self._count - 1, self._count - 1 - min(n, self._count), -1, dtype=np.int64))

    def sample_proportional(self, uniforms: ArrayLike, *, higher_is_better: bool) -> NDArray[np.int64]:
        """Rows drawn with probability in proportion to fitness, with replacement; the randomness is the caller's.

        Where every value is positive and higher is better, the value is the weight. Else the weight is the distance
        from the worst value. All equal: uniform. The unit interval is shared out from the worst rank to the best, and
        a uniform chooses the row in whose share it lies. (Where the sum of weights leaves the range in which floats
        have all their digits, the shares are in the order of rows, and the call takes O(n).)

        Args:
            uniforms: float64 (m,), numbers in [0, 1).
            higher_is_better: Direction of the values.

        Returns:
            int64 (m,).

        Raises:
            ValueError: A number is not in [0, 1), or there are no rows.
        """
        drawn = array_checks.float_array("uniforms", uniforms, 1)
        array_checks.check_uniforms(drawn)
        if not len(drawn):
            return np.empty(0, dtype=np.int64)
        top = self._top()
        if top.low == top.high:
            return np.minimum((drawn * self._count).astype(np.int64), self._count - 1)
        if not higher_is_better:
            law, worst = Law.BELOW, top.high
        else:
            law, worst = (Law.VALUE, 0.0) if top.low > 0.0 else (Law.ABOVE, top.low)
        whole = top.weight(law, worst)
        if not LEAST_SUM <= whole < math.inf:
            return rows_by_scan(self.values, drawn, higher_is_better=higher_is_better)
        rows = [row_of_share(top, uniform * whole, law, worst) for uniform in drawn.tolist()]
        return np.array(rows, dtype=np.int64)

    def _top(self) -> Node:
        array_checks.check_has_rows(self._count)
        assert self._root is not None
        return self._root

    def _place(self, row: int, value: float) -> None:
        self._values[row] = value
        self._root = insert(self._root, Node(row, float(value)))

    def _take(self, row: int) -> None:
        self._root = remove(self._root, Node(row, float(self._values[row])))

    def _reserve(self, rows: int) -> None:
        array_checks.check_rows(rows)
        capacity = len(self._values)
        if rows > capacity:
            self._values = np.concatenate([self._values, np.empty(max(rows, 2 * capacity) - capacity)])


def rows_by_scan(
    values: NDArray[np.float64], uniforms: NDArray[np.float64], *, higher_is_better: bool
) -> NDArray[np.int64]:
    """``ValueRanking.sample_proportional`` for values, not all equal, whose weights do not add up as they are."""
    # Scaled twice: the distance between the ends of the float range would overflow, and the least ones have no digits.
    signed = (values if higher_is_better else -values) / np.abs(values).max()
    weights = signed if higher_is_better and values.min() > 0.0 else signed - signed.min()
    cumulative = np.cumsum(weights / weights.max())
    # A target that rounds up to the whole sum belongs to the last row that has any weight.
    last = np.searchsorted(cumulative, cumulative[-1], side="left")
    rows: NDArray[np.int64] = np.minimum(np.searchsorted(cumulative, uniforms * cumulative[-1], side="right"), last)
    return rows
