"""Little room is good, but not every little room."""

import numpy as np
from lib.packing import pack


# EVOLVE-BLOCK-START which of the bins that an item fits into shall have it
def priority(item, rooms):
    left = (rooms - item) / 150.0
    wanted = 1.0 - 0.5 * left
    wanted += np.where(left < 0.3, 0.2, 0.1)
    wanted -= np.where((left > 0.1) & (left < 0.45), 0.1, 0.05)
    return wanted + 0.1 * np.exp(-2.0 * np.abs(left - 0.4))


# EVOLVE-BLOCK-END


def entrypoint(context):
    return [pack(sizes, context["capacity"], priority) for sizes in context["lists"]]
