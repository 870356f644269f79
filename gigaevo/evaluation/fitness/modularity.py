"""How well a program is divided into parts that stand on their own."""

from __future__ import annotations

import ast
from collections import Counter

from gigaevo.evaluation.fitness.anatomy import Anatomy, Part, own_expressions, share

PART_STATEMENTS = 15
COPIED_NODES = 6  # a statement of fewer nodes may well be written twice

_LITERALS = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.USub, ast.UAdd, ast.Load, ast.BinOp, ast.operator)
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise, ast.Assert, ast.Delete)


def modularity(anatomy: Anatomy) -> float:
    """Mean of three shares from 0 to 1.

    - size: statements that are among the first 15 of their function; constants named at the top level belong nowhere
      and are not counted, other code outside of functions counts as one function;
    - coupling: functions that neither change a variable of another scope (``global``, ``nonlocal``) nor read one of the
      module that is rebound or holds something that can change;
    - copies: simple statements of at least six syntax nodes that are not written a second time.
    """
    return (_size(anatomy) + _coupling(anatomy) + _copies(anatomy)) / 3.0


def _size(anatomy: Anatomy) -> float:
    sizes = [len(part.statements) for part in anatomy.functions]
    sizes.append(sum(not _names_a_constant(statement) for statement in anatomy.module.statements))
    return share(sum(min(size, PART_STATEMENTS) for size in sizes), sum(sizes))


def _coupling(anatomy: Anatomy) -> float:
    state = _module_state(anatomy)
    return share(sum(not _is_coupled(part, state) for part in anatomy.functions), len(anatomy.functions))


def _is_coupled(part: Part, state: set[str]) -> bool:
    declared = any(isinstance(statement, (ast.Global, ast.Nonlocal)) for statement in part.statements)
    own = {argument.arg for argument in part.parameters} | {
        node.id for node in part.expressions if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return declared or bool((part.names_read - own) & state)


def _module_state(anatomy: Anatomy) -> set[str]:
    """Names of the module that are assigned to more than once, or to something that is no constant."""
    assigned: Counter[str] = Counter()
    changing: set[str] = set()
    for statement in anatomy.module.statements:
        names = [
            node.id
            for node in own_expressions(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        assigned.update(names)
        if not _names_a_constant(statement):
            changing.update(names)
    return changing | {name for name, count in assigned.items() if count > 1}


def _names_a_constant(statement: ast.stmt) -> bool:
    """Whether a statement gives a name to a number, a text, or a tuple of such."""
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if not all(isinstance(target, ast.Name) for target in targets):
        return False
    return all(isinstance(node, _LITERALS) for node in ast.walk(statement.value))


def _copies(anatomy: Anatomy) -> float:
    written = Counter(
        ast.dump(statement)
        for part in anatomy.parts
        for statement in part.statements
        if isinstance(statement, _SIMPLE) and sum(1 for _ in own_expressions(statement)) >= COPIED_NODES
    )
    return share(len(written), written.total())
