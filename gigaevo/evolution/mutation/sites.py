"""Places in a syntax tree where an edit can be made, and what keeps an edited tree a sensible program."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from gigaevo.programs.syntax import docstring_of

T = TypeVar("T")
N = TypeVar("N", bound=ast.AST)

ENTRYPOINT = "entrypoint"
_BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# Expressions that stand for a form of syntax, or whose neighbours give them their meaning.
_FIXED = (ast.Starred, ast.Slice, ast.Yield, ast.YieldFrom, ast.Await, ast.FormattedValue)
_FIXED_FIELDS = frozenset(
    {"annotation", "returns", "decorator_list", "bases", "format_spec", "func", "target", "targets", "pattern"}
)


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One of ``items``, each with the same probability."""
    return items[int(rng.integers(len(items)))]


def clone(node: N) -> N:
    """A deep copy of a subtree: a node must not stand in two places, or a later edit would change both."""
    copy: Any = type(node).__new__(type(node))
    for name, value in vars(node).items():
        if isinstance(value, list):
            value = [clone(item) if isinstance(item, ast.AST) else item for item in value]
        elif isinstance(value, ast.AST):
            value = clone(value)
        setattr(copy, name, value)
    result: N = copy
    return result


@dataclass(frozen=True, slots=True)
class Block:
    """A list of statements.

    Attributes:
        statements: The list of the tree itself: changing it changes the tree.
        first: Index of the first statement that may be edited, after a docstring.
        optional: Whether it may become empty.
    """

    statements: list[ast.stmt]
    first: int
    optional: bool

    def take(self, index: int) -> ast.stmt:
        """Remove a statement; a block that must not be empty is left with ``pass``."""
        statement = self.statements.pop(index)
        if not self.statements and not self.optional:
            self.statements.append(ast.Pass())
        return statement

    def indices(self) -> list[int]:
        """Where statements stand that an edit may take: no docstring, no import, no ``pass``, not the entrypoint."""
        return [i for i in range(self.first, len(self.statements)) if not _is_fixed(self.statements[i])]


def blocks(tree: ast.AST) -> list[Block]:
    """All blocks of a tree."""
    found = []
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list) and (statements or field == "orelse"):
                first = 1 if field == "body" and docstring_of(node) is not None else 0
                found.append(Block(statements, first, optional=field == "orelse"))
    return found


def _is_fixed(statement: ast.stmt) -> bool:
    if isinstance(statement, _FUNCTIONS):
        return statement.name == ENTRYPOINT
    return isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal))


@dataclass(frozen=True, slots=True)
class Slot:
    """A place that holds an expression which is read.

    Attributes:
        owner: The node that has it as a child.
        field: Name of the owner's field.
        index: Place in the field's list; None where the field is no list.
    """

    owner: ast.AST
    field: str
    index: int | None

    def get(self) -> ast.expr:
        """The expression."""
        value: Any = getattr(self.owner, self.field)
        expression: ast.expr = value if self.index is None else value[self.index]
        return expression

    def put(self, expression: ast.expr) -> None:
        """Put another expression there."""
        if self.index is None:
            setattr(self.owner, self.field, expression)
        else:
            getattr(self.owner, self.field)[self.index] = expression


def expression_slots(tree: ast.AST) -> list[Slot]:
    """Places whose expression can be exchanged for another one without leaving the grammar."""
    found: list[Slot] = []
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        for field, value in ast.iter_fields(node):
            if field in _FIXED_FIELDS:
                if field == "func" and isinstance(value, ast.Attribute):
                    stack.append(value)
                continue
            for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
                if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                    stack.append(child)
                    if isinstance(child, ast.expr) and _is_free(node, child):
                        found.append(Slot(node, field, index))
    return found


def _is_free(owner: ast.AST, child: ast.expr) -> bool:
    if isinstance(child, _FIXED) or isinstance(getattr(child, "ctx", None), (ast.Store, ast.Del)):
        return False
    if isinstance(owner, (ast.pattern, ast.FormattedValue)):
        return False
    if isinstance(owner, ast.Attribute):  # the module of ``math.pi``
        return not isinstance(child, ast.Name)
    return not (isinstance(owner, ast.Expr) and isinstance(child, ast.Constant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """What a program keeps under every edit; what it lacked before is not asked for.

    Attributes:
        entrypoint: Whether it defines ``entrypoint``.
        returns: Whether ``entrypoint`` returns or yields something.
        unbound: Names that it reads and that nobody binds.
    """

    entrypoint: bool
    returns: bool
    unbound: frozenset[str]

    @classmethod
    def of(cls, tree: ast.Module) -> Promises:
        """The promises of a program."""
        return cls(
            entrypoint=any(_binds_entrypoint(statement) for statement in tree.body),
            returns=_entrypoint_returns(tree),
            unbound=frozenset(unbound_names(tree)),
        )

    def kept_by(self, tree: ast.Module) -> bool:
        """Whether an edited tree still defines ``entrypoint``, which still returns, and reads no further unbound
        name."""
        edited = Promises.of(tree)
        return (
            edited.entrypoint >= self.entrypoint and edited.returns >= self.returns and edited.unbound <= self.unbound
        )


def _binds_entrypoint(statement: ast.stmt) -> bool:
    if isinstance(statement, _FUNCTIONS):
        return statement.name == ENTRYPOINT
    bound, _, _ = _names_of(ast.Module([statement], []))
    return ENTRYPOINT in bound


def _entrypoint_returns(tree: ast.Module) -> bool:
    for statement in reversed(tree.body):
        if isinstance(statement, _FUNCTIONS) and statement.name == ENTRYPOINT:
            return any(isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) for node in own_nodes(statement))
    return False


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Nodes below ``function``, without the insides of functions that it defines (those functions themselves are
    given)."""
    stack = _children(function)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            stack += _children(node)


def _children(node: ast.AST) -> list[ast.AST]:
    """What ``ast.iter_child_nodes`` gives, in less time and without the contexts of names."""
    found: list[ast.AST] = []
    for value in vars(node).values():
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            found.append(value)
    return found


def names_in_scope(tree: ast.Module, function: ast.AST) -> list[str]:
    """Variables and parameters that ``function`` binds, sorted."""
    bound, _, _ = _names_of(function)
    module, _, _ = _names_of(tree)
    return sorted(bound - module - {"*"})


def unbound_names(tree: ast.Module) -> set[str]:
    """Names that are read and bound nowhere in their function, around it, in the module or among the builtins.

    Order is not looked at, and a comprehension, lambda or class counts as part of the function it stands in: a name
    reported is certainly unbound, one that is not may still be.
    """
    unbound: set[str] = set()
    stack: list[tuple[ast.AST, frozenset[str]]] = [(tree, _BUILTINS)]
    while stack:
        scope, around = stack.pop()
        bound, loaded, inner = _names_of(scope)
        if "*" in bound:
            return set()
        visible = around | bound
        unbound |= loaded - visible
        stack.extend((function, visible) for function in inner)
    return unbound


def _names_of(scope: ast.AST) -> tuple[set[str], set[str], list[ast.AST]]:
    """Names that a scope binds and reads, and the functions it defines. ``*`` stands for a star import."""
    bound: set[str] = set()
    loaded: set[str] = set()
    inner: list[ast.AST] = []
    updated: set[int] = set()
    for node in own_nodes(scope):
        if isinstance(node, ast.Name):
            reads = isinstance(node.ctx, ast.Load) or id(node) in updated
            (loaded if reads else bound).add(node.id)
        elif isinstance(node, ast.AugAssign):
            updated.add(id(node.target))  # x += 1 reads x, and does not bind it for the first time
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            bound.add(node.name)
            if not isinstance(node, ast.ClassDef):
                inner.append(node)
        elif isinstance(node, ast.alias):
            bound.add(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            bound.update(node.names)
    return bound, loaded, inner
