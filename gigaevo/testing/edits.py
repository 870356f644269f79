"""Seeded edits of a program's text: a number is jittered, a statement dropped, two swapped. Nothing is run."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Edit", "edit", "search_replace"]

_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_BLOCK_START, _BLOCK_END = "EVOLVE-BLOCK-START", "EVOLVE-BLOCK-END"
_DROP, _SWAP = 0.04, 0.08  # the rest is jitter, which seldom breaks a program
_MOVABLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)


@dataclass(frozen=True, slots=True)
class Edit:
    """A changed program.

    Attributes:
        source: Its text; the old one where nothing could be changed.
        description: What was done, a few words.
    """

    source: str
    description: str


@dataclass(frozen=True, slots=True)
class _Number:
    line: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines from ``first`` to before ``end`` become ``lines``."""

    first: int
    end: int
    lines: list[str]


def edit(source: str, rng: random.Random) -> Edit:
    """Change a program a little.

    Only lines between ``EVOLVE-BLOCK-START`` and ``EVOLVE-BLOCK-END`` change where there are such lines. A text that is
    not Python has its numbers jittered and nothing else.

    Args:
        source: The program.
        rng: Decides.
    """
    lines = source.split("\n")
    region = _region(lines)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    draw = rng.random()
    if tree is not None and draw < _SWAP and (moved := _moved(tree, lines, region, rng, drop=draw < _DROP)):
        return moved
    numbers = list(_numbers_of_tree(tree, lines, region) if tree is not None else _numbers_of_text(lines, region))
    if numbers:
        return _jittered(lines, numbers, rng)
    moved = _moved(tree, lines, region, rng, drop=False) if tree is not None else None
    return moved or Edit(source, "left everything as it is")


def search_replace(old: str, new: str) -> str:
    """SEARCH/REPLACE blocks that turn one text into the other.

    Each SEARCH is found exactly once, in ``old`` and in what the blocks before it have made of ``old``.
    """
    before, after = old.split("\n"), new.split("\n")
    runs = list(_changed_runs(before, after))
    if len(runs) > 1 and not _found_in_turn(before, runs):
        first, last = runs[0].first, runs[-1].end
        runs = [_Run(first, last, after[first:last])]  # as many lines as before, or there would be one run
    blocks = []
    for run in runs:
        start, end = _with_context(before, run)
        replace = [*before[start : run.first], *run.lines, *before[run.end : end]]
        blocks.append("\n".join(["<<<<<<< SEARCH", *before[start:end], "=======", *replace, ">>>>>>> REPLACE"]))
    return "\n\n".join(blocks)


def _found_in_turn(before: list[str], runs: list[_Run]) -> bool:
    """Whether each run, with its context, is found where it is and nowhere else when those before it are done."""
    current = list(before)
    for run in runs:
        start, end = _with_context(before, run)
        if current[start:end] != before[start:end] or not _unique(current, start, end):
            return False
        current[run.first : run.end] = run.lines
    return True


def _with_context(lines: list[str], run: _Run) -> tuple[int, int]:
    """The run with as many lines before it, and then after it, as make it the only one of its kind."""
    start, end = run.first, run.end
    while not _unique(lines, start, end):
        if start > 0:
            start -= 1
        elif end < len(lines):
            end += 1
        else:
            break
    return start, end


def _region(lines: list[str]) -> list[bool]:
    """Whether each line may change."""
    if not any(_BLOCK_START in line for line in lines):
        return [True] * len(lines)
    inside, region = False, []
    for line in lines:
        if _BLOCK_END in line:
            inside = False
        region.append(inside)
        if _BLOCK_START in line:
            inside = True
    return region


def _numbers_of_tree(tree: ast.AST, lines: list[str], region: list[bool]) -> Iterator[_Number]:
    """Numbers that are no index and stand in no string."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Constant):
            if type(node.value) in (int, float) and region[node.lineno - 1] and node.end_col_offset is not None:
                line = lines[node.lineno - 1]
                start, end = node.col_offset, node.end_col_offset
                if not line.isascii():  # columns count bytes
                    start, end = (len(line.encode()[:offset].decode(errors="ignore")) for offset in (start, end))
                if _NUMBER.fullmatch(text := line[start:end]):
                    yield _Number(node.lineno - 1, start, end, text)
        elif isinstance(node, ast.Subscript):
            waiting.append(node.value)
        elif not isinstance(node, ast.JoinedStr):
            waiting.extend(ast.iter_child_nodes(node))


def _numbers_of_text(lines: list[str], region: list[bool]) -> Iterator[_Number]:
    for index, line in enumerate(lines):
        if region[index]:
            for match in _NUMBER.finditer(line):
                yield _Number(index, match.start(), match.end(), match.group())


def _jittered(lines: list[str], numbers: list[_Number], rng: random.Random) -> Edit:
    """One to three numbers changed, those with a point four times as likely as whole ones."""
    numbers.sort(key=lambda number: (number.line, number.start))
    weights = [1.0 if number.text.isdigit() else 4.0 for number in numbers]
    chosen = {id(number): number for number in rng.choices(numbers, weights, k=rng.choice((1, 1, 2, 3)))}
    changed = list(lines)
    said = []
    for number in sorted(chosen.values(), key=lambda number: (-number.line, -number.start)):
        text = _jitter(number.text, rng)
        line = changed[number.line]
        changed[number.line] = line[: number.start] + text + line[number.end :]
        said.append(f"{number.text} became {text}")
    return Edit("\n".join(changed), ", ".join(reversed(said)))


def _jitter(text: str, rng: random.Random) -> str:
    if text.isdigit():
        value = int(text)
        step = rng.randint(1, max(1, value // 8)) * rng.choice((-1, 1))
        return str(max(min(value, 1), value + step))
    value_f = float(text)
    value_f = value_f * max(0.05, 1.0 + rng.gauss(0.0, 0.2)) if value_f else abs(rng.gauss(0.0, 0.5))
    return repr(float(f"{value_f:.7g}"))


def _moved(tree: ast.AST, lines: list[str], region: list[bool], rng: random.Random, *, drop: bool) -> Edit | None:
    """A statement dropped, or swapped with the next; None where no two of them follow each other."""
    pairs = [
        (one, other)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list)
        for one, other in pairwise(body)
        if isinstance(one, _MOVABLE) and isinstance(other, _MOVABLE) and not _is_docstring(one)
        if _own_lines(one, other, region)
    ]
    if not pairs:
        return None
    one, other = rng.choice(pairs)
    first = lines[one.lineno - 1 : one.end_lineno]
    between = lines[one.end_lineno : other.lineno - 1]
    second = lines[other.lineno - 1 : other.end_lineno]
    middle = [*between, *second] if drop else [*second, *between, *first]
    source = "\n".join([*lines[: one.lineno - 1], *middle, *lines[other.end_lineno :]])
    return Edit(source, f"line {one.lineno} was {'dropped' if drop else 'swapped with the next'}")


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _own_lines(one: ast.stmt, other: ast.stmt, region: list[bool]) -> bool:
    """Whether both may change and share no line."""
    assert one.end_lineno is not None
    assert other.end_lineno is not None
    return one.end_lineno < other.lineno and all(region[one.lineno - 1 : other.end_lineno])


def _changed_runs(before: list[str], after: list[str]) -> Iterator[_Run]:
    """Runs of lines that differ; one at most where the texts differ in length."""
    if len(before) == len(after):
        index = 0
        while index < len(before):
            start = index
            while index < len(before) and before[index] != after[index]:
                index += 1
            if index > start:
                yield _Run(start, index, after[start:index])
            index += 1
        return
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < min(len(before), len(after)) - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    yield _Run(start, len(before) - tail, after[start : len(after) - tail])


def _unique(lines: list[str], start: int, end: int) -> bool:
    """Whether a run of lines is there once only; an empty run or a blank one never counts as found."""
    wanted = lines[start:end]
    if not any(line.strip() for line in wanted):
        return False
    size = end - start
    return sum(lines[at : at + size] == wanted for at in range(len(lines) - size + 1)) == 1
