"""Cells by the rule of the sketch, with ``discretize`` written out and the binning type taken from the space."""

from __future__ import annotations

import math

from gigaevo.evolution.strategies.map_elites import BehaviorSpace, BinningType


def discretize(value: float, bounds: tuple[float, float], resolution: int, binning_type: BinningType) -> int:
    """Index of the bin of ``value``; what lies beyond the bounds belongs to the outermost bin."""
    low, high = bounds
    value = min(max(value, low), high)
    if binning_type is BinningType.LOGARITHMIC:
        share = math.log(value / low) / math.log(high / low)
    else:
        share = (value - low) / (high - low)
        if binning_type is BinningType.SQUARE_ROOT:
            share = math.sqrt(share)
    return min(int(share * resolution), resolution - 1)


class TextbookSpace(BehaviorSpace):
    """A behaviour space whose cells are found in Python, axis by axis."""

    def get_cell(self, metrics: dict[str, float]) -> tuple[int, ...]:
        """Map program metrics to behavior space cell."""
        cell_indices = []
        for feature in self.behavior_keys:
            value = metrics[feature]
            bounds = self.feature_bounds[feature]
            resolution = self.resolution[feature]

            # Bin the value
            bin_idx = discretize(value, bounds, resolution, self.binning_types[feature])
            cell_indices.append(bin_idx)

        return tuple(cell_indices)


SETTINGS = {
    "feature_bounds": {"fitness": (0.0, 100.0), "validity": (0.0, 1.0)},
    "resolution": {"fitness": 20, "validity": 5},
}

# Example:
metrics = {"fitness": 75.3, "validity": 0.82}
cell = TextbookSpace(**SETTINGS).get_cell(metrics)  # → (15, 4)
