"""Walk downhill on a round bowl, in the belief that the landscape looks like one."""


def entrypoint():
    centre_x, centre_y = -1.5, 2.0
    steepness_x, steepness_y = 1.0, 2.5
    x, y = 4.0, 4.0
    step = 0.05
    for _ in range(40):
        x = x - step * steepness_x * (x - centre_x)
        y = y - step * steepness_y * (y - centre_y)
    return [x, y]
