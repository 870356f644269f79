"""Scores 11 points in the unit-area triangle by the smallest triangle they form (Heilbronn's problem).

The triangle is the one whose corners are the doubles of ``helper``, and points are taken as the exact numbers that they
are. Where rounding could decide whether a point lies inside, exact arithmetic does.
"""

from itertools import combinations

import numpy as np
from helper import get_unit_triangle

POINTS = 11
LARGEST = 1e6  # beyond this an area says nothing any more
ROUNDING = (
    64 * np.finfo(float).eps
)  # more than all roundings of a cross product together, in parts of the largest number

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
    along, across = EDGES[:, 0] * ways[:, :, 1], EDGES[:, 1] * ways[:, :, 0]
    products = along - across
    doubt = ROUNDING * (1.0 + np.abs(points).max())
    if abs(products.min()) > doubt:  # all well inside, or invalid whatever lies on an edge
        return products
    for point, edge in np.argwhere((np.abs(products) <= doubt) & ((along != 0.0) | (across != 0.0))):
        # Where both terms are 0 a factor of each is, for edges are long: such a product is exact.
        products[point, edge] = exact_product(points[point], edge, products[point, edge])
    return products


def exact_product(point, edge, rounded):
    """One cross product: the size of ``rounded``, with the sign that exact arithmetic finds."""
    ends = CORNERS[[edge, (edge + 1) % 3]].ravel()
    ax, ay, bx, by, x, y = whole_numbers(ends.tolist() + point.tolist())
    if (bx - ax) * (y - ay) >= (by - ay) * (x - ax):
        return abs(rounded)
    return -max(abs(rounded), np.finfo(float).tiny)


def whole_numbers(values):
    """Doubles as whole numbers of one common unit, exactly."""
    ratios = [value.as_integer_ratio() for value in values]
    unit = max(denominator for _, denominator in ratios)  # all are powers of two
    return [numerator * (unit // denominator) for numerator, denominator in ratios]


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
