"""What a model thought aloud before it answered, as some endpoints let it through: no part of the answer."""

from __future__ import annotations

import re

_START = "<think>"
# Templates of some models write the start themselves, so that an answer has the end alone, on a line of its own.
_END_ALONE = re.compile(r"^[ \t]*</think>[ \t]*\r?$", re.MULTILINE)


def without_thoughts(text: str) -> str:
    """``text`` without thoughts at its beginning; empty where it never comes to an end with them."""
    if text.lstrip().startswith(_START):
        return text.partition("</think>")[2]
    end = _END_ALONE.search(text)
    return text if end is None or _START in text[: end.start()] else text[end.end() :]
