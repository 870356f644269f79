"""Points on a spiral around the centre of the triangle."""

import math

from helper import get_unit_triangle


def entrypoint():
    a, b, c = get_unit_triangle()
    centre_x = (a[0] + b[0] + c[0]) / 3.0
    centre_y = (a[1] + b[1] + c[1]) / 3.0
    points = []
    radius = 0.42
    angle = 0.3
    for _ in range(11):
        points.append([centre_x + radius * math.cos(angle), centre_y + radius * math.sin(angle)])
        radius *= 0.82
        angle += 0.9
    return points
