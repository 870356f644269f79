"""Whom an island sends elsewhere: the best, any, or such as differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from populations import archive_of, context_of, ids, placed, population
from scipy.stats import chisquare

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.migrant_selectors import (
    DiverseMigrantSelector,
    MigrantSelector,
    RandomMigrantSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.programs import Program

MAKERS: list[Callable[[], MigrantSelector]] = [
    TopFitnessMigrantSelector,
    RandomMigrantSelector,
    lambda: DiverseMigrantSelector(["x", "y"]),
]
EVERY = pytest.mark.parametrize("make", MAKERS, ids=lambda make: type(make()).__name__)

VALUE = st.integers(-2, 2).map(float)
ELITES = st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=10)


def bound(make: Callable[[], MigrantSelector], *, seed: int = 0, higher_is_better: bool = True) -> MigrantSelector:
    selector = make()
    selector.bind(context_of(seed, higher_is_better=higher_is_better))
    return selector


# What holds for each


@EVERY
@settings(deadline=None)
@given(ELITES, st.integers(-1, 12), st.integers(0, 3), st.booleans())
def test_migrants_differ_and_an_archive_sends_whom_its_list_would(
    make, drawn, count: int, seed: int, higher: bool
) -> None:
    programs = placed([(x, y) for _, x, y in drawn], [fitness for fitness, _, _ in drawn])
    chosen = ids(bound(make, seed=seed, higher_is_better=higher)(programs, count))
    assert len(chosen) == len(set(chosen)) == max(0, min(count, len(programs)))
    assert set(chosen) <= set(ids(programs))
    if programs:
        archive = archive_of(programs, "fitness", "x", "y")
        rows = bound(make, seed=seed, higher_is_better=higher).select_rows(archive, count)
        assert rows is not None
        assert ids(archive.programs(rows)) == chosen


@EVERY
def test_a_subclass_that_overrides_the_call_is_called(make) -> None:
    class First(type(make())):  # type: ignore[misc]
        def __call__(self, programs: list[Program], count: int) -> list[Program]:
            return programs[:count]

    assert First().select_rows(archive_of(population([1.0])), 1) is None


# The best


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), max_size=10), st.integers(0, 11), st.booleans())
def test_the_best_come_first_and_of_equals_the_one_in_the_lower_row(
    values: list[int], count: int, higher: bool
) -> None:
    selector = TopFitnessMigrantSelector(fitness_key="fitness", fitness_key_higher_is_better=higher)
    best_first = np.argsort([-value if higher else value for value in values], kind="stable")
    assert ids(selector(population(values), count)) == [f"p{row}" for row in best_first[:count]]


# Any


def test_every_elite_is_as_likely_to_migrate() -> None:
    selector, programs = RandomMigrantSelector(), population([1.0, 2.0, 3.0, 4.0])
    counts = Counter(name for _ in range(5_000) for name in ids(selector(programs, 2)))
    assert chisquare([counts[program.id] for program in programs]).pvalue > 1e-3


# Such as differ


def test_the_best_goes_and_then_who_is_farthest_from_all_before() -> None:
    programs = placed([(0.0, 0.0), (9.0, 0.0), (10.0, 0.0), (4.0, 0.0), (10.0, 1.0)], [1.0, 9.0, 2.0, 3.0, 4.0])
    selector = bound(lambda: DiverseMigrantSelector(["x", "y"]))
    # Along y the spread is 1, which counts as much as the 10 along x.
    assert ids(selector(programs, 4)) == ["p1", "p4", "p0", "p3"]
    assert ids(bound(lambda: DiverseMigrantSelector(["x"]), higher_is_better=False)(programs, 2)) == ["p0", "p2"]


def test_where_fitness_is_not_known_the_first_goes_first() -> None:
    programs = placed([(5.0, 0.0), (0.0, 0.0), (9.0, 0.0)])
    assert ids(DiverseMigrantSelector(behavior_keys=["x"])(programs, 3)) == ["p0", "p1", "p2"]


def test_the_axes_of_the_island_are_used_where_no_keys_are_named() -> None:
    programs = placed([(0.0, 0.0), (0.1, 9.0), (1.0, 0.1)])
    selector = DiverseMigrantSelector()
    with pytest.raises(ValueError, match="needs behavior_keys"):
        selector(programs, 2)
    selector.use_space(BehaviorSpace(feature_bounds={"y": (0.0, 9.0)}, resolution=4))
    assert ids(selector(programs, 2)) == ["p0", "p1"]
