"""Checks a packing anew in exact arithmetic, by the statement of the task alone.

Every double is a fraction, and comparing squares avoids the one square root: so nothing here is rounded, but for the
sum that is reported.
"""

from fractions import Fraction
from itertools import combinations

import numpy as np
from validate import validate

CIRCLES = 26
SCORE_TOLERANCE = Fraction(1, 10**12)  # of the sum of radii, which the validator adds up in doubles


def verify(output):
    """The exact sum of the radii.

    Raises:
        ValueError: A rule is broken, or the validator's score is not this sum.
    """
    score = validate(output)["fitness"]
    circles = exact_rows(output)
    for number, (x, y, r) in enumerate(circles):
        if r < 0:
            raise ValueError(f"circle {number} has the negative radius {float(r):g}")
        if not (r <= x <= 1 - r and r <= y <= 1 - r):
            raise ValueError(f"circle {number} leaves the square")
    for (i, (x, y, r)), (j, (u, v, s)) in combinations(enumerate(circles), 2):
        if (x - u) ** 2 + (y - v) ** 2 < (r + s) ** 2:
            raise ValueError(f"circles {i} and {j} overlap")
    total = sum(r for _, _, r in circles)
    if abs(Fraction(score) - total) > SCORE_TOLERANCE:
        raise ValueError(f"the validator gives {score!r} for a sum of radii of {float(total)!r}")
    return {"fitness": float(total)}


def exact_rows(output):
    """The circles as rows of three fractions.

    Raises:
        ValueError: They are not 26 rows of three finite numbers.
    """
    numbers = np.asarray(output, dtype=float)
    if numbers.shape != (CIRCLES, 3) or not np.isfinite(numbers).all():
        raise ValueError(f"expected {CIRCLES} circles of three finite numbers")
    return [[Fraction(number) for number in row] for row in numbers.tolist()]
