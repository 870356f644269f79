"""Insertion sort that walks back to each item's place in strides that do not grow."""


def entrypoint(items, before):
    order = []
    for item in items:
        place = len(order)
        for stride in [2, 1, 1]:
            while place >= stride and before(item, order[place - stride]):
                place -= stride
        order.insert(place, item)
    return order
