"""The sorting problem: what its harness measures, and what its validator believes."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

import numpy as np
import pytest
from shipped import module, problem, validate

Before = Callable[[int, int], bool]

FOLDER = problem("sorting").folder
CONTEXT = module(FOLDER / "context.py").build_context()
BITS = sum(math.log2(math.factorial(len(case["labels"]))) for case in CONTEXT["cases"])


def run(entrypoint: Callable[[list[int], Before], list[int]]) -> dict[str, Any]:
    return module(FOLDER / "harness.py").run(entrypoint, CONTEXT)


def merge_sort(items: list[int], before: Before) -> list[int]:
    if len(items) < 2:
        return items
    left, right = merge_sort(items[: len(items) // 2], before), merge_sort(items[len(items) // 2 :], before)
    merged: list[int] = []
    while left and right:
        merged.append(right.pop(0) if before(right[0], left[0]) else left.pop(0))
    return merged + left + right


def test_the_cases_are_the_same_each_time() -> None:
    assert module(FOLDER / "context.py").build_context() == CONTEXT


def test_labels_say_nothing_of_the_order() -> None:
    assert validate("sorting", run(lambda items, before: sorted(items)))["validity"] < 0.2


def test_a_merge_sort_is_valid_and_beats_every_seed() -> None:
    scored = validate("sorting", run(merge_sort))
    assert scored["validity"] == 1.0
    assert scored["fitness"] > 0.74
    assert 0.0 < scored["comparisons"] < 1.1


def test_the_score_is_the_stated_formula_over_the_comparisons_counted() -> None:
    calls = 0

    def counting(items: list[int], before: Before) -> list[int]:
        def compare(a: int, b: int) -> int:
            nonlocal calls
            calls += 1
            return -1 if before(a, b) else 0

        return sorted(items, key=cmp_to_key(compare))

    scored = validate("sorting", run(counting))
    assert scored["fitness"] == pytest.approx(0.5 + 0.5 * BITS / (BITS + calls))
    assert scored["comparisons"] == pytest.approx(calls / BITS)


def test_a_sort_that_is_not_stable_scores_its_share_and_stays_below_any_correct_one() -> None:
    scored = validate("sorting", run(lambda items, before: merge_sort(items[::-1], before)))
    ties = sum(len(set(case["keys"])) < len(case["keys"]) for case in CONTEXT["cases"])
    assert scored["validity"] == pytest.approx(1.0 - ties / len(CONTEXT["cases"]))
    assert scored["fitness"] == 0.5 * scored["validity"] < 0.5


def test_a_list_whose_sorting_raises_counts_as_not_sorted() -> None:
    def fragile(items: list[int], before: Before) -> list[int]:
        if len(items) > 50:
            raise RuntimeError("too long for me")
        return merge_sort(items, before)

    long = sum(len(case["labels"]) > 50 for case in CONTEXT["cases"])
    scored = validate("sorting", run(fragile))
    assert scored["is_valid"] == 1.0
    assert scored["validity"] == pytest.approx(1.0 - long / len(CONTEXT["cases"]))


def test_a_list_that_is_right_without_enough_comparisons_counts_as_not_sorted() -> None:
    scored = validate("sorting", run(lambda items, before: items))
    trivial = sum(len(case["labels"]) < 2 for case in CONTEXT["cases"])
    assert scored["validity"] == pytest.approx(trivial / len(CONTEXT["cases"]))


def test_a_routine_that_never_stops_comparing_is_stopped() -> None:
    def endless(items: list[int], before: Before) -> list[int]:
        while True:
            before(items[0], items[-1])

    output = run(endless)
    assert output["comparisons"][-1] == 4 * 50**2 + 17
    with pytest.raises(ValueError, match="raised on every list"):
        validate("sorting", output)


@pytest.mark.parametrize(
    "spoil",
    [lambda items: items[:-1], lambda items: [*items[1:], -1], lambda items: [str(item) for item in items]],
    ids=["one missing", "one foreign", "text"],
)
def test_what_is_no_permutation_is_refused(spoil: Callable[[list[int]], list[Any]]) -> None:
    with pytest.raises(ValueError, match="no permutation"):
        validate("sorting", run(lambda items, before: spoil(items) if len(items) == 8 else items))


@pytest.mark.parametrize(
    ("forge", "complaint"),
    [
        (
            lambda output: output.update(comparisons=[max(0, len(order) - 1) for order in output["orders"]]),
            "they hold",
        ),
        (lambda output: output["comparisons"].__setitem__(0, -1), "whole number"),
        (lambda output: output["comparisons"].__setitem__(0, math.nan), "finite|whole number"),
        (lambda output: output["comparisons"].__setitem__(0, "7"), "whole number"),
        (lambda output: output.update(cpu_s=math.inf), "CPU time"),
        (lambda output: output["orders"].pop(), "an order and a count"),
        (lambda output: output["orders"].__setitem__(4, [[], {}]), "no permutation"),
    ],
)
def test_forged_results_are_refused(forge: Callable[[dict[str, Any]], None], complaint: str) -> None:
    output = copy.deepcopy(run(merge_sort))
    forge(output)
    with pytest.raises(ValueError, match=complaint):
        validate("sorting", output)


BENCHMARK = module(FOLDER / "benchmark.py")


def answer(entrypoint: Callable[[list[int], Before], list[int]], value: dict[str, Any]) -> dict[str, Any]:
    return module(FOLDER / "harness.py").run(entrypoint, value)


@pytest.mark.parametrize("size", BENCHMARK.SIZES)
def test_a_merge_sort_answers_every_input_of_the_benchmark_rightly(size: int) -> None:
    value = BENCHMARK.make_input(size, np.random.default_rng(size))
    assert len(value["cases"][0]["keys"]) == size
    assert BENCHMARK.check(value, answer(merge_sort, value))


@pytest.mark.parametrize("value", BENCHMARK.EDGE_CASES)
def test_a_merge_sort_answers_every_edge_case_rightly(value: dict[str, Any]) -> None:
    assert BENCHMARK.check(value, answer(merge_sort, value))


@pytest.mark.parametrize(("value", "exception"), BENCHMARK.FAULTS)
def test_what_cannot_be_sorted_raises_through_a_merge_sort(value: dict[str, Any], exception: str) -> None:
    assert exception == "TypeError"
    with pytest.raises(TypeError):
        answer(merge_sort, value)


def test_the_benchmark_refuses_unstable_partial_and_lucky_answers() -> None:
    value = BENCHMARK.make_input(50, np.random.default_rng(0))
    ties = BENCHMARK.EDGE_CASES[4]
    assert not BENCHMARK.check(ties, answer(lambda items, before: merge_sort(items[::-1], before), ties))
    assert not BENCHMARK.check(value, answer(lambda items, before: merge_sort(items, before)[:-1], value))
    right = answer(merge_sort, value)["orders"]
    assert not BENCHMARK.check(value, {"orders": right, "comparisons": [3]})


def test_the_same_generator_makes_the_same_input() -> None:
    first, second = (BENCHMARK.make_input(20, np.random.default_rng(5)) for _ in range(2))
    assert first == second
