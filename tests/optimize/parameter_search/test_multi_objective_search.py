"""``evolve_nsga2``: a front in the user's own sign, judged on what was held out if asked, and mistakes named."""

from __future__ import annotations

from typing import Any

import pytest

from gigaevo.optimize import FitnessError, evolve_nsga2
from tests.optimize.parameter_search.markets import BOUNDS, Report, as_pipeline, compare

BOTH = [{"metric": "gain", "direction": "maximize"}, {"metric": "risk", "direction": "minimize"}]
DATA = [4.0] * 70 + [5.0] * 30


def searched(**changes: Any) -> Any:
    options: dict[str, Any] = {"pop_size": 24, "generations": 30, "seed": 1, "backtest": compare, **changes}
    return evolve_nsga2(DATA, as_pipeline, BOUNDS, BOTH, **options)


def test_the_front_runs_from_the_largest_gain_to_the_least_risk() -> None:
    result = searched(generations=60, early_stopping=False)
    points = [(one["objectives"]["gain"], one["objectives"]["risk"]) for one in result["pareto_front"]]
    assert points == sorted(points, reverse=True)
    assert [risk for _, risk in points] == [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    assert points[0][0] > -0.1
    sizes = [one["params"]["size"] for one in result.pareto_front]
    assert {type(size) for size in sizes} == {int}
    assert [one["genome"][1] for one in result.pareto_front] == sizes


def test_nothing_is_held_out_unless_asked_and_then_the_rest_judges() -> None:
    assert "held_out" not in searched()["pareto_front"][0]
    best = searched(fraction_train=0.7, generations=60, early_stopping=False)["pareto_front"][0]
    assert best["params"]["level"] == pytest.approx(4.0, abs=0.1)
    assert best["held_out"]["gain"] == pytest.approx(-1.0, abs=0.1)  # the level of the held-out part is 5


def test_the_search_ends_when_the_front_stands_still() -> None:
    result = searched(generations=500, patience=5)
    assert result.converged
    assert result.generations < 500
    assert result.generations == len(result.history)


def test_the_same_seed_gives_the_same_front() -> None:
    assert searched()["pareto_front"] == searched()["pareto_front"]
    assert searched(seed=2)["pareto_front"] != searched()["pareto_front"]


def test_equal_parameters_are_tested_once() -> None:
    seen: list[tuple[float, ...]] = []

    def counted(data: Any, pipeline: Any) -> Report:
        seen.append(tuple(pipeline[0].values()))
        return compare(data, pipeline)

    searched(backtest=counted)
    assert len(seen) == len(set(seen))


def failing(data: Any, pipeline: Any) -> Report:
    raise ZeroDivisionError("no prices")


@pytest.mark.parametrize(
    ("objectives", "options", "error", "said"),
    [
        (BOTH[:1], {}, ValueError, "objectives has 1 entries"),
        ([*BOTH, BOTH[0]], {}, ValueError, r"objectives\[2\] is 'gain' again"),
        ([BOTH[0], {"metric": "risk", "direction": "down"}], {}, ValueError, "direction 'down'"),
        ([BOTH[0], {"name": "risk"}], {}, ValueError, "expected the keys metric and direction"),
        (BOTH, {"pop_size": 1}, ValueError, "pop_size is 1"),
        (BOTH, {"generations": 0}, ValueError, "generations is 0"),
        (BOTH, {"patience": 0}, ValueError, "patience is 0"),
        (BOTH, {"fraction_train": 0.0}, ValueError, "fraction_train is 0.0"),
        ([BOTH[0], {"metric": "loss", "direction": "minimize"}], {}, FitnessError, "Report has no 'loss'"),
        (BOTH, {"backtest": failing}, FitnessError, "^backtest raised ZeroDivisionError: no prices for level="),
        (None, {}, ValueError, "objectives is None, expected a list"),
        (["gain", "risk"], {}, ValueError, r"objectives\[0\] is 'gain', expected the keys"),
        (BOTH, {"pop_size": "24"}, ValueError, "pop_size is '24'"),
        (BOTH, {"generations": 2.5}, ValueError, "generations is 2.5"),
    ],
)
def test_mistakes_are_named(objectives: Any, options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        evolve_nsga2(DATA, as_pipeline, BOUNDS, objectives, **{"backtest": compare, "seed": 0, **options})


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([], r"param_bounds is \[\], expected a list of bounds"),
        (None, "param_bounds is None, expected a list of bounds"),
        ({"a": (0, 1)}, "param_bounds is {.*}, expected a list of bounds"),
        ([("a", 0, 1)], r"a bound is \('a', 0, 1\), expected a ParamBound or a dictionary"),
        ([{"name": "a", "min": "0", "max": 1}], "the bounds of 'a' are '0' and 1, expected finite numbers"),
        ([{"name": "a", "min": 0.0, "max": float("inf")}], "the bounds of 'a' are 0.0 and inf, expected finite"),
        ([{"name": "a", "min": 0.2, "max": 0.8, "discrete": True}], "the bounds of 'a' are 0.2 and 0.8, .* discrete"),
        ([{"name": "a", "min": 0.0}], "lacks max"),
        ([{"name": "a", "min": 0.0, "max": 1.0, "step": 2}], "has step as well"),
        ([{"name": "a", "min": 1.0, "max": 0.0}], "the bounds of 'a' are 1.0 and 0.0"),
        ([{"name": "a", "min": 0.0, "max": 1.0}] * 2, "'a' twice"),
    ],
)
def test_bounds_that_are_none_are_named(bounds: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        evolve_nsga2(DATA, as_pipeline, bounds, BOTH)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metric": 3, "direction": "minimize"}, r"objectives\[1\] has metric 3, expected the name of a metric"),
        ({"metric": "risk", "direction": ["minimize"]}, r"objectives\[1\] has direction \['minimize'\]"),
    ],
)
def test_words_are_texts(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evolve_nsga2(DATA, as_pipeline, BOUNDS, [BOTH[0], wrong], backtest=compare)
