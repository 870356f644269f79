"""Packs lists of items, one item after the other, into the bins that a priority chooses."""

import numpy as np


def pack(sizes, capacity, priority):
    """The number of the bin of each item.

    Args:
        sizes: Of the items, in the order in which they arrive.
        capacity: What a bin holds.
        priority: Given an item's size and the room in each bin that it fits into, a number for each of these.
    """
    rooms = np.full(len(sizes) + 1, float(capacity))
    used, chosen = 0, []
    for size in sizes:
        fitting = np.flatnonzero(rooms[: used + 1] >= size)
        wanted = np.broadcast_to(np.asarray(priority(size, rooms[fitting]), dtype=float), fitting.shape)
        bin_number = int(fitting[np.argmax(wanted)])
        rooms[bin_number] -= size
        used = max(used, bin_number + 1)
        chosen.append(bin_number)
    return chosen
