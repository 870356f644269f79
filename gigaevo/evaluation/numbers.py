"""The explicit numbers of a program's output: taken out as one vector, and put back into the same structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]
    Fill = Callable[[Iterator[float]], Any]


class Numbers:
    """Every float of a value of nested lists, tuples, dicts and numpy arrays.

    Structure, ints, bools, strings, sets, complex numbers and integer arrays stay as they are. Floats that are not
    finite stay too: no search can vary them. Arrays of less than 64 bits are rounded to their type when filled.

    Args:
        value: The output. Neither kept nor changed by filling: mutable parts are made afresh each time.

    Attributes:
        start: The floats in order, shape (n,).
        groups: Consecutive slices that cover ``start``: the floats of one innermost container or one row of an array.
    """

    def __init__(self, value: Any) -> None:
        self._floats: list[float] = []
        self._ends: list[int] = []
        self._fill = self._open(value)
        self._close_group()
        self.start: Vector = np.array(self._floats, dtype=np.float64)
        begins = [0, *self._ends[:-1]]
        self.groups = [slice(a, b) for a, b in zip(begins, self._ends, strict=True)] if self._ends else []

    def filled(self, vector: Vector) -> Any:
        """A value of the same structure with the floats of ``vector``, shape (n,)."""
        return self._fill(iter(vector.tolist()))

    def _close_group(self) -> None:
        if len(self._floats) > (self._ends[-1] if self._ends else 0):
            self._ends.append(len(self._floats))

    def _open(self, value: Any) -> Fill:
        if isinstance(value, np.ndarray):
            return self._open_array(value)
        if isinstance(value, float):  # numpy's float64 is one too
            return self._open_scalar(value, type(value))
        if isinstance(value, np.floating):
            return self._open_scalar(float(value), type(value))
        if isinstance(value, dict):
            fills = self._open_parts(list(value.values()))
            keys = list(value)
            return lambda floats: dict(zip(keys, [fill(floats) for fill in fills], strict=True))
        if isinstance(value, list):
            fills = self._open_parts(value)
            return lambda floats: [fill(floats) for fill in fills]
        if isinstance(value, tuple):
            fills = self._open_parts(value)
            return lambda floats: tuple([fill(floats) for fill in fills])
        return lambda _floats: value

    def _open_parts(self, parts: list[Any] | tuple[Any, ...]) -> list[Fill]:
        """The parts of one container; containers among them are groups of their own."""
        fills = []
        for part in parts:
            nested = isinstance(part, (list, tuple, dict, np.ndarray))
            if nested:
                self._close_group()
            fills.append(self._open(part))
            if nested:
                self._close_group()
        return fills

    def _open_scalar(self, number: float, kind: type) -> Fill:
        if not np.isfinite(number):
            return lambda _floats: kind(number)
        self._floats.append(number)
        if kind is float:
            return next
        return lambda floats: kind(next(floats))

    def _open_array(self, array: NDArray[Any]) -> Fill:
        kept = array.copy()
        finite = np.isfinite(kept) if kept.dtype.kind == "f" else np.zeros(kept.shape, dtype=bool)
        count = int(finite.sum())
        if count == 0:
            return lambda _floats: kept.copy()
        rows = kept.reshape(-1, kept.shape[-1]) if kept.ndim > 1 else kept.reshape(1, -1)
        for row, mask in zip(rows, finite.reshape(rows.shape), strict=True):
            self._floats.extend(row[mask].astype(np.float64).tolist())
            self._close_group()
        whole = count == kept.size

        def fill(floats: Iterator[float]) -> NDArray[Any]:
            numbers = [next(floats) for _ in range(count)]
            if whole:
                return np.array(numbers, dtype=kept.dtype).reshape(kept.shape)
            made = kept.copy()
            made[finite] = numbers
            return made

        return fill
