"""Start from a slightly uneven fan and let the points push each other apart inside the triangle."""


def entrypoint():
    points = [[0.35 + 0.08 * k, 0.15 + 0.02 * k + 0.03 * (k * k % 5)] for k in range(11)]
    push = 0.0005
    for _ in range(8):
        for i in range(11):
            move_x, move_y = 0.0, 0.0
            for j in range(11):
                dx = points[i][0] - points[j][0]
                dy = points[i][1] - points[j][1]
                distance = dx * dx + dy * dy + 0.01
                move_x += push * dx / distance
                move_y += push * dy / distance
            x = points[i][0] + move_x
            y = min(max(points[i][1] + move_y, 0.02), 1.2)
            margin = y / 1.7320508 + 0.02
            points[i] = [min(max(x, margin), 1.5196 - margin), y]
    return points
