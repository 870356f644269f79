"""The triangle that the points must lie in."""

import numpy as np


def get_unit_triangle():
    """Corners of the equilateral triangle of area 1, anticlockwise, shape (3, 2)."""
    side = 2.0 / 3.0**0.25
    height = 3.0**0.25
    return np.array([[0.0, 0.0], [side, 0.0], [side / 2.0, height]])
