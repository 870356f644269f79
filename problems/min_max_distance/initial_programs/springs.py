"""Scatter points, then push close pairs apart and pull all of them to the centre."""


def entrypoint():
    state = 42
    points = []
    for _ in range(16):
        state = (state * 16807) % 2147483647
        x = state / 2147483647
        state = (state * 16807) % 2147483647
        points.append([4.0 * x, 4.0 * state / 2147483647])
    push = 0.04
    pull = 0.01
    for _ in range(6):
        for i in range(16):
            move_x = pull * (2.0 - points[i][0])
            move_y = pull * (2.0 - points[i][1])
            for j in range(16):
                dx = points[i][0] - points[j][0]
                dy = points[i][1] - points[j][1]
                distance = dx * dx + dy * dy + 0.05
                if distance < 1.0:
                    move_x += push * dx / distance
                    move_y += push * dy / distance
            points[i] = [points[i][0] + move_x, points[i][1] + move_y]
    return points
