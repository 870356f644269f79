"""The first bin that has room."""

import numpy as np
from lib.packing import pack


# EVOLVE-BLOCK-START which of the bins that an item fits into shall have it
def priority(item, rooms):
    return np.zeros(len(rooms))


# EVOLVE-BLOCK-END


def entrypoint(context):
    return [pack(sizes, context["capacity"], priority) for sizes in context["lists"]]
