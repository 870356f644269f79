"""The lists of items: the same in every run."""

import random

CAPACITY = 150
LISTS, ITEMS = 10, 150
SMALLEST, LARGEST = 20, 100


def build_context():
    """Sizes of the items of each list, in the order in which they arrive, and what a bin holds."""
    rng = random.Random(20260117)
    lists = [[rng.randint(SMALLEST, LARGEST) for _ in range(ITEMS)] for _ in range(LISTS)]
    return {"capacity": CAPACITY, "lists": lists}
