"""How alike the texts of programs are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gigaevo.programs import Program

SHINGLE = 3  # tokens

_TOKEN = re.compile(r"\w+|[^\w\s]")

Shingles = frozenset[tuple[str, ...]]


def shingles(program: Program) -> Shingles:
    """Runs of consecutive tokens of a program's files, by which programs are compared."""
    tokens = [token for text in program.files.values() for token in _TOKEN.findall(text)]
    return frozenset(tuple(tokens[start : start + SHINGLE]) for start in range(max(1, len(tokens) - SHINGLE + 1)))


def similarity(first: Shingles, second: Shingles) -> float:
    """Jaccard index of two sets of shingles, in [0, 1] (Broder, 1997)."""
    union = len(first | second)
    return len(first & second) / union if union else 1.0


def least_similarity(programs: Iterable[Program]) -> float:
    """Similarity of the two programs that are least alike; 1 where there are fewer than two."""
    sets = [shingles(program) for program in programs]
    pairs = ((sets[i], sets[j]) for i in range(len(sets)) for j in range(i))
    return min((similarity(first, second) for first, second in pairs), default=1.0)
