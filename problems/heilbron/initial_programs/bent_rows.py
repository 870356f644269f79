"""Rows of points, each bent so that no three of its points are on a line."""


def entrypoint():
    points = []
    bend = 0.02
    lean = 0.01
    y = 0.1
    for row, count in enumerate([4, 3, 2, 2]):
        half_width = (0.62 + 0.01 * row) * (1.0 - y / 1.3)
        for k in range(count):
            t = 2.0 * k / (count - 1) - 1.0
            x = 0.76 + half_width * t
            points.append([x, y + bend * t * t + lean * t])
        y += 0.25
    return points
