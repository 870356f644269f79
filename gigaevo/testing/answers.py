"""What the stand-in for a language model says: it finds the program in the conversation and changes it a little."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.testing.edits import Edit, edit, search_replace
from gigaevo.testing.faults import Fault

__all__ = ["Said", "answer", "count_tokens", "program_in", "spoken"]

_OPENING = re.compile(r"^(`{3,}|~{3,})[ \t]*([^\s`]*)")
_SEARCH = "<<<<<<< SEARCH"
_ASKS_FOR_CODE = ("code block", "fenced", "whole program")
_REMARKS = (
    "The program makes good use of its starting point, but its step is fixed where a smaller one is called for.",
    "Its weakness is the last phase: the numbers that end it were never tuned. A finer schedule is worth a try.",
    "The change made the search bolder and lost some accuracy near the end; the order of the two updates matters.",
    "Strength: short and quick. Weakness: one constant decides everything. Next step: make it depend on progress.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Attributes:
        text: What is said.
        finish: Why it ended, ``"stop"`` or ``"length"``.
    """

    text: str
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    text: str


def count_tokens(text: str) -> int:
    """Tokens of a text, by the rule of this server: a token is four bytes, and the last may be shorter."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


def spoken(message: Any) -> str:
    """Text of a message of the protocol, whose content is a string or a list of parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def answer(
    messages: Sequence[Any], rng: random.Random, fault: Fault | None = None, *, huge_bytes: int = 2 << 20
) -> Said:
    """Answer a conversation.

    Args:
        messages: Its turns, as the protocol has them.
        rng: Decides.
        fault: What shall be wrong with what is said; None for an honest try.
        huge_bytes: Size of a huge answer.
    """
    asked = [spoken(message) for message in messages if message.get("role") != "assistant"]
    program = program_in(messages)
    if fault is Fault.EMPTY:
        return Said("")
    if fault is Fault.REFUSAL:
        return Said("I'm sorry, but I can't help with that request.")
    if fault is Fault.PROSE or program is None or not _wants_code(asked):
        return Said(rng.choice(_REMARKS))
    in_blocks = any(_SEARCH in text for text in asked)
    return _with_code(program, rng, fault, in_blocks=in_blocks, huge_bytes=huge_bytes)


def program_in(messages: Sequence[Any]) -> _Block | None:
    """The program to change: of the newest turn of the user that shows one, the code block that follows a line with the
    word PROGRAM most closely, or else the last one that defines a function."""
    for message in reversed(messages):
        if message.get("role") == "user" and (block := _program_of(spoken(message))) is not None:
            return block
    return None


def _wants_code(asked: Sequence[str]) -> bool:
    lowered = [text.lower() for text in asked]
    return any(_SEARCH.lower() in text or any(word in text for word in _ASKS_FOR_CODE) for text in lowered)


def _program_of(text: str) -> _Block | None:
    best: _Block | None = None
    nearest: int | None = None
    last_code: _Block | None = None
    since: int | None = None  # lines since one with the word
    fence, language, body = "", "", list[str]()
    for line in text.split("\n"):
        if fence:
            if line.startswith(fence) and not line.strip("`~ \t"):
                block = _Block(language, "\n".join(body) + "\n" if body else "")
                if since is not None and (nearest is None or since <= nearest):
                    best, nearest = block, since
                if "def " in block.text:
                    last_code = block
                fence, since = "", None
            else:
                body.append(line)
        elif match := _OPENING.match(line):
            fence, language, body = match.group(1), match.group(2), []
        elif "PROGRAM" in line:
            since = 0
        elif since is not None:
            since += 1
    return best or last_code


def _with_code(program: _Block, rng: random.Random, fault: Fault | None, *, in_blocks: bool, huge_bytes: int) -> Said:
    """An answer with code in it, as a whole program or in SEARCH/REPLACE blocks."""
    language = program.language or "python"
    done = _edited(program.text, rng, fault)
    head = f"I changed one thing: {done.description}.\n\n"
    if fault is Fault.WRONG_LANGUAGE:
        return Said(f"{head}{_foreign(language)}")
    if fault is Fault.UNMATCHED and in_blocks:
        return Said(f"{head}{_SEARCH}\nthis line = 'is nowhere in the program'\n=======\npass\n>>>>>>> REPLACE\n")
    if fault is Fault.HUGE:
        filler = "# " + "and so on " * 7 + "\n"
        return Said(f"{head}```{language}\n{done.source}{filler * (huge_bytes // len(filler))}```\n")
    if in_blocks:
        code = search_replace(program.text, done.source) or _idle_block(program.text)
    else:
        code = f"```{language}\n{done.source}```"
    if fault is Fault.TRUNCATED:
        return Said((head + code)[: len(head) + max(12, len(code) // 2)], "length")
    if fault is Fault.TWO_BLOCKS:
        return Said(f"{head}It is used like this:\n\n```{language}\nprint(entrypoint())\n```\n\n{code}\n")
    return Said(f"{head}{code}\n\nThis should help where the old value was too coarse.\n")


def _edited(source: str, rng: random.Random, fault: Fault | None) -> Edit:
    if fault is Fault.UNCHANGED:
        return Edit(source, "nothing")
    done = edit(source, rng)
    if fault in (Fault.SYNTAX_ERROR, Fault.CRASHING):
        return Edit(_spoilt(done.source, fault), done.description)
    if fault is Fault.UNMATCHED:
        return Edit("SETTINGS = {}\n", done.description)
    return done


def _spoilt(source: str, fault: Fault) -> str:
    """The program with a line in its last statement that does not parse, or that raises."""
    lines = source.rstrip("\n").split("\n")
    at = max((index for index, line in enumerate(lines) if line.strip() and "EVOLVE-BLOCK" not in line), default=0)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at, indent + ("this is no code (" if fault is Fault.SYNTAX_ERROR else "undefined_name_of_a_helper()"))
    return "\n".join(lines) + "\n"


def _idle_block(source: str) -> str:
    """A SEARCH/REPLACE block that changes nothing."""
    line = next((line for line in source.split("\n") if line.strip()), "")
    return f"{_SEARCH}\n{line}\n=======\n{line}\n>>>>>>> REPLACE"


def _foreign(language: str) -> str:
    if language.startswith("py"):
        return (
            "```javascript\nfunction entrypoint() {\n  return [1.0, -2.0];\n}\nmodule.exports = { entrypoint };\n```\n"
        )
    return "```python\ndef entrypoint():\n    return [1.0, -2.0]\n```\n"
