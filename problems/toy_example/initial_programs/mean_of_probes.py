"""Scatter probes with a small congruential generator and return their weighted mean."""


def entrypoint():
    state = 17
    weight_sum = 0.0
    x_sum = 0.0
    y_sum = 0.0
    for probe in range(25):
        state = (state * 1103 + 377) % 8192
        x = 10.0 * state / 8192 - 5.0
        state = (state * 1103 + 377) % 8192
        y = 10.0 * state / 8192 - 5.0
        weight = 1.0 / (1.0 + abs(x - 0.3) + abs(y + 0.2) + 0.1 * probe)
        x_sum += weight * x
        y_sum += weight * y
        weight_sum += weight
    return [x_sum / weight_sum, y_sum / weight_sum]
