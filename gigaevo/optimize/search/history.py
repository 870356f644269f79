"""A line of each generation, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class History:
    """Numbers of each generation, by name; every line has the same names."""

    def __init__(self) -> None:
        self._columns: dict[str, list[float]] = {}

    def add(self, **numbers: float) -> None:
        """The next line."""
        for name, value in numbers.items():
            self._columns.setdefault(name, []).append(value)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The columns, one entry for each line."""
        return {name: np.array(column) for name, column in self._columns.items()}
