"""ConstantsMutation: numbers change, everything around them stays, and the step follows success."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, NoChild
from gigaevo.evolution.mutation.constants import ConstantsMutation
from gigaevo.evolution.mutation.literals import numeric_literals, replace_literals
from gigaevo.programs import Program
from gigaevo.programs.syntax import parse_source
from tests.mutation.corpus import CORPUS

NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?")


async def mutate(source: str, seed: int, **parameters: float) -> Mutation | NoChild:
    operator = ConstantsMutation()
    context = MutationContext(
        rng=np.random.default_rng(seed), parameters={**operator.parameters(), **parameters}, proposal=seed
    )
    return await operator.mutate([Program(id="p", source=source)], context)


def credit(*, improved: bool = False, outcome: str = "rejected") -> Credit:
    return Credit(operator="constants", parameters={}, outcome=outcome, improved=improved)


@pytest.mark.parametrize("source", CORPUS.values(), ids=CORPUS.keys())
def test_writing_every_literal_back_gives_the_same_program(source: str) -> None:
    tree = parse_source(source)
    literals = numeric_literals(tree, source)
    assert literals
    written = replace_literals(source, {literal: literal.value for literal in literals})
    assert ast.dump(ast.parse(written)) == ast.dump(tree)


def test_f_strings_docstrings_bools_and_complex_numbers_hold_no_literals() -> None:
    text = '"""Doc 1."""\nx = f"{a:{3}} {4.5}"\ny = [True, None, "6", b"7", 8j, -9, 10.5]\n'
    assert [literal.value for literal in numeric_literals(parse_source(text), text)] == [-9, 10.5]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("x = not-3", 4, "x = not 4"),
        ("x = 2 ** y", -3, "x = (-3) ** y"),
        ("x = 1.5.hex()", -2.5, "x = (-2.5).hex()"),
        ("x = a--3", 4, "x = a-4"),
        ("é = 'ü'; ö = 3 # 3", 5, "é = 'ü'; ö = 5 # 3"),
        ("x = (\r\n  -\r\n 3)", 7, "x = (\r\n  7)"),
        ("\fif y:\n\f  x = 1\r\n", 2, "\fif y:\n\f  x = 2\r\n"),
        ("x = 0xff", 256, "x = 256"),
        ("x = 3if y else z", 4, "x = 4 if y else z"),
    ],
)
def test_a_new_number_never_runs_into_its_neighbours(text: str, value: float, expected: str) -> None:
    (literal,) = numeric_literals(parse_source(text), text)
    assert replace_literals(text, {literal: value}) == expected


async def test_only_numbers_change_and_comments_and_layout_stay() -> None:
    source = "x   =  [1.5,   2 ,\n  0.25]  # three\n\ndef entrypoint( ):\n\n    return x\n"
    for seed in range(100):
        child = await mutate(source, seed)
        assert isinstance(child, Mutation)
        assert NUMBER.sub("N", child.source) == NUMBER.sub("N", source)


async def test_floats_stay_floats_and_integers_stay_integers() -> None:
    for seed in range(200):
        child = await mutate("x = (1.5, 3, 1e300, 0.0, 10 ** 2)", seed)
        assert isinstance(child, Mutation)
        types = [type(lit.value) for lit in numeric_literals(ast.parse(child.source), child.source)]
        assert types == [float, int, float, float, int, int]


async def test_an_integer_at_most_doubles_and_huge_numbers_do_no_harm() -> None:
    for seed in range(200):
        child = await mutate("x = range(10)", seed)
        assert isinstance(child, Mutation)
        (literal,) = numeric_literals(ast.parse(child.source), child.source)
        assert abs(literal.value) <= 22
        child = await mutate(f"x = [{10**4000}, 1e999, 1e-320]", seed)
        assert isinstance(child, Mutation) and "inf" not in child.source and "nan" not in child.source


async def test_a_program_without_numbers_has_no_child() -> None:
    outcome = await mutate("def entrypoint():\n    return 'text 1'\n", 0)
    assert isinstance(outcome, NoChild) and "literal" in outcome.reason


async def test_a_smaller_step_makes_smaller_changes() -> None:
    source = "x = [" + ", ".join(f"{v:.3f}" for v in np.linspace(0.1, 1.0, 20)) + "]"

    async def typical_change(step: float) -> float:
        moved = []
        for seed in range(100):
            child = await mutate(source, seed, step=step)
            assert isinstance(child, Mutation)
            if child.description.startswith("perturb"):
                values = np.array(ast.literal_eval(child.source[4:])) - np.array(ast.literal_eval(source[4:]))
                moved.append(np.linalg.norm(values))
        return float(np.median(moved))

    assert await typical_change(1e-3) < 0.1 * await typical_change(0.1)


def test_the_step_grows_with_success_shrinks_with_failure_and_rests_at_one_in_five() -> None:
    operator = ConstantsMutation(step=0.1)
    operator.credit(credit(improved=True))
    grown = operator.parameters()["step"]
    assert grown > 0.1
    for _ in range(4):
        operator.credit(credit())
    assert operator.parameters()["step"] == pytest.approx(0.1)
    operator.credit(credit(outcome="duplicate"))
    operator.credit(credit(outcome="none"))
    assert operator.parameters()["step"] == pytest.approx(0.1)


@given(st.lists(st.booleans(), max_size=200))
def test_the_step_stays_within_its_bounds_and_survives_a_restart(successes: list[bool]) -> None:
    operator = ConstantsMutation(step=0.1, min_step=0.01, max_step=0.5)
    for improved in successes:
        operator.credit(credit(improved=improved))
    assert 0.01 <= operator.parameters()["step"] <= 0.5
    restarted = ConstantsMutation(step=0.1, min_step=0.01, max_step=0.5)
    restarted.restore(operator.state())
    assert restarted.parameters() == operator.parameters()


async def test_the_step_is_read_from_the_context_and_not_from_the_operator() -> None:
    context = {"step": 0.3}
    operator, other = ConstantsMutation(), ConstantsMutation()
    other.credit(credit(improved=True))
    parent = [Program(id="p", source=CORPUS["loops"])]
    made = [
        await each.mutate(parent, MutationContext(rng=np.random.default_rng(1), parameters=context))
        for each in (operator, other)
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize("wrong", [{"step": 0.0}, {"step": 2.0}, {"min_step": 0.5}, {"adaptation": 0.0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        ConstantsMutation(**wrong)
