"""Four rows of four points, the rows wider apart than the columns."""


def entrypoint():
    points = []
    row_gap = 1.6
    shift = 0.1
    for row in range(4):
        start = shift * (row % 2)
        for column in range(4):
            point = [start + 1.0 * column, row_gap * row]
            points.append(point)
    return points
