"""Scores 11 points in the unit-area triangle by the smallest triangle they form (Heilbronn's problem)."""

from itertools import combinations

import numpy as np
from helper import get_unit_triangle

POINTS = 11
LARGEST = 1e6  # beyond this an area says nothing any more

FIRST, SECOND, THIRD = np.array(list(combinations(range(POINTS), 3))).T
CORNERS = get_unit_triangle()
EDGES = np.roll(CORNERS, -1, axis=0) - CORNERS


def validate(output):
    """Metrics of the returned points."""
    points = checked_points(output)
    x, y = points[:, 0], points[:, 1]
    x1, y1 = x[FIRST], y[FIRST]
    areas = 0.5 * np.abs((x[SECOND] - x1) * (y[THIRD] - y1) - (x[THIRD] - x1) * (y[SECOND] - y1))
    violation = float(np.maximum(-edge_products(points), 0.0).sum()) / 2.0
    return {
        "fitness": float(areas.min()),
        "is_valid": float(violation == 0.0),
        "spread": float(np.hypot(x - x.mean(), y - y.mean()).mean()),
        "constraint_violation": violation,
    }


def edge_products(points):
    """Cross product of every edge with the way from its start to every point, shape (11, 3).

    The triangle's area is 1, so half a product is a barycentric coordinate; a negative one means outside.
    """
    ways = points[:, None, :] - CORNERS
    return EDGES[:, 0] * ways[:, :, 1] - EDGES[:, 1] * ways[:, :, 0]


def checked_points(output):
    """``output`` as an array of shape (11, 2).

    Raises:
        ValueError: It is not made of numbers, of another shape, or not finite.
    """
    try:
        points = np.asarray(output)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"expected {POINTS} points [x, y]: {error}") from error
    if points.dtype.kind not in "biuf" or points.shape != (POINTS, 2):
        raise ValueError(f"expected numbers of shape ({POINTS}, 2), got {points.dtype} of shape {points.shape}")
    if not np.all(np.abs(points) <= LARGEST):
        raise ValueError(f"expected finite coordinates of at most {LARGEST:g}")
    return points.astype(float)
