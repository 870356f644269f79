"""How alike two programs are: shingles of their tokens, with numbers kept apart."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gigaevo.programs.languages import PYTHON, Language, language_of

SHINGLE = 5  # tokens
MOST_TOKENS = 50_000  # of a program; what comes after is not looked at
# A longer program is judged as one of so many shingles: else no small change of a long program would ever be new.
LONGEST = 400

_FACTORS = [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD]


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is compared of a program.

    Attributes:
        shingles: Digests of all runs of ``SHINGLE`` tokens, sorted, without repetition. A number is a token whatever
            its value; comments and docstrings are none, the indentation of a line is one.
        numbers: Digests of its numbers, sorted.
        wording: Digest of all its tokens in their order.
    """

    shingles: NDArray[np.uint32]
    numbers: NDArray[np.uint32]
    wording: int


def likeness_of(files: Mapping[str, str]) -> Likeness:
    """What is compared of a program of these files."""
    tokens: list[int] = []
    numbers: list[int] = []
    for path, source in sorted(files.items()):
        for match in _tokens(language_of(path) or PYTHON).finditer(source):
            text, kind = match[0], match.lastgroup
            if kind == "skipped":
                continue
            digest = zlib.crc32(text.encode("utf-8", "surrogatepass"))
            if kind == "number":
                numbers.append(digest)
                digest = 1
            tokens.append(digest)
            if len(tokens) >= MOST_TOKENS:
                break
    return Likeness(
        _shingles(tokens), np.sort(np.array(numbers, dtype=np.uint32)), zlib.crc32(np.array(tokens).tobytes())
    )


def most_differing(size: int, similarity: float) -> int:
    """How many shingles a nearly equal program can have that one of ``size`` shingles has not, or the reverse."""
    return int(min((1.0 - similarity) * LONGEST, (1.0 - similarity) / similarity * size) + 1e-9)


def nearly_equal(one: Likeness, other: Likeness, similarity: float) -> bool:
    """Whether two programs are nearly the same.

    They are where they share all shingles but a part of ``1 - similarity``, and their numbers likewise; of programs of
    more than ``LONGEST`` shingles that part is of ``LONGEST``. Two that differ by their numbers alone are not: another
    constant may be what matters.
    """
    if one.wording == other.wording and not np.array_equal(one.numbers, other.numbers):
        return False
    common = np.intersect1d(one.shingles, other.shingles, assume_unique=True).size
    union = one.shingles.size + other.shingles.size - common
    if union - common > (1.0 - similarity) * min(union, LONGEST) + 1e-9:
        return False
    if np.array_equal(one.numbers, other.numbers):
        return True
    mine, its = Counter(one.numbers.tolist()), Counter(other.numbers.tolist())
    return (mine & its).total() >= similarity * (mine | its).total()


def _shingles(tokens: list[int]) -> NDArray[np.uint32]:
    padded = np.array([*tokens, *[0] * max(0, SHINGLE - len(tokens))], dtype=np.uint64)
    count = padded.size - SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(SHINGLE):
        mixed += padded[place : place + count] * np.uint64(_FACTORS[place])
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(_FACTORS[0])
    digests = np.sort((mixed >> np.uint64(32)).astype(np.uint32))
    first = np.append(True, digests[1:] != digests[:-1])
    distinct: NDArray[np.uint32] = digests[first]  # np.unique would build a hash table, at ten times the cost
    return distinct


@cache
def _tokens(language: Language) -> re.Pattern[str]:
    """The tokens of a language, roughly: no text makes the scan go back, and strings are one token each."""
    comment, end = re.escape(language.comment), re.escape(language.comment_end)
    comments = [rf"{comment}.*?(?:{end}|\Z)" if end else rf"{comment}[^\n]*"]
    if language.comment == "//":
        comments.append(r"/\*.*?(?:\*/|\Z)")
    if language is PYTHON:
        comments.append(r"^[ \t]*(?:'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z))")
        indent = r"|(?P<indent>^[ \t]+(?=[^\s#]))"
    else:
        indent = ""
    return re.compile(
        rf"(?P<skipped>{'|'.join(comments)}){indent}"
        r"|(?P<string>'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z)|'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?)"
        r"|(?P<number>(?<![\w)\]])-?(?:\d|\.\d)(?:[eE][+-]\d|[\w.])*)"
        r"|(?P<word>\w+)|(?P<sign>[^\w\s])",
        re.DOTALL | re.MULTILINE,
    )
