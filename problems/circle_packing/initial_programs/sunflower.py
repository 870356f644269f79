"""Seeds of a sunflower; the outer ones are a little larger."""

import math


def entrypoint():
    circles = []
    turn = 2.39996
    reach = 0.085
    for k in range(26):
        distance = reach * math.sqrt(k + 0.5)
        angle = turn * k
        x = 0.5 + distance * math.cos(angle)
        y = 0.5 + distance * math.sin(angle)
        circles.append([x, y, 0.03 + 0.0004 * k])
    return circles
