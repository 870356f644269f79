"""How clearly a program is written, as far as its text shows it. What names and docstrings mean, nobody asks."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from gigaevo.evaluation.fitness.anatomy import Anatomy, Part, blocks, own_expressions, share
from gigaevo.programs.syntax import docstring_of

LINE_LENGTH = 100
NESTING = 3
FUNCTION_LINES = 30
EXPRESSION_NODES = 40

_WORD = re.compile(r"[a-z]{3,}")
_VOWEL = re.compile(r"[aeiouy]")
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def code_clarity(anatomy: Anatomy) -> float:
    """Mean of six shares from 0 to 1.

    - names: of the distinct names that the program gives, those that spell a word: three letters or more with a vowel
      among them, not one letter over and over. One or two letters are fine for what a loop, a comprehension or a lambda
      runs over;
    - docstrings: of module, functions and classes, those with a docstring of three different words or more;
    - nesting: 1 to three levels deep (loops, conditions, ``with``, ``try``), beyond it 3 / levels of the deepest place;
    - lines: those of at most 100 characters on which no two statements begin;
    - functions: 1 if the longest, written anew from its syntax tree, has at most 30 lines, beyond it 30 / lines;
    - expressions: of all statements, those with at most 40 syntax nodes beside the statements within.
    """
    parts = (_names, _docstrings, _nesting, _lines, _function_lengths, _expressions)
    return sum(part(anatomy) for part in parts) / len(parts)


def _names(anatomy: Anatomy) -> float:
    given: dict[str, bool] = {}  # name: whether it runs over something wherever it is given
    fleeting = {id(name) for name in _fleeting(anatomy.tree)}
    for node in ast.walk(anatomy.tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                pass
            case ast.Attribute(attr=name, ctx=ast.Store()):
                pass
            case _:
                continue
        given[name] = given.get(name, True) and id(node) in fleeting
    asked = {name: short for name, short in given.items() if name.strip("_") and not _is_customary(name)}
    return share(sum(_spells_a_word(name, short=short) for name, short in asked.items()), len(asked))


def _fleeting(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes that name what a loop, a comprehension or a lambda runs over."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            yield from ast.walk(node.target)
        elif isinstance(node, ast.Lambda):
            yield from ast.walk(node.args)


def _is_customary(name: str) -> bool:
    return name in ("self", "cls", "entrypoint") or (name.startswith("__") and name.endswith("__"))


def _spells_a_word(name: str, *, short: bool) -> bool:
    if short and len(name.strip("_")) <= 2:
        return True
    words = _WORD.findall(name.lower())
    return any(_VOWEL.search(word) and len(set(word)) > 1 for word in words)


def _docstrings(anatomy: Anatomy) -> float:
    nodes = [node for node in ast.walk(anatomy.tree) if isinstance(node, _DOCUMENTED)]
    documented = 0
    for node in nodes:
        statement = docstring_of(node)
        if statement is not None:
            words = set(_WORD.findall(str(statement.value.value).lower()))  # type: ignore[attr-defined]
            documented += len(words) >= 3
    return share(documented, len(nodes))


def _nesting(anatomy: Anatomy) -> float:
    deepest = max((_depth(part) for part in anatomy.parts), default=0)
    return min(1.0, NESTING / deepest) if deepest else 1.0


def _depth(part: Part) -> int:
    """Levels of the deepest statement that is part of another. ``elif`` is no level of its own."""
    own = set(map(id, part.statements))
    inner = {id(child) for statement in part.statements for _, block in blocks(statement) for child in block}
    waiting: list[tuple[ast.AST, int]] = [(node, 0) for node in part.statements if id(node) not in inner]
    deepest = 0
    while waiting:
        node, depth = waiting.pop()
        depth += isinstance(node, _NESTING)
        deepest = max(deepest, depth)
        for name, block in blocks(node):
            chained = name == "orelse" and len(block) == 1 and isinstance(block[0], ast.If) and isinstance(node, ast.If)
            waiting.extend((child, depth - chained) for child in block if id(child) in own or not _is_statement(child))
    return deepest


def _is_statement(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt)


def _lines(anatomy: Anatomy) -> float:
    lines = anatomy.source.splitlines()
    written = {number for number, line in enumerate(lines, 1) if line.strip()}
    long = {number for number in written if len(lines[number - 1]) > LINE_LENGTH}
    starts = Counter(node.lineno for node in ast.walk(anatomy.tree) if isinstance(node, ast.stmt))
    crowded = {number for number, count in starts.items() if count > 1}
    return share(len(written - long - crowded), len(written))


def _function_lengths(anatomy: Anatomy) -> float:
    longest = max((_length(part) for part in anatomy.functions), default=0)
    return min(1.0, FUNCTION_LINES / max(longest, len(anatomy.module.statements), 1))


def _length(part: Part) -> int:
    """Lines of a function as written anew: one for each statement and each branch, one for its header."""
    branches = sum(
        name == "handlers" or name == "cases" or (name in ("orelse", "finalbody") and not isinstance(block[0], ast.If))
        for statement in part.statements
        for name, block in blocks(statement)
    )
    return 1 + len(part.statements) + branches


def _expressions(anatomy: Anatomy) -> float:
    sizes = [sum(1 for _ in own_expressions(node)) for part in anatomy.parts for node in part.statements]
    return share(sum(size <= EXPRESSION_NODES for size in sizes), len(sizes))
