"""What the syntax of a program tells, and that hostile text cannot hurt the process that reads it."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.programs.syntax import (
    MAX_BYTES,
    MAX_DEPTH,
    SourceError,
    analyse,
    check_compiles,
    parse_source,
    render,
)

PROGRAM = '''"""A module."""
import math

RATE = 0.5


def entrypoint():
    """A function."""
    total = 0
    for i in range(10):
        if i % 2 and i > 3 or i == 1:
            total += math.sin(i) * RATE
    return [total, "text", True, None]
'''

# Names are built, so that nothing here is itself hard to read or to collect.
HOSTILE = {
    "open brackets": "(" * 50_000,
    "closed brackets": "[" * 5_000 + "]" * 5_000,
    "braces": "{1:" * 90 + "1 2" + "}" * 90,
    "brackets of several kinds": "f([{" * 2_000,
    "unary minus": "x = " + "-" * 20_000 + "1",
    "not": "not " * 20_000 + "x",
    "powers": "2**" * 20_000 + "2",
    "attributes": "a" + ".a" * 50_000,
    "calls": "a" + "()" * 50_000,
    "subscripts": "a" + "[0]" * 40_000,
    "sums": "a" + "+a" * 50_000,
    "lambdas": "lambda:" * 15_000 + "1",
    "conditional expressions": "a if b else " * 10_000 + "a",
    "elif": "if a: pass\n" + "elif a: pass\n" * 10_000,
    "indentation": "".join(" " * i + "if a:\n" for i in range(300)) + " " * 300 + "pass",
    "nested functions": "".join(" " * i + "def f():\n" for i in range(99)) + " " * 99 + "pass",
    "null bytes": "x = 1\0",
    "lone surrogate": "x = '\ud800'",
    "long decimal integer": "x = " + "9" * 100_000,
    "long hexadecimal integer": "x = 0x" + "f" * 100_000,
    "long exponent": "x = 1e" + "9" * 100_000,
    "long line": "x = '" + "a" * 120_000 + "'",
    "too long": "#" * (MAX_BYTES + 1),
    "too long in bytes": "# " + "é" * MAX_BYTES,
    "many statements": "a\n" * 60_000,
    "many items": "[" + "a," * 60_000 + "]",
    "unfinished string": "'" + "\\'" * 60_000 + "(" * 200,
    "unfinished long string": "'''" + "(" * 100_000,
    "quotes and brackets": "'\"" * 50_000 + "(" * 200,
    "wrong encoding": "# -*- coding: utf-7 -*-\nx = +AGE-",
    "byte order mark": "\ufeffx = 1",
    "carriage returns": "x = 1\r" * 9_000,
    "form feeds": "\f" * 100_000 + "x",
    "backslashes": "\\\n" * 60_000,
    "decorators": "@a\n" * 40_000,
    "nested f-strings": 'f"' + "{a:" * 500 + "}" * 500 + '"',
    "invalid escapes": r"'\d'" * 10_000,
}


def code(text: str) -> str:
    return analyse(text).syntax_hash


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_by_name_or_read_safely(text: str) -> None:
    try:
        tree = parse_source(text)
    except SourceError as error:
        message = str(error)
    else:
        render(tree)
        analyse(text)
        return
    assert "\n" not in message and len(message) < 300
    with pytest.raises(SourceError):
        analyse(text)


@pytest.mark.parametrize(
    "kind", ["open brackets", "attributes", "sums", "elif", "long hexadecimal integer", "too long"]
)
def test_what_is_too_deep_or_too_large_is_refused(kind: str) -> None:
    with pytest.raises(SourceError):
        parse_source(HOSTILE[kind])


@given(st.text(alphabet="()[]{}:=,.'\"\\#\n\t -+*@ax0f1e ", max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    try:
        facts = analyse(text)
    except SourceError:
        return
    assert facts.ast_nodes >= 1 and facts.cyclomatic_complexity >= 1 and facts.lines >= 0
    assert code(render(parse_source(text))) == facts.syntax_hash


@pytest.mark.parametrize(
    ("opening", "core", "closing"),
    [
        ("(", "a,", ")"),
        ("{1:", "a", "}"),
        ("f(a=", "1", ")"),
        ("a[", "1", "]"),
        ("lambda:", "a", ""),
        ("not ", "a", ""),
    ],
)
def test_the_deepest_tree_that_is_read_can_be_written(opening: str, core: str, closing: str) -> None:
    depth = MAX_DEPTH
    while depth:
        try:
            tree = parse_source(opening * depth + core + closing * depth)
        except SourceError:
            depth -= 1
        else:
            break
    assert depth > 20
    render(tree)


def test_brackets_in_strings_and_comments_do_not_count_as_nesting() -> None:
    parse_source("x = '" + "(" * 500 + "'  # " + "[" * 500 + '\ny = """' + "{" * 500 + '"""\n')


def test_an_error_names_the_line() -> None:
    with pytest.raises(SourceError) as caught:
        parse_source("x = 1\ny = = 2\n")
    assert caught.value.line == 2
    assert str(caught.value).startswith("line 2: ")


def test_warnings_of_a_program_are_not_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analyse(r"x = '\d'")


@pytest.mark.parametrize(
    "same",
    [
        PROGRAM.replace("total = 0", "total  =  (0)  # none yet"),
        PROGRAM.replace('    """A function."""\n', ""),
        PROGRAM.replace('"""A module."""', '"""Another."""'),
        "# first\n\n\n" + PROGRAM.replace('"text"', "u'text'"),
        PROGRAM.replace("\n", "\r\n"),
        PROGRAM.replace("    ", "\t"),
        ast.unparse(ast.parse(PROGRAM)),
    ],
)
def test_comments_layout_and_docstrings_do_not_change_the_hash(same: str) -> None:
    assert same != PROGRAM
    assert code(same) == code(PROGRAM)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total = 0", "total = 0.0"),
        ("total = 0", "total = False"),
        ('"text"', '"Text"'),
        ('"text"', 'b"text"'),
        ("True", "1"),
        ("None", "..."),
        ("RATE = 0.5", "RATE = 0.25"),
        ("RATE", "PACE"),
        ("i > 3", "i >= 3"),
        (" and ", " or "),
        ("math.sin", "math.cos"),
        ("def entrypoint()", "def entrypoint(x)"),
        ("def entrypoint", "async def entrypoint"),
        ("import math", "import math as math"),
        ("total +=", "total -="),
    ],
)
def test_a_constant_a_name_or_an_operator_changes_the_hash(old: str, new: str) -> None:
    assert code(PROGRAM.replace(old, new)) != code(PROGRAM)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a[b:]", "a[:b]"),
        ("f(a, b)", "f(a, b=b)"),
        ("[a, [b]]", "[[a], b]"),
        ("{**a, b: c}", "{b: c, **a}"),
        ("a - (b - c)", "a - b - c"),
        ("def f(a, /, b): pass", "def f(a, b): pass"),
        ("from . import a", "from .. import a"),
        ("f'{a}'", "f'{a!r}'"),
        ("x: int", "(x): int"),
        ("'a'; 'b'", "'a'"),
    ],
)
def test_different_structure_has_a_different_hash(one: str, other: str) -> None:
    assert code("0\n" + one) != code("0\n" + other)


@given(
    st.lists(st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.booleans()), max_size=6)
)
def test_equal_hashes_mean_equal_constants(values: list[object]) -> None:
    text = f"x = {values!r}".replace("inf", "1e999")
    assert code(text) == code(f"x   =   ({values!r})".replace("inf", "1e999"))
    changed = f"x = {[*values, 0]!r}".replace("inf", "1e999")
    assert code(text) != code(changed)


def test_the_measures_of_a_program_are_what_their_docstrings_say() -> None:
    facts = analyse(PROGRAM)
    assert facts.lines == 8
    docstrings = 2 * 2
    assert facts.ast_nodes == sum(1 for _ in ast.walk(ast.parse(PROGRAM))) - docstrings
    assert facts.cyclomatic_complexity == 1 + 1 + 1 + 2  # for, if, and + or
    assert facts.complexity_score == facts.ast_nodes + 5 * facts.cyclomatic_complexity + facts.lines


@pytest.mark.parametrize(
    ("text", "decisions"),
    [
        ("a if b else c", 1),
        ("if a: pass\nelif b: pass\nelse: pass", 2),
        ("while a: pass", 1),
        ("try: pass\nexcept A: pass\nexcept B: pass\nfinally: pass", 2),
        ("[x for x in y if x if z for w in x]", 4),
        ("a and b and c", 2),
        ("assert a", 1),
        ("match a:\n case 1: pass\n case _: pass", 2),
        ("with a: pass", 0),
        ("lambda: 1", 0),
    ],
)
def test_each_decision_point_counts(text: str, decisions: int) -> None:
    assert analyse(text).cyclomatic_complexity == 1 + decisions


@pytest.mark.parametrize(
    "text", ["return 1", "break", "def f():\n    nonlocal x", "x = 1\nglobal_ = 1\ndef f(a, a): pass"]
)
def test_what_parses_and_is_no_program_does_not_compile(text: str) -> None:
    parse_source(text)
    with pytest.raises(SourceError):
        check_compiles(text)


def test_a_tree_that_is_no_program_is_not_written() -> None:
    with pytest.raises(SourceError):
        render(
            ast.Module(
                body=[ast.Expr(ast.Name("a b", ast.Load())), ast.Expr(ast.Name("", ast.Load()))], type_ignores=[]
            )
        )
