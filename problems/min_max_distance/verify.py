"""Checks the points anew in exact arithmetic, by the statement of the task alone.

Every double is a fraction, and the score is a ratio of squared distances: so nothing here is rounded, but for the ratio
that is reported.
"""

from fractions import Fraction
from itertools import combinations

import numpy as np
from validate import validate

POINTS = 16
COINCIDENT = Fraction(1, 10**6)  # smallest distance over largest
SCORE_TOLERANCE = Fraction(1, 10**12)  # of the ratio, in parts of it, which the validator computes in doubles


def verify(output):
    """The exact ratio of the largest to the smallest squared distance.

    Raises:
        ValueError: Points coincide, or the validator's score is not this ratio.
    """
    score = validate(output)["fitness"]
    points = exact_rows(output)
    squares = {(i, j): (x - u) ** 2 + (y - v) ** 2 for (i, (x, y)), (j, (u, v)) in combinations(enumerate(points), 2)}
    nearest, farthest = min(squares, key=squares.__getitem__), max(squares, key=squares.__getitem__)
    if squares[nearest] == 0 or squares[nearest] < COINCIDENT**2 * squares[farthest]:
        raise ValueError("points {} and {} coincide".format(*nearest))
    ratio = squares[farthest] / squares[nearest]
    if abs(Fraction(score) - ratio) > SCORE_TOLERANCE * ratio:
        raise ValueError(f"the validator gives {score!r} for a ratio of {float(ratio)!r}")
    return {"fitness": float(ratio)}


def exact_rows(output):
    """The points as rows of two fractions.

    Raises:
        ValueError: They are not 16 rows of two finite numbers.
    """
    numbers = np.asarray(output, dtype=float)
    if numbers.shape != (POINTS, 2) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {POINTS} points of two finite numbers")
    return [[Fraction(number) for number in row] for row in numbers.tolist()]
