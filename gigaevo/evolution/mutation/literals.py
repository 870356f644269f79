"""Numbers in the text of a program: where they stand, and how to put others in their place.

The text is edited, not the tree, so that comments and layout survive.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gigaevo.evolution.mutation.ranges import Range, ranges_in

_LINE_END = re.compile(rb"\r\n|\r|\n")
_WORD_BYTE = re.compile(rb"[\w\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """One number of a program, its minus sign included.

    Attributes:
        value: The number; its type says whether it is an integer.
        start: First byte in the UTF-8 text.
        end: Byte after the last.
        tight: Whether what surrounds it binds closer than a minus sign (``2 ** x``, ``1.5.hex()``).
        index: Whether it picks an item of a sequence (``x[0]``), where another value rarely makes sense.
        lines: The first and the last line that it stands on, from 1.
        range: Where it may lie, as a comment on its last line says (see ``ranges``); None where none does. One comment
            is for all numbers of its line that lie in the range, or for the only one.
    """

    value: int | float
    start: int
    end: int
    tight: bool = False
    index: bool = False
    lines: tuple[int, int] = (0, 0)
    range: Range | None = None


def numeric_literals(tree: ast.Module, text: str) -> list[Literal]:
    """All int and float literals of ``text``, in the order of the text.

    Bools, strings, complex numbers and what stands inside f-strings are left out.

    Args:
        tree: What ``parse_source`` made of ``text``.
        text: The program.
    """
    data = text.encode()
    starts = [0, *(match.end() for match in _LINE_END.finditer(data))]
    found: list[Literal] = []
    stack: list[tuple[ast.AST, bool, bool]] = [(tree, False, False)]
    while stack:
        node, tight, index = stack.pop()
        value = _number(node)
        if value is not None:
            start, end, lines = _span(node, starts)
            found.append(Literal(value=value, start=start, end=end, tight=tight, index=index, lines=lines))
        elif type(node).__name__ not in ("JoinedStr", "TemplateStr"):
            for name, child in ast.iter_fields(node):
                if isinstance(child, ast.AST):
                    stack.append((child, _binds_tighter(node, name), _picks_an_item(node, name)))
                elif isinstance(child, list):
                    stack.extend((item, False, False) for item in child if isinstance(item, ast.AST))
    found.sort(key=lambda literal: literal.start)
    ranges = ranges_in(text)
    return [_ranged(literal, found, ranges) for literal in found] if ranges else found


def replace_literals(text: str, changes: Mapping[Literal, int | float]) -> str:
    """``text`` with other numbers in the place of some of its literals."""
    data = text.encode()
    pieces: list[bytes] = []
    position = 0
    for literal in sorted(changes, key=lambda literal: literal.start):
        written = repr(changes[literal]).encode()
        if literal.tight and (written.startswith(b"-") or isinstance(changes[literal], int)):
            written = b"(" + written + b")"
        before, after = data[literal.start - 1 : literal.start], data[literal.end : literal.end + 1]
        if _WORD_BYTE.match(before) and _WORD_BYTE.match(written):
            written = b" " + written  # not-3 must not become not3
        if _WORD_BYTE.match(after):
            written += b" "
        pieces += (data[position : literal.start], written)
        position = literal.end
    return (b"".join(pieces) + data[position:]).decode()


def _ranged(literal: Literal, found: list[Literal], ranges: Mapping[int, Range]) -> Literal:
    line = literal.lines[1]
    marked = ranges.get(line)
    if marked is None or not (
        marked.low <= literal.value <= marked.high or sum(other.lines[1] == line for other in found) == 1
    ):
        return literal
    return replace(literal, range=marked)


def _number(node: ast.AST) -> int | float | None:
    """Value of a number or of a negated number; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return None if isinstance(node.value, bool) else node.value
    return None


def _span(node: ast.AST, starts: list[int]) -> tuple[int, int, tuple[int, int]]:
    """Bytes and lines that an expression takes; columns of the tree count bytes already."""
    assert isinstance(node, ast.expr)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first, last = node.lineno, node.end_lineno
    return starts[first - 1] + node.col_offset, starts[last - 1] + node.end_col_offset, (first, last)


def _binds_tighter(parent: ast.AST, field: str) -> bool:
    if isinstance(parent, ast.BinOp):
        return isinstance(parent.op, ast.Pow) and field == "left"
    return isinstance(parent, (ast.Attribute, ast.Await)) or (
        isinstance(parent, (ast.Subscript, ast.Call)) and field in ("value", "func")
    )


def _picks_an_item(parent: ast.AST, field: str) -> bool:
    return isinstance(parent, ast.Slice) or (isinstance(parent, ast.Subscript) and field == "slice")
