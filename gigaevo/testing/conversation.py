"""Reading a conversation as a stand-in for a language model must: which program is to be changed, and in which form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

__all__ = ["SEARCH", "Block", "Wanted", "blocks_in", "program_in", "spoken", "wanted"]

SEARCH = "<<<<<<< SEARCH"
_MIDDLE, _END = "=======", ">>>>>>> REPLACE"
_OPENING = re.compile(r"^(`{3,}|~{3,})[ \t]*([^\s`]*)")
_FILE = re.compile(r"^File:[ \t]*(\S+)[ \t]*$")
_EDITABLE = re.compile(r"Only files that match (.+) may change")
_TAKEN = "That change is in"
_FIRST = re.compile(r"^Write first program \d+ of \d+\.$", re.MULTILINE)
_ASKS_FOR_CODE = ("code block", "fenced", "whole program")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        language: First word after the opening fence.
        text: What it holds.
        path: The file that a line before it names; empty where none does.
    """

    language: str
    text: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form in which an answer is wanted.

    Attributes:
        code: Whether code is asked for at all.
        blocks: Whether as SEARCH/REPLACE blocks; else as a whole program.
        two: Whether two programs are welcome.
        ranges: Whether the instructions of the system are to mark constants with their ranges.
        first: Whether a first program is asked for, where there is none to change.
    """

    code: bool
    blocks: bool
    two: bool
    ranges: bool
    first: bool = False


def spoken(message: Any) -> str:
    """Text of a message of the protocol, whose content is a string or a list of parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def wanted(messages: Sequence[Any]) -> Wanted:
    """What the turns that are not the model's own ask for."""
    text = "\n".join(spoken(message) for message in messages if message.get("role") != "assistant")
    lowered = text.lower()
    blocks = SEARCH in text
    return Wanted(
        code=blocks or any(word in lowered for word in _ASKS_FOR_CODE),
        blocks=blocks,
        two="two code blocks" in lowered,
        first=bool(_FIRST.search(text)),
        ranges=" tune: " in "".join(spoken(message) for message in messages if message.get("role") == "system"),
    )


def program_in(messages: Sequence[Any]) -> list[Block]:
    """Files of the program to change; empty where there is none.

    It is in the newest turn of the user that shows one: the block that follows a line with the word PROGRAM most
    closely, with those after it where lines name their files; or else the last block that defines a function. Changes
    that the model made since then count where the user said that they are in.
    """
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.get("role") == "user" and (files := _program_of(spoken(message))):
            for said, told in zip(messages[index + 1 :: 2], messages[index + 2 :: 2], strict=False):
                if _TAKEN in spoken(told):
                    files = _changed(files, spoken(said))
            return _may_change(files, messages)
    return []


def blocks_in(text: str) -> list[tuple[Block, int | None]]:
    """The fenced blocks of a text, each with the number of lines between it and the last line before it that has the
    word PROGRAM; None where there is none since the block before."""
    found: list[tuple[Block, int | None]] = []
    since: int | None = None
    fence, language, path, body = "", "", "", list[str]()
    for line in text.split("\n"):
        if fence:
            if line.startswith(fence) and not line.strip("`~ \t"):
                found.append((Block(language, "\n".join([*body, ""]), path), since))
                fence, path, since = "", "", None
            else:
                body.append(line)
        elif opening := _OPENING.match(line):
            fence, language, body = opening.group(1), opening.group(2), []
        elif named := _FILE.match(line):
            path = named.group(1)
        elif "PROGRAM" in line:
            since, path = 0, ""
        elif since is not None:
            since += 1
    return found


def _program_of(text: str) -> list[Block]:
    found = blocks_in(text)
    best: int | None = None
    for index, (_, since) in enumerate(found):
        if since is not None and (best is None or since <= (found[best][1] or 0)):
            best = index
    if best is None:
        return [block for block, _ in found if "def " in block.text][-1:]
    files = [found[best][0]]
    if files[0].path:
        for block, since in found[best + 1 :]:
            if not block.path or since is not None:
                break
            files.append(block)
    return files


def _changed(files: list[Block], said: str) -> list[Block]:
    """The program after what the model said."""
    if SEARCH not in said:
        return [block for block, _ in blocks_in(said)][-1:] or files
    path = files[0].path
    texts = {block.path: block.text for block in files}
    for piece in said.split(SEARCH + "\n")[1:]:
        before, _, after = f"\n{piece}".partition(f"\n{_MIDDLE}\n")
        new = f"\n{after}".partition(f"\n{_END}")[0].removeprefix("\n")
        old = before.removeprefix("\n")
        for name, text in texts.items():
            if old and old in text:
                texts[name] = text.replace(old + "\n", new + "\n" if new else "", 1)
                break
    return [replace(block, text=texts[block.path]) for block in files] if path in texts else files


def _may_change(files: list[Block], messages: Sequence[Any]) -> list[Block]:
    """Those files that match the globs of which the instructions speak; all of them where they speak of none."""
    for message in messages:
        if len(files) > 1 and (rule := _EDITABLE.search(spoken(message))):
            globs = [glob.strip() for glob in rule.group(1).split(",")]
            return [block for block in files if any(fnmatch(block.path, glob) for glob in globs)] or files
    return files
