"""Counts bins, in whole numbers."""

import numpy as np

FULL = 0.95


def validate(context, output):
    """Score the number of the bin of each item, for each list; the numbers themselves do not matter."""
    lists, capacity = context["lists"], context["capacity"]
    if not isinstance(output, (list, tuple)) or len(output) != len(lists):
        raise ValueError(f"expected a list of {len(lists)} lists with the bin of each item, got {_shown(output)}")
    excess, fill = [], []
    for number, (sizes, bins) in enumerate(zip(lists, output, strict=True)):
        loads = _loads(number, sizes, bins)
        if loads.max() > capacity:
            raise ValueError(f"expected at most {capacity} in a bin; list {number} has one that holds {loads.max()}")
        least = -(-sum(sizes) // capacity)
        excess.append(100.0 * (len(loads) - least) / least)
        fill.append(loads / capacity)
    full = np.concatenate(fill)
    return {
        "fitness": float(np.mean(excess)),
        "is_valid": 1.0,
        "full_bins": float(np.mean(full >= FULL)),
        "spread": float(np.std(full)),
    }


def _loads(number, sizes, bins):
    """What each used bin of a list holds."""
    if not isinstance(bins, (list, tuple)) or len(bins) != len(sizes):
        raise ValueError(f"expected the bins of {len(sizes)} items for list {number}, got {_shown(bins)}")
    if not all(type(chosen) is int for chosen in bins):
        raise ValueError(f"expected whole numbers of bins for list {number}, got {_shown(bins)}")
    loads = {}
    for size, chosen in zip(sizes, bins, strict=True):
        loads[chosen] = loads.get(chosen, 0) + size
    return np.array(list(loads.values()))


def _shown(value):
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__
