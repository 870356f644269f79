"""Reading programs as syntax trees: parsing that hostile text cannot hurt, a hash of meaning, measures of size.

Text from a program is data that somebody else wrote. Nothing here runs it, and everything that walks a tree either
does so without recursion or follows the depth check of ``parse_source``.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from gigaevo.programs.paradigm import TELLING_NODES, Paradigm, paradigm_of

MAX_BYTES = 128 * 1024
MAX_NODES = 50_000
# Recursive visitors need up to six Python frames a level, and the interpreter allows a thousand in all.
MAX_DEPTH = 100
# Python's own limit of decimal digits: a longer integer cannot be written back.
MAX_INT_BITS = 14_000

# Closing quotes are optional, so that no text makes the scan go back.
_BRACKET_OR_SKIPPED = re.compile(
    r"""'''.*?(?:'''|\Z) | \"\"\".*?(?:\"\"\"|\Z)      # long strings
    | '(?:[^'\\\n]|\\.)*'? | "(?:[^"\\\n]|\\.)*"? | \#[^\n]*
    | ([(\[{]) | ([)\]}])""",
    re.DOTALL | re.VERBOSE,
)
_CODE_LINE = re.compile(r"^[^\S\r\n]*[^#\s].*$", re.MULTILINE)


class SourceError(ValueError):
    """A text that is not Python, or that is larger or more deeply nested than we take.

    Attributes:
        message: What is wrong, one line.
        line: Line of the text, from 1; 0 where no line is to blame.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        self.message = " ".join(message.split())[:200]
        self.line = line
        super().__init__(f"line {line}: {self.message}" if line else self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxFacts:
    """What the text of a program says of it. What the numbers mean where it is not Python, see ``text_facts``.

    Attributes:
        syntax_hash: Digest of the syntax tree without positions, comments and docstrings. Names and constants count,
            constants with their types: 1, 1.0 and True differ.
        lines: Lines that are neither blank nor comment nor part of a docstring.
        ast_nodes: Nodes of the syntax tree as ``ast.walk`` finds them, docstrings left out.
        cyclomatic_complexity: 1 plus the decision points: if, elif, conditional expression, for, while, except,
            assert, case, each ``for`` and ``if`` of a comprehension, each ``and`` and ``or``.
        paradigm: How the program goes about its work; None where nobody can tell.
    """

    syntax_hash: str
    lines: int
    ast_nodes: int
    cyclomatic_complexity: int
    paradigm: Paradigm | None

    @property
    def complexity_score(self) -> int:
        """``ast_nodes + 5 * cyclomatic_complexity + lines``: lower is simpler."""
        return self.ast_nodes + 5 * self.cyclomatic_complexity + self.lines


def parse_source(text: str) -> ast.Module:
    """The syntax tree of ``text``, safe for recursive visitors and for ``render``.

    Raises:
        SourceError: The text is not Python, exceeds 128 KiB or 50,000 nodes, is nested more than 100 levels deep, or
            holds an integer of more than about 4,200 decimal digits.
    """
    tree = _parse(text)
    _scan(tree)
    return tree


@functools.lru_cache(maxsize=256)
def analyse(text: str) -> SyntaxFacts:
    """Hash and size of a program. The last answers are kept: a child is looked at when it is made, and again when it is
    evaluated, and of a program of several files most stay as they are.

    Raises:
        SourceError: As ``parse_source``.
    """
    scan = _scan(_parse(text))
    digest = hashlib.blake2b("\0".join(scan.tokens).encode("utf-8", "surrogatepass"), digest_size=16)
    return SyntaxFacts(
        syntax_hash=digest.hexdigest(),
        lines=_count_lines(text, scan.docstrings),
        ast_nodes=scan.nodes,
        cyclomatic_complexity=1 + scan.decisions,
        paradigm=paradigm_of(scan.telling),
    )


def render(tree: ast.Module) -> str:
    """Text of a syntax tree, checked to be Python again.

    Raises:
        SourceError: The tree cannot be written, or what is written is not a program that ``parse_source`` takes.
    """
    try:
        text = unparse(ast.fix_missing_locations(tree))
    except RecursionError:
        raise SourceError(f"the syntax tree is nested more than {MAX_DEPTH} levels deep") from None
    parse_source(text)
    return text


def unparse(tree: ast.Module) -> str:
    """Text of a syntax tree whose statements have lines, for callers that read it again themselves.

    Raises:
        SourceError: The tree cannot be written. That it can does not mean that the text is a program.
    """
    try:
        return ast.unparse(tree) + "\n"
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(f"the syntax tree cannot be written as text: {error}") from None


def check_compiles(text: str) -> None:
    """Refuse what parses and is no program all the same: ``return`` outside a function, ``break`` outside a loop.

    The text is compiled and never run. Only for texts that ``parse_source`` took.

    Raises:
        SourceError: It does not compile.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise SourceError(error.msg, error.lineno or 0) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"the program does not compile: {error}") from None


def docstring_of(node: ast.AST) -> ast.Expr | None:
    """The statement that is the docstring of a module, class or function; None for anything without one."""
    if not isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or not node.body:
        return None
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def _parse(text: str) -> ast.Module:
    """``ast.parse`` with its ways of failing made one, behind the checks that must come before it."""
    if len(text) > MAX_BYTES or (not text.isascii() and len(text.encode("utf-8", "replace")) > MAX_BYTES):
        raise SourceError(f"the program is longer than {MAX_BYTES // 1024} KiB")
    if text.count("(") + text.count("[") + text.count("{") > MAX_DEPTH:
        _check_brackets(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        raise SourceError(error.msg, error.lineno or 0) from None
    except ValueError as error:  # null bytes, lone surrogates
        raise SourceError(str(error)) from None
    except (RecursionError, MemoryError):
        raise SourceError(f"the program is nested more than {MAX_DEPTH} levels deep") from None


def _check_brackets(text: str) -> None:
    """Refuse deep brackets before the parser meets them. Strings and comments are skipped."""
    depth = 0
    for match in _BRACKET_OR_SKIPPED.finditer(text):
        if match[1]:
            depth += 1
            if depth > MAX_DEPTH:
                line = text.count("\n", 0, match.start()) + 1
                raise SourceError(f"brackets are nested more than {MAX_DEPTH} levels deep", line)
        elif match[2]:
            depth = max(depth - 1, 0)


@dataclass(slots=True)
class _Scan:
    tokens: list[str]
    nodes: int
    decisions: int
    docstrings: list[ast.Expr]
    telling: list[ast.AST]


# Syntax without meaning of its own: the context of a name follows from its place, the rest from comments and prefixes.
_IGNORED_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_WITH_CONTEXT = (ast.Name, ast.Attribute, ast.Subscript, ast.Starred, ast.List, ast.Tuple)
_WITH_DOCSTRING = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DECISIONS = (
    *(ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While),
    *(ast.ExceptHandler, ast.comprehension, ast.Assert, ast.match_case),
)


@cache
def _shape(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], int, bool, bool]:
    """Of a node class: how to read its fields, how many nodes and whether one decision it stands for, and whether it
    tells a paradigm."""
    fields = [name for name in kind._fields if name not in _IGNORED_FIELDS]
    nodes = 2 if issubclass(kind, _WITH_CONTEXT) else 1
    read: Callable[[Any], tuple[Any, ...]]
    if not fields:
        read = _no_fields
    elif len(fields) == 1:
        (only,) = fields

        def read(node: Any) -> tuple[Any, ...]:
            return (getattr(node, only),)
    else:
        read = attrgetter(*fields)
    return read, nodes, issubclass(kind, _DECISIONS), issubclass(kind, TELLING_NODES)


def _no_fields(_node: ast.AST) -> tuple[Any, ...]:
    return ()


def _scan(tree: ast.Module) -> _Scan:
    """Everything that is known of a tree, in one walk level by level.

    The tokens spell the tree without ambiguity: a reader who knows the fields of each class could build it again,
    as lists are preceded by their length and a missing child by ``~``.

    Raises:
        SourceError: Too deep, too many nodes, or an integer too long to be written.
    """
    tokens: list[str] = []
    emit = tokens.append
    docstrings: list[ast.Expr] = []
    telling: list[ast.AST] = []
    nodes = decisions = depth = 0
    level: list[ast.AST] = [tree]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise SourceError(f"the program is nested more than {MAX_DEPTH} levels deep", _line_of(level[0]))
        if nodes + len(level) > MAX_NODES:
            raise SourceError(f"the program has more than {MAX_NODES} syntax nodes")
        below: list[ast.AST] = []
        for node in level:
            kind: Any = type(node)
            if kind is ast.Constant:
                nodes += 1
                emit(_constant(node))
                continue
            read, count, decision, tells = _shape(kind)
            nodes += count
            decisions += decision
            if tells:
                telling.append(node)
            if kind is ast.BoolOp:
                decisions += len(node.values) - 1  # type: ignore[attr-defined]
            elif kind is ast.comprehension:
                decisions += len(node.ifs)  # type: ignore[attr-defined]
            skip = docstring_of(node) if kind in _WITH_DOCSTRING else None
            for value in read(node):
                if isinstance(value, ast.AST):
                    emit(type(value).__name__)
                    below.append(value)
                elif value is None:
                    emit("~")
                elif type(value) is list:
                    if skip is not None and value and value[0] is skip:
                        docstrings.append(skip)
                        value = value[1:]
                    emit(str(len(value)))
                    for item in value:
                        if isinstance(item, ast.AST):
                            emit(type(item).__name__)
                            below.append(item)
                        else:
                            emit("~" if item is None else item)
                else:
                    emit(value if type(value) is str else repr(value))
        level = below
    return _Scan(tokens, nodes, decisions, docstrings, telling)


def _line_of(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _constant(node: Any) -> str:
    value = node.value
    if type(value) is int and value.bit_length() > MAX_INT_BITS:
        raise SourceError("an integer has more digits than Python writes", node.lineno)
    return repr(value)


def _count_lines(text: str, docstrings: list[ast.Expr]) -> int:
    """Lines of code. A line inside a string that begins with ``#`` is taken for a comment."""
    count = len(_CODE_LINE.findall(text))
    if docstrings:
        lines = re.split(r"\r\n|\r|\n", text)
        for node in docstrings:
            if not lines[node.lineno - 1].encode()[: node.col_offset].strip():
                quoted = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                count -= len(_CODE_LINE.findall(quoted))
    return count
