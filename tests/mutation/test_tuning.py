"""Marked ranges: where they are, how values move in them, and that numeric search prefers and keeps them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evolution.mutation.base import Mutation, MutationContext
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.literals import numeric_literals
from gigaevo.evolution.mutation.ranges import Range, ranges_in
from gigaevo.evolution.mutation.tuning import draw_marked, first_step, marked_literals
from gigaevo.programs import Program
from gigaevo.programs.syntax import parse_source

SOURCE = """STEP = 0.3  # tune: 0.01 .. 1.0
COUNT = 7  # tune: 2 .. 12
LEFT, RIGHT = 0.5, 40  # tune: 0 .. 1
OTHER = 1000.0


def entrypoint():
    return [STEP * COUNT + LEFT + RIGHT + OTHER]  # tuned by hand
"""


def values(source: str) -> dict[str, list[float]]:
    scope: dict[str, float] = {}
    exec(source, scope)
    return {name: [scope[name]] for name in ("STEP", "COUNT", "LEFT", "RIGHT", "OTHER")}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("x = 1  # tune: 0.1 .. 0.9", Range(0.1, 0.9)),
        ("x = 1  #tune: -5..1e3", Range(-5.0, 1000.0)),
        ("x = 1  # step; # tune: .5 .. 2. for this one", Range(0.5, 2.0)),
        ("x = 1  # tune: 2 .. 1", None),
        ("x = 1  # tune: 1 .. 1", None),
        ("x = 1  # tune: 0 .. 1e400", None),
        ("x = 1  # tune: low .. high", None),
        ("x = 1  # tuned to 0 .. 1", None),
    ],
)
def test_a_range_is_read_from_the_comment_of_its_line(line: str, found: Range | None) -> None:
    assert ranges_in(f"\n{line}\n").get(2) == found


def test_a_mark_is_for_the_numbers_of_its_line_that_lie_in_it() -> None:
    assert [literal.value for literal in marked_literals(SOURCE)] == [0.3, 7, 0.5]
    alone = "x = 9.0  # tune: 0 .. 1\n"
    assert [literal.value for literal in marked_literals(alone)] == [9.0]


def test_marks_outside_of_marked_blocks_do_not_count() -> None:
    text = f"{SOURCE}\n# EVOLVE-BLOCK-START\nMORE = 0.2  # tune: 0 .. 1\n# EVOLVE-BLOCK-END\n"
    assert [literal.value for literal in marked_literals(text)] == [0.2]


BOUNDS = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(BOUNDS, BOUNDS, st.floats(0.0, 1.0))
def test_a_place_in_a_range_is_a_value_in_it_and_back(low: float, high: float, place: float) -> None:
    if not low < high or math.isclose(low, high, rel_tol=1e-6):
        return
    span = Range(low, high)
    value = span.at(place)
    assert low <= value <= high
    assert span.place_of(value) == pytest.approx(place, abs=1e-4)
    assert span.place_of(low) == 0.0 and span.place_of(high) == pytest.approx(1.0)


def test_a_range_of_several_orders_of_magnitude_is_searched_by_factors() -> None:
    assert Range(0.001, 10.0).at(0.5) == pytest.approx(0.1)
    assert Range(0.0, 10.0).at(0.5) == 5.0


@given(st.integers(0, 10_000), st.floats(1e-6, 3.0))
def test_no_draw_leaves_a_range_or_changes_a_type(seed: int, step: float) -> None:
    marked = marked_literals(SOURCE)
    for literal, value in draw_marked(marked, step, np.random.default_rng(seed)).items():
        assert literal.range is not None
        assert literal.range.low <= value <= literal.range.high
        assert type(value) is type(literal.value)


async def test_numeric_search_prefers_marked_constants_and_keeps_their_ranges_and_marks() -> None:
    operator = ConstantsMutation(step=0.5)
    parent = Program(id="p", source=SOURCE)
    before, others = values(SOURCE), 0
    for seed in range(300):
        child = await operator.mutate([parent], MutationContext(rng=np.random.default_rng(seed)))
        assert isinstance(child, Mutation)
        after = values(child.source)
        assert 0.01 <= after["STEP"][0] <= 1.0 and 2 <= after["COUNT"][0] <= 12 and 0 <= after["LEFT"][0] <= 1
        assert type(after["COUNT"][0]) is int
        assert child.source.count("# tune:") == 3 and "# tuned by hand" in child.source
        others += any(after[name] != before[name] for name in ("RIGHT", "OTHER"))
    assert 10 <= others <= 90  # a fifth of the draws are of any constants


def test_the_first_step_moves_something_and_only_what_is_marked() -> None:
    for seed in range(50):
        moved = first_step(SOURCE, np.random.default_rng(seed))
        after = values(moved)
        assert moved != SOURCE
        assert (after["RIGHT"], after["OTHER"]) == ([40], [1000.0])
    still = "x = 1  # tune: 1 .. 1.5\n"
    assert first_step(still, np.random.default_rng(0)) == still


@given(st.text(alphabet="x=1.#tune: 0..\n\"'", max_size=60))
def test_no_text_of_marks_raises(text: str) -> None:
    ranges_in(text)
    try:
        tree = parse_source(text)
    except ValueError:
        return
    numeric_literals(tree, text)
