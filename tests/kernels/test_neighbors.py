"""The index of nearest others: exact, without memory, and cheap where points share a place."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.kernels import NeighborIndex

# A coarse lattice makes ties and equal points common; the rest are squares that overflow or vanish.
COORDINATES = st.one_of(
    st.integers(0, 3).map(lambda step: step * 0.3),
    st.integers(0, 3).map(lambda step: step * 0.3),
    st.floats(-2, 2),
    st.sampled_from([-0.0, 1e200, -1e300, 1e-200]),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, list[list[float]], list[tuple[Any, ...]]]:
    """A number k, points to begin with, and calls that an index of these can take."""
    axes = draw(st.integers(1, 3))
    point = st.lists(COORDINATES, min_size=axes, max_size=axes)
    points = draw(st.lists(point, min_size=1, max_size=10))
    rows, calls = len(points), []
    for _ in range(draw(st.integers(0, 20))):
        call = draw(st.sampled_from(["append", "append", "replace", "remove", "remove", "clear"]))
        if call == "append" or not rows:
            rows += 1
            calls.append(("append", draw(point)))
        elif call == "replace":
            calls.append(("replace", draw(st.integers(0, rows - 1)), draw(point)))
        elif call == "remove":
            calls.append(("remove", draw(st.integers(0, rows - 1))))
            rows -= 1
        elif draw(st.integers(0, 4)) == 0:
            calls.append(("clear",))
            rows = 0
    return draw(st.integers(1, 4)), points, calls


def apply_to_list(points: list[list[float]], call: str, *arguments: Any) -> None:
    """The same change of a plain list."""
    if call == "append":
        points.append(*arguments)
    elif call == "replace":
        row, point = arguments
        points[row] = point
    elif call == "remove":
        points[arguments[0]] = points[-1]
        points.pop()
    else:
        points.clear()


def distance(point: list[float], other: list[float]) -> float:
    """As the index says it makes distances: no square is greater than the largest float."""
    differences = [a - b for a, b in zip(point, other, strict=True)]
    return math.sqrt(math.fsum(difference * difference for difference in differences))


def mean_of_least(distances: list[float], k: int) -> float:
    nearest = sorted(distances)[:k]
    return sum(nearest) / len(nearest) if nearest else math.inf


def contents(index: NeighborIndex) -> dict[str, Any]:
    """Everything that can be seen of an index."""
    pairs = len(index) > 1
    return {
        "novelty": index.novelty.tolist(),
        "nearest": [index.nearest(row) for row in range(len(index))] if pairs else None,
        "pair": index.closest_pair() if pairs else None,
    }


@given(history=histories())
@settings(max_examples=120, deadline=None)
def test_an_index_knows_what_looking_at_all_pairs_shows(history):
    k, points, calls = history
    index = NeighborIndex(points, k)
    for call, *arguments in calls:
        getattr(index, call)(*arguments)
        apply_to_list(points, call, *arguments)
        assert len(index) == len(points)
        far = [[distance(a, b) for b in points] for a in points]
        others = [[far[a][b] for b in range(len(points)) if b != a] for a in range(len(points))]
        assert index.novelty.tolist() == pytest.approx([mean_of_least(to, k) for to in others], rel=1e-14)
        if len(points) < 2:
            continue
        least = min(far[a][b] for a, b in combinations(range(len(points)), 2))
        a, b = index.closest_pair()
        assert a < b and far[a][b] == pytest.approx(least, rel=1e-14)
        for row in range(len(points)):
            other, apart = index.nearest(row)
            assert other != row and apart == pytest.approx(min(others[row]), rel=1e-14)
            assert far[row][other] == pytest.approx(apart, rel=1e-14)


@given(history=histories())
@settings(max_examples=120, deadline=None)
def test_an_index_has_no_memory_of_how_it_came_about(history):
    k, points, calls = history
    axes = len(points[0])
    index = NeighborIndex(points, k)
    for call, *arguments in calls:
        getattr(index, call)(*arguments)
        apply_to_list(points, call, *arguments)
        assert contents(index) == contents(NeighborIndex(np.reshape(points, (-1, axes)), k))  # to the last bit


def changed_at_random(index: NeighborIndex, points: list[np.ndarray], rng: np.random.Generator, draw: Any) -> None:
    """Sixty changes of an index and of the list of its points."""
    for step in range(60):
        row, point = int(rng.integers(len(points))), draw()
        call = ("append", "replace", "remove")[step % 3]
        arguments = {"append": (point,), "replace": (row, point), "remove": (row,)}[call]
        getattr(index, call)(*arguments)
        apply_to_list(points, call, *arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("axes", [1, 2, 4])
@pytest.mark.parametrize("lattice", [0, 7, 200], ids=["scattered", "crowded places", "lattice"])
def test_many_points_are_indexed_exactly_at_once_and_one_by_one(axes, lattice):
    rng = np.random.default_rng(axes)

    def draw() -> np.ndarray:
        return rng.integers(lattice, size=axes) * 0.1 if lattice else rng.standard_normal(axes)

    points = [draw() for _ in range(1500)]
    index = NeighborIndex(points, 5)
    far = np.sqrt(np.square(np.array(points)[:, np.newaxis] - np.array(points)).sum(axis=2))
    np.fill_diagonal(far, np.inf)
    np.testing.assert_allclose(index.novelty, np.sort(far, axis=1)[:, :5].mean(axis=1), rtol=1e-13)
    one_by_one = NeighborIndex(points[:1], 5)
    for point in points[1:]:
        one_by_one.append(point)
    assert one_by_one.novelty.tolist() == index.novelty.tolist()
    changed_at_random(index, points, rng, draw)
    assert index.novelty.tolist() == NeighborIndex(points, 5).novelty.tolist()


@pytest.mark.parametrize("k", [3, 6])
def test_the_many_equally_near_of_a_lattice_replace_each_other_one_by_one(k):
    # Ties among more points than a tree is asked for at first, nearly all of which are used up.
    points = np.argwhere(np.ones((13, 13, 13))) * 0.25
    rng = np.random.default_rng(k)
    index, left = NeighborIndex(points, k), points.tolist()
    for _ in range(1600):
        row = int(rng.integers(len(left)))
        index.remove(row)
        apply_to_list(left, "remove", row)
    assert index.novelty.tolist() == NeighborIndex(left, k).novelty.tolist()


def test_of_equally_near_others_the_lowest_row_is_named():
    index = NeighborIndex([[0.0], [2.0], [1.0], [3.0], [2.0]], 2)
    assert index.nearest(2) == (0, 1.0)
    assert index.nearest(3) == (1, 1.0)
    assert index.nearest(4) == (1, 0.0)
    assert index.closest_pair() == (1, 4)


def test_the_novelty_of_a_new_point_is_what_it_has_once_it_is_there():
    rng = np.random.default_rng(3)
    index, points = NeighborIndex(rng.random((30, 2)), 4), rng.random((5, 2))
    for point, foretold in zip(points, index.novelty_of(points), strict=True):
        index.append(point)
        assert index.novelty[-1] == foretold
        index.remove(len(index) - 1)


def test_distances_are_euclidean():
    index = NeighborIndex([[0.0, 0.0], [3.0, 4.0]], 1)
    assert index.distances_from([6.0, 8.0]).tolist() == [10.0, 5.0]


def test_the_first_points_are_infinitely_new_and_fewer_than_k_others_are_all_that_count():
    index = NeighborIndex(np.empty((0, 2)), 3)
    assert len(index) == 0 and index.novelty.tolist() == [] and index.novelty_of([[0.0, 0.0]]).tolist() == [math.inf]
    index.append([0.0, 0.0])
    assert index.novelty.tolist() == [math.inf]
    index.append([3.0, 4.0])
    assert index.novelty.tolist() == [5.0, 5.0] and index.novelty_of([[0.0, 4.0]]).tolist() == [3.5]


def test_a_view_of_novelty_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        NeighborIndex([[0.0]], 1).novelty[0] = 0.0


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("append", ([0.0, math.nan],), r"point\[1\] is nan, expected a finite number"),
        ("append", ([0.0],), r"point has shape \(1,\), expected \(2,\)"),
        ("append", ([[0.0, 0.0]],), r"point has shape \(1, 2\), expected 1 dimension"),
        ("append", (["a", "b"],), r"point must be real numbers \(float64\), not <U1"),
        ("replace", (2, [0.0, 0.0]), "row is 2, expected 0 to 1"),
        ("replace", (0, [math.inf, 0.0]), r"point\[0\] is inf, expected a finite number"),
        ("remove", (-1,), "row is -1, expected 0 to 1"),
        ("nearest", (2,), "row is 2, expected 0 to 1"),
        ("distances_from", ([1.0],), r"point has shape \(1,\), expected \(2,\)"),
        ("novelty_of", ([[1.0]],), r"points has shape \(1, 1\), expected \(1, 2\)"),
        ("novelty_of", ([[1.0, math.nan]],), r"points\[0, 1\] \(row 0, axis 1\) is nan, expected a finite number"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(method, arguments, message):
    index = NeighborIndex([[0.0, 0.0], [1.0, 1.0]], 1)
    before = contents(index)
    with pytest.raises(ValueError, match=message):
        getattr(index, method)(*arguments)
    assert contents(index) == before


@pytest.mark.parametrize(
    ("points", "k", "message"),
    [
        ([[0.0, math.nan]], 1, r"points\[0, 1\] \(row 0, axis 1\) is nan, expected a finite number"),
        ([0.0], 1, r"points has shape \(1,\), expected 2 dimensions"),
        (np.empty((3, 0)), 1, r"points has shape \(3, 0\), expected at least 1 axis"),
        ([[0.0]], 0, "k is 0, expected 1 or more"),
    ],
)
def test_an_index_that_cannot_be_is_refused(points, k, message):
    with pytest.raises(ValueError, match=message):
        NeighborIndex(points, k)


@pytest.mark.parametrize(("rows", "message"), [(0, "the index has 0 rows"), (1, "the index has 1 row, a pair needs 2")])
def test_a_pair_takes_two(rows, message):
    index = NeighborIndex(np.zeros((rows, 1)), 1)
    with pytest.raises(ValueError, match=message):
        index.closest_pair()
