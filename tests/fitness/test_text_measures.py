"""What the text of a program says of its maintainability and adaptability."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evaluation.fitness.adaptability import api_stability, configuration_flexibility, extensibility
from gigaevo.evaluation.fitness.anatomy import Anatomy
from gigaevo.evaluation.fitness.clarity import code_clarity
from gigaevo.evaluation.fitness.complexity import function_complexity
from gigaevo.evaluation.fitness.modularity import modularity
from gigaevo.programs.signature import parse_signature, public_signatures
from gigaevo.programs.syntax import analyse, parse_source

SHARES = (code_clarity, modularity, extensibility, configuration_flexibility)
SEEDS = sorted((Path(__file__).parents[2] / "problems").glob("*/initial_programs/*.py"))


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_every_share_of_a_shipped_program_lies_between_0_and_1(path: Path) -> None:
    anatomy = Anatomy(path.read_text())
    assert all(0.0 <= measure(anatomy) <= 1.0 for measure in SHARES)
    assert function_complexity(anatomy) >= 1.0


@pytest.mark.parametrize(
    "text", ["", "pass", "x = 1", '"""Only a docstring of many words."""', "class A: pass", "def f(): ..."]
)
def test_programs_of_next_to_nothing_are_measured(text: str) -> None:
    anatomy = Anatomy(text)
    assert all(0.0 <= measure(anatomy) <= 1.0 for measure in SHARES)
    assert function_complexity(anatomy) == 1.0


BRANCHES = """\
def f(a, b):
    if a and b:
        return 1
    for i in a:
        while i:
            i -= 1
    return 0
"""


def test_complexity_is_mccabes_number_of_the_worst_function() -> None:
    assert function_complexity(Anatomy(BRANCHES)) == 5.0
    assert function_complexity(Anatomy("def g():\n    return 1\n" + BRANCHES)) == 5.0


@given(st.integers(0, 12), st.integers(0, 12))
def test_complexity_counts_each_decision_once_and_one_function_at_a_time(first: int, second: int) -> None:
    text = "".join(
        f"def f{number}(a):\n" + "    if a: a()\n" * decisions + "    return a\n"
        for number, decisions in enumerate((first, second))
    )
    assert function_complexity(Anatomy(text)) == 1.0 + max(first, second)


def test_code_outside_of_functions_escapes_no_count() -> None:
    text = "def f(a):\n    return a\n" + "if f(1):\n    f(2)\n" * 7
    assert function_complexity(Anatomy(text)) == 8.0


def test_a_function_is_counted_without_those_within_it_however_deep_they_go() -> None:
    depth = 90
    text = "".join(" " * k + f"def f{k}(a):\n" + " " * k + " if a: a()\n" for k in range(depth)) + " " * depth + "a()\n"
    assert function_complexity(Anatomy(text)) == 2.0
    assert function_complexity(Anatomy("class A:\n    if x: y()\n    def f(self):\n        if x or y: y()\n")) == 3.0


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_complexity_is_our_own_count_where_there_is_one_function_and_below_it_where_there_are_more(path: Path) -> None:
    text = path.read_text()
    whole = analyse(text).cyclomatic_complexity
    if text.count("def ") == 1:
        assert function_complexity(Anatomy(text)) == whole
    else:
        assert 1.0 < function_complexity(Anatomy(text)) < whole


@pytest.mark.parametrize("comment", ["# #lizard forgives", "#lizard forgives", "#lizard forgive global"])
def test_no_comment_switches_the_count_off(comment: str) -> None:
    plain = function_complexity(Anatomy(BRANCHES))
    inside = BRANCHES.replace("    return 0\n", f"    {comment}\n    return 0\n")
    assert function_complexity(Anatomy(f"{comment}\n{inside}")) == plain


def test_layout_has_no_say_in_complexity() -> None:
    spread = ast.unparse(ast.parse(BRANCHES))
    packed = "def f(a,b):\n if a and b: return 1\n for i in a:\n  while i: i-=1\n return 0"
    assert function_complexity(Anatomy(spread)) == function_complexity(Anatomy(packed)) == 5.0


CLEAR = '''"""Add up what is positive in a list."""


def positive_sum(values):
    """The sum of all values above zero."""
    total = 0
    for value in values:
        if value > 0:
            total += value
    return total
'''


def test_a_clear_program_is_wholly_clear() -> None:
    assert code_clarity(Anatomy(CLEAR)) == 1.0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total", "t"),
        ("total", "ttttt"),
        ("total", "tmp1xq"),
        ("    total = 0\n    for", "    total = 0; extra = 1\n    for"),
        ('    """The sum of all values above zero."""\n', ""),
        ("The sum of all values above zero.", "sum sum sum"),
        ("value > 0:", "value > 0:  #" + " wide" * 30),
        (
            "            total += value\n",
            "".join(f"{'    ' * (3 + k)}if value:\n" for k in range(3)) + "    " * 6 + "total += 1\n",
        ),
        ("            total += value\n", "            total += value\n" * 40),
        ("total += value", "total += " + " + ".join(["value"] * 30)),
    ],
    ids=[
        "short",
        "repeated",
        "no vowel",
        "two a line",
        "undocumented",
        "no words",
        "long line",
        "deep",
        "long",
        "dense",
    ],
)
def test_each_way_to_be_less_clear_shows(old: str, new: str) -> None:
    assert old in CLEAR
    assert code_clarity(Anatomy(CLEAR.replace(old, new))) < 1.0


def test_a_short_name_is_fine_for_what_a_loop_runs_over() -> None:
    assert (
        code_clarity(
            Anatomy(CLEAR.replace("value > 0", "k > 0").replace("value in", "k in").replace("+= value", "+= k"))
        )
        == 1.0
    )


def test_elif_is_not_a_level_of_nesting() -> None:
    chain = "def choose(value):\n    if value == 0:\n        return 0\n" + "".join(
        f"    elif value == {k}:\n        return {k}\n" for k in range(1, 9)
    )
    nested = (
        "def choose(value):\n"
        + "".join(f"{'    ' * (k + 1)}if value > {k}:\n" for k in range(9))
        + "    " * 10
        + "return 0\n"
    )
    assert code_clarity(Anatomy(chain)) > code_clarity(Anatomy(nested))


def test_a_function_beyond_fifteen_statements_is_less_modular_than_the_same_in_two() -> None:
    steps = [f"    total = total * {k} + value\n" for k in range(3, 27)]
    whole = "def compute(total, value):\n" + "".join(steps) + "    return total\n"
    halves = "".join(
        f"def {name}(total, value):\n" + "".join(part) + "    return total\n"
        for name, part in (("first", steps[:12]), ("second", steps[12:]))
    )
    assert modularity(Anatomy(halves)) == 1.0
    assert modularity(Anatomy(whole)) == pytest.approx((15 / 25 + 1 + 1) / 3)


@pytest.mark.parametrize(
    "state",
    [
        "STATE = []\ndef work(value):\n    STATE.append(value)\n    return value\n",
        "count = 0\ndef work(value):\n    global count\n    count += value\n    return value\n",
        "count = 0\ncount = 1\ndef work(value):\n    return value + count\n",
        "def work(value):\n    n = 0\n    def inner():\n        nonlocal n\n        n += value\n    return inner\n",
    ],
)
def test_shared_state_couples_functions(state: str) -> None:
    assert modularity(Anatomy(state)) < 1.0


def test_constants_and_own_variables_couple_nothing() -> None:
    text = (
        "RATE = 0.5\nSHAPE = (2, -3)\nDATA = []\ndef work(value):\n    DATA = [value]\n    return DATA, RATE, SHAPE\n"
    )
    assert modularity(Anatomy(text)) == 1.0


def test_copies_make_a_program_less_modular() -> None:
    line = "    total = total * total + value * value\n"
    once = "def work(total, value):\n" + line + "    return total\n"
    assert modularity(Anatomy(once)) == 1.0
    assert modularity(Anatomy(once.replace(line, line * 4))) < 1.0


def test_work_on_parameters_is_open_to_use_and_work_on_fixed_things_is_not() -> None:
    assert extensibility(Anatomy("def work(value):\n    return value + 1\n")) == 1.0
    assert extensibility(Anatomy("def work(value):\n    return 1\n")) == 0.5
    assert extensibility(Anatomy("class A:\n    def work(self):\n        return self.x\n")) == 1.0


@pytest.mark.parametrize(
    "decision",
    [
        "    if isinstance(value, int):\n        return 1\n",
        "    if type(value) is int:\n        return 1\n",
        "    if value == 'a': return 1\n    elif value == 'b': return 2\n    elif value == 'c': return 3\n",
        "    match value:\n        case 'a': return 1\n        case 'b': return 2\n        case 'c': return 3\n",
    ],
)
def test_a_decision_that_must_be_edited_to_add_a_case_closes_a_program(decision: str) -> None:
    open_program = "def work(value):\n    if value > 3:\n        return 4\n    return value\n"
    closed = f"def work(value):\n{decision}    return value\n"
    assert extensibility(Anatomy(open_program)) == 1.0
    assert extensibility(Anatomy(closed)) == pytest.approx((1 + 1 / 1.5) / 2)


@pytest.mark.parametrize(
    ("text", "flexible"),
    [
        ("def work(value, rate=0.3):\n    return value * rate\n", 1.0),
        ("def work(value, *, rate=-0.3):\n    return value * rate\n", 1.0),
        ("def work(value, rate=0.3):\n    return value\n", 0.0),
        ("RATE = 0.3\ndef work(value):\n    return value * RATE\n", 0.5),
        ("RATE = 0.3\ndef work(value):\n    return value\n", 0.0),
        ("class A:\n    rate: float = 0.3\n", 1.0),
        ("def work(value):\n    return value * 0.3\n", 0.0),
        ("def work(value, rate=0.3):\n    return value * rate * 7\n", 0.5),
        ("def work(value):\n    return value * 2 - 1\n", 1.0),
        ("def work(value):\n    return value if True else 'text'\n", 1.0),
    ],
)
def test_a_number_is_flexible_where_it_can_be_set_from_outside(text: str, flexible: float) -> None:
    assert configuration_flexibility(Anatomy(text)) == pytest.approx(flexible)


def test_api_stability_is_the_mean_of_what_genome_and_parents_ask() -> None:
    anatomy = Anatomy("def sort(items): ...\ndef merge(left, right): ...\n")
    required = parse_signature("def sort(items)")
    kept = public_signatures(parse_source("def sort(items): ...\n"))
    lost = public_signatures(parse_source("def sort(items): ...\ndef split(items): ...\n"))
    private = public_signatures(parse_source("def _helper(items): ...\n"))
    assert api_stability(anatomy, required=None) is None
    assert api_stability(anatomy, required=required) == 1.0
    assert api_stability(anatomy, required=parse_signature("def order(items)")) == 0.0
    assert api_stability(anatomy, required=required, parents=[lost]) == 0.75
    assert api_stability(anatomy, required=None, parents=[lost, kept]) == 1.0
    assert api_stability(anatomy, required=None, parents=[private]) == 1.0


def test_a_program_as_large_and_deep_as_is_taken_is_measured() -> None:
    deep = "def f(a):\n" + "".join(" " * k + "if a:\n" for k in range(1, 90)) + " " * 90 + "a()\n"
    for text in (deep, "def f(a):\n    return " + "-" * 90 + "a\n"):
        anatomy = Anatomy(text)
        assert all(0.0 <= measure(anatomy) <= 1.0 for measure in SHARES)
    assert function_complexity(Anatomy(deep)) == 90.0
