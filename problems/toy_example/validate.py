"""Scores a point of the square [-5, 5] x [-5, 5].

With (p, q) the way from the lowest point, turned by TURN, and w = q - 0.4 p^2 the distance from the valley's
floor, the landscape is

    f = p^2 + 8 w^2 + 1.2 (1 - cos 3p) + 0.5 (1 - cos 2w).

Every term is non-negative, and all vanish only where p = w = 0: the least value is exactly 0.
"""

import math

import numpy as np

LOWEST = (1.2718281746, -2.3141592513)
TURN = 0.6370613
HALF_WIDTH = 5.0
LARGEST = 1e6  # beyond this the square of a coordinate says nothing any more


def landscape(x, y):
    """Value of the landscape at (x, y)."""
    dx, dy = x - LOWEST[0], y - LOWEST[1]
    p = math.cos(TURN) * dx + math.sin(TURN) * dy
    q = math.cos(TURN) * dy - math.sin(TURN) * dx
    w = q - 0.4 * p * p
    # 1 - cos(a) as 2 sin(a / 2)^2 keeps all digits near the lowest point.
    return p * p + 8.0 * w * w + 2.4 * math.sin(1.5 * p) ** 2 + math.sin(w) ** 2


def validate(output):
    """Metrics of a returned point."""
    try:
        point = np.asarray(output)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"expected two numbers [x, y]: {error}") from error
    if point.dtype.kind not in "biuf" or point.shape != (2,):
        raise ValueError(f"expected two numbers [x, y], got {point.dtype} of shape {point.shape}")
    if not np.all(np.abs(point) <= LARGEST):
        raise ValueError(f"expected finite numbers of at most {LARGEST:g}, got {point.tolist()}")
    x, y = map(float, point)
    violation = max(abs(x) - HALF_WIDTH, 0.0) + max(abs(y) - HALF_WIDTH, 0.0)
    return {
        "fitness": landscape(x, y),
        "is_valid": float(violation == 0.0),
        "bearing": math.atan2(y, x),
        "constraint_violation": violation,
    }
