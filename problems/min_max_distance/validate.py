"""Scores 16 points in the plane by the squared ratio of their largest to their smallest distance."""

import numpy as np

POINTS = 16
LARGEST = 1e6
COINCIDENT = 1e-6  # smallest distance over largest
ROUNDING = 1e-12  # more than all roundings of a ratio of squares together

FIRST, SECOND = np.triu_indices(POINTS, k=1)


def validate(output):
    """Metrics of the returned points."""
    points = checked_points(output)
    differences = points[FIRST] - points[SECOND]
    largest_difference = np.abs(differences).max()
    if largest_difference == 0.0:
        raise ValueError("all points coincide")
    # Scaled first, so that squares neither vanish nor overflow.
    squares = ((differences / largest_difference) ** 2).sum(axis=1)
    smallest, largest = float(squares.min()), float(squares.max())
    if smallest < COINCIDENT**2 * (1.0 + ROUNDING) * largest:  # in case of doubt against the points
        pair = int(squares.argmin())
        raise ValueError(f"points {FIRST[pair]} and {SECOND[pair]} coincide")
    return {"fitness": largest / smallest, "is_valid": 1.0, "hull_share": hull_corners(points) / POINTS}


def hull_corners(points):
    """Number of corners of the convex hull: Andrew's monotone chain (1979)."""
    ordered = sorted(map(tuple, points.tolist()))
    return sum(len(half_hull(side)) - 1 for side in (ordered, ordered[::-1]))


def half_hull(ordered):
    """One side of the hull of points in order, from the first to the last."""
    chain = []
    for x, y in ordered:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            chain.pop()
        chain.append((x, y))
    return chain


def checked_points(output):
    """``output`` as an array of shape (16, 2).

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
