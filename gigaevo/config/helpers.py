"""Functions that configurations call by ``_target_``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace

if TYPE_CHECKING:
    from collections.abc import Sequence


def build_behavior_space(
    keys: Sequence[str],
    bounds: Sequence[Sequence[float | None] | None] | None = None,
    resolutions: Sequence[int] | int | None = None,
    binning_types: Sequence[str] | str | None = None,
) -> BehaviorSpace:
    """A behaviour space from lists in the same order.

    Args:
        keys: Metrics, one for each axis.
        bounds: ``[lower, upper]`` of each; null means the metric's declared bounds.
        resolutions: Bins along each axis; 10 where left out.
        binning_types: LINEAR, LOGARITHMIC or SQUARE_ROOT for each; LINEAR where left out.

    Raises:
        ValueError: Lists of different lengths, or values that make no grid; the message names the key.
    """
    return BehaviorSpace(keys=keys, feature_bounds=bounds, resolution=resolutions, binning_types=binning_types)
