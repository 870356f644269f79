"""Who goes when there are too many: the worst, the oldest, the one most like another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from populations import archive_of, context_of, ids, placed, population

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.removers import (
    AgeArchiveRemover,
    ArchiveRemover,
    DiversityArchiveRemover,
    FitnessArchiveRemover,
)
from gigaevo.programs import Program

MAKERS: list[Callable[[], ArchiveRemover]] = [
    FitnessArchiveRemover,
    AgeArchiveRemover,
    lambda: DiversityArchiveRemover(["x", "y"]),
]
EVERY = pytest.mark.parametrize("make", MAKERS, ids=lambda make: type(make()).__name__)

# Few different fitnesses and places, so that ties are common; the spread of places is 1, as are the units of axes.
GRID = st.sampled_from([0.0, 0.25, 0.5, 1.0])
ELITES = st.lists(st.tuples(st.integers(-2, 3).map(float), GRID, GRID), max_size=10)


def elites_of(drawn: list[tuple[float, float, float]]) -> list[Program]:
    points = [(0.0, 0.0), (1.0, 1.0), *((x, y) for _, x, y in drawn)]
    return placed(points, [1.0, 2.0, *(fitness for fitness, _, _ in drawn)])


def bound(make: Callable[[], ArchiveRemover], *, higher_is_better: bool = True) -> ArchiveRemover:
    remover = make()
    remover.bind(context_of(higher_is_better=higher_is_better))
    return remover


# What holds for each


@EVERY
@settings(deadline=None)
@given(ELITES, st.integers(0, 14), st.booleans())
def test_as_many_go_as_are_too_many_and_nobody_twice(make, drawn, max_size: int, higher: bool) -> None:
    programs = elites_of(drawn)
    before = [program.model_dump() for program in programs]
    leaving = ids(bound(make, higher_is_better=higher)(programs, max_size))
    assert len(leaving) == len(set(leaving)) == max(0, len(programs) - max_size)
    assert set(leaving) <= set(ids(programs))
    assert [program.model_dump() for program in programs] == before


@EVERY
@settings(deadline=None)
@given(ELITES, st.booleans())
def test_an_archive_loses_the_one_that_its_list_would_lose(make, drawn, higher: bool) -> None:
    archive = archive_of(elites_of(drawn), "fitness", "x", "y")
    remover = bound(make, higher_is_better=higher)
    rows = remover.excess_rows(archive, len(archive) - 1)
    by_call = remover(archive.programs(), len(archive) - 1)
    assert archive.programs(rows) == by_call


@EVERY
def test_a_subclass_that_overrides_the_call_is_called(make) -> None:
    class First(type(make())):  # type: ignore[misc]
        def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
            return programs[max_size:]

    assert First().excess_rows(archive_of(population([1.0])), 0) is None


# The worst


def test_the_worst_are_removed_first() -> None:
    programs = population([2.0, -1.0, 3.0, 0.0])
    remover = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=True)
    assert ids(remover(programs, 2)) == ["p1", "p3"]
    assert remover(programs, 4) == []
    smallest_stay = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=False)
    assert ids(smallest_stay(programs, 3)) == ["p2"]


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10), st.integers(0, 11), st.booleans())
def test_of_equals_the_one_in_the_lower_row_goes_first(values: list[int], size: int, higher: bool) -> None:
    programs = population(values)
    remover = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=higher)
    worst_first = np.argsort(values if higher else [-value for value in values], kind="stable")
    expected = [f"p{row}" for row in worst_first[: max(0, len(values) - size)]]
    archive = archive_of(programs, "fitness")
    assert ids(remover(programs, size)) == expected
    assert ids(archive.programs(remover.excess_rows(archive, size))) == expected


def test_with_the_key_of_complexity_the_longest_go() -> None:
    programs = [Program(id=str(size), source="", metrics={"complexity_score": size}) for size in (30.0, 90.0, 10.0)]
    remover = FitnessArchiveRemover(fitness_key="complexity_score")
    remover.bind(context_of())
    assert ids(remover(programs, 1)) == ["90.0", "30.0"]


# The oldest


def test_the_oldest_go_first_by_the_order_of_submission() -> None:
    # Initial programs count down from -1; clocks may say anything.
    numbers = [5, -2, 0, -1]
    programs = [
        Program(id=str(number), source="", number=number, created_at=float(place), metrics={"fitness": 1.0})
        for place, number in enumerate(numbers)
    ]
    assert ids(AgeArchiveRemover()(programs, 0)) == ["-1", "-2", "0", "5"]
    assert ids(AgeArchiveRemover()(programs, 3)) == ["-1"]


def test_programs_without_numbers_are_as_old_as_their_clocks_say() -> None:
    programs = [Program(id=name, source="", created_at=at) for name, at in (("b", 2.0), ("c", 3.0), ("a", 1.0))]
    assert ids(AgeArchiveRemover()(programs, 1)) == ["a", "b"]


# The one most like another


def test_the_worse_of_the_closest_pair_goes_until_the_size_fits() -> None:
    programs = placed([(0.0, 0.0), (0.1, 0.0), (1.0, 0.0), (1.0, 0.3), (0.5, 1.0)], [5.0, 4.0, 1.0, 2.0, 0.0])
    remover = bound(lambda: DiversityArchiveRemover(["x", "y"]))
    assert ids(remover(programs, 2)) == ["p1", "p2", "p4"]
    smaller_is_better = bound(lambda: DiversityArchiveRemover(["x", "y"]), higher_is_better=False)
    assert ids(smaller_is_better(programs, 3)) == ["p0", "p3"]


def test_of_two_equally_good_ones_the_one_with_less_room_goes() -> None:
    programs = placed([(0.0, 0.0), (0.1, 0.0), (0.3, 0.0), (1.0, 0.0)])
    assert ids(DiversityArchiveRemover(["x", "y"])(programs, 3)) == ["p1"]
    assert ids(DiversityArchiveRemover(behavior_keys=["x"])(placed([(0.0, 0.0)] * 3), 1)) == ["p1", "p2"]


@settings(deadline=None)
@given(ELITES, st.integers(1, 12))
def test_a_list_is_thinned_one_closest_pair_after_the_other(drawn, max_size: int) -> None:
    programs = elites_of(drawn)
    remover = bound(lambda: DiversityArchiveRemover(["x", "y"]))
    leaving = remover(programs, max_size)
    staying = [program for program in programs if program not in leaving]
    for gone in reversed(leaving):
        # Put back, it is one of two that are nearest to each other, and not the better one.
        staying.append(gone)
        distances = {other.id: distance(gone, other) for other in staying if other is not gone}
        least = min(distance(one, other) for one in staying for other in staying if one is not other)
        rivals = [other for other in staying if other is not gone and distances[other.id] == least]
        assert any(rival.metrics["fitness"] >= gone.metrics["fitness"] for rival in rivals)


def distance(one: Program, other: Program) -> float:
    return float(np.sqrt(sum((one.metrics[key] - other.metrics[key]) ** 2 for key in ("x", "y"))))


def test_the_axes_of_the_island_are_used_where_no_keys_are_named() -> None:
    programs = placed([(0.0, 0.0), (0.1, 9.0), (1.0, 0.1)])
    remover = DiversityArchiveRemover()
    remover.use_space(BehaviorSpace(feature_bounds={"x": (0.0, 1.0)}, resolution=4))
    assert ids(remover(programs, 2)) == ["p1"]
    assert ids(DiversityArchiveRemover(["y"])(programs, 2)) == ["p2"]


def test_differences_count_as_shares_of_the_spread_in_a_list_and_of_the_axis_in_an_archive() -> None:
    programs = placed([(0.0, 0.0), (0.3, 0.0), (0.0, 2.0), (1.0, 10.0)], [9.0, 0.0, 0.0, 9.0])
    remover = bound(lambda: DiversityArchiveRemover(["x", "y"]))
    assert ids(remover(programs, 3)) == ["p2"]
    archive = archive_of(programs, "fitness", "x", "y")  # it knows no axes: each metric counts as it is
    assert ids(archive.programs(remover.excess_rows(archive, 3))) == ["p1"]
