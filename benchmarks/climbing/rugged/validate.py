"""Scores a point of 24 coordinates on a rugged bowl.

Coordinates go in pairs, turned by 45 degrees: with (u, v) the way from the lowest point, f = sum over all u and v of
(u^2 + 0.1 (1 - cos(2 pi u / 0.3))) / 24. Every pair has dozens of local minima, and a step along one coordinate moves
both u and v.
"""

import numpy as np

SIZE = 24
LOWEST = 0.7 * np.sin(1.0 + 2.3 * np.arange(SIZE))
RIPPLE, WAVELENGTH = 0.1, 0.3


def height(point):
    """Height of the landscape, at least 0."""
    first, second = (point - LOWEST).reshape(-1, 2).T / np.sqrt(2.0)
    turned = np.concatenate([first + second, first - second])
    return np.sum(turned**2 + RIPPLE * (1.0 - np.cos(2.0 * np.pi * turned / WAVELENGTH))) / SIZE


def validate(output):
    """Metrics of a returned point."""
    point = np.asarray(output, dtype=float)
    if point.shape != (SIZE,) or not np.all(np.abs(point) < 1e100):
        raise ValueError(f"expected {SIZE} finite numbers, got shape {point.shape}")
    return {"fitness": float(1.0 / (1.0 + 10.0 * height(point))), "is_valid": 1.0}
