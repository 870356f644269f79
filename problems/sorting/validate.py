"""Scores a sorting routine by the orders it returned and the comparisons it made.

The orders are checked against the cases. The counts come from the program's own process, so they are held against what
is possible; the CPU time is taken as it is and is no part of the fitness.
"""

import math
import numbers

# Chance that an honest routine needs this many fewer comparisons than the random cases hold bits: below 2^-64.
SPARE_BITS = 64.0
LARGEST = 1e12


def validate(context, output):
    """Metrics of what ``harness.run`` returned."""
    cases = context["cases"]
    orders, comparisons, cpu_s = checked_output(output, cases)
    results = list(zip(cases, orders, comparisons, strict=True))
    passed = [count >= least_count(case) and is_sorted(case, order) for case, order, count in results]
    refuse_impossible_counts([(case, count) for (case, _, count), ok in zip(results, passed, strict=True) if ok])
    validity = sum(passed) / len(cases)
    bits = sum(bits_of(case) for case in cases)
    total = sum(comparisons)
    economy = bits / (bits + total)
    return {
        "fitness": 0.5 * validity + (0.5 * economy if all(passed) else 0.0),
        "is_valid": 1.0,
        "validity": validity,
        "comparisons": total / bits,
        "sort_cpu_s": cpu_s,
    }


def is_sorted(case, order):
    """Whether ``order`` holds the case's labels, sorted by key and stable. None: the routine raised."""
    if order is None:
        return False
    place = {label: index for index, label in enumerate(case["labels"])}
    ranks = [(case["keys"][place[label]], place[label]) for label in order]
    return ranks == sorted(ranks)


def least_count(case):
    """Comparisons without which the case cannot be known to be sorted: below, a right order is luck or forgery."""
    return max(0, len(case["labels"]) - 1)


def bits_of(case):
    """Least number of comparisons that a random list of the case's size needs on average: log2(n!)."""
    return math.lgamma(len(case["labels"]) + 1) / math.log(2.0)


def refuse_impossible_counts(sorted_cases):
    """Refuse counts too small to be true, given the cases that were sorted and the comparisons of each.

    Random lists cannot be sorted with fewer comparisons than they hold bits, but for luck: each spared comparison
    halves the chance.

    Raises:
        ValueError: The counts are forged, or the routine knows the cases.
    """
    random_cases = [(case, count) for case, count in sorted_cases if case["random"]]
    bits = sum(bits_of(case) for case, _ in random_cases)
    counted = sum(count for _, count in random_cases)
    if counted < bits - SPARE_BITS:
        raise ValueError(f"random lists cannot be sorted with {counted} comparisons; they hold {bits:.0f} bits")


def checked_output(output, cases):
    """Orders, comparisons and CPU time from ``output``, which any program may have made up.

    Raises:
        ValueError: It is not what ``harness.run`` returns, a list is no permutation, or every case raised.
    """
    if not isinstance(output, dict):
        raise ValueError(f"expected the harness's dict, got {type(output).__name__}")
    orders, comparisons, cpu_s = (output.get(key) for key in ("orders", "comparisons", "cpu_s"))
    for values in (orders, comparisons):
        if not isinstance(values, list | tuple) or len(values) != len(cases):
            raise ValueError(f"expected an order and a count for each of {len(cases)} cases")
    if not all(is_number(count) and count == int(count) >= 0 for count in comparisons):
        raise ValueError("a count of comparisons must be a whole number")
    if not is_number(cpu_s) or cpu_s < 0.0:
        raise ValueError("the CPU time must be a number of at least 0")
    if all(order is None for order in orders):
        raise ValueError(f"the routine raised on every list: {str(output.get('error', ''))[:200]}")
    for number, (case, order) in enumerate(zip(cases, orders, strict=True)):
        if order is not None and not is_permutation(order, case["labels"]):
            raise ValueError(f"case {number} with {len(case['labels'])} items: what came back is no permutation")
    return orders, [int(count) for count in comparisons], float(cpu_s)


def is_permutation(order, labels):
    """Whether ``order`` is a list of the same whole numbers as ``labels``."""
    if not isinstance(order, list | tuple) or len(order) != len(labels):
        return False
    return all(isinstance(label, numbers.Integral) for label in order) and set(order) == set(labels)


def is_number(value):
    """Whether ``value`` is a real number of reasonable size."""
    return isinstance(value, numbers.Real) and abs(value) <= LARGEST
