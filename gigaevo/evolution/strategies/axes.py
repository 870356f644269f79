"""The axes of a behaviour space: which metric each one is, how it is to be cut, and how it is cut at present."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.parts import check_metric

MAX_DIMENSIONS = 8
MAX_CELLS = 2**62
MAX_RESOLUTION = 2**31
DEFAULT_RESOLUTION = 10

Bounds = tuple[float | None, float | None]
FloatArray = npt.NDArray[np.float64]


class BinningType(Enum):
    """How an axis is cut into bins. ``"linear"``, ``"LINEAR"`` and the member itself are all accepted."""

    LINEAR = "linear"  # equal widths
    LOGARITHMIC = "logarithmic"  # equal ratios, for values over several orders of magnitude
    SQUARE_ROOT = "square_root"  # finer towards the lower bound
    QUANTILE = "quantile"  # equally many of the values observed; follows them as they drift

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
    """One dimension of a behaviour space, as it was asked for.

    Attributes:
        key: The metric.
        lower: Least value; None means the metric's declared bound, else the least value observed.
        upper: Greatest value; None means the metric's declared bound, else the greatest value observed.
        resolution: Number of bins.
        binning: How they are cut.
        dynamic: Whether bounds widen to what is observed, given and declared ones too.
    """

    key: str
    lower: float | None = None
    upper: float | None = None
    resolution: int = DEFAULT_RESOLUTION
    binning: BinningType = BinningType.LINEAR
    dynamic: bool = False

    def __post_init__(self) -> None:
        name = f"behaviour key {self.key!r}"
        whole = isinstance(self.resolution, int) and not isinstance(self.resolution, bool)
        if not whole or not 1 <= self.resolution <= MAX_RESOLUTION:
            raise ValueError(f"{name}: resolution must be a whole number of at least 1; found {self.resolution!r}")
        if not isinstance(self.dynamic, bool):
            raise ValueError(f"{name}: dynamic_bounds must be true or false; found {self.dynamic!r}")
        for bound in (self.lower, self.upper):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"{name}: bounds must be finite; found {bound!r}")
            if bound is not None and bound <= 0 and self.binning is BinningType.LOGARITHMIC:
                raise ValueError(
                    f"{name}: logarithmic binning needs bounds above 0; found {bound:g} (give one, or use SQUARE_ROOT)"
                )
        if self.lower is not None and self.upper is not None:
            if self.lower >= self.upper:
                raise ValueError(f"{name}: the lower bound {self.lower:g} must be less than the upper {self.upper:g}")
            width = self.upper - self.lower
            if not (math.isfinite(width) and math.isfinite(self.resolution / width)):
                raise ValueError(f"{name}: {self.lower:g} to {self.upper:g} is too narrow or too wide to cut into bins")

    @property
    def learns(self) -> bool:
        """Whether its bins depend on what is observed."""
        return self.dynamic or self.binning is BinningType.QUANTILE or self.lower is None or self.upper is None

    def bound_to(self, context: StrategyContext) -> Axis:
        """This axis with its missing bounds taken from the metric's declaration, as far as there is one.

        Raises:
            ValueError: Nobody measures the key, or the declared bounds do not go with the binning.
        """
        check_metric(context, self.key, "behavior_space")
        spec = context.metrics.specs[self.key]
        return replace(
            self,
            lower=spec.lower_bound if self.lower is None else self.lower,
            upper=spec.upper_bound if self.upper is None else self.upper,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How an axis is cut at present.

    Attributes:
        lower: Least value that is within its bounds; None while there is no such bound.
        upper: Greatest value that is; None likewise.
        width: Extent of the axis for distances, above 0; 1 while nothing is known of it.
        edges: Least value of each bin but the first, float64 (m,), strictly increasing, where the bin of a value is
            looked up; None where it follows from the bounds. No edges: all values share the first bin.
    """

    lower: float | None
    upper: float | None
    width: float = 1.0
    edges: FloatArray | None = None

    def holds(self, value: float) -> bool:
        """Whether ``value`` is within the bounds."""
        return (self.lower is None or self.lower <= value) and (self.upper is None or value <= self.upper)


def cut_between(lower: float | None, upper: float | None) -> Cut:
    """Bins that follow from the bounds, or a single one while a bound is not known."""
    if lower is None or upper is None:
        return Cut(lower=lower, upper=upper, edges=np.empty(0))
    return Cut(lower=lower, upper=upper, width=upper - lower)


def bin_bounds(axis: Axis, cut: Cut, index: int) -> tuple[float, float]:
    """Least and greatest value of a bin; infinite where there is no bound on that side."""
    if cut.edges is not None:
        outer = [
            -math.inf if cut.lower is None else cut.lower,
            *cut.edges,
            math.inf if cut.upper is None else cut.upper,
        ]
        index = min(index, len(cut.edges))
        return float(outer[index]), float(outer[index + 1])
    assert cut.lower is not None
    assert cut.upper is not None
    lower, upper = cut.lower, cut.upper

    def value_at(share: float) -> float:
        if axis.binning is BinningType.LOGARITHMIC:
            return float(lower * (upper / lower) ** share)
        if axis.binning is BinningType.SQUARE_ROOT:
            share = share * share
        return lower + share * (upper - lower)

    return value_at(index / axis.resolution), value_at((index + 1) / axis.resolution)


def build_axes(
    keys: Sequence[str] | None, *, feature_bounds: Any, resolution: Any, binning_types: Any, dynamic_bounds: Any
) -> list[Axis]:
    """Axes from settings by key, in order of ``keys``, or one for all; ``BehaviorSpace`` describes them.

    Raises:
        ValueError: They make no space; the message names the key.
    """
    if isinstance(keys, str):
        raise ValueError(f"behavior_space: keys must be a list, such as [{keys}]; found {keys!r}")
    if keys is None:
        keys = list(feature_bounds) if isinstance(feature_bounds, Mapping) else []
    bounds = _by_key("feature_bounds", feature_bounds, keys, None)
    bins = _by_key("resolution", resolution, keys, DEFAULT_RESOLUTION)
    kinds = _by_key("binning_types", binning_types, keys, BinningType.LINEAR)
    dynamic = _by_key("dynamic_bounds", dynamic_bounds, keys, False)
    axes = []
    for key in keys:
        lower, upper = _pair(key, bounds[key])
        binning = BinningType.of(kinds[key], key)
        axis = Axis(key=key, lower=lower, upper=upper, resolution=bins[key], binning=binning, dynamic=dynamic[key])
        axes.append(axis)
    return axes


def check_axes(axes: Sequence[Axis]) -> None:
    """Raise ValueError unless the axes make a space together."""
    keys = [axis.key for axis in axes]
    if not 1 <= len(keys) <= MAX_DIMENSIONS:
        raise ValueError(f"behavior_space: 1 to {MAX_DIMENSIONS} keys are possible; found {len(keys)}")
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"behavior_space: {', '.join(twice)} is named more than once")
    cells = math.prod(axis.resolution for axis in axes)
    if cells > MAX_CELLS:
        raise ValueError(f"behavior_space: {cells:.3g} cells are too many; lower the resolutions")


def _by_key(name: str, values: Any, keys: Sequence[str], default: Any) -> dict[str, Any]:
    """Settings by key, from a mapping, from a list in order of ``keys``, or from one value for all."""
    if values is None:
        return dict.fromkeys(keys, default)
    if isinstance(values, Mapping):
        strangers = [key for key in values if key not in keys]
        if strangers:
            raise ValueError(f"behavior_space: {name} names {', '.join(strangers)}; the keys are {', '.join(keys)}")
        return {key: values.get(key, default) for key in keys}
    if isinstance(values, str) or not hasattr(values, "__len__"):
        return dict.fromkeys(keys, values)
    if len(values) != len(keys):
        raise ValueError(f"behavior_space: {name} has {len(values)} entries for {len(keys)} keys")
    return dict(zip(keys, values, strict=True))


def _pair(key: str, bounds: Any) -> Bounds:
    """Lower and upper bound, each None where it is not given."""
    if bounds is None:
        return None, None
    try:
        lower, upper = (None if bound is None else float(bound) for bound in bounds)
    except (TypeError, ValueError):
        raise ValueError(f"behaviour key {key!r}: bounds must be [lower, upper]; found {bounds!r}") from None
    return lower, upper
