"""Edits that take something from a second parent. They change the first tree only."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from gigaevo.evolution.mutation.sites import blocks, clone, expression_slots, pick

CrossoverEdit = Callable[[ast.Module, ast.Module, np.random.Generator], str | None]


def transplant_expression(tree: ast.Module, donor: ast.Module, rng: np.random.Generator) -> str | None:
    """Put an expression of the donor in the place of one that is of the same kind."""
    offered: dict[type[ast.expr], list[ast.expr]] = {}
    for slot in expression_slots(donor):
        offered.setdefault(type(slot.get()), []).append(slot.get())
    slots = [slot for slot in expression_slots(tree) if type(slot.get()) in offered]
    if not slots:
        return None
    slot = pick(rng, slots)
    kind = type(slot.get())
    slot.put(clone(pick(rng, offered[kind])))
    return f"take a {kind.__name__} from the second parent"


def transplant_statement(tree: ast.Module, donor: ast.Module, rng: np.random.Generator) -> str | None:
    """Insert a statement of the donor."""
    offered = [block.statements[index] for block in blocks(donor) for index in block.indices()]
    targets = [block for block in blocks(tree) if block.statements]
    if not offered or not targets:
        return None
    statement, target = clone(pick(rng, offered)), pick(rng, targets)
    target.statements.insert(int(rng.integers(target.first, len(target.statements) + 1)), statement)
    return f"insert a {type(statement).__name__} of the second parent"


def transplant_function(tree: ast.Module, donor: ast.Module, rng: np.random.Generator) -> str | None:
    """Take the donor's definition of a function or class that both programs define."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    offered = {node.name: node for node in donor.body if isinstance(node, definitions)}
    places = [
        (index, node.name)
        for index, node in enumerate(tree.body)
        if isinstance(node, definitions) and node.name in offered
    ]
    # A whole entrypoint would be the second parent again, unless there is more to a program than that.
    places = [place for place in places if len(offered) > 1 or place[1] != "entrypoint"]
    if not places:
        return None
    index, name = pick(rng, places)
    tree.body[index] = clone(offered[name])
    return f"take {name} from the second parent"


CROSSOVER_EDITS: tuple[CrossoverEdit, ...] = (transplant_expression, transplant_statement, transplant_function)
