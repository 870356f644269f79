"""Scores a packing of 26 circles in the unit square by the sum of their radii, with zero tolerance.

The numbers are taken as the exact numbers that they are. Where rounding could decide, exact arithmetic does: so what is
valid here is valid for whoever checks it again, and circles may touch.
"""

import numpy as np

CIRCLES = 26
LARGEST = 1e6  # beyond this an overlap says nothing any more
ROUNDING = 64 * np.finfo(float).eps  # more than all roundings of an overlap together, in parts of the largest number
VANISHING = 1e-300  # below this, squares say nothing

FIRST, SECOND = np.triu_indices(CIRCLES, k=1)


def validate(output):
    """Metrics of the returned circles."""
    circles = checked_circles(output)
    radii = circles[:, 2]
    violation = float(np.maximum(excesses(circles), 0.0).sum())
    mean = float(radii.mean())
    return {
        "fitness": float(radii.sum()),
        "is_valid": float(violation == 0.0),
        "radius_spread": float(radii.std()) / mean if mean > 0.0 else 0.0,
        "constraint_violation": violation,
    }


def excesses(circles):
    """By how much each rule is broken; a rule that is kept gives a number of at most 0."""
    x, y, r = circles.T
    distance = np.hypot(x[FIRST] - x[SECOND], y[FIRST] - y[SECOND])
    overlap = r[FIRST] + r[SECOND] - distance
    # For r <= x, 1 - x >= r is exact where x >= 1/2, so no rounding hides a circle that crosses the far wall.
    excess = np.concatenate([overlap, r - x, r - y, r - (1.0 - x), r - (1.0 - y), -r])
    doubt = ROUNDING * np.abs(circles).max() + VANISHING
    if excess.max() > doubt:  # invalid, whoever touches whom
        return excess
    for pair in np.flatnonzero(np.abs(overlap) <= doubt):
        excess[pair] = exact_excess(circles[FIRST[pair]], circles[SECOND[pair]], overlap[pair])
    return excess


def exact_excess(first, second, rounded):
    """The overlap of two circles: the size of ``rounded``, with the sign that exact arithmetic finds."""
    x, y, r, u, v, s = whole_numbers(first.tolist() + second.tolist())
    if (x - u) ** 2 + (y - v) ** 2 >= (r + s) ** 2:
        return 0.0
    return max(abs(rounded), np.finfo(float).tiny)


def whole_numbers(values):
    """Doubles as whole numbers of one common unit, exactly."""
    ratios = [value.as_integer_ratio() for value in values]
    unit = max(denominator for _, denominator in ratios)  # all are powers of two
    return [numerator * (unit // denominator) for numerator, denominator in ratios]


def checked_circles(output):
    """``output`` as an array of shape (26, 3).

    Raises:
        ValueError: It is not made of numbers, of another shape, or not finite.
    """
    try:
        circles = np.asarray(output)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"expected {CIRCLES} circles [x, y, r]: {error}") from error
    if circles.dtype.kind not in "biuf" or circles.shape != (CIRCLES, 3):
        raise ValueError(f"expected numbers of shape ({CIRCLES}, 3), got {circles.dtype} of shape {circles.shape}")
    if not np.all(np.abs(circles) <= LARGEST):
        raise ValueError(f"expected finite numbers of at most {LARGEST:g}")
    return circles.astype(float)
