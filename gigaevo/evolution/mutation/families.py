"""What is known of programs that differ in nothing but their marked constants."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigaevo.evolution.mutation.literals import Literal, replace_literals
from gigaevo.evolution.mutation.tuning import marked_literals
from gigaevo.programs.evolve_blocks import BlockError
from gigaevo.programs.syntax import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigaevo.programs import Program


class _Member(NamedTuple):
    """One program: when it was heard of, where its constants lie in their ranges, and how good it is."""

    heard: int
    places: tuple[float, ...]
    merit: float


class Families:
    """Valid programs by their text without the marked constants, in the order in which they were heard of."""

    def __init__(self) -> None:
        self._heard: set[str] = set()
        self._members: dict[str, list[_Member]] = {}

    def hear(self, program: Program, merit: float | None) -> None:
        """Remember a program; to hear of one twice changes nothing.

        Args:
            program: Of any kind.
            merit: Its primary metric, turned so that larger is better; None where it has none.
        """
        if program.id in self._heard:
            return
        index = len(self._heard)
        self._heard.add(program.id)
        if merit is None or "tune:" not in program.source:
            return
        try:
            marked = marked_literals(program.source)
        except (SourceError, BlockError):
            return
        if marked:
            member = _Member(index, places_of(marked), merit)
            self._members.setdefault(_common_text(program.source, marked), []).append(member)

    def best(self, text: str, marked: Sequence[Literal], *, observed: int, count: int) -> NDArray[np.float64]:
        """Where the constants of the best programs of a family lie, the best first.

        Args:
            text: A program of it.
            marked: Its marked constants.
            observed: Only the first so many programs heard of are looked at.
            count: How many at most.

        Returns:
            float64 of shape (programs, constants), from 0 at the low end of a range to 1 at the high end.
        """
        members = self._members.get(_common_text(text, marked), [])
        known = members[: bisect_left(members, observed, key=lambda member: member.heard)]
        ranked = sorted(known, key=lambda member: -member.merit)[:count]
        return np.array([member.places for member in ranked]).reshape(len(ranked), len(marked))


def places_of(marked: Sequence[Literal]) -> tuple[float, ...]:
    """Where constants lie in their ranges."""
    return tuple(literal.range.place_of(literal.value) for literal in marked if literal.range is not None)


def _common_text(text: str, marked: Sequence[Literal]) -> str:
    """``text`` with 0 for each of its marked constants."""
    return replace_literals(text, {literal: type(literal.value)(0) for literal in marked})
