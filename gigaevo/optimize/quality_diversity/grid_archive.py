"""An archive whose cells are those of a grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gigaevo.kernels import Binning, bin_cell, bin_grid
from gigaevo.optimize.arguments import brief, check_whole
from gigaevo.optimize.quality_diversity.vector_archive import VectorArchive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Scale: TypeAlias = "str | Binning"

SCALES = {kind.name.lower(): kind for kind in Binning}


class GridArchive(VectorArchive):
    """MAP-Elites on a grid.

    A cell holds its lower edge and not its upper one; the last cell of an axis holds both. A behaviour outside of the
    ranges belongs to the nearest cell on the border. After J.-B. Mouret and J. Clune, "Illuminating search spaces by
    mapping elites" (arXiv:1504.04909).

    Args:
        dims: Cells along each axis, each at least 1; 1 to 8 axes, at most 2^62 cells in all.
        ranges: (lowest, highest) along each axis, finite.
        binning: "linear", "logarithmic" (equal ratios; the lowest must be positive) or "square_root" (narrow cells at
            the lowest): one word for all axes, or one for each.
        elites_per_cell: Elites that a cell may hold, at least 1.
        qd_score_offset: The worst fitness there can be, in the user's direction, so that every elite counts.

    Attributes:
        dims: See above.
        ranges: See above.
        binning: One word for each axis.

    Raises:
        ValueError: An argument does not fit its description; the message names it.
    """

    def __init__(
        self,
        dims: Sequence[int],
        ranges: Sequence[tuple[float, float]],
        *,
        binning: Scale | Sequence[Scale] = "linear",
        elites_per_cell: int = 1,
        qd_score_offset: float = 0.0,
    ) -> None:
        if not isinstance(dims, (Sequence, np.ndarray)):
            raise ValueError(f"dims is {dims!r}, expected a number of cells for each axis")
        for axis, cells in enumerate(dims):
            check_whole(f"dims[{axis}]", cells)
        self.dims = tuple(int(cells) for cells in dims)
        self.ranges = checked_ranges(ranges, len(self.dims))
        if not isinstance(binning, (str, Binning, Sequence)):
            raise ValueError(f"binning is {brief(binning)}, expected one of {', '.join(SCALES)}, or one for each axis")
        names = [binning] * len(self.dims) if isinstance(binning, (str, Binning)) else list(binning)
        if len(names) != len(self.dims):
            raise ValueError(f"binning has {len(names)} entries, expected {len(self.dims)}, one for each axis")
        scales = [_scale(name) for name in names]
        self.binning = tuple(scale.name.lower() for scale in scales)
        bounds = np.array(self.ranges, np.float64).reshape(-1, 2)
        self._axes = (
            bounds[:, 0].copy(),
            bounds[:, 1].copy(),
            np.array(self.dims, np.int64),
            np.array(scales, np.uint8),
        )
        bin_grid(np.empty((0, len(self.dims))), *self._axes)  # raises where the axes do not make a grid
        super().__init__(
            math.prod(self.dims), len(self.dims), elites_per_cell=elites_per_cell, qd_score_offset=qd_score_offset
        )

    def index_of(self, behaviors: ArrayLike) -> NDArray[np.int64]:
        return bin_grid(behaviors, *self._axes)

    def index_of_single(self, behavior: ArrayLike) -> int:
        return bin_cell(behavior, *self._axes)

    @property
    def boundaries(self) -> list[NDArray[np.float64]]:
        """The edges of the cells along each axis, ascending, each of shape (cells + 1,)."""
        edges = []
        for cells, (lowest, highest), scale in zip(self.dims, self.ranges, self.binning, strict=True):
            steps = np.linspace(0.0, 1.0, cells + 1)
            if scale == "logarithmic":
                edges.append(lowest * (highest / lowest) ** steps)
            else:
                edges.append(lowest + (highest - lowest) * (steps**2 if scale == "square_root" else steps))
        return edges

    def heatmap(self) -> NDArray[np.float64]:
        """The best fitness of each cell, shape ``dims``; NaN where it is empty. For plots; of the size of the grid."""
        merits = np.full(self.total_cells, -np.inf)
        np.maximum.at(merits, self._kernel.cells // self.elites_per_cell, self.merits)
        return np.where(np.isneginf(merits), np.nan, self._sign * merits).reshape(self.dims)

    def _shape(self) -> str:
        return f"dims={list(self.dims)}, ranges={[tuple(pair) for pair in self.ranges]}"


def checked_ranges(ranges: Sequence[tuple[float, float]], axes: int | None = None) -> tuple[tuple[float, float], ...]:
    """Pairs of numbers, as many as ``axes`` where that is given.

    Raises:
        ValueError: There are more or fewer, or one is no pair of finite numbers in ascending order.
    """
    if not hasattr(ranges, "__iter__"):
        raise ValueError(f"ranges is {brief(ranges)}, expected (lowest, highest) for each axis")
    pairs = []
    for axis, given in enumerate(ranges):
        try:
            lowest, highest = (float(bound) for bound in given)
        except (TypeError, ValueError):
            raise ValueError(f"ranges[{axis}] is {given!r}, expected (lowest, highest)") from None
        if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
            raise ValueError(f"ranges[{axis}] is {given!r}, expected two finite numbers, the lower first")
        pairs.append((lowest, highest))
    if axes is not None and len(pairs) != axes:
        raise ValueError(f"ranges has {len(pairs)} entries, expected {axes}, one for each of dims")
    return tuple(pairs)


def _scale(name: Scale) -> Binning:
    found = name if isinstance(name, Binning) else SCALES.get(name)
    if found is None:
        raise ValueError(f"binning is {name!r}, expected one of {', '.join(SCALES)}")
    return found
