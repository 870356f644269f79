"""SEARCH/REPLACE blocks: reading them from an answer, and carrying them out.

    <<<<<<< SEARCH
    lines as they are
    =======
    lines that take their place
    >>>>>>> REPLACE

Lines are matched exactly; where that finds nothing, without the white space at their ends; where that finds nothing
either, without their indentation, and what takes their place is then indented as what was found. What is found more
than once is refused: a guess would be an edit that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gigaevo.evolution.mutation.llm.fences import file_named, lines_of
from gigaevo.evolution.mutation.llm.unusable import Reason, Unusable

MOST_EDITS = 100

_START = re.compile(r"[ \t]*<{5,9} ?SEARCH[ \t]*>?[ \t]*")
_MIDDLE = re.compile(r"[ \t]*={7}[ \t]*")
_END = re.compile(r"[ \t]*>{5,9} ?REPLACE[ \t]*<?[ \t]*")
_MOST_PLACES = 20  # places looked at where lines agree but for their indentation


@dataclass(frozen=True, slots=True)
class Edit:
    """Some lines, and what takes their place.

    Attributes:
        search: Lines of the program, at least one that is not blank.
        replace: Lines, none where the others are to go.
        path: The file; empty where that was not said.
    """

    search: tuple[str, ...]
    replace: tuple[str, ...]
    path: str = ""


def read_edits(text: str) -> list[Edit]:
    """The blocks of an answer, in order. What stands outside of them does not matter.

    Raises:
        Unusable: There is none, there are too many, or one is out of order.
    """
    edits: list[Edit] = []
    path = ""
    search: list[str] | None = None
    replace: list[str] | None = None
    for line in lines_of(text):
        if search is None:
            if _START.fullmatch(line):
                search = []
            elif _END.fullmatch(line):
                raise Unusable(Reason.MALFORMED_BLOCK, "a REPLACE marker without a SEARCH block before it")
            else:
                path = file_named(line) or ("" if line.strip() and not line.lstrip().startswith("```") else path)
        elif _START.fullmatch(line):
            raise Unusable(Reason.MALFORMED_BLOCK, "a SEARCH block within another")
        elif replace is None:
            if _MIDDLE.fullmatch(line):
                replace = []
            elif _END.fullmatch(line):
                raise Unusable(Reason.MALFORMED_BLOCK, "a block without the line =======")
            else:
                search.append(line)
        elif _END.fullmatch(line):
            edits.append(_edit(search, replace, path))
            search = replace = None
        else:
            replace.append(line)
    if search is not None:
        raise Unusable(Reason.TRUNCATED, "the last block does not end with >>>>>>> REPLACE")
    if not edits:
        raise Unusable(Reason.NO_BLOCKS, "there is no SEARCH/REPLACE block in it")
    if len(edits) > MOST_EDITS:
        raise Unusable(Reason.HUGE, f"more than {MOST_EDITS} blocks")
    return edits


def apply_edit(text: str, edit: Edit) -> str:
    """``text`` with one edit carried out.

    Raises:
        Unusable: What it searches for is not there, or more than once.
    """
    lines = text.split("\n")
    for alike in (_exactly, _without_ends):
        found = list(islice(_places(lines, edit.search, alike), 2))
        if found:
            return _replaced(lines, _only(found, edit), len(edit.search), edit.replace)
    search = _without_blank_ends(edit.search)
    moved = [
        (place, shift)
        for place in islice(_places(lines, search, str.strip), _MOST_PLACES)
        if (shift := _shift(lines[place : place + len(search)], search)) is not None
    ]
    if not moved:
        raise Unusable(Reason.UNMATCHED, f"these lines are not in the program: {_shown(edit.search)}")
    place = _only([place for place, _ in moved], edit)
    return _replaced(lines, place, len(search), _shifted(_without_blank_ends(edit.replace), *moved[0][1]))


def _edit(search: list[str], replace: list[str], path: str) -> Edit:
    if not any(line.strip() for line in search):
        raise Unusable(Reason.MALFORMED_BLOCK, "a block that searches for nothing")
    return Edit(tuple(search), tuple(replace), path)


def _exactly(line: str) -> str:
    return line


def _without_ends(line: str) -> str:
    return line.rstrip()


def _places(lines: Sequence[str], search: Sequence[str], alike: Callable[[str], str]) -> Iterator[int]:
    """Where ``search`` begins in ``lines``, both looked at by ``alike``. One search in one text, so that no choice of
    lines makes it slow."""
    text = "\n" + "\n".join(map(alike, lines)) + "\n"
    wanted = "\n" + "\n".join(map(alike, search)) + "\n"
    position, line, counted = text.find(wanted), 0, 0
    while position >= 0:
        line += text.count("\n", counted, position)
        counted = position
        yield line
        position = text.find(wanted, position + 1)


def _only(places: Sequence[int], edit: Edit) -> int:
    if len(places) > 1:
        raise Unusable(Reason.AMBIGUOUS, f"these lines are in the program more than once: {_shown(edit.search)}")
    return places[0]


def _replaced(lines: Sequence[str], place: int, count: int, replace: Sequence[str]) -> str:
    return "\n".join([*lines[:place], *replace, *lines[place + count :]])


def _shift(found: Sequence[str], search: Sequence[str]) -> tuple[str, str] | None:
    """What the lines found have in front where those searched for have something else: the same for all of them, or
    None."""
    pairs = [(_indent(there), _indent(asked)) for there, asked in zip(found, search, strict=True) if there.strip()]
    first_there, first_asked = pairs[0]
    common = _common_end(first_there, first_asked)
    add, drop = first_there[: len(first_there) - common], first_asked[: len(first_asked) - common]
    if all(asked.startswith(drop) and there == add + asked[len(drop) :] for there, asked in pairs):
        return add, drop
    return None


def _common_end(first: str, second: str) -> int:
    length = 0
    while length < min(len(first), len(second)) and first[-1 - length] == second[-1 - length]:
        length += 1
    return length


def _shifted(lines: Sequence[str], add: str, drop: str) -> list[str]:
    return [add + line.removeprefix(drop) if line.strip() else line for line in lines]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _without_blank_ends(lines: Sequence[str]) -> Sequence[str]:
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return lines[filled[0] : filled[-1] + 1] if filled else ()


def _shown(lines: Sequence[str]) -> str:
    first = next(line for line in lines if line.strip()).strip()
    more = sum(bool(line.strip()) for line in lines) - 1
    return f"{first[:120]!r}{f' and {more} more' if more else ''}"
