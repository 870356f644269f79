"""Marked ranges: where they are, how values move in them, and that numeric search prefers and keeps them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gigaevo.evolution.mutation.base import Mutation, MutationContext, OperatorContext
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.families import Families, places_of
from gigaevo.evolution.mutation.literals import numeric_literals
from gigaevo.evolution.mutation.ranges import Range, ranges_in
from gigaevo.evolution.mutation.tuning import draw_differential, draw_marked, first_step, marked_literals
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState
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
@example(2.2429526560930573e-305, 4033.0, 1.0)
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


METRICS = Metrics({"loss": MetricSpec(description="", is_primary=True, higher_is_better=False)})


def evaluated(number: int, step: float, count: int, loss: float | None) -> Program:
    """A valid program of the family of SOURCE, or an invalid one."""
    source = SOURCE.replace("STEP = 0.3", f"STEP = {step!r}").replace("COUNT = 7", f"COUNT = {count}")
    metrics = {} if loss is None else {"loss": loss}
    return Program(id=f"m{number}", source=source, state=ProgramState.COMPLETED, metrics=metrics)


def bound_operator(*, independent: bool = False) -> ConstantsMutation:
    operator = ConstantsMutation()
    context = OperatorContext(metrics=METRICS, takes_context=False, search=None, independent=independent)
    operator.bind(context)
    return operator


async def shares_of_differences(operator: ConstantsMutation, parent: Program, *, observed: int) -> float:
    """Of 200 mutations."""
    made = 0
    for seed in range(200):
        context = MutationContext(rng=np.random.default_rng(seed), observed=observed)
        child = await operator.mutate([parent], context)
        assert isinstance(child, Mutation)
        after = values(child.source)
        assert 0.01 <= after["STEP"][0] <= 1.0 and 2 <= after["COUNT"][0] <= 12 and type(after["COUNT"][0]) is int
        made += child.description.startswith("tune by differences")
    return made / 200


async def test_differences_are_taken_where_enough_of_a_family_is_known_when_the_proposal_is_made() -> None:
    operator, parent = bound_operator(), Program(id="p", source=SOURCE)
    for number in range(8):
        operator.observe(evaluated(number, 0.1 + 0.05 * number, 3 + number, float(number)))
        operator.observe(evaluated(number, 0.1 + 0.05 * number, 3 + number, float(number)))  # twice is once
    assert await shares_of_differences(operator, parent, observed=5) == 0.0
    assert 0.05 < await shares_of_differences(operator, parent, observed=8) < 0.2
    stranger = Program(id="q", source=SOURCE.replace("# tuned by hand", "# another"))
    assert await shares_of_differences(operator, stranger, observed=8) == 0.0


async def test_invalid_programs_and_those_of_a_control_arm_are_of_no_family() -> None:
    parent = Program(id="p", source=SOURCE)
    invalid, deaf = bound_operator(), bound_operator(independent=True)
    for number in range(8):
        invalid.observe(evaluated(number, 0.5, 3 + number, None if number % 2 else math.nan))
        deaf.observe(evaluated(number, 0.5, 3 + number, float(number)))
    assert await shares_of_differences(invalid, parent, observed=8) == 0.0
    assert await shares_of_differences(deaf, parent, observed=8) == 0.0


def test_the_best_of_a_family_come_first_and_later_ones_do_not_matter() -> None:
    families = Families()
    marked = marked_literals(SOURCE)
    for number, merit in enumerate([1.0, 3.0, None, 2.0, 9.0]):
        families.hear(evaluated(number, 0.1 * (number + 1), 3 + number, 0.0), merit)
    found = families.best(SOURCE, marked, observed=4, count=2)
    expected = [
        [literal.range.place_of(value) for literal, value in zip(marked, genes, strict=True) if literal.range]
        for genes in ((0.2, 4, 0.5), (0.4, 6, 0.5))
    ]
    np.testing.assert_allclose(found, expected)
    other = "x = 1  # tune: 0 .. 2\n"
    assert families.best(other, marked_literals(other), observed=9, count=9).shape == (0, 1)


@given(st.integers(0, 10_000), st.integers(6, 20))
def test_no_difference_leaves_a_range_or_changes_a_type(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    marked = marked_literals(SOURCE)
    changes = draw_differential(marked, rng.random((size, len(marked))), rng)
    assert changes
    for literal, value in changes.items():
        assert literal.range is not None
        assert literal.range.low <= value <= literal.range.high
        assert type(value) is type(literal.value)


def test_a_family_that_agrees_on_a_constant_leaves_it_there() -> None:
    """Differences have the scale of what is left to search."""
    marked = marked_literals(SOURCE)
    here = places_of(marked)
    rng = np.random.default_rng(0)
    relatives = np.array([[rng.random(), *here[1:]] for _ in range(10)])
    for _ in range(100):
        for literal, value in draw_differential(marked, relatives, rng).items():
            assert literal is marked[0] or value == pytest.approx(literal.value)
