"""What a Python file binds at its top level, as far as that can be seen without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def binding(tree: ast.Module, name: str) -> ast.stmt | None:
    """The last top-level statement that binds ``name``: a def, a class, an assignment or an import, one of ``*``
    included; None where there is none."""
    bound = [statement for statement in _top_level(tree.body) if {name, "*"} & _bound_names(statement)]
    return bound[-1] if bound else None


def _top_level(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the file is imported, those in ``if``, ``try`` and ``with`` included."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            yield from _top_level(statement.body)
        if isinstance(statement, ast.If | ast.Try):
            yield from _top_level(statement.orelse)
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                yield from _top_level(handler.body)
            yield from _top_level(statement.finalbody)


def _bound_names(statement: ast.stmt) -> set[str]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {statement.name}
        case ast.Assign():
            nodes = (node for target in statement.targets for node in ast.walk(target))
            return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
        case _:
            return set()
