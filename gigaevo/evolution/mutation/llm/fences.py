"""Taking an answer apart: what is said, what is code, and which file each piece of code is for.

Everything is read line by line, in one pass and without going back, so that no answer costs more than its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gigaevo.programs.prompt_view import one_line

DESCRIPTION_CHARS = 120

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^`\n]*)")
_PATH_IN_FENCE = re.compile(r"\b(?:path|file|filename|title)\s*=\s*[\"']?([^\s\"'}]+)|:([^\s:]+\.\w+)$")
# What decorates the word may end after the colon (``__File:__``); an underscore after that is the path's own.
_FILE_LINE = re.compile(
    r"[\s#*>/_`-]*file(?:name)?[ \t]*[*_`]*:(?:[*_`]+[ \t])?[ \t*`]*([^\s*`]+?)[\s*`:]*", re.IGNORECASE
)
_DECORATION = re.compile(r"[*`#>]+")
_BULLET = re.compile(r"^(?:\d+[.)]|[-•])\s+")
_LABEL = re.compile(r"^(?:change|answer|explanation|summary|idea|description|rationale)s?\s*:\s*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One fenced block.

    Attributes:
        text: What stands in it, every line with its end.
        word: The language that its fence names, in small letters; empty where it names none.
        path: The file that it is said to be; empty where that is not said.
        closed: Whether its fence is closed.
    """

    text: str
    word: str
    path: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, taken apart.

    Attributes:
        prose: The lines outside of code blocks.
        blocks: The code blocks, in order.
    """

    prose: tuple[str, ...]
    blocks: tuple[CodeBlock, ...]


def lines_of(text: str) -> list[str]:
    """The lines of an answer. Only line feeds end them: other separators may stand in a program's strings."""
    return text.replace("\r\n", "\n").split("\n")


def take_apart(text: str) -> Answer:
    """The prose and the code blocks of an answer."""
    prose: list[str] = []
    blocks: list[CodeBlock] = []
    fence = word = path = indent = ""
    code: list[str] = []
    said = 0  # lines of prose before the last block: a name is for one block
    for line in lines_of(text):
        mark = _FENCE.fullmatch(line)
        if not fence:
            if mark is None:
                prose.append(line)
                continue
            indent, fence, info = mark.groups()
            word, path = _language(info), _path(info) or _named_last(prose[said:])
            code, said = [], len(prose)
        elif mark is not None and mark[2].startswith(fence) and not mark[3].strip():
            blocks.append(CodeBlock(_joined(code), word, path, closed=True))
            fence = ""
        else:
            code.append(line.removeprefix(indent))
    if fence:
        blocks.append(CodeBlock(_joined(code), word, path, closed=False))
    return Answer(tuple(prose), tuple(blocks))


def file_named(line: str) -> str:
    """The path that a line ``File: <path>`` names; empty for any other line."""
    found = _FILE_LINE.fullmatch(line) if len(line) < 300 else None
    return found[1] if found else ""


def described(prose: tuple[str, ...], default: str) -> str:
    """What a model says of its change: its first sentence, on one line, without decoration."""
    for line in prose:
        if line.lstrip().startswith("<<<<<"):  # an edit: what follows is code
            break
        if file_named(line):
            continue
        plain = _LABEL.sub("", _BULLET.sub("", _DECORATION.sub("", one_line(line)).strip()))
        if len(plain) < 8 or plain.endswith(":"):
            continue
        return one_line(_SENTENCE_END.split(plain, maxsplit=1)[0], DESCRIPTION_CHARS)
    return default


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _language(info: str) -> str:
    return re.split(r"[\s:{,]", info.strip().lower().lstrip("{."), maxsplit=1)[0]


def _path(info: str) -> str:
    found = _PATH_IN_FENCE.search(info.strip()) if len(info) < 300 else None
    return (found[1] or found[2]) if found else ""


def _named_last(prose: list[str]) -> str:
    """The file that the last line of prose names, blank ones not counted."""
    for line in reversed(prose[-3:]):
        if line.strip():
            return file_named(line)
    return ""
