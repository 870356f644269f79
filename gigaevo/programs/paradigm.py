"""How a program goes about its work, read from its syntax tree: one small number that tells ways of working apart."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum

ARRAY_PACKAGES = frozenset({"numpy", "scipy"})

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONAL = frozenset({"map", "filter", "reduce"})

# What ``paradigm_of`` looks at; everything else of a tree can be left out.
TELLING_NODES = (*_LOOPS, *_COMPREHENSIONS, *_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Call)


class Paradigm(IntEnum):
    """What a program spells out to get its work done, from least to most. A program is the greatest it contains."""

    STRAIGHT_LINE = 0  # statements one after another, or a formula; built-in functions are no loops
    ARRAYS = 1  # calls of NumPy or SciPy, which repeat out of sight
    COMPREHENSIONS = 2  # comprehensions, generator expressions, lambda, map, filter, reduce
    LOOPS = 3  # for and while
    NESTED_LOOPS = 4  # one within another
    RECURSION = 5  # a function that calls itself by its name
    OBJECTS = 6  # classes


def paradigm_of(nodes: Iterable[ast.AST]) -> Paradigm:
    """The paradigm of a program.

    The time it takes is O(n log n), whatever the text: it is read in the engine's process.

    Args:
        nodes: Those of a parsed program's tree that are ``TELLING_NODES``, in any order; others do no harm.
    """
    functional = False
    loops: list[ast.For | ast.AsyncFor | ast.While] = []
    functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    calls: list[ast.Call] = []
    arrays: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, _LOOPS):
            loops.append(node)
        elif isinstance(node, _COMPREHENSIONS):
            functional = True
        elif isinstance(node, _FUNCTIONS):
            functions.append(node)
        elif isinstance(node, ast.ClassDef):
            return Paradigm.OBJECTS
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            arrays.update(_array_names(node))
    if functions and _calls_itself(functions, calls):
        return Paradigm.RECURSION
    if loops:
        return Paradigm.NESTED_LOOPS if _one_within_another(loops) else Paradigm.LOOPS
    called = {_root_name(call.func) for call in calls}
    if functional or not called.isdisjoint(_FUNCTIONAL):
        return Paradigm.COMPREHENSIONS
    return Paradigm.STRAIGHT_LINE if called.isdisjoint(arrays) else Paradigm.ARRAYS


def _array_names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Names that an import gives to array packages, or to what is in them."""
    inside = isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ARRAY_PACKAGES
    for alias in node.names:
        package = alias.name.partition(".")[0]
        if inside:
            yield alias.asname or alias.name
        elif isinstance(node, ast.Import) and package in ARRAY_PACKAGES:
            yield alias.asname or package


def _root_name(node: ast.expr) -> str:
    """``np`` of ``np.linalg.det``; empty for what does not begin with a name."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _one_within_another(loops: list[ast.For | ast.AsyncFor | ast.While]) -> bool:
    spans = sorted(((loop.lineno, loop.col_offset), (loop.end_lineno or 0, loop.end_col_offset or 0)) for loop in loops)
    return any(start < end for (_, end), (start, _) in itertools.pairwise(spans))


def _calls_itself(functions: list[ast.FunctionDef | ast.AsyncFunctionDef], calls: list[ast.Call]) -> bool:
    """Whether a function's name is called within its body."""
    names = {function.name for function in functions}
    own = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in names]
    if not own:
        return False
    open_names: Counter[str] = Counter()
    open_bodies: list[tuple[tuple[int, int], str]] = []
    for node in sorted([*functions, *own], key=_start):
        while open_bodies and open_bodies[-1][0] <= _start(node):
            open_names[open_bodies.pop()[1]] -= 1
        if not isinstance(node, ast.Call):
            open_names[node.name] += 1
            open_bodies.append(((node.end_lineno or 0, node.end_col_offset or 0), node.name))
        elif isinstance(node.func, ast.Name) and open_names[node.func.id]:
            return True
    return False


def _start(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Call) -> tuple[int, int]:
    """Where a call begins, or the body of a function: decorators and defaults are no part of it."""
    first = node if isinstance(node, ast.Call) else node.body[0]
    return first.lineno, first.col_offset


PARADIGM_NAMES = ("functional", "iterative", "recursive", "hybrid", "dataflow", "async", "oop", "reactive")
"""Paradigms as a genome names them. ``reactive`` is one that syntax cannot tell."""


def paradigm_name(tree: ast.AST) -> str:
    """The paradigm of a program by the name that a genome gives it: the first that applies of

    ``oop`` (it defines a class), ``async`` (an ``async def``), ``dataflow`` (a generator function), ``hybrid`` (loops,
    and a function that calls itself), ``recursive`` (such a function), ``iterative`` (``for`` or ``while``), and
    ``functional``, which is what remains: expressions, comprehensions, calls.
    """
    nodes = list(ast.walk(tree))
    kinds = {type(node) for node in nodes}
    if ast.ClassDef in kinds:
        return "oop"
    if ast.AsyncFunctionDef in kinds:
        return "async"
    if kinds & {ast.Yield, ast.YieldFrom}:
        return "dataflow"
    functions = [node for node in nodes if isinstance(node, _FUNCTIONS)]
    loops = bool(kinds & set(_LOOPS))
    if _calls_itself(functions, [node for node in nodes if isinstance(node, ast.Call)]):
        return "hybrid" if loops else "recursive"
    return "iterative" if loops else "functional"
