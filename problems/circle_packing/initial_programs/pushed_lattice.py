"""Push the centres of a narrow lattice apart, then give all of them one radius that fits."""


def entrypoint():
    centres = [[0.3 + 0.08 * (k % 5) + 0.01 * (k // 5 % 2), 0.3 + 0.07 * (k // 5)] for k in range(26)]
    push = 0.0006
    margin = 0.042
    for _ in range(12):
        for i in range(26):
            move_x, move_y = 0.0, 0.0
            for j in range(26):
                dx = centres[i][0] - centres[j][0]
                dy = centres[i][1] - centres[j][1]
                distance = dx * dx + dy * dy + 0.01
                move_x += push * dx / distance
                move_y += push * dy / distance
            centres[i][0] = min(max(centres[i][0] + move_x, margin), 1.0 - margin)
            centres[i][1] = min(max(centres[i][1] + move_y, margin), 1.0 - margin)
    radius = 0.9 * margin
    for i in range(26):
        for j in range(i):
            dx = centres[i][0] - centres[j][0]
            dy = centres[i][1] - centres[j][1]
            radius = min(radius, 0.3 * (dx * dx + dy * dy) ** 0.5)
    return [[x, y, radius] for x, y in centres]
