"""Numeric search over constants whose ranges are marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gigaevo.evolution.mutation.literals import Literal, numeric_literals, replace_literals
from gigaevo.programs.evolve_blocks import has_blocks, parse
from gigaevo.programs.syntax import parse_source

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ALL = 0.25  # probability that all marked constants move together
FAMILY = 20  # best programs of a family, of which differences are taken
LEAST_FAMILY = 6  # programs of which differences say something
_LEADERS = 3  # of which one is moved towards
_WEIGHTS = 0.3, 0.9  # of differences
_CROSSED = 0.9  # probability that a constant takes part in a differential step
_ANYWHERE = 0.15  # probability that a constant is drawn anew from its whole range


def free_literals(text: str) -> list[Literal]:
    """The literals of a program that may change: those in its marked blocks where it has any.

    Raises:
        SourceError: The program cannot be read.
        BlockError: Its marks are out of order.
    """
    literals = numeric_literals(parse_source(text), text)
    if not has_blocks(text):
        return literals
    regions = parse(text)
    return [literal for literal in literals if any(region.holds(*literal.lines) for region in regions)]


def marked_literals(text: str) -> list[Literal]:
    """Those of ``free_literals`` that have a range."""
    return [literal for literal in free_literals(text) if literal.range is not None]


def draw_marked(marked: Sequence[Literal], step: float, rng: np.random.Generator) -> dict[Literal, int | float]:
    """New values for a heavy-tailed number of marked constants, within their ranges.

    Args:
        marked: Literals with a range, at least one.
        step: Length of the whole change, as a part of the ranges, whichever number of constants takes part.
        rng: For the draws.
    """
    count = len(marked) if rng.random() < _ALL else min(len(marked), 1 + int(rng.pareto(1.5)))
    chosen = sorted(rng.choice(len(marked), size=count, replace=False).tolist())
    anew = rng.random() < _ANYWHERE
    changes: dict[Literal, int | float] = {}
    for place in chosen:
        literal = marked[place]
        assert literal.range is not None
        if anew:
            drawn = literal.range.at(float(rng.random()))
        else:
            noise = float(rng.normal(scale=step / math.sqrt(count)))
            drawn = literal.range.at(_reflected(literal.range.place_of(literal.value) + noise))
        changes[literal] = _typed(literal, drawn, rng)
    return changes


def draw_differential(
    marked: Sequence[Literal], relatives: NDArray[np.float64], rng: np.random.Generator
) -> dict[Literal, int | float]:
    """New values by differential evolution, current-to-best/1/bin (Storn and Price 1997; Zhang and Sanderson 2009).

    The constants move towards those of a program that is among the best, and by the difference between two others: so
    steps get the scales, the directions and the size of what is left to search.

    Args:
        marked: Literals with a range, at least one.
        relatives: Where the constants of the best programs lie that differ in them alone, the best first; shape
            (programs, constants), at least ``LEAST_FAMILY`` programs.
        rng: For the draws.
    """
    here = np.array([literal.range.place_of(literal.value) for literal in marked if literal.range is not None])
    leader = relatives[int(rng.integers(_LEADERS))]
    first, second = rng.choice(len(relatives), size=2, replace=False)
    weight = rng.uniform(*_WEIGHTS)
    there = here + weight * (leader - here) + weight * (relatives[first] - relatives[second])
    crossed = rng.random(len(marked)) < _CROSSED
    crossed[int(rng.integers(len(marked)))] = True
    changes: dict[Literal, int | float] = {}
    for literal, place, moves in zip(marked, there.tolist(), crossed.tolist(), strict=True):
        if moves and literal.range is not None:
            changes[literal] = _rounded(literal, literal.range.at(_reflected(place)))
    return changes


def kept_in_range(changes: Mapping[Literal, int | float]) -> dict[Literal, int | float]:
    """``changes`` with what leaves a marked range brought back to its end."""
    return {
        literal: value if literal.range is None else _rounded(literal, literal.range.within(value))
        for literal, value in changes.items()
    }


def first_step(text: str, rng: np.random.Generator, *, step: float = 0.1, attempts: int = 10) -> str:
    """``text`` with marked constants moved a little; as it is where none can be."""
    marked = marked_literals(text)
    for _ in range(attempts if marked else 0):
        changes = {
            literal: value for literal, value in draw_marked(marked, step, rng).items() if value != literal.value
        }
        if changes:
            return replace_literals(text, changes)
    return text


def _reflected(place: float) -> float:
    """``place`` folded back into [0, 1], so that the ends of a range draw nothing to them."""
    folded = math.fmod(abs(place), 2.0)
    return 2.0 - folded if folded > 1.0 else folded


def _typed(literal: Literal, drawn: float, rng: np.random.Generator) -> int | float:
    """``drawn`` in the type of the literal. An integer moves by one at least, where its range has room."""
    value = _rounded(literal, drawn)
    if isinstance(literal.value, int) and value == literal.value:
        assert literal.range is not None
        value += 1 if rng.random() < 0.5 else -1
        return _rounded(literal, literal.range.within(value))
    return value


def _rounded(literal: Literal, value: float) -> int | float:
    """``value`` as an integer where the literal is one, inside of the range where it holds any integer."""
    if not isinstance(literal.value, int):
        return float(value)
    assert literal.range is not None
    low, high = math.ceil(literal.range.low), math.floor(literal.range.high)
    return min(high, max(low, round(value))) if low <= high else literal.value
