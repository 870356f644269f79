"""Five rows, each with its own height, start, gap between centres, and radius."""


def entrypoint():
    circles = []
    for count, y, start, gap, radius in [
        (5, 0.10, 0.10, 0.15, 0.035),
        (5, 0.25, 0.12, 0.15, 0.038),
        (6, 0.40, 0.08, 0.13, 0.035),
        (5, 0.55, 0.12, 0.15, 0.040),
        (5, 0.70, 0.10, 0.15, 0.036),
    ]:
        for k in range(count):
            x = start + gap * k
            circles.append([x, y, radius])
    return circles
