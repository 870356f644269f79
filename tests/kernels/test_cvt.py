"""Cells of a Voronoi tessellation: always the nearest centroid, and what is refused."""

from __future__ import annotations

import math
import pickle
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def nearest(centroids: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Compared with every centroid, as one would write it down."""
    squares = np.zeros((len(points), len(centroids)))
    for axis in range(centroids.shape[1]):
        squares += (points[:, None, axis] - centroids[None, :, axis]) ** 2
    return squares.argmin(axis=1)


@st.composite
def tessellations(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Centroids, scattered or in clusters or on a lattice, and points around and far from them."""
    d = draw(st.integers(1, 6))
    k = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centroids = rng.random((k, d))
    kind = draw(st.sampled_from(["scattered", "clusters", "lattice", "line"]))
    if kind == "clusters":
        centroids = centroids * 1e-4 + rng.integers(0, 3, (k, d))
    elif kind == "lattice":
        centroids = np.unique(rng.integers(0, 4, (k, d)).astype(np.float64), axis=0)
    elif kind == "line":
        centroids[:, 1:] = 0.5
    shift, scale = draw(st.sampled_from([(0.0, 1.0), (1e9, 1.0), (-3.0, 1e-12), (0.0, 1e12)]))
    points = np.concatenate(
        [
            rng.uniform(-0.2, 4.2, (60, d)) if kind == "lattice" else rng.uniform(-0.1, 1.1, (60, d)),
            centroids,  # each is its own
            0.5 * (centroids + centroids[::-1]),  # as near to one as to another
            rng.normal(0.0, 100.0, (5, d)),
        ]
    )
    centroids, where = np.unique(centroids * scale + shift, axis=0, return_index=True)
    order = np.argsort(where)
    return np.ascontiguousarray(centroids[order]), points * scale + shift


@given(case=tessellations())
@settings(max_examples=150, deadline=None)
def test_every_point_has_its_nearest_centroid_and_of_equals_the_first(cvt: ModuleType, case):
    centroids, points = case
    index = cvt.CentroidIndex(centroids)
    cells = index.cells(points)
    assert cells.dtype == np.int64
    np.testing.assert_array_equal(cells, nearest(centroids, points))
    assert [index.cell(point) for point in points[:10]] == cells[:10].tolist()


@pytest.mark.parametrize(("d", "k"), [(1, 500), (2, 3000), (3, 1500), (4, 700), (5, 300), (6, 2500), (11, 50)])
def test_many_centroids_are_searched_as_few_are(cvt: ModuleType, d, k):
    rng = np.random.default_rng(d)
    centroids, points = rng.random((k, d)), rng.uniform(-0.05, 1.05, (600, d))
    index = cvt.CentroidIndex(centroids, np.zeros(d), np.ones(d))
    np.testing.assert_array_equal(index.cells(points), nearest(centroids, points))


def test_the_box_changes_no_answer(cvt: ModuleType):
    rng = np.random.default_rng(1)
    centroids, points = rng.random((40, 2)), rng.uniform(-5, 5, (500, 2))
    expected = nearest(centroids, points)
    for lower, upper in (([0.4, 0.4], [0.6, 0.6]), ([-9, -9], [9, 9]), ([0.0, -1e6], [1.0, 1e6])):
        np.testing.assert_array_equal(cvt.CentroidIndex(centroids, lower, upper).cells(points), expected)


def test_cells_are_those_of_pyribs(cvt: ModuleType):
    from ribs import archives

    rng = np.random.default_rng(2)
    centroids, points = rng.random((200, 2)), rng.uniform(-0.2, 1.2, (2000, 2))
    peer = archives.CVTArchive(solution_dim=1, centroids=centroids, ranges=[(0, 1)] * 2)
    np.testing.assert_array_equal(cvt.CentroidIndex(centroids).cells(points), peer.index_of(points))


def test_a_pickled_index_answers_alike(cvt: ModuleType):
    rng = np.random.default_rng(3)
    index = cvt.CentroidIndex(rng.random((50, 3)), [0, 0, 0], [1, 1, 1])
    again = pickle.loads(pickle.dumps(index))
    points = rng.random((100, 3))
    np.testing.assert_array_equal(again.cells(points), index.cells(points))
    np.testing.assert_array_equal(again.centroids, index.centroids)


def test_centroids_are_kept_apart_from_the_callers_array(cvt: ModuleType):
    given_ones = np.array([[0.0], [1.0]])
    index = cvt.CentroidIndex(given_ones)
    given_ones[0] = 5.0
    assert index.cells([[0.1]]).tolist() == [0]
    with pytest.raises(ValueError, match="read-only"):
        index.centroids[0] = 1.0


def test_no_points_have_no_cells(cvt: ModuleType):
    assert cvt.CentroidIndex([[0.0, 1.0]]).cells(np.empty((0, 2))).tolist() == []


MADE = [
    (([[0.0, math.nan]],), r"centroids\[0, 1\] \(row 0, axis 1\) is nan"),
    ((np.empty((0, 2)),), r"centroids has shape \(0, 2\)"),
    (([1.0, 2.0],), r"centroids has shape \(2,\), expected 2 dimensions"),
    (([[1.0], [2.0], [1.0]],), r"centroids\[2\] is centroids\[0\] again, \[1.0\]"),
    (([[1.0]], [0.0]), r"lower and upper belong together"),
    (([[1.0]], [0.0], [0.0]), r"lower\[0\] is 0.0, expected less than upper\[0\], 0.0"),
    (([[1.0]], [0.0, 1.0], [2.0, 2.0]), r"lower has shape \(2,\), expected \(1,\)"),
    (([[1.0]], [0.0], [math.inf]), r"upper\[0\] is inf"),
]


@pytest.mark.parametrize(("arguments", "message"), MADE)
def test_centroids_and_boxes_that_make_no_sense_are_refused(cvt: ModuleType, arguments, message):
    with pytest.raises(ValueError, match=message):
        cvt.CentroidIndex(*arguments)


ASKED = [
    ([[0.0, math.nan]], r"values\[0, 1\] \(row 0, axis 1\) is nan"),
    ([[0.0, 1.0], [math.inf, 0.0]], r"values\[1, 0\] \(row 1, axis 0\) is inf"),
    ([[0.0]], r"values has shape \(1, 1\), expected 2 coordinates"),
    ([0.0, 1.0], r"values has shape \(2,\), expected 2 dimensions"),
    ([["a", "b"]], r"values must be real numbers"),
]


@pytest.mark.parametrize(("values", "message"), ASKED)
def test_points_that_are_none_are_refused(cvt: ModuleType, values, message):
    with pytest.raises(ValueError, match=message):
        cvt.CentroidIndex([[0.0, 0.0], [1.0, 1.0]]).cells(values)


def test_a_single_point_that_is_none_is_refused(cvt: ModuleType):
    index = cvt.CentroidIndex([[0.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=r"values\[1\] is nan, expected a finite number"):
        index.cell([0.0, math.nan])
    with pytest.raises(ValueError, match=r"values has shape \(3,\), expected 2 coordinates"):
        index.cell([0.0, 1.0, 2.0])
