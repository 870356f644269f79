"""What a language model can be asked to do with a program. Each way is an operator of its own in a portfolio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to change a program.

    Attributes:
        name: As configured, and as the prompt that says what to do is called.
        blocks: Whether the answer is SEARCH/REPLACE blocks, rather than whole programs.
        children: How many children one answer may hold.
        partner: Whether it wants a second program: another parent, or one of the inspirations where there is none.
        repairs: Whether it works on a program that failed.
        inspired: Whether it is shown other good programs.
        marks: Whether it marks constants with their ranges, for numeric search.
    """

    name: str
    blocks: bool = False
    children: int = 1
    partner: bool = False
    repairs: bool = False
    inspired: bool = False
    marks: bool = False


MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode(name="rewrite", inspired=True),
        Mode(name="diff", blocks=True, inspired=True),
        Mode(name="crossover", children=2, partner=True, inspired=True),
        Mode(name="repair", repairs=True),
        Mode(name="simplify"),
        Mode(name="explore", inspired=True),
        Mode(name="tune", marks=True),
    )
}
"""Modes by name."""
