"""Who holds a cell: comparisons of two programs, by a sum or by dominance."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.removers import FitnessArchiveRemover
from gigaevo.evolution.strategies.selectors import (
    ArchiveSelector,
    ObjectivesArchiveSelector,
    ParetoArchiveSelector,
    SumArchiveSelector,
    comparison,
    scalar_score,
)
from gigaevo.programs import Program

BOTH = [SumArchiveSelector, ParetoArchiveSelector]


def program(**metrics: float) -> Program:
    return Program(id="p", source="", metrics=metrics)


# Keys and directions, which both kinds share


@pytest.mark.parametrize("kind", BOTH)
def test_a_metric_to_be_minimised_counts_against(kind: type[ObjectivesArchiveSelector]) -> None:
    selector = kind(["fitness", "size"], higher_is_better=[True, False])
    short, long = program(fitness=1.0, size=10.0), program(fitness=1.0, size=20.0)
    assert selector.is_better(short, long)
    assert not selector.is_better(long, short)


@pytest.mark.parametrize("kind", BOTH)
def test_equals_are_not_better(kind: type[ObjectivesArchiveSelector]) -> None:
    assert not kind(["fitness"]).is_better(program(fitness=1.0), program(fitness=1.0))


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_directions_default_to_the_problems(kind, make_context, higher_is_better: bool) -> None:
    selector = kind(["fitness"])
    selector.bind(make_context(higher_is_better=higher_is_better))
    assert selector.is_better(program(fitness=3.0), program(fitness=-2.0)) == higher_is_better


@pytest.mark.parametrize("kind", BOTH)
def test_a_direction_that_was_given_is_kept_against_the_problems(kind, make_context) -> None:
    selector = kind(["fitness"], [True])
    selector.bind(make_context(higher_is_better=False))
    assert selector.is_better(program(fitness=3.0), program(fitness=-2.0))


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fitness_keys": ["a"], "higher_is_better": [True, False]}, "2 entries for 1"),
        ({"fitness_keys": []}, "at least one"),
        ({"fitness_keys": "fitness"}, "must be a list"),
        ({"fitness_key_higher_is_better": [True], "higher_is_better": [True]}, "not both"),
    ],
)
def test_lists_that_do_not_match_are_refused(kind, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__}.*{message}"):
        kind(**settings)


@pytest.mark.parametrize("kind", BOTH)
def test_directions_for_keys_that_were_left_out_must_be_as_many(kind) -> None:
    with pytest.raises(ValueError, match="3 entries for"):
        kind(higher_is_better=[True, True, True])


def test_a_metric_that_nobody_measures_is_refused_by_name(make_context) -> None:
    for part in (
        SumArchiveSelector(["speed"]),
        ParetoArchiveSelector(["speed"]),
        FitnessArchiveRemover(fitness_key="speed"),
    ):
        with pytest.raises(ValueError, match=f"{type(part).__name__}.*'speed'"):
            part.bind(make_context())


def test_an_unbound_selector_without_keys_goes_by_fitness() -> None:
    it = program(fitness=1.0, complexity_score=30.0)
    assert SumArchiveSelector().score(it) == 1.0
    assert SumArchiveSelector([None, "complexity_score"], [True, False]).score(it) == -29.0
    assert ParetoArchiveSelector(higher_is_better=[True, False]).vector(it) == (1.0, -30.0)


# By a sum


def test_a_sum_weighs_its_metrics() -> None:
    selector = SumArchiveSelector(
        fitness_keys=["fitness", "validity"], fitness_key_higher_is_better=[True, True], weights=[1.0, 0.5]
    )
    a = program(fitness=80.0, validity=0.9)
    b = program(fitness=75.0, validity=1.0)
    assert selector.score(a) == pytest.approx(80.45)
    assert selector.score(b) == pytest.approx(75.5)
    assert selector.is_better(a, b)
    assert selector(a, b)
    assert not selector(b, a)


def test_a_sum_is_of_the_primary_metric_where_nothing_is_said(make_context) -> None:
    selector = SumArchiveSelector(weights=[2.0])
    selector.bind(make_context(higher_is_better=False))
    assert selector.metric_keys == ("fitness",)
    assert selector.score(program(fitness=3.0)) == -6.0


def test_a_weight_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="weights has 1 entries for 2"):
        SumArchiveSelector(fitness_keys=["a", "b"], weights=[1.0])


# By dominance


def test_dominance_needs_to_be_nowhere_worse_and_somewhere_better() -> None:
    selector = ParetoArchiveSelector(fitness_keys=["fitness", "validity"], fitness_key_higher_is_better=[True, True])
    low, high, other = (
        program(fitness=1.0, validity=0.5),
        program(fitness=2.0, validity=0.5),
        program(fitness=0.0, validity=1.0),
    )
    assert selector.is_better(high, low)
    assert selector(high, low)
    assert not any(selector(a, b) for a, b in permutations([high, other], 2))


def test_dominance_is_of_fitness_and_simplicity_where_nothing_is_said(make_context) -> None:
    selector = ParetoArchiveSelector()
    selector.bind(make_context(higher_is_better=True))
    assert selector.metric_keys == ("fitness", "complexity_score")
    assert selector.vector(program(fitness=3.0, complexity_score=40.0)) == (3.0, -40.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=3, max_size=3))
def test_dominance_among_programs_is_a_strict_partial_order(values: list[tuple[int, int]]) -> None:
    selector = ParetoArchiveSelector(["a", "b"], [True, False])
    one, two, three = (program(a=float(a), b=float(b)) for a, b in values)
    assert not selector(one, one)
    assert not (selector(one, two) and selector(two, one))
    if selector(one, two) and selector(two, three):
        assert selector(one, three)


def test_a_front_needs_room_for_a_program() -> None:
    assert ParetoArchiveSelector(front_size=4).front_size == 4
    with pytest.raises(ValueError, match=r"front_size.*0"):
        ParetoArchiveSelector(front_size=0)


# In the user's own way


def test_custom_comparisons_are_recognised(make_program) -> None:
    class ByCall(ArchiveSelector):
        def __call__(self, candidate: Program, current: Program) -> bool:
            return candidate.id > current.id

    class OwnWay(SumArchiveSelector):
        def is_better(self, candidate: Program, current: Program) -> bool:
            return candidate.id > current.id

    a, b = make_program("a", fitness=2.0), make_program("b", fitness=1.0)
    for selector in (ByCall(), OwnWay(["fitness"]), lambda candidate, current: candidate.id > current.id):
        assert scalar_score(selector) is None
        assert comparison(selector)(b, a)
        assert not comparison(selector)(a, b)


def test_only_what_compares_by_one_number_has_a_score() -> None:
    assert scalar_score(SumArchiveSelector(["fitness"])) is not None
    assert scalar_score(ParetoArchiveSelector(["fitness"])) is None


def test_a_selector_that_defines_no_comparison_says_so() -> None:
    class Nothing(ArchiveSelector):
        pass

    with pytest.raises(NotImplementedError, match="Nothing defines neither"):
        Nothing()(program(), program())


def test_a_normalized_sum_counts_each_metric_as_a_share_of_its_declared_range(make_program, make_context) -> None:
    selector = SumArchiveSelector([None, "x"], [True, False], weights=[1.0, 2.0], normalized=True)
    selector.bind(make_context(lower_bound=0.0, upper_bound=100.0))
    assert selector.metric_keys == ("fitness", "x")
    assert selector.score(make_program("p", fitness=50.0, x=2.0)) == pytest.approx(50.0 / 100.0 - 2.0 * 2.0 / 10.0)
    unbounded = SumArchiveSelector(["unbounded"], [True], normalized=True)
    unbounded.bind(make_context())
    assert unbounded.score(make_program("p", unbounded=7.0)) == 7.0
