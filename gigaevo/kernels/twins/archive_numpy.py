"""The elite archive in numpy: the twin of ``_archive.pyx``, with the same results and the same errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gigaevo.kernels.checks import archive_checks, array_checks
from gigaevo.kernels.codes import AddStatus

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

REJECTED, IMPROVED, NEW = AddStatus

Scalar = TypeVar("Scalar", bound=np.generic)


class EliteArchive:
    """At most one elite a cell, kept in rows that are appended as cells are filled.

    Memory follows the elites and not the cells, so 10**8 cells and more are fine. An objective is always better when
    it is larger; callers turn the sign where less is better. Rows are stable until a removal, which moves the last
    row into the hole. The array properties are read-only views of the used rows in row order; they do not see what
    is added after them, and are to be taken anew after every change. An archive has one owner: a call is atomic
    towards other threads only as far as the interpreter lock makes it so.

    Args:
        total_cells: Number of cells, 1 to 2**62.
        behavior_dim: Numbers kept as behaviour descriptor of each elite, 0 for none.
        solution_dim: Numbers kept as solution of each elite, 0 for none.
        keyed: Whether a key is kept of each elite, the caller's handle.
        capacity: Rows to make room for at first; more are made as needed, by doubling.

    Raises:
        ValueError: One of them is out of range.
    """

    def __init__(
        self,
        total_cells: int,
        *,
        behavior_dim: int = 0,
        solution_dim: int = 0,
        keyed: bool = True,
        capacity: int = 64,
    ) -> None:
        archive_checks.check_archive(total_cells, behavior_dim, solution_dim, capacity)
        self._total_cells = total_cells
        self._keyed = keyed
        self._rows: dict[int, int] = {}
        self._cells = np.empty(capacity, dtype=np.int64)
        self._objectives = np.empty(capacity, dtype=np.float64)
        self._keys = np.full(capacity, -1, dtype=np.int64)
        self._behaviors = np.empty((capacity, behavior_dim), dtype=np.float64)
        self._solutions = np.empty((capacity, solution_dim), dtype=np.float64)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        rows = (self.cells, self.objectives, self.keys if self._keyed else None, self.behaviors, self.solutions)
        return restored_archive, (self._total_cells, *(None if row is None else row.copy() for row in rows))

    def add(
        self,
        cells: ArrayLike,
        objectives: ArrayLike,
        keys: ArrayLike | None = None,
        behaviors: ArrayLike | None = None,
        solutions: ArrayLike | None = None,
        *,
        depth: int = 1,
    ) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.float64]]:
        """Offer items, as if one after the other.

        An item takes its cell when the cell is empty or the item's objective is strictly larger, so of equals the
        first stays. With a ``depth`` above 1 a run of so many cells counts as one, which keeps as many elites: an
        item takes a free cell of its run, else that of the least elite if its objective is larger. One that has the
        solution of an elite of the run competes with that elite alone, so that no solution is kept twice. On an error
        nothing is added.

        Args:
            cells: int64 (n,), 0 to ``total_cells - 1``; the numbers of runs, 0 to ``total_cells / depth - 1``, where
                ``depth`` is above 1.
            objectives: float64 (n,), finite.
            keys: int64 (n,), the caller's handles of the items, None if the archive keeps none.
            behaviors: float64 (n, behavior_dim), None if that is 0.
            solutions: float64 (n, solution_dim), None if that is 0.
            depth: A divisor of ``total_cells``.

        Returns:
            status: int8 (n,), ``AddStatus`` codes, each as of the archive at that moment.
            rows: int64 (n,), the row that each item was written to, -1 where it was rejected.
            gains: float64 (n,), the objective minus that of the elite it had to beat; where a cell was free, the
                objective.

        Raises:
            ValueError: An argument does not fit its description; the text names argument, index and value.
        """
        cell_array = array_checks.int_array("cells", cells, 1)
        n = len(cell_array)
        objective_array = array_checks.float_array("objectives", objectives, 1)
        array_checks.check_shape("objectives", objective_array, (n,))
        key_array = archive_checks.optional_keys(keys, n, self._keyed)
        behavior_rows = archive_checks.optional_rows("behaviors", behaviors, (n, self._behaviors.shape[1]))
        solution_rows = archive_checks.optional_rows("solutions", solutions, (n, self._solutions.shape[1]))
        archive_checks.check_depth(depth, self._total_cells)
        array_checks.check_below("cells", cell_array, self._total_cells // depth)
        array_checks.check_finite("objectives", objective_array)
        self._reserve(min(len(self) + n, self._total_cells))
        key_list = [-1] * n if key_array is None else key_array.tolist()
        status, rows, gains = np.zeros(n, np.int8), np.full(n, -1), np.empty(n)
        winners: dict[int, int] = {}  # row -> the item that holds it now
        items = zip(cell_array.tolist(), objective_array.tolist(), key_list, strict=True)
        for item, (run, objective, key) in enumerate(items):
            cell = run
            if depth > 1:
                cell = self._rival(run * depth, depth, None if solution_rows is None else solution_rows[item])
            gains[item] = objective - (float(self._objectives[self._rows[cell]]) if cell in self._rows else 0.0)
            status[item], _ = self._offer(cell, objective, key)
            if status[item] == REJECTED:
                continue
            rows[item] = self._rows[cell]
            winners[self._rows[cell]] = item
            if depth > 1 and solution_rows is not None:  # the next item may have to be told from this one
                self._solutions[self._rows[cell]] = solution_rows[item]
        written, sources = list(winners), list(winners.values())
        if behavior_rows is not None:
            self._behaviors[written] = behavior_rows[sources]
        if solution_rows is not None:
            self._solutions[written] = solution_rows[sources]
        return status, rows, gains

    def absorb(
        self,
        cells: ArrayLike,
        objectives: ArrayLike,
        keys: ArrayLike | None = None,
        behaviors: ArrayLike | None = None,
        solutions: ArrayLike | None = None,
        *,
        depth: int = 1,
    ) -> int:
        """Offer items as ``add`` does, for those who need not know what became of each.

        Returns:
            The item of the largest objective, let in or not, of equals the first; -1 where there is no item.
        """
        self.add(cells, objectives, keys, behaviors, solutions, depth=depth)
        return int(np.argmax(objectives)) if np.size(objectives) else -1

    def add_one(
        self,
        cell: int,
        objective: float,
        key: int,
        behavior: ArrayLike | None = None,
        solution: ArrayLike | None = None,
    ) -> tuple[AddStatus, int]:
        """Offer one item by the rule of ``add``.

        Args:
            cell: 0 to ``total_cells - 1``.
            objective: Finite.
            key: The caller's handle of the item, in 64 bits; forgotten if the archive keeps none.
            behavior: float64 (behavior_dim,), None if that is 0.
            solution: float64 (solution_dim,), None if that is 0.

        Returns:
            What became of the item, and the key that it drove out, -1 for none or if the archive keeps none.

        Raises:
            ValueError: An argument does not fit its description.
        """
        behavior_row, solution_row = self._checked_item(cell, objective, key, behavior, solution)
        self._reserve(min(len(self) + 1, self._total_cells))
        status, displaced = self._offer(cell, objective, key)
        if status is not REJECTED:
            self._describe(self._rows[cell], behavior_row, solution_row)
        return status, displaced

    def put_one(
        self,
        cell: int,
        objective: float,
        key: int,
        behavior: ArrayLike | None = None,
        solution: ArrayLike | None = None,
    ) -> int:
        """Place one item whatever the cell holds. Arguments and errors are those of ``add_one``.

        Returns:
            The key that was driven out, -1 for none.
        """
        behavior_row, solution_row = self._checked_item(cell, objective, key, behavior, solution)
        self._reserve(min(len(self) + 1, self._total_cells))
        displaced = self.key_at(cell)
        self._place(self._rows.setdefault(cell, len(self)), cell, objective, key)
        self._describe(self._rows[cell], behavior_row, solution_row)
        return displaced

    def row_of(self, cell: int) -> int:
        """The row that holds ``cell``, -1 when it is empty. ValueError if there is no such cell."""
        archive_checks.check_cell(array_checks.int64("cell", cell), self._total_cells)
        return self._rows.get(cell, -1)

    def key_at(self, cell: int) -> int:
        """The key of the elite of ``cell``, -1 when it is empty. ValueError if there is no such cell."""
        row = self.row_of(cell)
        return int(self._keys[row]) if row >= 0 else -1

    def objective_at(self, cell: int) -> float:
        """The objective of the elite of ``cell``.

        Raises:
            KeyError: The cell is empty.
            ValueError: There is no such cell.
        """
        row = self.row_of(cell)
        if row < 0:
            raise KeyError(f"cell {cell} is empty")
        return float(self._objectives[row])

    def remove(self, cell: int) -> int:
        """Make ``cell`` empty; the last row moves into the hole.

        Returns:
            The key of the elite that was removed, -1 if there was none.

        Raises:
            ValueError: There is no such cell.
        """
        row = self.row_of(cell)
        if row < 0:
            return -1
        removed, last = int(self._keys[row]), len(self) - 1
        for column in self._columns():
            column[row] = column[last]
        self._rows[int(self._cells[row])] = row
        del self._rows[cell]
        return removed

    def clear(self) -> None:
        """Remove every elite."""
        self._rows.clear()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keyed(self) -> bool:
        """Whether a key is kept of each elite."""
        return self._keyed

    @property
    def total_cells(self) -> int:
        """Number of cells, occupied or not."""
        return self._total_cells

    @property
    def coverage(self) -> float:
        """Fraction of the cells that are occupied."""
        return len(self) / self._total_cells

    @property
    def cells(self) -> NDArray[np.int64]:
        """int64 (elites,), the cell of each row."""
        return self._used(self._cells)

    @property
    def objectives(self) -> NDArray[np.float64]:
        """float64 (elites,), larger is better."""
        return self._used(self._objectives)

    @property
    def keys(self) -> NDArray[np.int64]:
        """int64 (elites,), the caller's handles. ValueError if the archive keeps none."""
        archive_checks.check_keyed(self._keyed)
        return self._used(self._keys)

    @property
    def behaviors(self) -> NDArray[np.float64]:
        """float64 (elites, behavior_dim)."""
        return self._used(self._behaviors)

    @property
    def solutions(self) -> NDArray[np.float64]:
        """float64 (elites, solution_dim)."""
        return self._used(self._solutions)

    @property
    def objective_sum(self) -> float:
        """Sum of the objectives, 0.0 when empty; infinite beyond float64, NaN where parts are so on both sides."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.objectives.sum())

    def best(self) -> int:
        """The row of the largest objective, of equals the lowest row; -1 when empty."""
        return int(self.objectives.argmax()) if len(self) else -1

    def worst(self) -> int:
        """The row of the least objective, of equals the lowest row; -1 when empty."""
        return int(self.objectives.argmin()) if len(self) else -1

    def worst_rows(self, n: int) -> NDArray[np.int64]:
        """The rows of the ``n`` least objectives, ascending, of equals the lower row first; all if there are fewer.

        Raises:
            ValueError: ``n`` is negative.
        """
        array_checks.check_count(n)
        return self.objectives.argsort(kind="stable")[:n]

    def sample(self, uniforms: ArrayLike) -> NDArray[np.int64]:
        """Rows drawn uniformly, with replacement; the randomness is the caller's.

        Args:
            uniforms: float64 (n,), numbers in [0, 1).

        Returns:
            int64 (n,), ``floor(uniform * elites)`` of each.

        Raises:
            ValueError: A number is not in [0, 1), or there is no elite.
        """
        drawn = array_checks.float_array("uniforms", uniforms, 1)
        array_checks.check_uniforms(drawn)
        if len(drawn):
            archive_checks.check_not_empty(len(self))
        # The product can round up to the number of elites.
        return np.minimum((drawn * len(self)).astype(np.int64), len(self) - 1)

    def _columns(self) -> tuple[NDArray[np.generic], ...]:
        return self._cells, self._objectives, self._keys, self._behaviors, self._solutions

    def _used(self, column: NDArray[Scalar]) -> NDArray[Scalar]:
        view = column[: len(self)]
        view.flags.writeable = False
        return view

    def _reserve(self, rows: int) -> None:
        """Make room for ``rows`` rows."""
        array_checks.check_rows(rows)
        capacity = len(self._cells)
        if rows <= capacity:
            return
        extra = max(rows, 2 * capacity) - capacity
        self._cells, self._objectives, self._keys, self._behaviors, self._solutions = (
            np.concatenate([column, np.empty((extra, *column.shape[1:]), dtype=column.dtype)])
            for column in self._columns()
        )

    def _checked_item(
        self, cell: int, objective: float, key: int, behavior: ArrayLike | None, solution: ArrayLike | None
    ) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
        array_checks.int64("key", key)
        archive_checks.check_cell(array_checks.int64("cell", cell), self._total_cells)
        array_checks.check_number("objective", objective)
        return (
            archive_checks.optional_rows("behavior", behavior, (self._behaviors.shape[1],)),
            archive_checks.optional_rows("solution", solution, (self._solutions.shape[1],)),
        )

    def _rival(self, first: int, depth: int, solution: NDArray[np.float64] | None) -> int:
        """The cell of a run that an item must take: its equal's, else the first free one, else that of the least."""
        cells = range(first, first + depth)
        taken = [cell for cell in cells if cell in self._rows]
        if solution is not None:
            for cell in taken:
                if np.array_equal(self._solutions[self._rows[cell]], solution):
                    return cell
        free = [cell for cell in cells if cell not in self._rows]
        return free[0] if free else min(taken, key=lambda cell: self._objectives[self._rows[cell]])

    def _offer(self, cell: int, objective: float, key: int) -> tuple[AddStatus, int]:
        row = self._rows.get(cell)
        if row is None:
            row = self._rows[cell] = len(self)
            self._place(row, cell, objective, key)
            return NEW, -1
        if objective > self._objectives[row]:
            displaced = int(self._keys[row])
            self._place(row, cell, objective, key)
            return IMPROVED, displaced
        return REJECTED, -1

    def _place(self, row: int, cell: int, objective: float, key: int) -> None:
        self._cells[row] = cell
        self._objectives[row] = objective
        self._keys[row] = key if self._keyed else -1

    def _describe(self, row: int, behavior: NDArray[np.float64] | None, solution: NDArray[np.float64] | None) -> None:
        if behavior is not None:
            self._behaviors[row] = behavior
        if solution is not None:
            self._solutions[row] = solution


def restored_archive(
    total_cells: int,
    cells: NDArray[np.int64],
    objectives: NDArray[np.float64],
    keys: NDArray[np.int64] | None,
    behaviors: NDArray[np.float64],
    solutions: NDArray[np.float64],
) -> EliteArchive:
    """An archive of these rows, in this order; ``keys`` are None where it keeps none. For pickles and checkpoints."""
    archive = EliteArchive(
        total_cells,
        behavior_dim=behaviors.shape[1],
        solution_dim=solutions.shape[1],
        keyed=keys is not None,
        capacity=max(len(cells), 1),
    )
    described = (rows if rows.shape[1] else None for rows in (behaviors, solutions))
    archive.add(cells, objectives, keys, *described)
    return archive
