"""Scores a point of 24 coordinates on a smooth bowl.

With d the way from the lowest point, f = sum of w d^2 / 24, where the weights w go from 1 down to 0.1: a bowl that is
ten times steeper in one direction than in another.
"""

import numpy as np

SIZE = 24
LOWEST = 0.7 * np.sin(1.0 + 2.3 * np.arange(SIZE))
WEIGHTS = 10.0 ** -(np.arange(SIZE) / (SIZE - 1))


def height(point):
    """Height of the landscape, at least 0."""
    return WEIGHTS @ (point - LOWEST) ** 2 / SIZE


def validate(output):
    """Metrics of a returned point."""
    point = np.asarray(output, dtype=float)
    if point.shape != (SIZE,) or not np.all(np.abs(point) < 1e100):
        raise ValueError(f"expected {SIZE} finite numbers, got shape {point.shape}")
    return {"fitness": float(1.0 / (1.0 + 10.0 * height(point))), "is_valid": 1.0}
