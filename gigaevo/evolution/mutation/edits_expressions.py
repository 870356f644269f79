"""Edits of expressions. Each changes the tree in place and says what it did, or finds nothing to do and gives None."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from gigaevo.evolution.mutation.sites import Slot, clone, expression_slots, names_in_scope, own_nodes, pick

Edit = Callable[[ast.Module, np.random.Generator], str | None]

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_BITS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_MEMBERSHIP = (ast.In, ast.NotIn)
_IDENTITY = (ast.Is, ast.IsNot)
_MAX_BOUND = 100_000


def replace_operator(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Another arithmetic or bit operator, in an expression or an augmented assignment; ``and`` for ``or``."""
    sites: list[tuple[ast.BinOp | ast.AugAssign | ast.BoolOp, list[type[ast.AST]]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BoolOp):
            sites.append((node, [ast.Or if isinstance(node.op, ast.And) else ast.And]))
        elif isinstance(node, (ast.BinOp, ast.AugAssign)):
            # A power becomes something tamer; nothing becomes a power, which overflows.
            family: tuple[type[ast.AST], ...] = _BITS if isinstance(node.op, _BITS) else _ARITHMETIC
            sites.append((node, [kind for kind in family if not isinstance(node.op, kind)]))
    if not sites:
        return None
    node, others = pick(rng, sites)
    before = type(node.op).__name__
    setattr(node, "op", pick(rng, others)())  # noqa: B010 - the type of op depends on the node
    return f"replace operator {before} by {type(node.op).__name__}"


def replace_comparator(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Another comparison of the same kind."""
    sites = [
        (node, index) for node in ast.walk(tree) if isinstance(node, ast.Compare) for index in range(len(node.ops))
    ]
    if not sites:
        return None
    node, index = pick(rng, sites)
    before = node.ops[index]
    for family in (_ORDER, _MEMBERSHIP, _IDENTITY):
        if isinstance(before, family):
            node.ops[index] = pick(rng, [kind for kind in family if not isinstance(before, kind)])()
    return f"replace comparator {type(before).__name__} by {type(node.ops[index]).__name__}"


def change_loop_bounds(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """One more or less, twice or half of an argument of ``range`` or of what a ``while`` compares with."""
    slots: list[Slot] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
            slots += [Slot(node, "args", i) for i, arg in enumerate(node.args) if not isinstance(arg, ast.Starred)]
        elif isinstance(node, ast.While) and isinstance(node.test, ast.Compare):
            slots += [Slot(node.test, "comparators", i) for i in range(len(node.test.comparators))]
    if not slots:
        return None
    slot = pick(rng, slots)
    before = slot.get()
    kind, amount = pick(rng, ((ast.Add, 1), (ast.Sub, 1), (ast.Mult, 2), (ast.FloorDiv, 2)))
    after: ast.expr = ast.BinOp(before, kind(), ast.Constant(amount))
    if isinstance(before, ast.Constant) and type(before.value) is int:
        value = {ast.Add: before.value + 1, ast.Sub: before.value - 1, ast.Mult: before.value * 2}
        after = ast.Constant(min(value.get(kind, before.value // 2), max(before.value, _MAX_BOUND)))
    slot.put(after)
    return f"change loop bound {_short(before)} to {_short(after)}"


def negate_condition(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """The opposite of an ``if``, ``while``, conditional expression or filter of a comprehension."""
    slots: list[Slot] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            slots.append(Slot(node, "test", None))
        elif isinstance(node, ast.comprehension):
            slots += [Slot(node, "ifs", index) for index in range(len(node.ifs))]
    if not slots:
        return None
    slot = pick(rng, slots)
    test = slot.get()
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    slot.put(test.operand if isinstance(test, ast.UnaryOp) and negated else ast.UnaryOp(ast.Not(), test))
    return f"negate {_short(test)}"


def replace_name(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Read another variable of the same function."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    sites: list[tuple[ast.Name, list[str]]] = []
    for function in functions:
        names = names_in_scope(tree, function)
        for node in own_nodes(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
                others = [name for name in names if name != node.id]
                if others:
                    sites.append((node, others))
    if not sites:
        return None
    node, others = pick(rng, sites)
    before, node.id = node.id, pick(rng, others)
    return f"replace name {before} by {node.id}"


def replace_expression(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Put a copy of one expression of the program in the place of another."""
    slots = expression_slots(tree)
    if len(slots) < 2:
        return None
    first, second = (slots[i] for i in rng.choice(len(slots), size=2, replace=False).tolist())
    before, after = first.get(), clone(second.get())
    first.put(after)
    return f"replace {_short(before)} by {_short(after)}"


EXPRESSION_EDITS: tuple[Edit, ...] = (
    replace_operator,
    replace_comparator,
    change_loop_bounds,
    negate_condition,
    replace_name,
    replace_expression,
)


def _short(expression: ast.expr) -> str:
    """Text of an expression for a description; its kind where it cannot be written."""
    try:
        text = " ".join(ast.unparse(expression).split())
    except (ValueError, RecursionError):
        return type(expression).__name__
    return text if len(text) <= 40 else text[:37] + "..."
