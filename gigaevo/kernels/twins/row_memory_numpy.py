"""Values of the rows that were asked for last: the twin of ``_row_memory``, by a dictionary in the order of use."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.checks.row_memory_checks import check_rows, check_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.uint64] | NDArray[np.float64]
    Values = NDArray[np.float64]
    Ints = NDArray[np.int64]


class RowMemory:
    """Rows of 64-bit words, each with a value; when it is full, the one that was not asked for longest is forgotten.

    Rows are the same if all their bits are: 0.0 and -0.0 differ.

    Args:
        capacity: Rows that are kept, at least 1; room is taken as they come.
        width: Words of a row, at least 1.

    Raises:
        ValueError: A size is below 1.
    """

    def __init__(self, capacity: int, width: int) -> None:
        check_sizes(capacity, width)
        self.capacity = int(capacity)
        self.width = int(width)
        self._values: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[Any, ...]:
        return restored_memory, (self.capacity, self.width, *self.items())

    def items(self) -> tuple[NDArray[np.uint64], Values]:
        """All rows, uint64 of shape (n, width), and their values; the one not asked for longest first."""
        rows = np.frombuffer(b"".join(self._values), np.uint64).reshape(-1, self.width)
        return rows.copy(), np.array(list(self._values.values()), np.float64)

    def recall(self, rows: Rows, values: Values, wanted: Ints) -> tuple[int, Ints, Ints]:
        """Fill in the values of rows that are remembered; each of these counts as asked for now.

        Args:
            rows: Shape (n, width), uint64 or float64.
            values: Shape (n,). Where a wanted row has NaN its value is asked for, and set if it is known.
            wanted: Positions in ``rows``.

        Returns:
            How many values were filled in; the positions of those that are not known, each row once, where it is first;
            and of those that come again (position, where it is first), shape (k, 2).

        Raises:
            ValueError: An array is not of its type and shape, not contiguous, or a row is wanted that there is not.
        """
        check_rows(self.width, rows, values, wanted)
        known = self._values
        missing: dict[bytes, int] = {}
        again: list[tuple[int, int]] = []
        found = 0
        asked = wanted[np.isnan(values[wanted])]
        for row, key in zip(asked.tolist(), _keys(rows[asked]), strict=True):
            if not np.isnan(values[row]):
                continue  # wanted twice
            value = known.get(key)
            if value is not None:
                values[row] = value
                known.move_to_end(key)
                found += 1
            elif key in missing:
                again.append((row, missing[key]))
            else:
                missing[key] = row
        return found, np.array(list(missing.values()), np.int64), np.array(again, np.int64).reshape(-1, 2)

    def remember(self, rows: Rows, values: Values, wanted: Ints) -> None:
        """Remember the values of rows, in their order.

        Args:
            rows: Shape (n, width), uint64 or float64.
            values: Shape (n,).
            wanted: Positions of those that are to be remembered.

        Raises:
            ValueError: As ``recall``.
        """
        check_rows(self.width, rows, values, wanted)
        known = self._values
        for key, value in zip(_keys(rows[wanted]), values[wanted].tolist(), strict=True):
            known[key] = value
            known.move_to_end(key)
            if len(known) > self.capacity:
                known.popitem(last=False)


def restored_memory(capacity: int, width: int, rows: Rows, values: Values) -> RowMemory:
    """The memory that was pickled."""
    memory = RowMemory(capacity, width)
    memory.remember(rows, values, np.arange(len(values)))
    return memory


def _keys(rows: Rows) -> list[bytes]:
    keys: list[bytes] = rows.view(f"V{8 * rows.shape[1]}").ravel().tolist()
    return keys
