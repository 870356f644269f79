"""A centre and two rings of points."""

import math


def entrypoint():
    points = [[0.0, 0.0]]
    for count, radius, start in [(5, 1.0, 0.0), (10, 2.6, 0.2)]:
        for k in range(count):
            angle = start + 2.0 * math.pi * k / count
            points.append([radius * math.cos(angle), radius * math.sin(angle)])
    return points
