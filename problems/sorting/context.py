"""The lists to sort: the same in every run."""

import random

SIZES = (2, 3, 5, 8, 16, 33, 64, 100, 160)


def build_context():
    """The cases, each with a label and a key for every item, in the order in which the program gets the items.

    Labels are shuffled, so that they say nothing about the keys. Equal keys are ties. A case marked ``random`` has
    distinct keys in random order: no routine gets away with fewer than log2(n!) comparisons on many such cases.
    """
    rng = random.Random(20240229)
    cases = [_case(rng, [], is_random=False), _case(rng, [0], is_random=False)]
    for size in SIZES:
        keys = list(range(size))
        cases.append(_case(rng, rng.sample(keys, size), is_random=True))
        cases.append(_case(rng, [rng.randrange(max(2, size // 4)) for _ in keys], is_random=False))
    for size in (7, 50):
        keys = list(range(size))
        nearly = [key + rng.choice((0, 0, 0, 3)) for key in keys]
        shapes = (keys, keys[::-1], [1] * size, [key % 2 for key in keys], nearly, keys[1:] + keys[:1])
        cases += [_case(rng, shape, is_random=False) for shape in shapes]
    return {"cases": cases}


def _case(rng, keys, *, is_random):
    return {"labels": rng.sample(range(1000), len(keys)), "keys": list(keys), "random": is_random}
