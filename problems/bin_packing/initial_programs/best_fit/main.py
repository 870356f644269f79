"""The bin that is left with the least room."""

from lib.packing import pack


# EVOLVE-BLOCK-START which of the bins that an item fits into shall have it
def priority(item, rooms):
    left = rooms - item
    return -1.0 * left


# EVOLVE-BLOCK-END


def entrypoint(context):
    return [pack(sizes, context["capacity"], priority) for sizes in context["lists"]]
