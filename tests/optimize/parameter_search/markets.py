"""Data and pipelines whose best parameters are known, for tests of ``evolve`` and its like."""

from __future__ import annotations

from typing import Any

# Each tick of the data is a number; the "backtest" compares parameters with their mean: what was looked at shows.


class Report:
    """What the backtest below returns."""

    def __init__(self, gain: float, risk: float) -> None:
        self.gain = gain
        self.risk = risk
        self.sharpe_ratio = gain


def compare(data: Any, pipeline: Any) -> Report:
    """A gain that is largest, 0, where ``level`` is the mean of the data and ``size`` is 7; a risk that grows."""
    params = pipeline[0]
    mean = sum(data) / len(data)
    return Report(-abs(params["level"] - mean) - abs(params["size"] - 7), float(params["size"]))


def as_pipeline(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [params]


BOUNDS = [{"name": "level", "min": 0.0, "max": 10.0}, {"name": "size", "min": 1, "max": 20, "discrete": True}]
