"""The elites of one island: which program sits in which cell, and their numbers as columns."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gigaevo.kernels import EliteArchive, NeighborIndex, ValueRanking
from gigaevo.programs import Program

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
RowArray = IntArray
Cell = tuple[int, ...]


class ArchiveView(Protocol):
    """What selectors and removers may look at. Rows are 0 to n-1, in an order that a resumed run repeats.

    Arrays are views: valid until the archive changes, and not to be written to.
    """

    def __len__(self) -> int:
        """Number of elites, n."""

    @property
    def objectives(self) -> FloatArray:
        """Score by which the archive compares, shape (n,), larger is better."""

    @property
    def selections(self) -> IntArray:
        """How often each elite was chosen as a parent since it came, shape (n,)."""

    def metric(self, key: str) -> FloatArray:
        """A metric of every elite, shape (n,), in its own sign."""

    def ranking(self, key: str) -> ValueRanking:
        """Order statistics over a metric of all elites; kept in step from the first call on."""

    def ages(self) -> ValueRanking:
        """Order statistics over ``birth_order`` of all elites; kept in step from the first call on."""

    def neighbors(self, keys: Sequence[str], k: int) -> NeighborIndex:
        """The k nearest of each elite by these metrics, each in units of its axis; kept in step from then on."""

    def programs(self, rows: RowArray | None = None) -> list[Program]:
        """The elites of ``rows``, in that order; all of them where it is None."""

    def cell_at(self, row: int) -> Cell:
        """The cell of the elite in a row."""

    def lowest_free_cell(self) -> int:
        """The first empty cell of an archive with one axis; the number of cells where none is empty."""


def birth_order(program: Program) -> float:
    """A number that is less the earlier a program was submitted: initial programs come first, counting down from -1."""
    return float(program.number if program.number >= 0 else -(2**52) - program.number)


class ProgramArchive:
    """Cells that hold programs. Which program is to be kept is for others to decide; rows are the kernel's.

    Args:
        shape: Number of cells along each axis.
        columns: Metrics kept as columns of numbers, so that looking at all elites touches no program.
        depth: Programs that a cell may hold.
        scales: Gives the length that counts as 1 along a metric, where that is known; else its own unit does.

    Attributes:
        occupied: Cells that hold a program.
    """

    def __init__(
        self,
        shape: Sequence[int],
        columns: Sequence[str] = (),
        *,
        depth: int = 1,
        scales: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.shape = tuple(shape)
        self.columns = tuple(dict.fromkeys(columns))
        self.depth = depth
        self._scales = scales
        self._column_index = {key: index for index, key in enumerate(self.columns)}
        # A cell is a run of `depth` places; a place is what the kernel calls a cell.
        self._kernel = EliteArchive(math.prod(self.shape) * depth, behavior_dim=len(self.columns))
        self._programs: dict[int, Program] = {}
        self._place_of: dict[str, int] = {}
        self._next_key = 0
        self.occupied = 0
        self._selections = np.zeros(64, dtype=np.int64)
        self._rankings: dict[str | None, ValueRanking] = {}
        self._ages: ValueRanking | None = None  # until somebody asks
        self._neighbors: dict[tuple[tuple[str, ...], int], NeighborIndex] = {}
        self._freed: list[int] | None = None  # cells before the frontier; None until somebody asks
        self._frontier = 0  # every cell before it is taken, or among the freed

    def __len__(self) -> int:
        return len(self._programs)

    def __contains__(self, program_id: object) -> bool:
        return program_id in self._place_of

    def __iter__(self) -> Iterator[tuple[Cell, Program]]:
        """Cells and their elites, in row order."""
        for place, key in zip(self._kernel.cells.tolist(), self._kernel.keys.tolist(), strict=True):
            yield self._unflatten(place // self.depth), self._programs[key]

    @property
    def ids(self) -> set[str]:
        """Ids of the elites."""
        return set(self._place_of)

    @property
    def coverage(self) -> float:
        """Occupied cells as a share of all, in [0, 1]."""
        return self.occupied / math.prod(self.shape)

    @property
    def objectives(self) -> FloatArray:
        return self._kernel.objectives

    @property
    def selections(self) -> IntArray:
        view = self._selections[: len(self)]
        view.flags.writeable = False
        return view

    def metric(self, key: str) -> FloatArray:
        index = self._column_index.get(key)
        if index is not None:
            return self._kernel.behaviors[:, index]
        return np.array([program.metrics[key] for program in self.programs()], dtype=np.float64)

    def ranking(self, key: str) -> ValueRanking:
        if key not in self._rankings:
            if key not in self._column_index:
                return ValueRanking(self.metric(key))  # not a column: nothing would keep it in step
            self._rankings[key] = ValueRanking(self.metric(key))
        return self._rankings[key]

    def ages(self) -> ValueRanking:
        if self._ages is None:
            self._ages = ValueRanking(np.array([birth_order(program) for program in self.programs()]))
        return self._ages

    def objective_ranking(self) -> ValueRanking:
        """Order statistics over the objectives of all elites; kept in step from the first call on."""
        if None not in self._rankings:
            self._rankings[None] = ValueRanking(self.objectives)
        return self._rankings[None]

    def neighbors(self, keys: Sequence[str], k: int) -> NeighborIndex:
        name = (tuple(keys), k)
        index = self._neighbors.get(name)
        if index is None:
            points = np.column_stack([self.metric(key) for key in keys]) / self._units(keys)
            index = NeighborIndex(points, k)
            if all(key in self._column_index for key in keys):
                self._neighbors[name] = index
        return index

    def point(self, metrics: Mapping[str, float], keys: Sequence[str]) -> FloatArray:
        """Where ``metrics`` lie in the space of ``neighbors(keys, ...)``, shape (1, len(keys))."""
        return np.array([[metrics[key] for key in keys]], dtype=np.float64) / self._units(keys)

    def programs(self, rows: RowArray | None = None) -> list[Program]:
        keys = self._kernel.keys if rows is None else self._kernel.keys[rows]
        return [self._programs[key] for key in keys.tolist()]

    def get(self, program_id: str) -> Program | None:
        """An elite by its id; None where it is not here."""
        place = self._place_of.get(program_id)
        return None if place is None else self._programs[self._kernel.key_at(place)]

    def occupants(self, cell: Sequence[int]) -> list[Program]:
        """The elites of a cell, in row order."""
        rows = [row for place in self._places(cell) if (row := self._kernel.row_of(place)) >= 0]
        keys = self._kernel.keys
        return [self._programs[int(keys[row])] for row in sorted(rows)]

    def elite_at(self, cell: Sequence[int]) -> Program | None:
        """The first elite of a cell; None where it is empty."""
        return next(iter(self.occupants(cell)), None)

    def objective_at(self, cell: Sequence[int]) -> float | None:
        """Objective of the elite of a cell that holds one program; None where it is empty."""
        place = self._flatten(cell) * self.depth
        return None if self._kernel.row_of(place) < 0 else self._kernel.objective_at(place)

    def cell_of(self, program_id: str) -> Cell:
        """The cell in which an elite sits.

        Raises:
            KeyError: No cell holds that program.
        """
        return self._unflatten(self._place_of[program_id] // self.depth)

    def cell_at(self, row: int) -> Cell:
        return self._unflatten(int(self._kernel.cells[row]) // self.depth)

    def lowest_free_cell(self) -> int:
        if self._freed is None:
            self._freed = []
        while self._freed and self._is_taken(self._freed[0]):  # taken again since it was left
            heapq.heappop(self._freed)
        if self._freed:
            return self._freed[0]
        while self._is_taken(self._frontier):
            self._frontier += 1
        return self._frontier

    def put(self, cell: Sequence[int], objective: float, program: Program, *, over: str | None = None) -> None:
        """Put a program into a cell: in the place of ``over``, else into a free one.

        Raises:
            KeyError: ``over`` is not in that cell.
            ValueError: The cell has no free place.
        """
        place = self._free_place(cell) if over is None else self._place_within(cell, over)
        row = self._kernel.row_of(place)
        values = self._row(program)
        displaced = self._kernel.put_one(place, objective, self._next_key, values)
        if over is not None:
            del self._programs[displaced]
            del self._place_of[over]
        self._programs[self._next_key] = program
        self._place_of[program.id] = place
        self._next_key += 1
        if row < 0:
            self._row_came(objective, program)
        else:
            self._row_changed(row, objective, program)

    def revise(self, program: Program, objective: float) -> None:
        """Bring an elite's columns and objective in step with its metrics, which have changed. It keeps its place.

        Raises:
            KeyError: No cell holds that program.
        """
        place = self._place_of[program.id]
        times = int(self._selections[self._kernel.row_of(place)])
        self.put(self._unflatten(place // self.depth), objective, program, over=program.id)
        self.note_selected(program.id, times)

    def remove(self, program_id: str) -> Cell:
        """Take a program out of its cell.

        Returns:
            That cell.

        Raises:
            KeyError: No cell holds that program.
        """
        place = self._place_of.pop(program_id)
        row = self._kernel.row_of(place)
        del self._programs[self._kernel.remove(place)]
        cell = place // self.depth
        last = len(self)
        self._selections[row] = self._selections[last]
        for ranking in self._rankings.values():
            ranking.remove(row)
        if self._ages is not None:
            self._ages.remove(row)
        for index in self._neighbors.values():
            index.remove(row)
        if not self._is_taken(cell):
            self.occupied -= 1
            if self._freed is not None and cell < self._frontier:
                heapq.heappush(self._freed, cell)
        return self._unflatten(cell)

    def note_selected(self, program_id: str, times: int = 1) -> None:
        """Count an elite as chosen as a parent; nothing where it is not here."""
        place = self._place_of.get(program_id)
        if place is not None:
            self._selections[self._kernel.row_of(place)] += times

    def rebinned(self, shape: Sequence[int], cells: Sequence[Cell]) -> ProgramArchive:
        """The same elites in the same rows, in other cells.

        Args:
            shape: Number of cells along each axis.
            cells: The new cell of each row; no more rows to a cell than ``depth``.
        """
        moved = ProgramArchive(shape, self.columns, depth=self.depth, scales=self._scales)
        objectives = self.objectives.tolist()
        selections = self.selections.tolist()
        for cell, objective, program in zip(cells, objectives, self.programs(), strict=True):
            moved.put(cell, objective, program)
        for program, times in zip(self.programs(), selections, strict=True):
            moved.note_selected(program.id, times)
        return moved

    def _row_came(self, objective: float, program: Program) -> None:
        row = len(self) - 1
        if row == len(self._selections):
            self._selections = np.concatenate([self._selections, np.zeros_like(self._selections)])
        self._selections[row] = 0
        cell = self._place_of[program.id] // self.depth
        self.occupied += sum(self._kernel.row_of(place) >= 0 for place in self._run(cell)) == 1
        for key, ranking in self._rankings.items():
            ranking.append(objective if key is None else program.metrics[key])
        if self._ages is not None:
            self._ages.append(birth_order(program))
        for (keys, _), index in self._neighbors.items():
            index.append(self.point(program.metrics, keys)[0])

    def _row_changed(self, row: int, objective: float, program: Program) -> None:
        self._selections[row] = 0
        for key, ranking in self._rankings.items():
            ranking.replace(row, objective if key is None else program.metrics[key])
        if self._ages is not None:
            self._ages.replace(row, birth_order(program))
        for (keys, _), index in self._neighbors.items():
            index.replace(row, self.point(program.metrics, keys)[0])

    def _row(self, program: Program) -> FloatArray | None:
        if not self.columns:
            return None
        metrics = program.metrics
        return np.array([metrics[key] for key in self.columns], dtype=np.float64)

    def _units(self, keys: Sequence[str]) -> FloatArray:
        scales = self._scales()
        return np.array([scales.get(key, 1.0) for key in keys], dtype=np.float64)

    def _run(self, flat_cell: int) -> range:
        return range(flat_cell * self.depth, (flat_cell + 1) * self.depth)

    def _places(self, cell: Sequence[int]) -> range:
        return self._run(self._flatten(cell))

    def _is_taken(self, flat_cell: int) -> bool:
        run = self._run(flat_cell)
        return run.stop <= self._kernel.total_cells and any(self._kernel.row_of(place) >= 0 for place in run)

    def _free_place(self, cell: Sequence[int]) -> int:
        for place in self._places(cell):
            if self._kernel.row_of(place) < 0:
                return place
        raise ValueError(f"cell {tuple(cell)} has no free place")

    def _place_within(self, cell: Sequence[int], program_id: str) -> int:
        place = self._place_of[program_id]
        if place not in self._places(cell):
            raise KeyError(program_id)
        return place

    def _flatten(self, cell: Sequence[int]) -> int:
        flat = 0
        for index, bins in zip(cell, self.shape, strict=True):
            flat = flat * bins + index
        return flat

    def _unflatten(self, flat: int) -> Cell:
        cell = []
        for bins in reversed(self.shape):
            flat, index = divmod(flat, bins)
            cell.append(index)
        return tuple(reversed(cell))
