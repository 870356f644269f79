"""Growth laws held against costs: counted operations of real algorithms, and costs made up by a law."""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evaluation.fitness.growth import Verdict, check_growth
from gigaevo.programs.growth_law import GrowthLaw

SIZES = [32, 64, 128, 256, 512]


class Counted:
    """A number that counts how often it is compared."""

    comparisons = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __lt__(self, other: Counted) -> bool:
        Counted.comparisons += 1
        return self.value < other.value


def insertion_sort(items: list[Counted]) -> None:
    for place in range(1, len(items)):
        while place and items[place] < items[place - 1]:
            items[place], items[place - 1] = items[place - 1], items[place]
            place -= 1


def merge_sort(items: list[Counted]) -> list[Counted]:
    if len(items) < 2:
        return items
    left, right = merge_sort(items[: len(items) // 2]), merge_sort(items[len(items) // 2 :])
    merged = []
    while left and right:
        merged.append(right.pop(0) if right[0] < left[0] else left.pop(0))
    return merged + left + right


def binary_search(items: list[Counted]) -> None:
    items.sort(key=lambda item: item.value)
    for _ in range(5):
        bisect.bisect(items, random.Random(len(items)).choice(items))


def least(items: list[Counted]) -> None:
    min(items)


def first_two(items: list[Counted]) -> None:
    min(items[:2])


def counts(algorithm: Callable[[list[Counted]], object], sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Sizes and comparisons of three runs at each size."""
    rng, all_sizes, costs = random.Random(3), [], []
    for size in sizes:
        for _ in range(3):
            items = [Counted(value) for value in rng.sample(range(10 * size), size)]
            Counted.comparisons = 0
            algorithm(items)
            all_sizes.append(size)
            costs.append(Counted.comparisons)
    return all_sizes, costs


@pytest.mark.parametrize(
    ("algorithm", "law", "verdict"),
    [
        (merge_sort, "O(n log n)", Verdict.HOLDS),
        (merge_sort, "O(n^2)", Verdict.HOLDS),
        (merge_sort, "O(log n)", Verdict.BROKEN),
        (insertion_sort, "O(n^2)", Verdict.HOLDS),
        (insertion_sort, "O(n log n)", Verdict.BROKEN),
        (insertion_sort, "O(n)", Verdict.BROKEN),
        (least, "O(n)", Verdict.HOLDS),
        (least, "O(log n)", Verdict.BROKEN),
        (binary_search, "O(log n)", Verdict.HOLDS),
        (first_two, "O(1)", Verdict.HOLDS),
    ],
)
def test_comparisons_of_an_algorithm_keep_its_law_and_break_a_stricter_one(
    algorithm: Callable[[list[Counted]], object], law: str, verdict: Verdict
) -> None:
    assert check_growth(GrowthLaw.parse(law), *counts(algorithm, SIZES)).verdict is verdict


def test_the_excess_is_the_power_of_n_beyond_the_law() -> None:
    check = check_growth(GrowthLaw.parse("O(n log n)"), SIZES, [size**2 for size in SIZES])
    assert check.excess == pytest.approx(1 - np.log(9 / 5) / np.log(16), abs=0.05)
    assert check.interval[0] <= check.excess <= check.interval[1]


@given(
    power=st.floats(0.0, 3.0),
    scale=st.floats(1e-9, 1e9),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_a_law_is_kept_by_its_own_costs_and_broken_by_half_a_power_more(power: float, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.repeat([2**k for k in range(4, 13)], 3)
    noise = np.exp(rng.normal(0.0, 0.05, sizes.size))
    noise[rng.permutation(sizes.size)[:3]] *= 5.0  # the machine was busy with something else
    law = GrowthLaw(power, 1.0)
    lawful = np.array([law(size) for size in sizes]) * scale * noise
    assert check_growth(law, sizes.tolist(), lawful.tolist()).verdict is Verdict.HOLDS
    assert check_growth(law, sizes.tolist(), (lawful * sizes**0.5).tolist()).verdict is Verdict.BROKEN


@pytest.mark.parametrize("sizes", [[], [10, 20, 40], [10, 11, 12, 13], [10] * 8])
def test_too_few_sizes_tell_nothing(sizes: list[int]) -> None:
    check = check_growth(GrowthLaw(1.0, 0.0), sizes, [float(size) for size in sizes])
    assert check.verdict is Verdict.UNCLEAR
    assert "are needed" in check.reason


def test_costs_that_scatter_widely_tell_nothing() -> None:
    sizes = [16, 32, 64, 128]
    check = check_growth(GrowthLaw(1.0, 0.0), sizes, [16.0, 900.0, 3.0, 200.0])
    assert check.verdict is Verdict.UNCLEAR
    assert "lies between" in check.reason


@pytest.mark.parametrize(
    ("sizes", "costs"), [([1, 2], [1.0]), ([1, 2], [1.0, 0.0]), ([0, 2], [1.0, 1.0]), ([1, 2], [1.0, float("nan")])]
)
def test_impossible_costs_are_refused(sizes: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        check_growth(GrowthLaw(1.0, 0.0), sizes, costs)
