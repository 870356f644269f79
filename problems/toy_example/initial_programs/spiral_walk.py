"""Follow a spiral inwards and stop after a fixed number of steps."""

import math


def entrypoint():
    x, y = -3.0, -3.0
    heading = 0.4
    stride = 0.9
    for _ in range(12):
        x += stride * math.cos(heading)
        y += stride * math.sin(heading)
        heading += 0.55
        stride *= 0.93
    return [x, y]
