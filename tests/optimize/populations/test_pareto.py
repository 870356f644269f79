"""The optimizer document's functions of several objectives."""

from __future__ import annotations

import math
from itertools import starmap

import numpy as np
import pytest
from deap import base, tools
from hypothesis import given, settings
from hypothesis import strategies as st

import gigaevo.optimize as hz

OBJECTIVES = [[3.0, 1.0], [1.0, 3.0], [2.0, 2.0], [1.0, 1.0]]


class Fitness(base.Fitness):
    """Of DEAP: three objectives, maximised."""

    weights = (1.0, 1.0, 1.0)


class Individual:
    """Of DEAP: whatever has a fitness."""

    def __init__(self, index: int, values: tuple[int, ...]) -> None:
        self.index = index
        self.fitness = Fitness(values)


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_fronts_and_distances_are_those_of_deap(objectives):
    """Distances are compared in fronts without equal values, whose neighbours DEAP takes as they come."""
    fronts = tools.sortNondominated(list(starmap(Individual, enumerate(objectives))), len(objectives))
    assert [sorted(one.index for one in front) for front in fronts] == hz.non_dominated_sort(objectives)
    for front in fronts:
        members = [one.index for one in front]
        if len(members) > 2 and all(len(set(column)) == len(members) for column in np.array(objectives)[members].T):
            tools.emo.assignCrowdingDist(front)
            theirs = [one.fitness.crowding_dist for one in front]
            assert hz.crowding_distance_assign(objectives, members) == pytest.approx(theirs)


def test_the_document_s_example():
    fronts = hz.non_dominated_sort(OBJECTIVES)
    assert fronts == [[0, 1, 2], [3]]
    assert hz.crowding_distance_assign(OBJECTIVES, front_indices=[0, 1, 2]) == [math.inf, math.inf, 1.0]
    result = hz.nsga2_select(OBJECTIVES, n_select=3)
    assert result.selected_indices == [0, 1, 2]
    assert result.pareto_front_indices == [0, 1, 2] == hz.pareto_front(OBJECTIVES)
    assert result.fronts == fronts
    assert result["fronts"] == fronts and result["selected_indices"] == result.selected_indices


def test_the_least_crowded_come_first_and_equals_by_index():
    line = [[0.0, 8.0], [1.0, 7.0], [4.0, 4.0], [8.0, 0.0]]
    assert hz.crowding_distance_assign(line, range(4)) == [math.inf, 0.5, 0.875, math.inf]
    assert hz.crowding_distance_assign(line, [3, 2, 1, 0]) == [math.inf, 0.875, 0.5, math.inf]
    assert hz.nsga2_select(line, 4).selected_indices == [0, 3, 2, 1]
    assert hz.nsga2_select([[1.0, 1.0]] * 5, 3).selected_indices == [0, 1, 2]


@pytest.mark.parametrize(
    ("maximize", "front"), [(True, [1]), (False, [0]), ([True, False], [1, 2]), ((False, True), [0, 1])]
)
def test_each_objective_has_a_direction(maximize, front):
    assert hz.pareto_front([[0.0, 0.0], [1.0, 1.0], [0.5, 0.0]], maximize=maximize) == front


def test_an_array_gives_arrays():
    objectives = np.array(OBJECTIVES)
    result = hz.nsga2_select(objectives, 2)
    found = [
        (result.selected_indices, [0, 1]),
        (result.pareto_front_indices, [0, 1, 2]),
        (hz.pareto_front(objectives), [0, 1, 2]),
        (hz.crowding_distance_assign(objectives, [2, 0, 1]), [1.0, math.inf, math.inf]),
        *zip(result.fronts, [[0, 1, 2], [3]], strict=True),
        *zip(hz.non_dominated_sort(objectives), [[0, 1, 2], [3]], strict=True),
    ]
    for array, expected in found:
        assert isinstance(array, np.ndarray) and array.tolist() == expected


def test_nobody_has_no_fronts():
    assert hz.non_dominated_sort([]) == []
    assert hz.pareto_front([]) == []
    assert hz.nsga2_select([], 0).fronts == []
    assert hz.crowding_distance_assign(OBJECTIVES, []) == []


def test_the_invalid_come_last_and_are_no_pareto_front():
    objectives = [[math.nan, 5.0], [1.0, 1.0], [0.0, 0.0]]
    assert hz.non_dominated_sort(objectives) == [[1], [2], [0]]
    assert hz.nsga2_select(objectives, 2).selected_indices == [1, 2]
    assert hz.pareto_front([[math.nan, 1.0]]) == []


def test_hypervolume_in_the_user_s_direction():
    assert hz.hypervolume([[2.0, 3.0]], [0.0, 0.0]) == 6.0
    assert hz.hypervolume([[0.25, 0.5]], [1.0, 1.0], maximize=False) == 0.375
    assert hz.hypervolume([[0.25, 2.0]], [1.0, 0.0], maximize=[False, True]) == 1.5
    assert hz.hypervolume([], [0.0]) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: hz.non_dominated_sort([1.0, 2.0]), "objectives has shape"),
        (lambda: hz.non_dominated_sort([["a", "b"]]), "objectives must be real numbers"),
        (lambda: hz.non_dominated_sort(OBJECTIVES, maximize=[True]), "maximize is"),
        (lambda: hz.nsga2_select(OBJECTIVES, 5), "n_select is 5, expected 0 to 4"),
        (lambda: hz.nsga2_select(OBJECTIVES, -1), "n_select is -1, expected 0 to 4"),
        (lambda: hz.crowding_distance_assign(OBJECTIVES, [4]), r"front_indices\[0\] is 4, expected 0 to 3"),
        (lambda: hz.hypervolume(OBJECTIVES, [0.0]), r"reference has shape \(1,\), expected \(2,\)"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_nobody_dominates_nothing() -> None:
    assert hz.hypervolume([], [0.0, 0.0]) == hz.hypervolume(np.empty((0, 3)), [0.0, 0.0, 0.0]) == 0.0
