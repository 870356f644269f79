"""The anatomy of a program: its functions and the statements that are each one's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from gigaevo.programs.syntax import docstring_of, parse_source

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_QUIET = (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, *_SCOPES)


@dataclass(frozen=True)
class Part:
    """A function or method with what is its own; or, with no node, the code of a module outside of functions.

    Attributes:
        node: The function; None for the module's own code.
        statements: Its statements at every depth, docstrings and bodies of functions and classes within it left out.
    """

    node: Function | None
    statements: list[ast.stmt]

    @cached_property
    def expressions(self) -> list[ast.AST]:
        """Every node of its own below the statements."""
        return [node for statement in self.statements for node in own_expressions(statement)]

    @cached_property
    def parameters(self) -> list[ast.arg]:
        """Its parameters, ``self`` and ``cls`` left out."""
        if self.node is None:
            return []
        arguments = self.node.args
        stars = [star for star in (arguments.vararg, arguments.kwarg) if star is not None]
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return [argument for argument in [*named, *stars] if argument.arg not in ("self", "cls")]

    @cached_property
    def names_read(self) -> set[str]:
        """Names that it reads, those within its lambdas, comprehensions and inner functions included."""
        found = {node.id for node in self.expressions if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        if self.node is not None:
            for inner in self.node.body:
                if isinstance(inner, _SCOPES):
                    found |= {node.id for node in ast.walk(inner) if isinstance(node, ast.Name)}
        return found


class Anatomy:
    """A parsed program in parts.

    Args:
        source: Its text.

    Raises:
        gigaevo.programs.syntax.SourceError: It is no Python, or larger or more deeply nested than we take.

    Attributes:
        source: The text.
        tree: Its syntax tree.
        functions: Its functions and methods, inner ones too.
        module: Its code outside of functions.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.tree = parse_source(source)
        functions = [node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self.functions = [Part(node, own_statements(node)) for node in functions]
        self.module = Part(None, [node for node in own_statements(self.tree) if not isinstance(node, _QUIET)])

    @cached_property
    def parts(self) -> list[Part]:
        """All parts that hold a statement."""
        return [part for part in [*self.functions, self.module] if part.statements]

    @cached_property
    def statements(self) -> int:
        """Statements of all parts."""
        return sum(len(part.statements) for part in self.parts)

    @cached_property
    def reads(self) -> set[str]:
        """Every name that is read anywhere."""
        return {
            node.id if isinstance(node, ast.Name) else node.attr
            for node in ast.walk(self.tree)
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)
        }


def own_statements(scope: ast.Module | Function) -> list[ast.stmt]:
    """Statements of a scope at every depth. A function or class within counts as one; its body is not looked into."""
    first = docstring_of(scope)
    found: list[ast.stmt] = []
    waiting: list[ast.AST] = [node for node in scope.body if node is not first]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            found.append(node)
            if isinstance(node, _SCOPES):
                continue
        for _, block in blocks(node):
            waiting.extend(block)
    return found


def blocks(node: ast.AST) -> Iterator[tuple[str, list[ast.AST]]]:
    """The blocks of a compound statement, a handler or a case, each with the name of its field."""
    for name in _BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list) and block:
            yield name, block


def own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Nodes of a statement that belong to no statement within it. Of a function: decorators, defaults, annotations."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                yield child
                waiting.append(child)
            elif not isinstance(child, ast.stmt):  # what a handler catches and a case matches
                header = child.type if isinstance(child, ast.ExceptHandler) else child.pattern
                if header is not None:
                    yield header
                    waiting.append(header)


def share(good: float, total: float) -> float:
    """``good / total``; 1 where there is nothing to be good."""
    return good / total if total else 1.0
