"""The elites of one island: which program sits in which cell, and their numbers as columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gigaevo.kernels import EliteArchive
from gigaevo.programs import Program

FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]


class ArchiveView(Protocol):
    """What selectors and removers may look at. Rows are 0 to n-1, in an order that a resumed run repeats.

    Arrays are views: valid until the archive changes, and not to be written to.
    """

    def __len__(self) -> int:
        """Number of elites, n."""

    @property
    def objectives(self) -> FloatArray:
        """Score by which the archive compares, shape (n,), larger is better."""

    def metric(self, key: str) -> FloatArray:
        """A metric of every elite, shape (n,), in its own sign."""

    def programs(self, rows: RowArray | None = None) -> list[Program]:
        """The elites of ``rows``, in that order; all of them where it is None."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What became of a program that was offered.

    Attributes:
        kept: Whether it sits in its cell now.
        displaced: The elite that it drove out; None where the cell was empty or it was not kept.
    """

    kept: bool
    displaced: Program | None = None


class ProgramArchive:
    """A grid of cells, each holding at most one program. Storage and comparison are the kernel's.

    Args:
        shape: Number of bins along each axis.
        columns: Metrics kept as columns of numbers, so that looking at all elites touches no program.
    """

    def __init__(self, shape: Sequence[int], columns: Sequence[str] = ()) -> None:
        self.shape = tuple(shape)
        self.columns = tuple(dict.fromkeys(columns))
        self._column_index = {key: index for index, key in enumerate(self.columns)}
        self._kernel = EliteArchive(math.prod(self.shape), behavior_dim=len(self.columns))
        self._programs: dict[int, Program] = {}
        self._cell_of: dict[str, int] = {}
        self._next_key = 0

    def __len__(self) -> int:
        return len(self._programs)

    def __contains__(self, program_id: object) -> bool:
        return program_id in self._cell_of

    def __iter__(self) -> Iterator[tuple[tuple[int, ...], Program]]:
        """Cells and their elites, in row order."""
        for flat, key in zip(self._kernel.cells.tolist(), self._kernel.keys.tolist(), strict=True):
            yield self._unflatten(flat), self._programs[key]

    @property
    def ids(self) -> set[str]:
        """Ids of the elites."""
        return set(self._cell_of)

    @property
    def coverage(self) -> float:
        """Occupied cells as a share of all, in [0, 1]."""
        return float(self._kernel.coverage)

    @property
    def objectives(self) -> FloatArray:
        return self._kernel.objectives

    def metric(self, key: str) -> FloatArray:
        index = self._column_index.get(key)
        if index is not None:
            return self._kernel.behaviors[:, index]
        return np.array([program.metrics[key] for program in self.programs()], dtype=np.float64)

    def programs(self, rows: RowArray | None = None) -> list[Program]:
        keys = self._kernel.keys if rows is None else self._kernel.keys[rows]
        return [self._programs[key] for key in keys.tolist()]

    def elite_at(self, cell: Sequence[int]) -> Program | None:
        """The elite of a cell; None where it is empty."""
        flat = self._flatten(cell)
        if self._kernel.row_of(flat) < 0:
            return None
        return self._programs[self._kernel.key_at(flat)]

    def cell_of(self, program_id: str) -> tuple[int, ...]:
        """The cell in which an elite sits.

        Raises:
            KeyError: No cell holds that program.
        """
        return self._unflatten(self._cell_of[program_id])

    def add(self, cell: Sequence[int], objective: float, program: Program) -> Placement:
        """Put a program into its cell if that is empty or its elite has a smaller objective."""
        flat = self._flatten(cell)
        status, displaced = self._kernel.add_one(flat, objective, self._next_key, self._row(program))
        if status == 0:
            return Placement(kept=False)
        return self._settle(flat, program, displaced)

    def put(self, cell: Sequence[int], objective: float, program: Program) -> Placement:
        """Put a program into its cell, whoever sits there."""
        flat = self._flatten(cell)
        displaced = self._kernel.put_one(flat, objective, self._next_key, self._row(program))
        return self._settle(flat, program, displaced)

    def remove(self, program_id: str) -> tuple[int, ...]:
        """Empty the cell in which a program sits.

        Returns:
            That cell.

        Raises:
            KeyError: No cell holds that program.
        """
        flat = self._cell_of.pop(program_id)
        del self._programs[self._kernel.remove(flat)]
        return self._unflatten(flat)

    def _settle(self, flat: int, program: Program, displaced_key: int) -> Placement:
        displaced = self._programs.pop(displaced_key, None)
        if displaced is not None:
            del self._cell_of[displaced.id]
        self._programs[self._next_key] = program
        self._cell_of[program.id] = flat
        self._next_key += 1
        return Placement(kept=True, displaced=displaced)

    def _row(self, program: Program) -> FloatArray | None:
        if not self.columns:
            return None
        metrics = program.metrics
        return np.array([metrics[key] for key in self.columns], dtype=np.float64)

    def _flatten(self, cell: Sequence[int]) -> int:
        flat = 0
        for index, bins in zip(cell, self.shape, strict=True):
            flat = flat * bins + index
        return flat

    def _unflatten(self, flat: int) -> tuple[int, ...]:
        cell = []
        for bins in reversed(self.shape):
            flat, index = divmod(flat, bins)
            cell.append(index)
        return tuple(reversed(cell))
