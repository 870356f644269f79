"""What the stand-in for a language model says: it finds the program in the conversation and changes it a little."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gigaevo.testing.conversation import SEARCH, Block, Wanted, program_in, wanted
from gigaevo.testing.edits import Edit, edit, search_replace
from gigaevo.testing.faults import Fault

__all__ = ["Said", "answer", "count_tokens"]

_CONSTANT = re.compile(r"^[ \t]*[A-Za-z_]\w* = (\d+\.\d+|\d+)$", re.MULTILINE)
_REMARKS = (
    "The program makes good use of its starting point, but its step is fixed where a smaller one is called for.",
    "Its weakness is the last phase: the numbers that end it were never tuned. A finer schedule is worth a try.",
    "The change made the search bolder and lost some accuracy near the end; the order of the two updates matters.",
    "Strength: short and quick. Weakness: one constant decides everything. Next step: make it depend on progress.",
)


_FIRST = "def entrypoint(*given):\n    first, second = {:.3f}, {:.3f}\n    return [first, second]\n"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Attributes:
        text: What is said.
        finish: Why it ended, ``"stop"`` or ``"length"``.
    """

    text: str
    finish: str = "stop"


def count_tokens(text: str) -> int:
    """Tokens of a text, by the rule of this server: a token is four bytes, and the last may be shorter."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


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
    if fault is Fault.EMPTY:
        return Said("")
    if fault is Fault.REFUSAL:
        return Said("I'm sorry, but I can't help with that request.")
    form = wanted(messages)
    files = program_in(messages)
    if fault is Fault.PROSE or not (files or form.first) or not form.code:
        return Said(rng.choice(_REMARKS))
    files = files or [Block("python", _FIRST.format(rng.uniform(-4.0, 4.0), rng.uniform(-4.0, 4.0)))]
    program = files[0] if len(files) == 1 else rng.choice(files)
    if fault is not None:
        return _spoilt_answer(program, form, rng, fault, huge_bytes)
    done = (_with_ranges(program.text) if form.ranges else None) or edit(program.text, rng)
    code = _code(program, done.source, form)
    if form.two and rng.random() < 0.5:
        code += "\n\nOr this:\n\n" + _code(program, edit(program.text, rng).source, form)
    return Said(f"{_head(done)}{code}\n\nThis should help where the old value was too coarse.\n")


def _spoilt_answer(program: Block, form: Wanted, rng: random.Random, fault: Fault, huge_bytes: int) -> Said:
    """An answer with code in which ``fault`` is to be found; an honest one for faults that are not of what is said."""
    done = Edit(program.text, "nothing") if fault is Fault.UNCHANGED else edit(program.text, rng)
    head = _head(done)
    language = program.language or "python"
    if fault is Fault.WRONG_LANGUAGE:
        return Said(head + _foreign(language))
    if fault is Fault.HUGE:
        filler = "# " + "and so on " * 7 + "\n"
        return Said(f"{head}```{language}\n{done.source}{filler * (huge_bytes // len(filler))}```\n")
    if fault is Fault.UNMATCHED:
        if form.blocks:
            return Said(f"{head}{SEARCH}\nthis line = 'is nowhere in the program'\n=======\npass\n>>>>>>> REPLACE\n")
        done = Edit("SETTINGS = {}\n", done.description)
    if fault in (Fault.SYNTAX_ERROR, Fault.CRASHING):
        done = Edit(_broken(done.source, fault), done.description)
    code = _code(program, done.source, form)
    if fault is Fault.TRUNCATED:
        return Said((head + code)[: len(head) + max(12, len(code) // 2)], "length")
    if fault is Fault.TWO_BLOCKS:
        return Said(f"{head}It is used like this:\n\n```{language}\nprint(entrypoint())\n```\n\n{code}\n")
    return Said(f"{head}{code}\n")


def _head(done: Edit) -> str:
    return f"I changed one thing: {done.description}.\n\n"


def _code(program: Block, source: str, form: Wanted) -> str:
    """The changed program as it is wanted."""
    if form.blocks:
        code = search_replace(program.text, source) or _idle_block(program.text)
    else:
        fence = "```" if "```" not in source else "````````"
        code = f"{fence}{program.language or 'python'}\n{source}{'' if source.endswith(chr(10)) else chr(10)}{fence}"
    return f"File: {program.path}\n{code}" if program.path else code


def _with_ranges(source: str) -> Edit | None:
    """The program with a range after the first numbers that have a line and a name of their own; None without any."""
    comment = "#" if "//" not in source else "//"

    def mark(match: re.Match[str]) -> str:
        value = abs(float(match.group(1))) or 1.0
        return f"{match.group()}  {comment} tune: {value / 4:.6g} .. {value * 4:.6g}"

    marked = _CONSTANT.sub(mark, source, count=4)
    return Edit(marked, "the constants that matter have ranges") if marked != source else None


def _broken(source: str, fault: Fault) -> str:
    """The program with a line before its last that does not parse, or that raises."""
    lines = source.rstrip("\n").split("\n")
    at = max((index for index, line in enumerate(lines) if line.strip() and "EVOLVE-BLOCK" not in line), default=0)
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines.insert(at, indent + ("this is no code (" if fault is Fault.SYNTAX_ERROR else "undefined_name_of_a_helper()"))
    return "\n".join(lines) + "\n"


def _idle_block(source: str) -> str:
    """A SEARCH/REPLACE block that changes nothing."""
    line = next((line for line in source.split("\n") if line.strip()), "")
    return f"{SEARCH}\n{line}\n=======\n{line}\n>>>>>>> REPLACE"


def _foreign(language: str) -> str:
    if language.startswith("py"):
        return (
            "```javascript\nfunction entrypoint() {\n  return [1.0, -2.0];\n}\nmodule.exports = { entrypoint };\n```\n"
        )
    return "```python\ndef entrypoint():\n    return [1.0, -2.0]\n```\n"
