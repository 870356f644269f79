"""The Pareto order, and the room that points of a front have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gigaevo.evolution.strategies.pareto import crowding_distances, dominated_by_any, dominates, most_crowded

# Few different values, so that ties and copies are common.
SMALL = st.integers(-2, 2).map(float)


def points(least: int = 0, most: int = 8) -> st.SearchStrategy[np.ndarray]:
    shapes = st.tuples(st.integers(least, most), st.integers(1, 3))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=SMALL))


TRIPLES = st.integers(1, 3).flatmap(lambda axes: arrays(np.float64, (3, axes), elements=SMALL))


def test_who_is_nowhere_worse_and_somewhere_better_dominates() -> None:
    assert dominates(np.array([2.0, 1.0]), np.array([1.0, 1.0]))
    assert not dominates(np.array([2.0, 0.0]), np.array([1.0, 1.0]))


@settings(deadline=None)
@given(TRIPLES)
def test_dominance_is_a_strict_partial_order(triple: np.ndarray) -> None:
    a, b, c = triple
    assert not dominates(a, a)
    assert not (dominates(a, b) and dominates(b, a))
    if dominates(a, b) and dominates(b, c):
        assert dominates(a, c)


@settings(deadline=None)
@given(points(least=1))
def test_being_dominated_by_any_is_being_dominated_by_one(rows: np.ndarray) -> None:
    first, others = rows[0], rows[1:]
    assert dominated_by_any(first, others) == any(dominates(other, first) for other in others)


def test_the_distances_are_those_of_the_paper() -> None:
    front = np.array([[0.0, 10.0], [2.0, 7.0], [3.0, 2.0], [10.0, 0.0]])
    expected = [np.inf, 3 / 10 + 8 / 10, 8 / 10 + 7 / 10, np.inf]
    assert crowding_distances(front) == pytest.approx(expected)
    assert most_crowded(front) == 1


@settings(deadline=None)
@given(points(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_distance_but_whose_copies_have_none(rows: np.ndarray, random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = crowding_distances(rows[order])
    assert sorted(shuffled) == sorted(crowding_distances(rows))
    distinct = len(np.unique(rows, axis=0)) == len(rows)
    if distinct:
        assert np.array_equal(shuffled, crowding_distances(rows)[order])


@settings(deadline=None)
@given(points(least=1))
def test_copies_have_no_room_and_ends_of_an_axis_have_all(rows: np.ndarray) -> None:
    distances = crowding_distances(rows)
    known: set[tuple[float, ...]] = set()
    for row, distance in zip(map(tuple, rows.tolist()), distances, strict=True):
        assert (distance == 0.0) if row in known else distance > 0.0
        known.add(row)
    for axis in rows.T:
        if np.ptp(axis):
            assert np.isinf(distances[np.isin(axis, [axis.min(), axis.max()])]).sum() >= 2


def test_of_equally_crowded_ones_the_last_is_named() -> None:
    assert most_crowded(np.array([[0.0, 0.0]])) == 0
    assert most_crowded(np.array([[0.0, 1.0], [1.0, 0.0]])) == 1
    assert most_crowded(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])) == 3


@settings(deadline=None)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(-1.7e308, 1.7e308)))
def test_no_distance_is_nan_whatever_the_range(rows: np.ndarray) -> None:
    distances = crowding_distances(rows)
    assert not np.isnan(distances).any()
    assert (distances >= 0).all()
