"""A behaviour space puts every program into one cell, and says clearly what is wrong with a space that cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.config.helpers import build_behavior_space
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, BinningType, ProgramBehaviorSpace

FORMULAS = [BinningType.LINEAR, BinningType.LOGARITHMIC, BinningType.SQUARE_ROOT]


def test_the_mapping_form_of_the_constructor() -> None:
    space = BehaviorSpace(
        feature_bounds={"fitness": (0.0, 100.0), "validity": (0.0, 1.0)},
        resolution={"validity": 5, "fitness": 20},
        binning_types={"fitness": BinningType.LINEAR, "validity": BinningType.LINEAR},
    )
    assert space.behavior_keys == ["fitness", "validity"]
    assert space.total_cells == 100
    assert space.get_cell({"fitness": 75.3, "validity": 0.82}) == (15, 4)


def test_the_list_form_takes_its_bounds_from_the_metrics(make_context) -> None:
    space = BehaviorSpace(keys=["x", "fitness"], resolution=[5, 10])
    assert space.feature_bounds == {"x": (None, None), "fitness": (None, None)}
    space.bind(make_context())
    assert space.feature_bounds == {"x": (0.0, 10.0), "fitness": (0.0, 100.0)}
    assert space.get_cell({"x": 9.9, "fitness": 31.0}) == (4, 3)


def test_the_helper_builds_the_same_space() -> None:
    space = build_behavior_space(
        keys=["size", "score"],
        bounds=[[1, 1000], [0.0, 4.0]],
        resolutions=[3, 2],
        binning_types=["LOGARITHMIC", "linear"],
    )
    assert space.binning_types == {"size": BinningType.LOGARITHMIC, "score": BinningType.LINEAR}
    assert space.resolution == {"size": 3, "score": 2}
    assert [space.get_cell({"size": size, "score": 3.0}) for size in (2, 20, 200)] == [(0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("spelling", ["square_root", "SQUARE_ROOT", BinningType.SQUARE_ROOT])
def test_a_binning_type_may_be_a_value_a_name_or_a_member(spelling: str | BinningType) -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 100)}, resolution=10, binning_types=spelling)
    assert space.binning_types["x"] is BinningType.SQUARE_ROOT
    assert space.get_cell({"x": 26.0}) == (5,)


def test_half_a_bound_is_filled_from_the_metric(make_context) -> None:
    space = BehaviorSpace(feature_bounds={"x": (None, 5.0)})
    space.bind(make_context())
    assert space.feature_bounds == {"x": (0.0, 5.0)}


@given(
    st.floats(-1e300, 1e300),
    st.integers(1, 50),
    st.sampled_from(FORMULAS),
)
def test_every_finite_value_has_a_cell_inside_the_grid(value: float, bins: int, binning: BinningType) -> None:
    space = BehaviorSpace(feature_bounds={"x": (0.5, 8.0)}, resolution=bins, binning_types=binning)
    (index,) = space.get_cell({"x": value})
    assert 0 <= index < bins
    if value <= 0.5:
        assert index == 0
    if value >= 8.0:
        assert index == bins - 1
    assert (space.out_of_range({"x": value}) == ["x"]) == (not 0.5 <= value <= 8.0)


@given(st.lists(st.floats(0.5, 8.0), min_size=2, max_size=2), st.sampled_from(FORMULAS))
def test_cells_keep_the_order_of_values(pair: list[float], binning: BinningType) -> None:
    space = BehaviorSpace(feature_bounds={"x": (0.5, 8.0)}, resolution=7, binning_types=binning)
    low, high = sorted(pair)
    assert space.get_cell({"x": low}) <= space.get_cell({"x": high})


def test_missing_keys_are_named() -> None:
    space = BehaviorSpace(feature_bounds={"a": (0, 1), "b": (0, 1), "c": (0, 1)})
    with pytest.raises(KeyError, match="a, c"):
        space.get_cell({"b": 0.5})


def test_a_value_that_is_no_finite_number_is_named() -> None:
    space = BehaviorSpace(feature_bounds={"a": (0, 1), "b": (0, 1)})
    with pytest.raises(ValueError, match="not finite numbers: b"):
        space.get_cell({"a": 0.5, "b": math.nan})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"feature_bounds": {"x": (0, 1)}, "binning_types": "logarithmic"}, "'x'.*above 0"),
        ({"feature_bounds": {"x": (None, -1)}, "binning_types": "logarithmic"}, "'x'.*above 0"),
        ({"feature_bounds": {"x": (1, 1)}}, "'x'.*less than"),
        ({"feature_bounds": {"x": (-1e308, 1e308)}}, "'x'.*too wide"),
        ({"feature_bounds": {"x": (0, 5e-324)}}, "'x'.*too narrow"),
        ({"feature_bounds": {"x": (0, math.inf)}}, "'x'.*finite"),
        ({"feature_bounds": {"x": (0, 1, 2)}}, "'x'.*lower, upper"),
        ({"feature_bounds": {"x": ("low", 1)}}, "'x'.*lower, upper.*'low'"),
        ({"feature_bounds": [1], "keys": ["x"]}, "'x'.*lower, upper.*found 1"),
        ({"feature_bounds": {"x": (0, 1)}, "dynamic_bounds": "yes"}, "'x'.*dynamic_bounds.*'yes'"),
        ({"feature_bounds": {"x": (0, 1)}, "dynamic_bounds": {"y": True}}, "dynamic_bounds names y"),
        ({"feature_bounds": {"x": (0, 1)}, "resolution": 2.5}, "'x'.*2.5"),
        ({"feature_bounds": {"x": (0, 1)}, "resolution": 0}, "'x'.*resolution"),
        ({"feature_bounds": {"x": (0, 1)}, "resolution": {"x": 2.5}}, "'x'.*2.5"),
        ({"feature_bounds": {"x": (0, 1)}, "resolution": {"y": 3}}, "resolution names y"),
        (
            {"feature_bounds": {"x": (0, 1)}, "binning_types": {"x": "cubic"}},
            "'cubic'.*LINEAR, LOGARITHMIC, SQUARE_ROOT, QUANTILE",
        ),
        ({"keys": ["x", "y"], "resolution": [3]}, "1 entries for 2 keys"),
        ({"keys": ["x", "x"]}, "x is named more than once"),
        ({"keys": "fitness"}, "must be a list"),
        ({"keys": []}, "1 to 8 keys"),
        ({"keys": list("abcdefghi")}, "1 to 8 keys"),
        ({"keys": list("abc"), "resolution": 2**31}, "too many"),
    ],
)
def test_a_space_that_cannot_be_is_refused_by_name(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BehaviorSpace(**settings)  # type: ignore[arg-type]


def test_a_bound_that_is_declared_nowhere_follows_what_is_observed(make_context) -> None:
    space = BehaviorSpace(keys=["unbounded", "x"])
    assert space.learns
    space.bind(make_context())
    assert space.feature_bounds == {"unbounded": (None, None), "x": (0.0, 10.0)}
    assert space.get_cell({"unbounded": 5.0, "x": 5.0}) == (0, 5)
    for value in (20.0, 30.0):
        space.observe({"unbounded": value, "x": 5.0})
    space.adopt(space.pending())
    assert space.feature_bounds == {"unbounded": (20.0, 30.0), "x": (0.0, 10.0)}
    assert space.get_cell({"unbounded": 25.0, "x": 5.0}) == (5, 5)


def test_a_space_with_fixed_bounds_learns_nothing() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 1)})
    space.observe({"x": 7.0})
    assert not space.learns
    assert space.pending() is None
    assert space.state() == {}
    with pytest.raises(ValueError, match=r"'x'.*fixed"):
        space.adopt({"x": {"bounds": [0.0, 7.0]}})


def test_novelty_is_an_axis_from_0_to_1(make_context) -> None:
    space = BehaviorSpace(keys=["fitness", "novelty"], resolution=[10, 4])
    space.bind(make_context())
    assert not space.learns
    assert space.get_cell({"fitness": 50.0, "novelty": 0.8}) == (5, 3)


FIXED = [
    BehaviorSpace(feature_bounds={"x": (0, 10), "y": (1, 100)}, binning_types=["LINEAR", "LOGARITHMIC"]),
    BehaviorSpace(feature_bounds={"x": (0, 10), "y": (1, 100)}, resolution=[7, 3], binning_types="SQUARE_ROOT"),
]


@given(st.sampled_from(FIXED), st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 200)), max_size=20))
def test_many_programs_at_once_get_the_cells_that_each_gets_alone(
    space: BehaviorSpace, points: list[tuple[float, float]]
) -> None:
    cells = space.get_cells(np.array(points).reshape(-1, 2))
    alone = [space.get_cell({"x": x, "y": y}) for x, y in points]
    assert [tuple(map(int, np.unravel_index(cell, space.shape))) for cell in cells] == alone


def test_scales_are_the_widths_of_the_axes() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 10), "y": (None, 100)})
    assert space.scales() == {"x": 10.0, "y": 1.0}


def test_a_logarithmic_axis_whose_declared_bound_is_zero_is_an_error(make_context) -> None:
    with pytest.raises(ValueError, match=r"'x'.*above 0"):
        BehaviorSpace(keys=["x"], binning_types="LOGARITHMIC").bind(make_context())


def test_a_key_that_nobody_measures_is_an_error_with_a_suggestion(make_context) -> None:
    with pytest.raises(ValueError, match=r"'fitnes'.*did you mean 'fitness'"):
        BehaviorSpace(feature_bounds={"fitnes": (0, 1)}).bind(make_context())


def test_the_default_space_describes_programs_and_what_the_problem_names(make_context) -> None:
    space = ProgramBehaviorSpace()
    context = make_context(behavior_keys=("y",))
    space.bind(context)
    space.bind(context)
    assert space.behavior_keys == ["complexity_score", "cyclomatic_complexity", "y"]
    assert "fitness" not in space.behavior_keys
    small = space.get_cell({"complexity_score": 30.0, "cyclomatic_complexity": 1.0, "y": 2.0})
    large = space.get_cell({"complexity_score": 900.0, "cyclomatic_complexity": 12.0, "y": 7.0})
    assert all(low < high for low, high in zip(small, large, strict=True))


def test_what_the_problem_names_without_bounds_follows_what_is_observed(make_context) -> None:
    space = ProgramBehaviorSpace()
    space.bind(make_context(behavior_keys=("unbounded",)))
    program = {"complexity_score": 30.0, "cyclomatic_complexity": 1.0}
    for value in (-3.0, 9.0):
        space.observe({**program, "unbounded": value})
    space.adopt(space.pending())
    assert space.get_cell({**program, "unbounded": 9.0})[2] == 9
