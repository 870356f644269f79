"""The enumeration with the four types that the text above it names."""

from __future__ import annotations

from enum import Enum


class BinningType(Enum):
    LINEAR = "linear"  # Equal-width bins
    LOGARITHMIC = "logarithmic"  # Log-scaled bins (for exponential distributions)
    SQUARE_ROOT = "square_root"  # Square root scaling (moderate non-linearity)
    QUANTILE = "quantile"  # Equal shares of the observed values
