"""SyntaxTreeMutation and its edits, one by one."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.evolution.mutation.edits_crossover import (
    CROSSOVER_EDITS,
    transplant_expression,
    transplant_function,
    transplant_statement,
)
from gigaevo.evolution.mutation.edits_expressions import (
    EXPRESSION_EDITS,
    change_loop_bounds,
    negate_condition,
    replace_comparator,
    replace_expression,
    replace_name,
    replace_operator,
)
from gigaevo.evolution.mutation.edits_statements import (
    STATEMENT_EDITS,
    Edit,
    delete_statement,
    duplicate_statement,
    insert_update,
    move_statement,
    swap_statements,
    wrap_statement,
)
from gigaevo.evolution.mutation.sites import Promises, unbound_names
from gigaevo.evolution.mutation.syntax_tree import SyntaxTreeMutation
from gigaevo.programs import Program
from gigaevo.programs.syntax import analyse
from tests.mutation.corpus import CORPUS


def results(edit: Edit, source: str, seeds: int = 60) -> set[str]:
    """Texts that an edit makes of ``source``."""
    made = set()
    for seed in range(seeds):
        tree = ast.parse(source)
        if edit(tree, np.random.default_rng(seed)) is not None:
            made.add(ast.unparse(ast.fix_missing_locations(tree)))
    return made


@pytest.mark.parametrize(
    ("edit", "source", "expected"),
    [
        (delete_statement, "a\nb", {"a", "b"}),
        (delete_statement, "if a:\n    b", {"pass", "if a:\n    pass"}),
        (duplicate_statement, "a\nb", {"a\na\nb", "a\nb\nb"}),
        (swap_statements, "a\nb\nc", {"b\na\nc", "a\nc\nb", "c\nb\na"}),
        (move_statement, "if a:\n    b\nc", {"if a:\n    pass\nb\nc", "if a:\n    b\n    c", "if a:\n    c\n    b"}),
        (replace_operator, "a and b", {"a or b"}),
        (replace_operator, "a & b", {"a | b", "a ^ b", "a << b", "a >> b"}),
        (replace_operator, "a ** b", {"a + b", "a - b", "a * b", "a / b", "a // b", "a % b"}),
        (replace_comparator, "a in b", {"a not in b"}),
        (replace_comparator, "a is b", {"a is not b"}),
        (replace_comparator, "a < b", {"a <= b", "a > b", "a >= b", "a == b", "a != b"}),
        (change_loop_bounds, "range(6)", {"range(7)", "range(5)", "range(12)", "range(3)"}),
        (change_loop_bounds, "range(n)", {"range(n + 1)", "range(n - 1)", "range(n * 2)", "range(n // 2)"}),
        (negate_condition, "a if b else c", {"a if not b else c"}),
        (negate_condition, "while not a:\n    b", {"while a:\n    b"}),
        (replace_name, "def f(x, y):\n    return x", {"def f(x, y):\n    return y"}),
        (
            replace_expression,
            "x = [a, b]",
            {"x = [a, a]", "x = [b, b]", "x = a", "x = b", "x = [a, [a, b]]", "x = [[a, b], b]"},
        ),
        (wrap_statement, "def f():\n    return 1", None),
        (insert_update, "def f(x):\n    return x", None),
    ],
)
def test_an_edit_makes_what_its_name_says(edit: Edit, source: str, expected: set[str] | None) -> None:
    made = results(edit, source)
    if expected is None:
        assert made and source not in made
    else:
        assert expected <= made


@pytest.mark.parametrize("edit", [*STATEMENT_EDITS, *EXPRESSION_EDITS])
def test_an_edit_finds_nothing_to_do_in_an_empty_program(edit: Edit) -> None:
    assert results(edit, "pass", seeds=3) == set()


@pytest.mark.parametrize("edit", [*STATEMENT_EDITS, *EXPRESSION_EDITS])
def test_every_edit_works_on_some_program_of_the_corpus(edit: Edit) -> None:
    assert any(results(edit, source, seeds=5) for source in CORPUS.values())


def test_docstrings_imports_and_the_entrypoint_are_not_taken_away() -> None:
    source = '"""Doc."""\nimport math\n\ndef entrypoint():\n    """Doc."""\n    pass'
    assert results(delete_statement, source) == set()


def test_each_crossover_edit_takes_material_of_the_second_parent_only_into_the_first() -> None:
    donor = ast.parse("def f(x):\n    return x + 77\n\ndef entrypoint():\n    return 88")
    before = ast.dump(donor)
    first = "def f(x):\n    return x - 1\n\ndef entrypoint():\n    return f(2)"
    for edit, token in ((transplant_expression, "77"), (transplant_statement, "77"), (transplant_function, "+ 77")):
        made = set()
        for seed in range(60):
            tree = ast.parse(first)
            if edit(tree, donor, np.random.default_rng(seed)) is not None:
                made.add(ast.unparse(ast.fix_missing_locations(tree)))
        assert any(token in text for text in made), edit.__name__
        assert ast.dump(donor) == before
    assert len(CROSSOVER_EDITS) == 3


@pytest.mark.parametrize(
    ("source", "unbound"),
    [
        ("x = y", {"y"}),
        ("import a.b, c as d\na, d, b, c", {"b", "c"}),
        ("def f(x, *y, z=1, **w):\n    return x, y, z, w, len, f, q", {"q"}),
        ("def f():\n    x = 1\nx", {"x"}),
        ("def f():\n    x = 1\n    def g():\n        return x\n    return g", set()),
        ("x += 1", {"x"}),
        ("[x for x in range(3)]; (y := 2); lambda z: z + y", set()),
        ("try: pass\nexcept E as e: e", {"E"}),
        ("match v:\n case [a, *b] | {'k': a, **b}: a, b, c", {"v", "c"}),
        ("from m import *\nanything", set()),
        ("class A:\n    b = 1\n    def m(self):\n        return self", set()),
    ],
)
def test_a_name_is_unbound_where_no_statement_in_reach_binds_it(source: str, unbound: set[str]) -> None:
    assert unbound_names(ast.parse(source)) == unbound


@pytest.mark.parametrize(
    ("original", "edited", "sound"),
    [
        ("def entrypoint():\n    return 1", "pass", False),
        ("def entrypoint():\n    return 1", "def entrypoint():\n    pass", False),
        ("def entrypoint():\n    return 1", "def entrypoint():\n    def f():\n        return 1", False),
        ("def entrypoint():\n    return 1", "def entrypoint():\n    return q", False),
        ("def entrypoint():\n    return 1", "def entrypoint():\n    return 2", True),
        ("def entrypoint():\n    return q", "def entrypoint():\n    return q + q", True),
        ("def entrypoint():\n    print(1)", "def entrypoint():\n    pass", True),
        ("from m import entrypoint", "from m import entrypoint", True),
        ("def f():\n    pass\nentrypoint = f", "def f():\n    pass", False),
    ],
)
def test_a_sound_child_keeps_the_entrypoint_its_return_and_bound_names(original: str, edited: str, sound: bool) -> None:
    assert Promises.of(ast.parse(original)).kept_by(ast.parse(edited)) is sound


async def test_children_stop_growing_at_max_nodes() -> None:
    operator = SyntaxTreeMutation(another_edit=0.6, max_nodes=150)
    source = CORPUS["while"]
    rng = np.random.default_rng(0)
    for _ in range(150):
        child = await operator.mutate([Program(id="p", source=source)], MutationContext(rng=rng))
        if isinstance(child, NoChild):
            continue
        source = child.source
        assert analyse(source).ast_nodes <= 150


async def test_a_second_parent_takes_part_and_an_unreadable_one_does_no_harm() -> None:
    operator = SyntaxTreeMutation()
    first = Program(id="a", source=CORPUS["while"])
    donors = [Program(id="b", source="def entrypoint():\n    return 424242"), Program(id="c", source="(")]
    made = []
    for donor in donors:
        children = []
        for seed in range(100):
            child = await operator.mutate([first, donor], MutationContext(rng=np.random.default_rng(seed)))
            assert isinstance(child, Mutation)
            children.append(child.source)
        made.append(children)
    assert any("424242" in source for source in made[0])


async def test_a_child_may_carry_up_to_three_edits() -> None:
    operator = SyntaxTreeMutation(another_edit=0.6)
    parent = [Program(id="p", source=CORPUS["loops"])]
    counts = set()
    for seed in range(60):
        child = await operator.mutate(parent, MutationContext(rng=np.random.default_rng(seed)))
        assert isinstance(child, Mutation)
        counts.add(child.description.count("; ") + 1)
    assert counts == {1, 2, 3}


@pytest.mark.parametrize("wrong", [{"another_edit": 1.0}, {"another_edit": -0.1}, {"max_nodes": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        SyntaxTreeMutation(**wrong)  # type: ignore[arg-type]
