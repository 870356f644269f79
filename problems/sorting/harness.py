"""Runs a sorting routine on every case, inside the program's own process."""

import time


class TooManyComparisons(Exception):
    """The routine used up the comparisons that a list of its size may take."""


def run(entrypoint, context):
    """What the routine made of each case.

    Where the context has ``raises``, as an input of ``benchmark.py`` has, what the routine raises is let out.

    Returns:
        ``orders``: for each case the returned labels, or None where the routine raised. ``comparisons``: calls of
        ``before`` for each case. ``cpu_s``: CPU seconds over all cases. ``error``: the first exception as text, or "".
    """
    orders, comparisons, error = [], [], ""
    start = time.process_time()
    for case in context["cases"]:
        counter = Comparisons(case["labels"], case["keys"])
        try:
            order = list(entrypoint(list(case["labels"]), counter.before))
        except Exception as raised:
            if context.get("raises"):
                raise
            order = None
            error = error or f"{type(raised).__name__}: {raised}"
        orders.append(order)
        comparisons.append(counter.count)
    return {
        "orders": orders,
        "comparisons": comparisons,
        "cpu_s": time.process_time() - start,
        "error": error[:200],
    }


class Comparisons:
    """Compares the items of one case and counts."""

    def __init__(self, labels, keys):
        self.key_of = dict(zip(labels, keys, strict=True))
        self.limit = 4 * len(labels) ** 2 + 16
        self.count = 0

    def before(self, a, b):
        """Whether item ``a`` must stand before item ``b``."""
        self.count += 1
        if self.count > self.limit:
            raise TooManyComparisons(f"more than {self.limit} comparisons for {len(self.key_of)} items")
        return self.key_of[a] < self.key_of[b]
