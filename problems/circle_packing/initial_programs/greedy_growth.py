"""Visit places in a fixed zigzag and let a circle grow at each until it is near a wall or another circle."""


def entrypoint():
    circles = []
    cap = 0.045
    fill = 0.45
    x, y = 0.13, 0.37
    for _ in range(26):
        best = [0.0, 0.0, 0.0]
        for _ in range(3):
            x = (x + 0.381966) % 1.0
            y = (y + 0.2763932) % 1.0
            room = min(x, y, 1.0 - x, 1.0 - y)
            for cx, cy, cr in circles:
                room = min(room, ((x - cx) ** 2 + (y - cy) ** 2) ** 0.5 - cr)
            radius = min(cap, fill * room)
            if radius > best[2]:
                best = [x, y, radius]
        circles.append(best)
    return circles
