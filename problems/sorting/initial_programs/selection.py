"""Selection sort by swapping: right on distinct items, not stable on ties."""


def entrypoint(items, before):
    order = list(items)
    n = len(order)
    for i in range(n):
        least = i
        for j in range(n):
            if j > i and before(order[j], order[least]):
                least = j
        order[i], order[least] = order[least], order[i]
    return order
