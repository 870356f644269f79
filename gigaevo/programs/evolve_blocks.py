"""Marked blocks: the regions of a program that mutation may change, as comments of its language mark them.

A region lies between two lines that hold nothing but a comment with a mark, as in AlphaEvolve::

    # EVOLVE-BLOCK-START how the next point is chosen
    step = 0.1
    # EVOLVE-BLOCK-END

Words after a mark are for people. A text without marks has no regions and may change as a whole. Marks are found line
by line: nothing here parses a program, and one that holds a mark in a string is taken at its word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from gigaevo.programs.languages import PYTHON, Language, language_of

START = "EVOLVE-BLOCK-START"
END = "EVOLVE-BLOCK-END"

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # lines end as they do for Python's parser
_BLANK = " \t\f\r\n"


class BlockError(ValueError):
    """The marks of a text make no regions.

    Attributes:
        message: What is wrong, one line.
        line: Line of the text, from 1; 0 where no line is to blame.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        self.message = message
        self.line = line
        super().__init__(f"line {line}: {message}" if line else message)


@dataclass(frozen=True, slots=True)
class Region:
    """What lies between two marks.

    Attributes:
        start: Line of the mark before it, from 1.
        end: Line of the mark after it.
        text: Its lines, with their ends; empty where the marks are neighbours.
    """

    start: int
    end: int
    text: str

    def holds(self, first: int, last: int) -> bool:
        """Whether the lines from ``first`` to ``last`` all lie in it."""
        return self.start < first <= last < self.end


def has_blocks(text: str, language: Language = PYTHON) -> bool:
    """Whether a text has any mark, in order or not."""
    return _may_have_marks(text) and any(_mark(line, language) for line in _lines(text))


def parse(text: str, language: Language = PYTHON) -> tuple[Region, ...]:
    """The regions of a text, first to last.

    Raises:
        BlockError: A mark has no partner, or regions lie within each other.
    """
    if not _may_have_marks(text):
        return ()
    regions: list[Region] = []
    lines = _lines(text)
    opened = 0
    for number, line in enumerate(lines, start=1):
        match _mark(line, language):
            case "START" if opened:
                raise BlockError(f"{START} within the block that line {opened} starts; end that one first", number)
            case "START":
                opened = number
            case "END" if not opened:
                raise BlockError(f"{END} without {START} before it", number)
            case "END":
                regions.append(Region(opened, number, "".join(lines[opened : number - 1])))
                opened = 0
    if opened:
        raise BlockError(f"{START} without {END} after it", opened)
    return tuple(regions)


def keeps_outside(old: str, new: str, language: Language = PYTHON) -> bool:
    """Whether ``new`` differs from ``old`` in regions only; white space that ends lines or the text is not looked at.

    The marks with their words are outside. Any text will do where ``old`` has no marks, and none where the marks of
    one of them are out of order.
    """
    if not has_blocks(old, language):
        return True
    try:
        return _outside(old, language) == _outside(new, language)
    except BlockError:
        return False


def with_regions(old: str, texts: Sequence[str], language: Language = PYTHON) -> str:
    """``old`` with other texts in its regions; each gets an end of line where it lacks one.

    Args:
        old: A text whose marks are in order.
        texts: One for each region, first to last.
        language: Of all of them.

    Raises:
        BlockError: The marks of ``old`` are out of order, there are too few or too many texts, or one has a mark.
    """
    regions = parse(old, language)
    if len(texts) != len(regions):
        raise BlockError(f"{len(texts)} texts for {len(regions)} blocks")
    lines = _lines(old)
    parts: list[str] = []
    done = 0
    for number, (region, text) in enumerate(zip(regions, texts, strict=True), start=1):
        if has_blocks(text, language):
            raise BlockError(f"the new text of block {number} has a mark in it; write what lies between the marks only")
        parts += lines[done : region.start]
        parts.append(text if not text or text[-1] in "\r\n" else text + "\n")
        done = region.end - 1
    return "".join([*parts, *lines[done:]])


def files_have_blocks(files: Mapping[str, str]) -> bool:
    """Whether any file of a program has a mark in the comments of its language."""
    return any(_may_have_marks(text) and has_blocks(text, language_of(path) or PYTHON) for path, text in files.items())


def files_keep_outside(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether the files of ``new`` differ from those of ``old`` within regions only.

    Where no file of ``old`` has a mark, all may change. Else a file without marks stays as it is, and no file comes or
    goes.
    """
    if not files_have_blocks(old):
        return True
    if old.keys() != new.keys():
        return False
    return all(
        keeps_outside(text, new[path], language)
        if has_blocks(text, language := language_of(path) or PYTHON)
        else text == new[path]
        for path, text in old.items()
    )


def _outside(text: str, language: Language) -> list[str]:
    """The lines that lie in no region, marks included, without white space at their ends."""
    lines = [line.rstrip(_BLANK) for line in _lines(text)]
    kept: list[str] = []
    done = 0
    for region in parse(text, language):
        kept += lines[done : region.start]
        done = region.end - 1
    kept += lines[done:]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _may_have_marks(text: str) -> bool:
    return START in text or END in text


def _lines(text: str) -> list[str]:
    return _LINE.findall(text)


def _mark(line: str, language: Language) -> str:
    """``START`` or ``END`` where the line is that mark; empty for every other line."""
    if "EVOLVE-BLOCK-" not in line:
        return ""
    found = _pattern(language.comment, language.comment_end).fullmatch(line.strip(_BLANK))
    return found[1] if found else ""


@cache
def _pattern(comment: str, comment_end: str) -> re.Pattern[str]:
    """A whole line with a mark. The sign of a comment may be repeated, as in ``;;``."""
    rest = rf"(?:\s[^\r\n]*)?{re.escape(comment_end)}" if comment_end else r"(?:\s.*)?"
    return re.compile(rf"(?:{re.escape(comment)})+[ \t]*EVOLVE-BLOCK-(START|END){rest}")
