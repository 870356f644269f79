"""Scores a packing of 26 circles in the unit square by the sum of their radii, with zero tolerance."""

import numpy as np

CIRCLES = 26
LARGEST = 1e6  # beyond this an overlap says nothing any more

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
    dx, dy = x[FIRST] - x[SECOND], y[FIRST] - y[SECOND]
    # Of two ways to compute a distance the smaller counts, so that a packing holds for whoever checks it again.
    distance = np.minimum(np.hypot(dx, dy), np.sqrt(dx * dx + dy * dy))
    overlap = r[FIRST] + r[SECOND] - distance
    # For r <= x, 1 - x >= r is exact where x >= 1/2, so no rounding hides a circle that crosses the far wall.
    return np.concatenate([overlap, r - x, r - y, r - (1.0 - x), r - (1.0 - y), -r])


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
