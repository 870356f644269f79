"""Comb sort: swaps over a gap that shrinks; not stable, and it stops after a fixed number of passes."""


def entrypoint(items, before):
    order = list(items)
    gap = len(order)
    shrink = 1.25
    for _ in range(24):
        gap = max(1, int(gap / shrink))
        for i in range(len(order) - gap):
            if before(order[i + gap], order[i]):
                order[i], order[i + gap] = order[i + gap], order[i]
    return order
