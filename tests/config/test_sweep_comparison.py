"""Arms of a sweep compared: nothing is claimed of too few runs, of chance, or of unequal budgets."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.sweep.arms import arms_of, pairs_of
from gigaevo.config.sweep.comparison import COMPARISON, comparison, told, write_comparison
from gigaevo.config.sweep.rank_statistics import adjusted, median_interval, rank_test
from gigaevo.config.sweep.record import SweepRecord
from tests.config.command import run
from tests.config.sweeping import sweep

# Statistics


@pytest.mark.parametrize(
    ("count", "low", "high", "confidence"),
    # Conover, Practical Nonparametric Statistics: order statistics of the interval of a median
    [(2, 1, 2, 0.5), (5, 1, 5, 0.9375), (6, 1, 6, 0.96875), (9, 2, 8, 0.9609375), (20, 6, 15, 0.9586105346679688)],
)
def test_intervals_of_medians_are_those_of_the_books(count: int, low: int, high: int, confidence: float) -> None:
    interval = median_interval([float(value) for value in reversed(range(1, count + 1))])
    assert interval is not None
    assert (interval.low, interval.high, interval.confidence) == (low, high, confidence)
    assert confidence == pytest.approx(1 - 2 * stats.binom.cdf(low - 1, count, 0.5))


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    for count in (5, 8, 15):
        held = 0
        for sample in rng.exponential(size=(4000, count)):
            interval = median_interval(sample.tolist())
            assert interval is not None
            held += interval.low <= math.log(2.0) <= interval.high
        assert abs(held / 4000 - interval.confidence) < 4 * math.sqrt(0.25 * 0.08 / 4000) + 0.005


def test_one_value_has_no_interval() -> None:
    assert median_interval([1.0]) is None


SMALL = st.lists(st.integers(0, 4).map(float), min_size=1, max_size=4)


@given(ones=SMALL, others=SMALL)
@settings(max_examples=150, deadline=None)
def test_the_rank_test_counts_arrangements_also_of_ties(ones: list[float], others: list[float]) -> None:
    """The share of ways to deal all results into two such samples that are at least as far from even."""

    def ahead(one: list[float], other: list[float]) -> float:
        return sum((x > y) + 0.5 * (x == y) for x in one for y in other)

    pooled, pairs = ones + others, len(ones) * len(others)
    found = rank_test(ones, others)
    seen, least, most = ahead(ones, others), [], []
    for chosen in itertools.combinations(range(len(pooled)), len(ones)):
        dealt = ahead([pooled[i] for i in chosen], [pooled[i] for i in range(len(pooled)) if i not in chosen])
        least.append(dealt <= seen)
        most.append(dealt >= seen)
    expected = min(1.0, 2 * min(sum(least), sum(most)) / len(least))
    assert found.superiority == seen / pairs
    assert found.p == pytest.approx(expected)


def test_the_rank_test_is_scipys() -> None:
    rng = np.random.default_rng(1)
    for one, other in ((5, 5), (7, 12), (30, 25)):
        ones, others = rng.normal(size=one).tolist(), rng.normal(0.5, size=other).tolist()
        expected = stats.mannwhitneyu(ones, others, alternative="two-sided", method="exact")
        found = rank_test(ones, others)
        assert (found.superiority * one * other, found.p) == (pytest.approx(expected.statistic), expected.pvalue)
    tied = rng.integers(0, 5, size=40).astype(float).tolist(), rng.integers(1, 6, size=40).astype(float).tolist()
    assert rank_test(*tied).p == stats.mannwhitneyu(*tied, method="asymptotic").pvalue


def test_five_against_five_wholly_ahead_is_the_least_probability_there_is() -> None:
    assert rank_test([6.0, 7.0, 8.0, 9.0, 10.0], [1.0, 2.0, 3.0, 4.0, 5.0]).p == pytest.approx(2 / math.comb(10, 5))


def test_equal_results_are_no_evidence() -> None:
    assert (rank_test([1.0] * 5, [1.0] * 5).superiority, rank_test([1.0] * 5, [1.0] * 5).p) == (0.5, 1.0)


def test_probabilities_of_several_tests_are_raised_as_holm_says() -> None:
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted([0.9, 0.6]) == [1.0, 1.0]
    assert adjusted([]) == []


# Arms


def row(
    seed: int,
    fitness: float | None,
    *,
    status: str = "ended",
    upwards: bool = False,
    tokens: int = 0,
    evaluations: int = 100,
    seconds: float = 1.0,
    stop_reason: str = "max_mutants",
    problem: str = "toy",
    rescored: float | None = None,
    **overrides: str,
) -> dict[str, Any]:
    """A row of a sweep's record."""
    return {
        "row": seed,
        "overrides": {**overrides, "seed": str(seed)},
        "status": status,
        "best_fitness": fitness,
        "rescored_fitness": rescored,
        "stop_reason": stop_reason,
        "problem": problem,
        "metric": {"name": "fitness", "higher_is_better": upwards},
        "spent": {"evaluations": evaluations, "mutants": 90, "tokens": tokens, "usd": 0.0, "seconds": seconds},
    }


def arm(algorithm: str, values: list[float], **known: Any) -> list[dict[str, Any]]:
    return [row(seed, value, algorithm=algorithm, **known) for seed, value in enumerate(values)]


GOOD, BAD = [1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]  # where less is better


def only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    found = comparison(rows)
    assert found is not None
    [compared] = found["comparisons"]
    return dict(compared)


def test_evolution_helped_where_every_run_is_ahead_at_equal_expense() -> None:
    found = only(arm("best_of_n", BAD) + arm("single_island", GOOD))
    assert (found["arm"], found["against"], found["control"]) == (
        "algorithm=single_island",
        "algorithm=best_of_n",
        True,
    )
    assert (found["verdict"], found["superiority"], found["difference_of_medians"]) == ("better", 1.0, -5.0)
    assert found["p"] == found["p_adjusted"] == pytest.approx(2 / 252)
    assert found["sentence"] == (
        "toy, algorithm=single_island against algorithm=best_of_n: evolution helped (median fitness 3 against 8, ahead "
        "in 100% of the pairs of runs, p = 0.0079, 5 and 5 runs)"
    )


def test_the_direction_of_the_metric_decides_what_is_ahead() -> None:
    found = only(arm("best_of_n", BAD, upwards=True) + arm("single_island", GOOD, upwards=True))
    assert (found["verdict"], found["superiority"]) == ("worse", 0.0)
    assert "evolution did harm" in found["sentence"]


def test_nothing_is_claimed_of_fewer_than_five_runs() -> None:
    found = only(arm("best_of_n", BAD) + arm("single_island", GOOD[:4]))
    assert found["verdict"] == "too_few"
    assert "no claim can be made: 4 and 5 runs, and at least 5 of each are needed" in found["sentence"]


def test_nothing_is_claimed_of_what_chance_may_have_done() -> None:
    found = only(arm("best_of_n", [1.0, 3.0, 5.0, 7.0, 9.0]) + arm("single_island", [2.0, 4.0, 6.0, 8.0, 10.0]))
    assert found["verdict"] == "undecided"
    assert "it is not certain that evolution makes a difference" in found["sentence"]


def test_nothing_is_claimed_where_who_is_ahead_took_more() -> None:
    more = only(arm("best_of_n", BAD, tokens=1000) + arm("single_island", GOOD, tokens=1500))
    assert (more["verdict"], more["expense"]) == ("uneven", {"resource": "tokens", "ratio": 1.5})
    assert "algorithm=single_island is ahead" in more["sentence"] and "1.5 times the tokens" in more["sentence"]
    less = only(arm("best_of_n", BAD, tokens=1500) + arm("single_island", GOOD, tokens=1000))
    assert less["verdict"] == "better"
    free = only(arm("best_of_n", BAD) + arm("single_island", GOOD, evaluations=1000))
    assert (free["verdict"], free["expense"]["resource"]) == ("uneven", "evaluations")


def test_runs_that_time_ended_are_compared_at_equal_times() -> None:
    timed = {"stop_reason": "max_seconds"}
    found = only(arm("best_of_n", BAD, **timed) + arm("single_island", GOOD, evaluations=1000, **timed))
    assert (found["verdict"], found["expense"]) == ("better", {"resource": "seconds", "ratio": 1.0})


def test_jobs_that_did_not_end_well_are_left_out_which_is_said() -> None:
    rows = arm("best_of_n", BAD) + arm("single_island", GOOD)
    rows += [row(9, None, status="killed", algorithm="single_island"), row(9, 0.0, status="interrupted", algorithm="x")]
    found = comparison(rows)
    assert found is not None
    assert [entry["left_out"] for entry in found["arms"]] == [{}, {"killed": 1}, {"interrupted": 1}]
    assert found["arms"][2]["median"] is None
    [compared] = found["comparisons"]
    assert compared["verdict"] == "better"
    assert compared["sentence"].endswith("(1 more did not end well and are left out)")


def test_a_run_whose_models_failed_says_nothing_of_its_settings() -> None:
    rows = arm("best_of_n", BAD) + arm("single_island", GOOD)
    rows += [row(9, 99.0, stop_reason="language_models", algorithm="single_island")]
    found = comparison(rows)
    assert found is not None
    assert found["arms"][1]["left_out"] == {"language_models": 1} and found["arms"][1]["values"] == GOOD


def test_a_value_that_was_measured_once_more_is_the_one_that_counts() -> None:
    [one] = arms_of([row(0, 1.0, rescored=3.0, algorithm="a"), row(1, 2.0, algorithm="a")])
    assert one.values == [3.0, 2.0]


def test_of_two_jobs_of_the_same_seed_the_later_one_counts() -> None:
    [one] = arms_of([row(0, 1.0, algorithm="a"), row(0, 2.0, algorithm="a")])
    assert one.values == [2.0]


def pairs(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(pair.arm.label, pair.against.label) for pair in pairs_of(arms_of(rows))}


def test_arms_are_compared_that_differ_in_one_setting() -> None:
    rows = [
        row(0, 1.0, algorithm=algorithm, island_max_size=size)
        for algorithm, size in itertools.product(("best_of_n", "single_island"), ("10", "20"))
    ]
    label = "algorithm={} island_max_size={}".format
    assert pairs(rows) == {
        (label("single_island", 10), label("best_of_n", 10)),
        (label("single_island", 20), label("best_of_n", 20)),
        (label("single_island", 10), label("single_island", 20)),
        (label("best_of_n", 10), label("best_of_n", 20)),
    }


def test_where_there_is_a_control_other_algorithms_are_compared_with_that() -> None:
    rows = [row(0, 1.0, algorithm=algorithm) for algorithm in ("multi_island", "best_of_n", "single_island")]
    assert pairs(rows) == {
        ("algorithm=multi_island", "algorithm=best_of_n"),
        ("algorithm=single_island", "algorithm=best_of_n"),
    }
    assert pairs(rows[::2]) == {("algorithm=multi_island", "algorithm=single_island")}


def test_different_problems_are_not_compared() -> None:
    rows = [row(0, 1.0, problem=name, **{"problem.name": name}) for name in ("toy", "sorting")]
    assert pairs(rows) == set()


def test_several_comparisons_are_read_together() -> None:
    rows = [entry for name in ("best_of_n", "a", "b") for entry in arm(name, BAD if name == "best_of_n" else GOOD)]
    found = comparison(rows)
    assert found is not None
    assert [compared["p_adjusted"] for compared in found["comparisons"]] == pytest.approx([4 / 252, 4 / 252])


def test_single_runs_are_not_compared() -> None:
    assert comparison(arm("best_of_n", [1.0]) + arm("single_island", [2.0])) is None


def test_the_same_rows_give_the_same_text_and_a_table_with_a_line_for_each_arm() -> None:
    rows = arm("best_of_n", BAD, tokens=1000) + arm("single_island", GOOD, tokens=990)
    found = comparison(rows)
    assert found is not None and json.dumps(found) == json.dumps(comparison(rows))
    header, *arms, sentence = told(found).splitlines()
    assert header.split() == ["arm", "runs", "median", "interval", "best", "evaluations", "tokens", "usd"]
    assert [line.split() for line in arms] == [
        ["algorithm=best_of_n", "5", "8", "6", "to", "10", "(93.8%)", "6", "100", "1000", "0"],
        ["algorithm=single_island", "5", "3", "1", "to", "5", "(93.8%)", "1", "100", "990", "0"],
    ]
    assert "evolution helped" in sentence


def test_what_runs_spent_is_read_from_their_summaries(tmp_path: Path) -> None:
    record = SweepRecord(tmp_path)
    for seed in range(2):
        number = record.begin(job=seed, overrides=[f"seed={seed}"], folder=tmp_path / str(seed))
        summary = {
            "problem": "toy",
            "metric": {"name": "fitness", "higher_is_better": True},
            "validate_calls": 7,
            "counts": {"mutants": 5},
            "elapsed_s": 2.5,
            "llm": {"spending": {"usd": 0.25, "prompt_tokens": 300, "completion_tokens": 40}},
        }
        record.end(number, RunResult(status=ExitStatus.ENDED, best_fitness=float(seed)), summary=summary)
    found = write_comparison(tmp_path)
    assert found == json.loads((tmp_path / COMPARISON).read_text())
    [only_arm] = found["arms"]
    assert {name: amount["total"] for name, amount in only_arm["spent"].items()} == {
        "evaluations": 14,
        "mutants": 10,
        "tokens": 680,
        "usd": 0.5,
        "seconds": 5.0,
    }


# Real sweeps


def test_a_sweep_over_seeds_of_two_arms_leaves_a_comparison_and_prints_it(tmp_path: Path) -> None:
    done = sweep("problem.name=toy_example,nonexistent", "algorithm=single_island,best_of_n", "seed=0,1", cwd=tmp_path)
    assert done.returncode == 2  # of the problem that does not exist
    found = json.loads((tmp_path / "all" / COMPARISON).read_text())
    assert [(entry["problem"], entry["seeds"], entry["left_out"]) for entry in found["arms"]] == [
        ("toy_example", ["0", "1"], {}),
        ("toy_example", ["0", "1"], {}),
        ("", [], {"configuration": 2}),
        ("", [], {"configuration": 2}),
    ]
    summaries = [json.loads((tmp_path / "all" / job / "summary.json").read_text()) for job in "0123"]
    values = [summary["best"]["rescored"]["fitness"] for summary in summaries]
    assert [entry["values"] for entry in found["arms"][:2]] == [values[:2], values[2:]]
    calls = [summary["validate_calls"] for summary in summaries]
    assert found["arms"][0]["spent"]["evaluations"]["total"] == sum(calls[:2])
    [compared] = found["comparisons"]
    assert compared["verdict"] == "too_few" and compared["sentence"] in done.stdout
    assert not found["arms"][0]["higher_is_better"]

    again = run(f"resume={tmp_path / 'all' / '0'}", "max_mutants=12", cwd=tmp_path)
    assert again.status == 0
    renewed = json.loads((tmp_path / "all" / COMPARISON).read_text())
    assert renewed["arms"][0]["spent"]["mutants"]["total"] == 22
