"""Insertion sort: each item walks back to its place one step at a time."""


def entrypoint(items, before):
    order = []
    for item in items:
        place = len(order)
        while place > 0 and before(item, order[place - 1]):
            place -= 1
        order.insert(place, item)
    return order
