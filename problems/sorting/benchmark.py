"""Lists to time a sorting routine on, unusual ones, and ones that cannot be sorted.

An input is what ``harness.run`` takes, with a single case and ``raises``: the harness then lets exceptions out.
"""

SIZES = (8, 50, 200, 500)


def make_input(size, rng):
    """A list of ``size`` items in random order, with a few ties."""
    return _input(rng.integers(0, max(1, 8 * size), size).tolist(), rng.permutation(10 * size)[:size].tolist())


def check(input, answer):
    """Whether the answer holds the labels of the one case, sorted by key and stable, for a believable effort."""
    (case,) = input["cases"]
    (order,), (comparisons,) = answer["orders"], answer["comparisons"]
    place = {label: index for index, label in enumerate(case["labels"])}
    wanted = sorted(case["labels"], key=lambda label: (case["keys"][place[label]], place[label]))
    return order == wanted and comparisons >= len(wanted) - 1


def _input(keys, labels=None):
    labels = list(range(len(keys), 0, -1)) if labels is None else labels
    return {"cases": [{"labels": labels, "keys": keys, "random": False}], "raises": True}


EDGE_CASES = (
    _input([]),
    _input([0]),
    _input([1, 0]),
    _input([0, 0]),
    _input([7] * 40),
    _input(list(range(40))),
    _input(list(range(40, 0, -1))),
    _input([0, 1] * 20),
    _input([-5, 3, -5, 0, 2**60, -(2**60)]),
    _input([0.5, -1.25, 3, 0.5, 2]),
    _input(["pear", "fig", "apple", "fig", ""]),
    _input([[2, 1], [1, 5], [1], [], [2, 1]]),
)

# Nobody can say which comes first: a routine must pass that on, and sort the next list as if nothing had been.
FAULTS = (
    (_input([3, None, 1, 2]), "TypeError"),
    (_input(["b", 1, "a"]), "TypeError"),
    (_input([1, [], 2, 0]), "TypeError"),
)
