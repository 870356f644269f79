"""Checks the points anew in exact arithmetic, by the statement of the task alone.

The ideal triangle has irrational corners, which no program can return: the statement is about the triangle whose
corners are the doubles of ``helper``. Its area differs from 1 by less than 1e-15. Every double is a fraction, so
nothing here is rounded, but for the numbers that are reported.
"""

from fractions import Fraction
from itertools import combinations

import numpy as np
from helper import get_unit_triangle
from validate import validate

POINTS = 11
SCORE_TOLERANCE = Fraction(1, 10**12)  # of the smallest area, which the validator computes in doubles

CORNERS = [tuple(map(Fraction, corner)) for corner in get_unit_triangle().tolist()]


def verify(output):
    """The exact area of the smallest triangle, and that of the triangle that all lie in.

    Raises:
        ValueError: A point lies outside, or the validator's score is not this area.
    """
    score = validate(output)["fitness"]
    points = exact_rows(output)
    for number, point in enumerate(points):
        for start, end in zip(CORNERS, CORNERS[1:] + CORNERS[:1], strict=True):
            if cross(start, end, point) < 0:
                raise ValueError(f"point {number} lies outside the triangle")
    smallest = min(abs(cross(a, b, c)) for a, b, c in combinations(points, 3)) / 2
    if abs(Fraction(score) - smallest) > SCORE_TOLERANCE:
        raise ValueError(f"the validator gives {score!r} for a smallest area of {float(smallest)!r}")
    return {"fitness": float(smallest), "area": float(cross(*CORNERS) / 2)}


def cross(a, b, c):
    """Twice the signed area of the triangle a, b, c; positive where they go round anticlockwise."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def exact_rows(output):
    """The points as rows of two fractions.

    Raises:
        ValueError: They are not 11 rows of two finite numbers.
    """
    numbers = np.asarray(output, dtype=float)
    if numbers.shape != (POINTS, 2) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {POINTS} points of two finite numbers")
    return [[Fraction(number) for number in row] for row in numbers.tolist()]
