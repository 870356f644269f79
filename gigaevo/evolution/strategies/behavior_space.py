"""Behaviour spaces: which metrics describe a program's behaviour, and how they are cut into cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import numpy as np

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.parts import check_metric
from gigaevo.kernels import Binning, bin_point

MAX_DIMENSIONS = 8
MAX_CELLS = 2**62
MAX_RESOLUTION = 2**31
DEFAULT_RESOLUTION = 10

Bounds = tuple[float, float]
_T = TypeVar("_T")


class BinningType(Enum):
    """How an axis is cut into bins. ``"linear"``, ``"LINEAR"`` and the member itself are all accepted."""

    LINEAR = "linear"  # equal widths
    LOGARITHMIC = "logarithmic"  # equal ratios, for values over several orders of magnitude
    SQUARE_ROOT = "square_root"  # finer towards the lower bound

    @classmethod
    def _missing_(cls, value: object) -> BinningType | None:
        return cls.__members__.get(value.upper()) if isinstance(value, str) else None

    @classmethod
    def of(cls, value: BinningType | str, key: str) -> BinningType:
        """The member that ``value`` means.

        Raises:
            ValueError: None is meant.
        """
        try:
            return cls(value)
        except ValueError:
            choices = ", ".join(member.name for member in cls)
            raise ValueError(f"behaviour key {key!r}: binning type {value!r} is none of {choices}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One dimension of a behaviour space.

    Attributes:
        key: The metric.
        lower: Least value; None means the metric's declared bound.
        upper: Greatest value; None means the metric's declared bound.
        resolution: Number of bins.
        binning: How they are cut.
    """

    key: str
    lower: float | None
    upper: float | None
    resolution: int
    binning: BinningType

    def __post_init__(self) -> None:
        name = f"behaviour key {self.key!r}"
        whole = isinstance(self.resolution, int) and not isinstance(self.resolution, bool)
        if not whole or not 1 <= self.resolution <= MAX_RESOLUTION:
            raise ValueError(f"{name}: resolution must be a whole number of at least 1; found {self.resolution!r}")
        for bound in (self.lower, self.upper):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"{name}: bounds must be finite; found {bound!r}")
        if self.binning is BinningType.LOGARITHMIC and self.lower is not None and self.lower <= 0:
            raise ValueError(
                f"{name}: logarithmic binning needs a lower bound above 0; found {self.lower:g} "
                "(give one, or use SQUARE_ROOT)"
            )
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError(f"{name}: the lower bound {self.lower:g} must be less than the upper {self.upper:g}")

    def bound_to(self, context: StrategyContext) -> Axis:
        """This axis with its missing bounds taken from the metric's declaration."""
        check_metric(context, self.key, "behavior_space")
        spec = context.metrics.specs[self.key]
        return Axis(
            key=self.key,
            lower=spec.lower_bound if self.lower is None else self.lower,
            upper=spec.upper_bound if self.upper is None else self.upper,
            resolution=self.resolution,
            binning=self.binning,
        )

    def require_bounds(self) -> Bounds:
        """Both bounds.

        Raises:
            ValueError: One of them is not known.
        """
        if self.lower is None or self.upper is None:
            raise ValueError(
                f"behaviour key {self.key!r} has no bounds: give them in the behaviour space, or declare lower_bound "
                "and upper_bound of that metric in metrics.yaml"
            )
        return self.lower, self.upper


class BehaviorSpace:
    """A grid over metrics.

    Either ``BehaviorSpace(feature_bounds={"fitness": (0, 100)}, resolution={"fitness": 20})`` or
    ``BehaviorSpace(keys=["fitness"], resolution=[20])``; what is said by key and what is said in order may be mixed.

    Args:
        feature_bounds: Lower and upper bound by key, or in order of ``keys``; a bound that is None or left out is the
            metric's declared one, known from ``bind`` on. Its order is the order of the axes where ``keys`` is absent.
        resolution: Bins along each axis, by key, in order, or one number for all; 10 where left out.
        binning_types: How each axis is cut, likewise; LINEAR where left out.
        keys: The metrics, in order.

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
    ) -> None:
        if isinstance(keys, str):
            raise ValueError(f"behavior_space: keys must be a list, such as [{keys}]; found {keys!r}")
        if keys is None:
            keys = list(feature_bounds) if isinstance(feature_bounds, Mapping) else []
        one_type = binning_types if isinstance(binning_types, str | BinningType) else None
        bounds = _by_key("feature_bounds", feature_bounds, keys, None)
        bins = _by_key(
            "resolution",
            [resolution] * len(keys) if isinstance(resolution, int) else resolution,
            keys,
            DEFAULT_RESOLUTION,
        )
        kinds: Mapping[str, BinningType | str] = (
            dict.fromkeys(keys, one_type)
            if one_type is not None
            else _by_key("binning_types", binning_types, keys, BinningType.LINEAR)  # type: ignore[arg-type]
        )
        self._set_axes([_axis(key, bounds[key], bins[key], kinds[key]) for key in keys])

    def _set_axes(self, axes: Sequence[Axis]) -> None:
        _check_axes(axes)
        self._axes = tuple(axes)
        self._grid: _Grid | None = None

    def bind(self, context: StrategyContext) -> None:
        """Take bounds that were left out from the metrics' declarations.

        Raises:
            ValueError: A key that nobody measures, or a bound that is declared nowhere; the message names the key.
        """
        self._set_axes([axis.bound_to(context) for axis in self._axes])
        self._grid = _Grid(self._axes)

    @property
    def behavior_keys(self) -> list[str]:
        """The metrics, in order of the axes."""
        return [axis.key for axis in self._axes]

    @property
    def feature_bounds(self) -> dict[str, tuple[float | None, float | None]]:
        """Lower and upper bound by key; None where it is to come from the metric."""
        return {axis.key: (axis.lower, axis.upper) for axis in self._axes}

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

    def get_cell(self, metrics: Mapping[str, float]) -> tuple[int, ...]:
        """The cell of a program with these metrics: index of the bin along each axis.

        A value beyond its bounds belongs to the outermost bin.

        Raises:
            KeyError: A key is missing from ``metrics``; all that are missing are named.
            ValueError: A value is not a finite number, or a bound is not known yet.
        """
        try:
            point = np.array([metrics[axis.key] for axis in self._axes], dtype=np.float64)
        except KeyError:
            missing = ", ".join(key for key in self.behavior_keys if key not in metrics)
            raise KeyError(f"metrics lack the behaviour keys {missing}") from None
        if not np.isfinite(point).all():
            bad = ", ".join(key for key in self.behavior_keys if not math.isfinite(metrics[key]))
            raise ValueError(f"behaviour keys that are not finite numbers: {bad}")
        return self._bound_grid().cell(point)

    def out_of_range(self, metrics: Mapping[str, float]) -> list[str]:
        """The behaviour keys whose values lie beyond the bounds."""
        grid = self._bound_grid()
        return [
            axis.key
            for axis, lower, upper in zip(self._axes, grid.lower, grid.upper, strict=True)
            if not lower <= metrics[axis.key] <= upper
        ]

    def _bound_grid(self) -> _Grid:
        if self._grid is None:
            self._grid = _Grid(self._axes)
        return self._grid


class _Grid:
    """The axes as the arrays that the kernel takes."""

    def __init__(self, axes: Sequence[Axis]) -> None:
        bounds = [axis.require_bounds() for axis in axes]
        self.lower = np.array([lower for lower, _ in bounds], dtype=np.float64)
        self.upper = np.array([upper for _, upper in bounds], dtype=np.float64)
        self.resolution = np.array([axis.resolution for axis in axes], dtype=np.int64)
        self.binning = np.array([Binning[axis.binning.name] for axis in axes], dtype=np.uint8)

    def cell(self, point: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[int, ...]:
        return bin_point(point, self.lower, self.upper, self.resolution, self.binning)


def _axis(key: str, bounds: Sequence[float | None] | None, resolution: int, binning: BinningType | str) -> Axis:
    pair = (None, None) if bounds is None else tuple(bounds)
    if len(pair) != 2:
        raise ValueError(f"behaviour key {key!r}: bounds must be [lower, upper]; found {list(pair)}")
    lower, upper = (None if bound is None else float(bound) for bound in pair)
    return Axis(key=key, lower=lower, upper=upper, resolution=resolution, binning=BinningType.of(binning, key))


def _by_key(
    name: str, values: Mapping[str, _T] | Sequence[_T] | None, keys: Sequence[str], default: _T
) -> dict[str, _T]:
    """Settings by key, from a mapping or from a list in order of ``keys``."""
    if values is None:
        return dict.fromkeys(keys, default)
    if isinstance(values, Mapping):
        strangers = [key for key in values if key not in keys]
        if strangers:
            raise ValueError(f"behavior_space: {name} names {', '.join(strangers)}; the keys are {', '.join(keys)}")
        return {key: values.get(key, default) for key in keys}
    if len(values) != len(keys):
        raise ValueError(f"behavior_space: {name} has {len(values)} entries for {len(keys)} keys")
    return dict(zip(keys, values, strict=True))


def _check_axes(axes: Sequence[Axis]) -> None:
    keys = [axis.key for axis in axes]
    if not 1 <= len(keys) <= MAX_DIMENSIONS:
        raise ValueError(f"behavior_space: 1 to {MAX_DIMENSIONS} keys are possible; found {len(keys)}")
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"behavior_space: {', '.join(twice)} is named more than once")
    cells = math.prod(axis.resolution for axis in axes)
    if cells > MAX_CELLS:
        raise ValueError(f"behavior_space: {cells:.3g} cells are too many; lower the resolutions")
