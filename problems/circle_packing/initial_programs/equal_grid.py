"""Equal circles on a narrow grid, row by row."""


def entrypoint():
    circles = []
    columns = 6
    spacing = 0.09
    radius = 0.037
    for k in range(26):
        row = k // columns
        column = k % columns
        x = 0.1 + spacing * column
        y = 0.1 + spacing * row
        circles.append([x, y, radius])
    return circles
