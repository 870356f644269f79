"""The open bin that has most room."""

import numpy as np
from lib.packing import pack


# EVOLVE-BLOCK-START which of the bins that an item fits into shall have it
def priority(item, rooms):
    left = rooms - item
    return np.where(rooms < 150.0, 1.0 + 0.01 * left, 0.0)


# EVOLVE-BLOCK-END


def entrypoint(context):
    return [pack(sizes, context["capacity"], priority) for sizes in context["lists"]]
