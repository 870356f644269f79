"""A CVT space: as many regions as wanted, each program in that of the nearest centroid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.cvt_space import AS_GOOD_AS_EQUAL, CVTBehaviorSpace, spread_centroids

CELLS = 60


def unit_space(**settings: object) -> CVTBehaviorSpace:
    made = {"cells": CELLS, "feature_bounds": {"x": (0, 1), "y": (0, 1)}, "samples": 2_000, **settings}
    return CVTBehaviorSpace(**made)  # type: ignore[arg-type]


SPACE = unit_space()
LATTICE = unit_space(cells=None, centroids=[(x / 4, y / 4) for x in range(5) for y in range(5)])


@given(
    st.sampled_from([SPACE, LATTICE]),
    st.lists(st.tuples(*[st.one_of(st.floats(-0.5, 1.5), st.integers(0, 8).map(lambda eighth: eighth / 8))] * 2)),
)
@settings(deadline=None)
def test_the_cell_is_that_of_the_first_of_the_nearest_centroids(space: CVTBehaviorSpace, points) -> None:
    many = space.get_cells(np.array(points).reshape(-1, 2))
    for (x, y), cell in zip(points, many, strict=True):
        inside = np.clip([x, y], 0.0, 1.0)
        squares = ((space.centroids - inside) ** 2).sum(axis=1)
        expected = int(np.argmax(squares <= squares.min() + AS_GOOD_AS_EQUAL))
        assert space.get_cell({"x": x, "y": y}) == (expected,)
        assert cell == expected


def test_a_space_has_the_cells_that_were_asked_for(make_context) -> None:
    space = CVTBehaviorSpace(["x", "y"], cells=12, samples=100)
    space.bind(make_context())
    assert space.shape == (12,)
    assert space.total_cells == 12
    assert space.behavior_keys == ["x", "y"]
    assert space.centroids.shape == (12, 2)
    assert CVTBehaviorSpace(["x"]).total_cells == 1_000


def test_a_single_cell_holds_everything() -> None:
    assert unit_space(cells=1).get_cell({"x": 0.3, "y": 0.9}) == (0,)


def test_metrics_are_scaled_by_their_bounds(make_context) -> None:
    space = CVTBehaviorSpace(["x", "fitness"], centroids=[(0.25, 0.5), (0.75, 0.5)])
    space.bind(make_context())  # x in [0, 10], fitness in [0, 100]
    assert space.get_cell({"x": 4.0, "fitness": 0.0}) == (0,)
    assert space.get_cell({"x": 6.0, "fitness": 100.0}) == (1,)
    assert space.out_of_range({"x": 11.0, "fitness": 1.0}) == ["x"]


def test_the_seed_decides_where_the_centroids_are() -> None:
    assert np.array_equal(unit_space(seed=4).centroids, unit_space(seed=4).centroids)
    assert not np.array_equal(unit_space(seed=4).centroids, unit_space(seed=5).centroids)


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_centroids_are_spread_more_evenly_than_uniform_points(dimensions: int) -> None:
    rng = np.random.default_rng(0)
    centroids = spread_centroids(CELLS, dimensions=dimensions, samples=3_000, rng=rng)
    uniform, probes = rng.random((CELLS, dimensions)), rng.random((2_000, dimensions))

    def mean_square(points: np.ndarray) -> float:
        return float(((probes[:, None] - points) ** 2).sum(axis=2).min(axis=1).mean())

    assert ((centroids >= 0) & (centroids <= 1)).all()
    assert mean_square(centroids) < 0.85 * mean_square(uniform)


def test_bounds_that_move_bin_anew_between_the_same_centroids(make_context) -> None:
    space = CVTBehaviorSpace(["unbounded"], centroids=[(0.125,), (0.375,), (0.625,), (0.875,)])
    space.bind(make_context())
    assert space.get_cell({"unbounded": 3.0}) == (0,)
    for value in (0.0, 4.0):
        space.observe({"unbounded": value})
    space.adopt(space.pending())
    assert [space.get_cell({"unbounded": value}) for value in (0.5, 1.5, 2.5, 3.5)] == [(0,), (1,), (2,), (3,)]
    space.observe({"unbounded": 8.0})
    space.adopt(space.pending())
    assert [space.get_cell({"unbounded": value}) for value in (1.5, 2.5, 3.5)] == [(0,), (1,), (1,)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cells": 0}, "cells must be at least 1; found 0"),
        ({"cells": 10, "samples": 9}, "samples must be at least cells, 10; found 9"),
        ({"centroids": [[0.5]], "cells": None}, r"shape \(1, 1\); expected \(cells, 2\)"),
        ({"centroids": [[0.5, 0.5]]}, "cells is 60 and there are 1 centroids"),
        ({"centroids": [[0.5, 1.5]], "cells": None}, "unit cube"),
        ({"centroids": [[0.5, float("nan")]], "cells": None}, "unit cube"),
        ({"feature_bounds": {"x": (1, 0)}}, "'x'.*less than"),
    ],
)
def test_a_space_that_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unit_space(**settings)
