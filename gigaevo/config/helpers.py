"""Functions that configurations call by ``_target_``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def build_behavior_space(
    keys: Sequence[str],
    bounds: Sequence[Sequence[float | None] | None] | None = None,
    resolutions: Sequence[int] | int | None = None,
    binning_types: Sequence[str] | str | None = None,
    dynamic_bounds: Mapping[str, bool] | Sequence[bool] | bool = False,
) -> BehaviorSpace:
    """A behaviour space from lists in the same order.

    Args:
        keys: Metrics, one for each axis.
        bounds: ``[lower, upper]`` of each; null means the metric's declared bounds, else the observed range.
        resolutions: Bins along each axis; 10 where left out.
        binning_types: LINEAR, LOGARITHMIC, SQUARE_ROOT or QUANTILE for each; LINEAR where left out.
        dynamic_bounds: Whether bounds widen to what is observed, for each or for all.

    Raises:
        ValueError: Lists of different lengths, or values that make no grid; the message names the key.
    """
    return BehaviorSpace(
        keys=keys,
        feature_bounds=bounds,
        resolution=resolutions,
        binning_types=binning_types,
        dynamic_bounds=dynamic_bounds,
    )
