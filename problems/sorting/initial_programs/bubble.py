"""Bubble sort: full passes over the whole list, as many as there are items."""


def entrypoint(items, before):
    order = list(items)
    for _ in range(len(order)):
        for i in range(len(order) - 1):
            if before(order[i + 1], order[i]):
                order[i], order[i + 1] = order[i + 1], order[i]
    return order
