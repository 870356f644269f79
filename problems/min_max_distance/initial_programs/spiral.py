"""Points on a spiral whose radius grows with the square root of the index."""

import math


def entrypoint():
    points = []
    turn = 2.2
    for k in range(16):
        radius = 0.4 + 1.1 * math.sqrt(k)
        points.append([radius * math.cos(turn * k), radius * math.sin(turn * k)])
    return points
