"""How readily a program is put to another use: extended, configured, called as before."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from gigaevo.evaluation.fitness.anatomy import Anatomy, Function, own_expressions, share
from gigaevo.programs.signature import Signature, public_signatures

CHAIN = 3  # constants that one thing is compared with before it is a chain
_TRIVIAL = (-1, 0, 1, 2)


def extensibility(anatomy: Anatomy) -> float:
    """Mean of two shares from 0 to 1.

    - open to use: statements that lie in functions which read a parameter of theirs, or in methods;
    - open to new cases: 1 / (1 + c / 2) for the c closed decisions: conditions that ask for a type (``isinstance``,
      ``type(x) is``), and chains of ``if`` or ``case`` that compare one thing with three constants or more.
    """
    usable = sum(
        len(part.statements)
        for part in anatomy.functions
        if _is_method(part.node) or part.names_read & {argument.arg for argument in part.parameters}
    )
    return (share(usable, anatomy.statements) + 1.0 / (1.0 + _closed_decisions(anatomy.tree) / 2.0)) / 2.0


def _is_method(node: Function | None) -> bool:
    arguments = [] if node is None else [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in ("self", "cls")


def _closed_decisions(tree: ast.Module) -> int:
    tests = sum(isinstance(node, ast.Call) and _asks_for_a_type(node) for node in ast.walk(tree))
    inner = {id(node.orelse[0]) for node in ast.walk(tree) if isinstance(node, ast.If) and _is_chained(node)}
    heads = [node for node in ast.walk(tree) if isinstance(node, ast.If) and id(node) not in inner]
    chains = sum(len(_compared_alike(head)) >= CHAIN for head in heads)
    matches = sum(
        sum(isinstance(case.pattern, (ast.MatchValue, ast.MatchSingleton)) for case in node.cases) >= CHAIN
        for node in ast.walk(tree)
        if isinstance(node, ast.Match)
    )
    return tests + chains + matches


def _asks_for_a_type(call: ast.Call) -> bool:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    return name in ("isinstance", "issubclass") or (name == "type" and len(call.args) == 1)


def _is_chained(node: ast.If) -> bool:
    return len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)


def _compared_alike(head: ast.If) -> list[str]:
    """The arms of a chain that compare what the first arm compares with a constant."""
    arms: list[str] = []
    node: ast.stmt = head
    while isinstance(node, ast.If):
        match node.test:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[ast.Constant()]):
                arms.append(ast.dump(left))
        if not _is_chained(node):
            break
        node = node.orelse[0]
    return [arm for arm in arms if arm == arms[0]]


def configuration_flexibility(anatomy: Anatomy) -> float:
    """Share from 0 to 1 of the program's numbers that can be set from outside.

    Of all numbers but -1, 0, 1 and 2: 1 for the default of a parameter that its function reads, or of a field of a
    class; 1/2 for the value of a constant that is named at the top level and read somewhere; 0 for one in the midst of
    code. 1 for a program without such numbers, as nothing in it is fixed.
    """
    settable = {id(node) for node in _settable(anatomy)}
    named = {id(node) for node in _named(anatomy)}
    numbers = [node for node in ast.walk(anatomy.tree) if _is_tunable(node)]
    points = sum(1.0 if id(node) in settable else 0.5 if id(node) in named else 0.0 for node in numbers)
    return share(points, len(numbers))


def _is_tunable(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float, complex))
        and not isinstance(node.value, bool)
        and node.value not in _TRIVIAL
    )


def _number(node: ast.expr | None) -> ast.AST | None:
    """The number that an expression is, with or without a sign; None for anything else."""
    return node.operand if isinstance(node, ast.UnaryOp) else node


def _settable(anatomy: Anatomy) -> Iterator[ast.AST | None]:
    for part in anatomy.functions:
        assert part.node is not None
        arguments = part.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        last = positional[len(positional) - len(arguments.defaults) :]
        defaults = [*zip(last, arguments.defaults, strict=True)]
        by_name = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        yield from (_number(value) for argument, value in [*defaults, *by_name] if argument.arg in part.names_read)
    for node in ast.walk(anatomy.tree):
        if isinstance(node, ast.ClassDef):
            yield from (_number(field.value) for field in node.body if isinstance(field, ast.AnnAssign))


def _named(anatomy: Anatomy) -> Iterator[ast.AST]:
    for statement in anatomy.module.statements:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if all(isinstance(target, ast.Name) and target.id in anatomy.reads for target in targets):
                yield from own_expressions(statement)


def api_stability(
    anatomy: Anatomy, *, required: Signature | None, parents: Sequence[Mapping[str, Signature]] = ()
) -> float | None:
    """How far a program can be called as before, from 0 to 1; see ``Signature.kept_by``.

    Args:
        anatomy: The program.
        required: The signature that its genome requires; None where there is no genome.
        parents: Public functions of each parent that is known. What counts is the mean over the functions of the
            parent that they are kept furthest of, as a program with two parents follows one of them.

    Returns:
        The mean of what is known; None where nothing is.
    """
    own = public_signatures(anatomy.tree)
    known = [] if required is None else [required.kept_by(own.get(required.name))]
    kept = [
        share(sum(signature.kept_by(own.get(name)) for name, signature in functions.items()), len(functions))
        for functions in parents
    ]
    known += [max(kept)] if kept else []
    return sum(known) / len(known) if known else None
