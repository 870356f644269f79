"""The numeric search: what it promises of any problem, and that it solves those it is made for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.optimize import BudgetSpent, Score, local_search

NAN, INF = math.nan, math.inf


def valley(x):
    """Rosenbrock's function, turned over: 0 at (1, 1)."""
    return Score(-(100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2), 0.0)


def smallest_slack(x):
    """A function with kinks: best where all three lines meet, at (1, 2), with value 3."""
    return Score(3.0 - max(x[0] - 1.0, x[1] - 2.0, -(x[0] - 1.0) - (x[1] - 2.0)), 0.0)


def disc(x):
    """x + y within the unit disc: sqrt(2), on the edge."""
    return Score(float(x.sum()), max(float(np.hypot(*x)) - 1.0, 0.0))


def blind_disc(x):
    """The same, where a point outside says nothing."""
    score = disc(x)
    return score if score.violation == 0.0 else Score(NAN, INF)


def search(score, start, *, evaluations=6000, step=0.1, seed=0, groups=None):
    start = np.array(start, dtype=float)
    groups = groups or [slice(0, start.size)]
    rng = np.random.default_rng(seed)
    return local_search(score, start, groups=groups, evaluations=evaluations, step=step, rng=rng)


@pytest.mark.parametrize("seed", range(3))
def test_a_smooth_valley_is_followed_to_its_end(seed):
    assert search(valley, [-1.2, 1.0], seed=seed).score.objective > -1e-9


@pytest.mark.parametrize("seed", range(3))
def test_a_kink_is_no_obstacle(seed):
    found = search(smallest_slack, [7.0, -3.0], seed=seed)
    assert found.score.objective == pytest.approx(3.0, abs=1e-6)


# Blind, a search goes along the edge by chance: of 24 seeds on both backends half came within 5e-5, all within 6e-3.
@pytest.mark.parametrize(("score", "error"), [(disc, 1e-6), (blind_disc, 1e-2)])
@pytest.mark.parametrize("seed", range(3))
def test_an_optimum_on_the_edge_of_the_rules_is_reached_from_inside(score, error, seed):
    found = search(score, [0.1, -0.3], seed=seed)
    assert found.score.violation == 0.0
    assert found.score.objective == pytest.approx(math.sqrt(2.0), abs=error)


def test_an_infeasible_start_is_led_to_feasible_points():
    found = search(disc, [4.0, 3.0])
    assert not found.start.feasible
    assert found.score.feasible


def test_gaining_by_breaking_the_rules_without_end_does_not_mislead():
    """Outside, the objective grows faster than any fixed penalty."""

    def score(x):
        return Score(float(x @ x), max(float(np.abs(x).max()) - 1.0, 0.0))

    found = search(score, [0.3, 0.2])
    assert found.score.violation == 0.0
    assert found.score.objective > 1.99


@pytest.mark.parametrize("step", [0.001, 0.5])
def test_the_same_generator_gives_the_same_search(step):
    first, second = (search(disc, [0.1, 0.2], step=step, seed=5) for _ in range(2))
    assert first.x.tobytes() == second.x.tobytes()
    assert first.evaluations == second.evaluations


def test_a_problem_that_does_not_depend_on_the_variables_is_left_early():
    assert search(lambda x: Score(1.0, 0.0), [1.0, 2.0], evaluations=100_000).evaluations < 1000


def test_a_score_may_end_the_search():
    calls = []

    def score(x):
        if len(calls) == 50:
            raise BudgetSpent
        calls.append(1)
        return valley(x)

    found = search(score, [-1.2, 1.0])
    assert found.score.objective > found.start.objective


scores = st.builds(
    Score,
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([NAN, INF, -INF])),
    st.one_of(st.just(0.0), st.floats(0.0, 1e6), st.just(INF)),
)


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(scores, min_size=1, max_size=12),
    start=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=6),
    evaluations=st.integers(1, 300),
    step=st.floats(1e-3, 1.0),
)
def test_whatever_the_problem_answers_the_budget_holds_and_the_best_is_returned(answers, start, evaluations, step):
    seen = []

    def score(x):
        assert len(seen) < evaluations
        answer = answers[hash(x.tobytes()) % len(answers)]
        seen.append((x.copy(), answer))
        return answer

    found = search(score, start, evaluations=evaluations, step=step)
    assert found.evaluations == len(seen) <= evaluations
    assert found.start == seen[0][1] or math.isnan(found.start.objective)
    assert not any(answer.beats(found.score) for _, answer in seen)
    assert any(np.array_equal(found.x, x) for x, _ in seen)


@given(first=scores, second=scores)
def test_no_two_scores_beat_each_other(first, second):
    assert not (first.beats(second) and second.beats(first))
    assert not first.beats(first)
