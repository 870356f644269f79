"""Bins that are learned: they hold what was observed, move rarely, and are a function of the observations alone."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.config.helpers import build_behavior_space
from gigaevo.evolution.strategies.axes import Axis, BinningType
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.learned_axes import LARGEST, SAMPLE_SIZE, QuantileEdges, quantile_edges

VALUES = st.one_of(
    st.floats(-LARGEST, LARGEST),
    st.floats(-10, 10),
    st.integers(-3, 3).map(float),
)

# How a space over ``x`` (and ``y`` beside it) may learn.
SETTINGS = st.fixed_dictionaries(
    {
        "keys": st.just(["x", "y"]),
        "feature_bounds": st.sampled_from(
            [None, [None, [0, 1]], [[1, 2], None], [[None, 5], [0.5, None]], [[1, None], [2, 3]]]
        ),
        "resolution": st.integers(1, 12),
        "binning_types": st.tuples(*[st.sampled_from(BinningType)] * 2).map(list),
        "dynamic_bounds": st.booleans(),
    }
).filter(lambda made: makes_a_space(made))
OBSERVATIONS = st.lists(st.fixed_dictionaries({"x": VALUES, "y": VALUES}), max_size=60)


def makes_a_space(made: dict) -> bool:
    try:
        BehaviorSpace(**made)
    except ValueError:  # a logarithmic axis from 0
        return False
    return True


def follow(space: BehaviorSpace, observations: Iterable[dict[str, float]]) -> int:
    """Let a space learn as an island does; returns how often its bins moved."""
    moves = 0
    for metrics in observations:
        space.observe(metrics)
        change = space.pending()
        if change is not None:
            space.adopt(json.loads(json.dumps(change)))
            moves += 1
    return moves


def of_x(values: Iterable[float]) -> list[dict[str, float]]:
    return [{"x": float(value)} for value in values]


@given(SETTINGS, OBSERVATIONS, OBSERVATIONS)
@settings(deadline=None)
def test_every_program_has_a_cell_inside_the_grid_whatever_was_observed(made, seen, offered) -> None:
    space = BehaviorSpace(**made)
    follow(space, seen)
    points = np.array([[metrics["x"], metrics["y"]] for metrics in offered]).reshape(-1, 2)
    for metrics, flat in zip(offered, space.get_cells(points), strict=True):
        cell = space.get_cell(metrics)
        assert all(0 <= index < bins for index, bins in zip(cell, space.shape, strict=True))
        assert all(type(index) is int for index in cell)
        assert np.ravel_multi_index(cell, space.shape) == flat
    assert all(0 < scale < math.inf for scale in space.scales().values())


@given(SETTINGS, OBSERVATIONS, VALUES, VALUES)
@settings(deadline=None)
def test_cells_keep_the_order_of_values(made, seen, one, other) -> None:
    space = BehaviorSpace(**made)
    follow(space, seen)
    low, high = sorted([one, other])
    for place, key in enumerate(["x", "y"]):
        rest = {"x": 1.0, "y": 1.0}
        assert space.get_cell({**rest, key: low})[place] <= space.get_cell({**rest, key: high})[place]


@given(SETTINGS, OBSERVATIONS)
@settings(deadline=None)
def test_a_space_that_got_what_it_wanted_wants_nothing_more(made, seen) -> None:
    space = BehaviorSpace(**made)
    for metrics in seen:
        space.observe(metrics)
        change = space.pending()
        assert change == space.pending()
        if change is not None:
            space.adopt(change)
            assert space.pending() is None


@given(SETTINGS, OBSERVATIONS, OBSERVATIONS)
@settings(deadline=None)
def test_a_restored_space_goes_on_as_the_unbroken_one(made, before, after) -> None:
    unbroken, restored = BehaviorSpace(**made), BehaviorSpace(**made)
    follow(unbroken, before)
    restored.restore(json.loads(json.dumps(unbroken.state())))
    for metrics in after:
        for space in (unbroken, restored):
            space.observe(metrics)
        assert unbroken.pending() == restored.pending()
        for space in (unbroken, restored):
            if (change := space.pending()) is not None:
                space.adopt(change)
        assert unbroken.get_cell(metrics) == restored.get_cell(metrics)
        assert unbroken.scales() == restored.scales()
    assert unbroken.state() == restored.state()


@given(SETTINGS, OBSERVATIONS)
@settings(deadline=None)
def test_a_state_may_be_taken_between_a_wish_and_its_adoption(made, seen) -> None:
    unbroken = BehaviorSpace(**made)
    for metrics in seen:
        unbroken.observe(metrics)
    restored = BehaviorSpace(**made)
    restored.restore(json.loads(json.dumps(unbroken.state())))
    assert restored.pending() == unbroken.pending()


@given(
    st.sampled_from([BinningType.LINEAR, BinningType.SQUARE_ROOT, BinningType.LOGARITHMIC]),
    st.sampled_from([None, (1.0, 2.0)]),
    st.lists(st.one_of(st.floats(1e-300, LARGEST), st.floats(0.1, 10)), min_size=2, max_size=40),
)
@settings(deadline=None)
def test_dynamic_bounds_hold_everything_that_was_observed(binning, given_bounds, values) -> None:
    space = BehaviorSpace(keys=["x"], feature_bounds=[given_bounds], binning_types=binning, dynamic_bounds=True)
    follow(space, of_x(values))
    lower, upper = space.feature_bounds["x"]
    if lower is not None:
        assert not any(space.out_of_range({"x": value}) for value in values)
        assert lower < upper
    else:
        assert max(values) - min(values) <= 1e-12 * max(values)


@pytest.mark.parametrize("binning", ["LINEAR", "SQUARE_ROOT", "LOGARITHMIC"])
def test_bounds_widen_by_doubling_so_that_bins_move_rarely(binning: str) -> None:
    space = BehaviorSpace(keys=["x"], binning_types=binning)
    moves = follow(space, of_x(range(1, 5_001)))
    assert moves <= 14
    lower, upper = space.feature_bounds["x"]
    assert lower == 1.0
    assert 5_000 <= upper < 5_000 * (5_000 if binning == "LOGARITHMIC" else 2)


def test_two_bins_become_one_when_the_range_doubles() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 8)}, resolution=8, dynamic_bounds=True)
    values = np.linspace(0, 8, 50)[:, None]
    before = space.get_cells(values)
    follow(space, of_x([12.0]))
    assert space.feature_bounds == {"x": (0.0, 16.0)}
    assert np.array_equal(space.get_cells(values[:-1]), before[:-1] // 2)


def test_bounds_widen_on_the_side_where_they_were_passed() -> None:
    space = BehaviorSpace(
        feature_bounds={"x": (0, 10), "z": (1, 10)}, binning_types={"z": "LOGARITHMIC"}, dynamic_bounds=True
    )
    follow(space, [{"x": -5.0, "z": 0.5}])
    assert space.feature_bounds["x"] == (-10.0, 10.0)
    assert space.feature_bounds["z"] == pytest.approx((0.1, 10.0))


def test_a_given_bound_stays_where_only_the_other_is_observed() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, None)}, resolution=4)
    follow(space, of_x([-50.0, 3.0, -1.0, 4.0]))
    assert space.feature_bounds == {"x": (0.0, 6.0)}
    assert space.out_of_range({"x": -1.0}) == ["x"]
    assert space.get_cell({"x": -1.0}) == (0,)


def test_dynamic_bounds_may_be_chosen_by_key() -> None:
    space = build_behavior_space(["x", "y"], [[0, 1], [0, 1]], dynamic_bounds=[False, True])
    same = BehaviorSpace(feature_bounds={"x": (0, 1), "y": (0, 1)}, dynamic_bounds={"y": True})
    for each in (space, same):
        follow(each, [{"x": 1.5, "y": 1.5}])
        assert each.feature_bounds == {"x": (0.0, 1.0), "y": (0.0, 2.0)}


@pytest.mark.parametrize("binning", BinningType)
def test_one_value_alone_makes_no_range(binning: BinningType) -> None:
    space = BehaviorSpace(keys=["x"], binning_types=binning)
    assert follow(space, of_x([7.0] * 50)) == 0
    assert space.get_cell({"x": 7.0}) == space.get_cell({"x": 8.0}) == (0,)
    assert space.out_of_range({"x": 1e9}) == []
    assert space.scales() == {"x": 1.0}


def test_rounding_noise_makes_no_range() -> None:
    space = BehaviorSpace(keys=["x"])
    assert follow(space, of_x([0.1 + 0.2, 0.3])) == 0


def test_what_is_missing_or_not_finite_is_not_observed() -> None:
    space = BehaviorSpace(keys=["x", "y"], binning_types=["LINEAR", "QUANTILE"])
    nothing = space.state()
    for metrics in ({}, {"x": math.nan, "y": math.inf}, {"x": -math.inf, "y": math.nan}):
        space.observe(metrics)
    assert space.state() == nothing


def test_a_logarithmic_axis_takes_no_notice_of_values_that_are_not_above_0() -> None:
    space = BehaviorSpace(keys=["x"], binning_types="LOGARITHMIC", resolution=3)
    follow(space, of_x([-5.0, 0.0, 1.0, 1000.0]))
    assert space.feature_bounds == {"x": (1.0, 1000.0)}
    assert space.get_cell({"x": -5.0}) == (0,)
    assert space.out_of_range({"x": 0.0}) == ["x"]


@given(st.sets(st.floats(-LARGEST, LARGEST), min_size=1, max_size=50), st.integers(1, 20))
def test_quantile_edges_cut_values_into_equal_groups(values: set[float], bins: int) -> None:
    ordered = np.array(sorted(values))
    edges = quantile_edges(ordered, bins)
    assert (np.diff(edges) > 0).all()
    sizes = np.bincount(np.searchsorted(edges, ordered, side="right"))
    assert len(sizes) == min(bins, len(ordered))
    assert sizes.max() - sizes.min() <= 1


def test_quantile_bins_hold_equally_many_values_of_a_skewed_metric() -> None:
    values = np.random.default_rng(1).lognormal(sigma=3.0, size=4 * SAMPLE_SIZE)
    space = BehaviorSpace(keys=["x"], binning_types="QUANTILE", resolution=8)
    follow(space, of_x(values))
    share = np.bincount(space.get_cells(values[-SAMPLE_SIZE:, None]), minlength=8) / SAMPLE_SIZE
    assert share.min() > 0.5 / 8
    assert share.max() < 2 / 8


def test_quantile_edges_rest_while_nothing_drifts_and_follow_what_does() -> None:
    rng = np.random.default_rng(2)
    space = BehaviorSpace(keys=["x"], binning_types="QUANTILE", resolution=10)
    assert follow(space, of_x(rng.normal(size=SAMPLE_SIZE))) <= 20
    assert follow(space, of_x(rng.normal(size=10 * SAMPLE_SIZE))) <= 1
    drifted = rng.normal(loc=20.0, size=3 * SAMPLE_SIZE)
    assert 1 <= follow(space, of_x(drifted)) <= 6
    assert len(np.unique(space.get_cells(drifted[:, None]))) == 10
    assert follow(space, of_x(drifted)) == 0


@pytest.mark.parametrize("count", [2, 5, 10])
def test_each_of_few_different_values_gets_a_bin_of_its_own(count: int) -> None:
    values = np.random.default_rng(3).geometric(0.3, size=2_000) % count
    space = BehaviorSpace(keys=["x"], binning_types="QUANTILE", resolution=10)
    follow(space, of_x(values))
    assert [space.get_cell({"x": float(value)}) for value in range(count)] == [(value,) for value in range(count)]
    assert space.total_cells == 10


def test_edges_do_not_come_and_go_with_a_rare_value() -> None:
    values = np.tile([1.0, 2.0, 3.0] * 700 + [9.0], 5)
    space = BehaviorSpace(keys=["x"], binning_types="QUANTILE", resolution=10)
    assert follow(space, of_x(values)) <= 3


def test_values_beyond_given_bounds_get_no_quantile_bins_of_their_own() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 10)}, binning_types="QUANTILE", resolution=5)
    follow(space, of_x([*range(1, 5), *range(100, 200)]))
    assert [space.get_cell({"x": value}) for value in (1.0, 2.0, 3.0, 4.0)] == [(0,), (1,), (2,), (3,)]
    assert space.get_cell({"x": 100.0}) == space.get_cell({"x": 200.0}) == (4,)
    assert space.out_of_range({"x": 200.0}) == ["x"]
    assert space.scales() == {"x": 9.0}


def test_the_sample_of_a_quantile_axis_is_bounded() -> None:
    axis = QuantileEdges(Axis(key="x", binning=BinningType.QUANTILE))
    for value in np.random.default_rng(4).normal(size=3 * SAMPLE_SIZE).tolist():
        axis.observe(value)
    assert len(axis.state()["sample"]) == SAMPLE_SIZE


def test_copies_of_a_space_learn_apart_from_each_other() -> None:
    space = BehaviorSpace(keys=["x"])
    other = copy.deepcopy(space)
    follow(space, of_x([1.0, 2.0]))
    assert space.feature_bounds == {"x": (1.0, 2.0)}
    assert other.feature_bounds == {"x": (None, None)}


def test_binding_again_forgets_nothing(make_context) -> None:
    space = BehaviorSpace(keys=["unbounded"])
    space.bind(make_context())
    follow(space, [{"unbounded": value} for value in (1.0, 3.0)])
    space.bind(make_context())
    assert space.feature_bounds == {"unbounded": (1.0, 3.0)}
