"""An unstructured space: what differs enough from every elite gets a place, the rest competes with the nearest."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.archive import ProgramArchive
from gigaevo.evolution.strategies.unstructured_space import UnstructuredBehaviorSpace
from gigaevo.programs import Program

BOUNDS = {"x": (0.0, 10.0), "y": (0.0, 1.0)}
POINTS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), max_size=40)


def archive_of(space: UnstructuredBehaviorSpace) -> ProgramArchive:
    return ProgramArchive(space.shape, space.behavior_keys)


def offer(space: UnstructuredBehaviorSpace, archive: ProgramArchive, x: float, y: float) -> tuple[int, ...]:
    """Keep a program if its place is free; returns the place."""
    metrics = {"x": x, "y": y}
    cell = space.locate(metrics, archive)
    if archive.elite_at(cell) is None:
        archive.put(cell, 0.0, Program(id=f"p{len(archive)}", source="", metrics=metrics))
    return cell


def distance(one: dict[str, float], other: dict[str, float]) -> float:
    return math.hypot((one["x"] - other["x"]) / 10.0, one["y"] - other["y"])


def nearest_cell(archive: ProgramArchive, metrics: dict[str, float]) -> tuple[int, ...]:
    return min(archive, key=lambda held: distance(held[1].metrics, metrics))[0]


@given(POINTS, st.floats(0.01, 0.5))
@settings(deadline=None)
def test_elites_are_kept_apart_when_they_take_a_free_place(points: Iterable[tuple[float, float]], apart: float) -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, min_distance=apart)
    archive = archive_of(space)
    for x, y in points:
        offer(space, archive, x, y)
    elites = archive.programs()
    for place, one in enumerate(elites):
        assert all(distance(one.metrics, other.metrics) >= apart * (1 - 1e-9) for other in elites[:place])


@given(POINTS, st.integers(1, 5))
@settings(deadline=None)
def test_places_are_taken_from_the_lowest_until_none_is_left(points: list[tuple[float, float]], capacity: int) -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, min_distance=1e-9, capacity=capacity)
    archive = archive_of(space)
    for x, y in points:
        before = len(archive)
        (place,) = offer(space, archive, x, y)
        assert place == before if len(archive) > before else place < before
    assert len(archive) <= capacity


def test_a_program_near_an_elite_competes_with_the_nearest() -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, min_distance=0.2)
    archive = archive_of(space)
    assert [offer(space, archive, x, 0.5) for x in (0.0, 5.0, 9.0)] == [(0,), (1,), (2,)]
    assert space.locate({"x": 6.0, "y": 0.5}, archive) == (1,)
    assert space.locate({"x": 7.5, "y": 0.5}, archive) == (2,)


def test_a_place_that_was_left_is_given_again() -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS)
    archive = archive_of(space)
    for x in (0.0, 5.0, 9.0):
        offer(space, archive, x, 0.5)
    archive.remove("p1")
    assert space.locate({"x": 3.0, "y": 0.5}, archive) == (1,)


def test_a_full_space_lets_every_program_compete_with_the_nearest() -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, capacity=2)
    archive = archive_of(space)
    for x in (0.0, 10.0):
        offer(space, archive, x, 0.5)
    far = {"x": 4.0, "y": 0.5}
    assert space.locate(far, archive) == nearest_cell(archive, far) == (0,)


def test_distance_may_be_the_mean_over_several_elites() -> None:
    alone = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, min_distance=0.3)
    mean = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, min_distance=0.3, k_nearest=2)
    archive = archive_of(alone)
    for x in (0.0, 10.0):
        offer(alone, archive, x, 0.5)
    beside = {"x": 1.0, "y": 0.5}  # 0.1 from one, 0.9 from the other
    assert alone.locate(beside, archive) == (0,)
    assert mean.locate(beside, archive) == (2,)


def test_a_range_that_widens_brings_elites_nearer_together() -> None:
    space = UnstructuredBehaviorSpace(["x"], min_distance=0.3)
    for value in (0.0, 10.0):
        space.observe({"x": value})
    space.adopt(space.pending())
    archive = ProgramArchive(space.shape, ["x"])
    archive.put((0,), 0.0, Program(id="p", source="", metrics={"x": 0.0}))
    assert space.locate({"x": 4.0}, archive) == (1,)
    space.observe({"x": 20.0})
    space.adopt(space.pending())
    assert space.locate({"x": 4.0}, archive) == (0,)


def test_only_the_elites_can_tell_the_place_of_a_program() -> None:
    space = UnstructuredBehaviorSpace(feature_bounds=BOUNDS, capacity=7)
    assert space.shape == (7,)
    assert space.total_cells == 7
    with pytest.raises(ValueError, match="locate"):
        space.get_cell({"x": 1.0, "y": 1.0})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_distance": 0.0}, "min_distance must be above 0"),
        ({"min_distance": math.nan}, "min_distance must be above 0"),
        ({"capacity": 0}, "capacity must be at least 1"),
        ({"k_nearest": 0}, "k_nearest must be at least 1"),
    ],
)
def test_a_space_that_cannot_be_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UnstructuredBehaviorSpace(feature_bounds=BOUNDS, **settings)  # type: ignore[arg-type]
