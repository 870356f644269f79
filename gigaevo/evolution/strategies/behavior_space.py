"""Behaviour spaces: which metrics describe a program's behaviour, and how they are cut into cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.archive import ArchiveView
from gigaevo.evolution.strategies.axes import (
    Axis,
    BinningType,
    Bounds,
    Cut,
    FloatArray,
    bin_bounds,
    build_axes,
    check_axes,
    cut_between,
)
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.learned_axes import learner_of
from gigaevo.kernels import Binning, bin_grid, bin_point

__all__ = ["BehaviorSpace", "BinningType"]

IntArray = npt.NDArray[np.int64]


class BehaviorSpace:
    """A grid over metrics.

    Either ``BehaviorSpace(feature_bounds={"fitness": (0, 100)}, resolution={"fitness": 20})`` or
    ``BehaviorSpace(keys=["fitness"], resolution=[20])``; what is said by key and what is said in order may be mixed.

    Where bins depend on what is observed (a bound that is neither given nor declared, dynamic bounds, QUANTILE), they
    move in three steps, so that a change is durable before it acts: the island tells the space of every program
    (``observe``), asks what it wants to change (``pending``), journals that, hands it back (``adopt``), and bins its
    elites anew. What is wanted is a function of what was observed alone. Until two different values of such a key were
    seen, all programs share its first bin. Each island needs a space of its own if that learns; ``copy.deepcopy`` makes
    one.

    Args:
        feature_bounds: Lower and upper bound by key, or in order of ``keys``; a bound that is None or left out is the
            metric's declared one, known from ``bind`` on, else follows what is observed. Its order is the order of the
            axes where ``keys`` is absent.
        resolution: Bins along each axis, by key, in order, or one number for all; 10 where left out.
        binning_types: How each axis is cut, likewise; LINEAR where left out.
        keys: The metrics, in order.
        dynamic_bounds: Whether bounds widen to what is observed, likewise; given and declared bounds are then where
            they begin. False where left out: values beyond given bounds belong to the outermost bins.

    Raises:
        ValueError: No key or more than 8, bounds that are not increasing, a resolution below 1, a logarithmic axis
            that begins at 0 or below, or entries for keys that are not there.
    """

    def __init__(
        self,
        *,
        feature_bounds: Mapping[str, Sequence[float | None] | None]
        | Sequence[Sequence[float | None] | None]
        | None = None,
        resolution: Mapping[str, int] | Sequence[int] | int | None = None,
        binning_types: Mapping[str, BinningType | str] | Sequence[BinningType | str] | BinningType | str | None = None,
        keys: Sequence[str] | None = None,
        dynamic_bounds: Mapping[str, bool] | Sequence[bool] | bool = False,
    ) -> None:
        self._set_axes(
            build_axes(
                keys,
                feature_bounds=feature_bounds,
                resolution=resolution,
                binning_types=binning_types,
                dynamic_bounds=dynamic_bounds,
            )
        )

    def _set_axes(self, axes: Sequence[Axis]) -> None:
        check_axes(axes)
        self._axes = tuple(axes)
        learners = {axis.key: learner_of(axis) for axis in axes}
        self._learners = {key: learner for key, learner in learners.items() if learner is not None}
        self._cut_anew()

    def _cut_anew(self) -> None:
        """Take the present cuts from the axes."""
        self._cuts = tuple(
            self._learners[axis.key].cut if axis.key in self._learners else cut_between(axis.lower, axis.upper)
            for axis in self._axes
        )
        self._grid = _Grid(self._axes, self._cuts)

    def bind(self, context: StrategyContext) -> None:
        """Take bounds that were left out from the metrics' declarations.

        Raises:
            ValueError: A key that nobody measures, or declared bounds that do not go with a binning; the message names
                the key.
        """
        axes = tuple(axis.bound_to(context) for axis in self._axes)
        if axes != self._axes:
            self._set_axes(axes)

    @property
    def behavior_keys(self) -> list[str]:
        """The metrics, in order of the axes."""
        return [axis.key for axis in self._axes]

    @property
    def feature_bounds(self) -> dict[str, Bounds]:
        """Lower and upper bound by key, as they are now; None where there is none (yet)."""
        return {axis.key: (cut.lower, cut.upper) for axis, cut in zip(self._axes, self._cuts, strict=True)}

    @property
    def resolution(self) -> dict[str, int]:
        """Bins by key."""
        return {axis.key: axis.resolution for axis in self._axes}

    @property
    def binning_types(self) -> dict[str, BinningType]:
        """Binning by key."""
        return {axis.key: axis.binning for axis in self._axes}

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins along each axis."""
        return tuple(axis.resolution for axis in self._axes)

    @property
    def total_cells(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def learns(self) -> bool:
        """Whether its bins depend on what is observed; a space that does not learn need not be told."""
        return bool(self._learners)

    def scales(self) -> dict[str, float]:
        """Width of each axis by key, above 0, for distances in behaviour space; it changes only in ``adopt``."""
        return {axis.key: cut.width for axis, cut in zip(self._axes, self._cuts, strict=True)}

    def get_cell(self, metrics: Mapping[str, float]) -> tuple[int, ...]:
        """The cell of a program with these metrics: index of the bin along each axis.

        A value beyond its bounds belongs to the outermost bin.

        Raises:
            KeyError: A key is missing from ``metrics``; all that are missing are named.
            ValueError: A value is not a finite number.
        """
        return self._grid.cell(self._point(metrics))

    def get_cells(self, points: FloatArray) -> IntArray:
        """``get_cell`` of many programs at once.

        Args:
            points: float64 (n, d), the behaviour keys of each program in order, finite.

        Returns:
            int64 (n,), cells numbered in C order (the last axis varies fastest).

        Raises:
            ValueError: An array of another shape, or a value that is not finite.
        """
        return self._grid.cells(points)

    def cell_bounds(self, cell: Sequence[int]) -> dict[str, tuple[float, float]]:
        """Least and greatest value of a cell along each axis; infinite where its side is open.

        Args:
            cell: Index of the bin along each axis.
        """
        sides = zip(self._axes, self._cuts, cell, strict=True)
        return {axis.key: bin_bounds(axis, cut, index) for axis, cut, index in sides}

    def locate(self, metrics: Mapping[str, float], archive: ArchiveView) -> tuple[int, ...]:
        """The cell for which a program with these metrics competes in ``archive``. Raises as ``get_cell``."""
        return self.get_cell(metrics)

    def out_of_range(self, metrics: Mapping[str, float]) -> list[str]:
        """The behaviour keys whose values lie beyond the bounds."""
        return [axis.key for axis, cut in zip(self._axes, self._cuts, strict=True) if not cut.holds(metrics[axis.key])]

    def observe(self, metrics: Mapping[str, float]) -> None:
        """Take note of a program that was offered, kept or not. What is missing or not finite is passed over."""
        for key, learner in self._learners.items():
            value = metrics.get(key)
            if value is not None and math.isfinite(value):
                learner.observe(float(value))

    def pending(self) -> dict[str, Any] | None:
        """How the bins should move by what was observed: changes by key, as JSON values; None where they stay."""
        wanted = {key: learner.pending() for key, learner in self._learners.items()}
        return {key: change for key, change in wanted.items() if change is not None} or None

    def adopt(self, change: Mapping[str, Any]) -> None:
        """Move the bins as ``pending`` said.

        Raises:
            ValueError: It moves an axis whose bins are fixed.
        """
        for key, part in change.items():
            if key not in self._learners:
                raise ValueError(f"behaviour key {key!r}: the journal moves its bins, and here they are fixed")
            self._learners[key].adopt(part)
        self._cut_anew()

    def state(self) -> dict[str, Any]:
        """All that was learned, by key, as JSON values; empty where all bins are fixed."""
        return {key: learner.state() for key, learner in self._learners.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""
        for key, learner in self._learners.items():
            if key in state:
                learner.restore(state[key])
        self._cut_anew()

    def _point(self, metrics: Mapping[str, float]) -> FloatArray:
        """The behaviour of a program, shape (d,), finite."""
        try:
            point = np.array([metrics[axis.key] for axis in self._axes], dtype=np.float64)
        except KeyError:
            missing = ", ".join(key for key in self.behavior_keys if key not in metrics)
            raise KeyError(f"metrics lack the behaviour keys {missing}") from None
        if not np.isfinite(point).all():
            bad = ", ".join(key for key in self.behavior_keys if not math.isfinite(metrics[key]))
            raise ValueError(f"behaviour keys that are not finite numbers: {bad}")
        return point


class _Grid:
    """The present cuts as the arrays that the kernels take. Where there are edges, the kernels see a single bin."""

    def __init__(self, axes: Sequence[Axis], cuts: Sequence[Cut]) -> None:
        self._bins = [axis.resolution for axis in axes]
        self._edges = {place: cut.edges for place, cut in enumerate(cuts) if cut.edges is not None}
        formulas = [
            (0.0, 1.0, 1, Binning.LINEAR)
            if cut.edges is not None
            else (cut.lower, cut.upper, axis.resolution, Binning[axis.binning.name])
            for axis, cut in zip(axes, cuts, strict=True)
        ]
        lower, upper, resolution, binning = zip(*formulas, strict=True)
        self._lower = np.array(lower, dtype=np.float64)
        self._upper = np.array(upper, dtype=np.float64)
        self._resolution = np.array(resolution, dtype=np.int64)
        self._binning = np.array(binning, dtype=np.uint8)

    def cell(self, point: FloatArray) -> tuple[int, ...]:
        cell = bin_point(point, self._lower, self._upper, self._resolution, self._binning)
        if not self._edges:
            return cell
        indices = list(cell)
        for place, edges in self._edges.items():
            indices[place] = int(edges.searchsorted(point[place], side="right"))
        return tuple(indices)

    def cells(self, points: FloatArray) -> IntArray:
        cells = bin_grid(points, self._lower, self._upper, self._resolution, self._binning)
        if not self._edges:
            return cells
        indices = list(np.unravel_index(cells, tuple(self._resolution.tolist())))
        columns = np.asarray(points, dtype=np.float64)
        for place, edges in self._edges.items():
            indices[place] = edges.searchsorted(columns[:, place], side="right")
        flat = np.zeros(len(cells), dtype=np.int64)
        for index, bins in zip(indices, self._bins, strict=True):
            flat = flat * bins + index
        return flat
