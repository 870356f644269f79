"""Edits of statements. Each changes the tree in place and says what it did, or finds nothing to do and gives None."""

from __future__ import annotations

import ast
from collections.abc import Callable

import numpy as np

from gigaevo.evolution.mutation.sites import Block, blocks, clone, names_in_scope, own_nodes, pick

Edit = Callable[[ast.Module, np.random.Generator], str | None]


def delete_statement(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Take a statement away."""
    site = _pick_statement(tree, rng)
    if site is None:
        return None
    block, index = site
    return f"delete {_name(block.take(index))}"


def duplicate_statement(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Put a copy of a statement behind it."""
    site = _pick_statement(tree, rng)
    if site is None:
        return None
    block, index = site
    statement = block.statements[index]
    block.statements.insert(index + 1, clone(statement))
    return f"duplicate {_name(statement)}"


def swap_statements(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Exchange two statements of a block: neighbours half the time, else any two."""
    candidates = [(block, indices) for block in blocks(tree) if len(indices := block.indices()) > 1]
    if not candidates:
        return None
    block, indices = pick(rng, candidates)
    if rng.random() < 0.5:
        at = int(rng.integers(len(indices) - 1))
        first, second = indices[at], indices[at + 1]
    else:
        first, second = (indices[i] for i in rng.choice(len(indices), size=2, replace=False).tolist())
    statements = block.statements
    statements[first], statements[second] = statements[second], statements[first]
    return f"swap {_name(statements[second])} and {_name(statements[first])}"


def move_statement(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Take a statement away and put it anywhere outside itself."""
    site = _pick_statement(tree, rng)
    if site is None:
        return None
    source, index = site
    statement = source.take(index)
    target = pick(rng, [block for block in blocks(tree) if block.statements])
    target.statements.insert(int(rng.integers(target.first, len(target.statements) + 1)), statement)
    return f"move {_name(statement)}"


def wrap_statement(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Make a statement conditional on a comparison of two variables, or repeat it."""
    sites = _statements_of_functions(tree)
    if not sites:
        return None
    function, block, index = pick(rng, sites)
    statement = block.statements[index]
    names = names_in_scope(tree, function)
    if names and rng.random() < 0.5:
        left, right = (ast.Name(pick(rng, names), ast.Load()) for _ in range(2))
        operator = pick(rng, (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
        wrapped: ast.stmt = ast.If(ast.Compare(left, [operator()], [right]), [statement], [])
    else:
        times = int(rng.integers(2, 6))
        call = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(times)], [])
        wrapped = ast.For(ast.Name("_", ast.Store()), call, [statement], [], lineno=0)
    block.statements[index] = wrapped
    return f"wrap {_name(statement)} in {_name(wrapped)}"


def insert_update(tree: ast.Module, rng: np.random.Generator) -> str | None:
    """Insert a small step ``x = x + c * y`` or ``x = x * c`` of variables that the function has."""
    sites = _statements_of_functions(tree)
    if not sites:
        return None
    function, block, index = pick(rng, sites)
    names = names_in_scope(tree, function)
    if not names:
        return None
    target, other = pick(rng, names), pick(rng, names)
    factor: ast.expr = ast.Constant(float(f"{rng.normal():.3g}"))
    if rng.random() < 0.5:
        change: ast.expr = ast.BinOp(factor, ast.Mult(), ast.Name(other, ast.Load()))
        value = ast.BinOp(ast.Name(target, ast.Load()), ast.Add(), change)
    else:
        value = ast.BinOp(ast.Name(target, ast.Load()), ast.Mult(), factor)
    update = ast.Assign([ast.Name(target, ast.Store())], value, lineno=0)
    block.statements.insert(index, update)
    return f"insert {ast.unparse(update)}"


STATEMENT_EDITS: tuple[Edit, ...] = (
    delete_statement,
    duplicate_statement,
    swap_statements,
    move_statement,
    wrap_statement,
    insert_update,
)


def _pick_statement(tree: ast.Module, rng: np.random.Generator) -> tuple[Block, int] | None:
    sites = [(block, index) for block in blocks(tree) for index in block.indices()]
    return pick(rng, sites) if sites else None


def _statements_of_functions(tree: ast.Module) -> list[tuple[ast.AST, Block, int]]:
    """Statements that stand inside functions, with their function, but for definitions."""
    sites: list[tuple[ast.AST, Block, int]] = []
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            own = set(map(id, own_nodes(function)))
            sites += [
                (function, block, index)
                for block in blocks(function)
                for index in block.indices()
                if id(statement := block.statements[index]) in own
                and not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            ]
    return sites


def _name(statement: ast.stmt) -> str:
    """A statement in a few words."""
    kind = type(statement).__name__
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return f"{kind} {statement.name}"
    line = getattr(statement, "lineno", None)
    return f"{kind} of line {line}" if line else kind
