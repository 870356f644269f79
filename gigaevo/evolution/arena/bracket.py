"""Elimination brackets of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pairing(Generic[T]):
    """Two that are to meet.

    Attributes:
        one: The one that was seeded before the other; a tie is its win.
        other: Its opponent.
    """

    one: T
    other: T


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """Two that met.

    Attributes:
        round: 0 for the first round of the bracket.
        winner: Who goes on.
        loser: Who is out.
        tied: Whether the judge found neither better, so that the seeding decided.
    """

    round: int
    winner: T
    loser: T
    tied: bool


@dataclass(frozen=True, slots=True)
class BracketResult(Generic[T]):
    """What became of a bracket.

    Attributes:
        winner: Who lost no match.
        matches: All matches, round by round: one fewer than there were competitors.
        byes: Who went into the second round without a match, in the order of seeding.
    """

    winner: T
    matches: tuple[Match[T], ...]
    byes: tuple[T, ...]


class Bracket(Generic[T]):
    """A knock-out in progress: ask for the ``pairings`` of a round, have them judged in any order, ``settle`` them.

    Places follow the seeding: the first and the second can only meet in the final, the first four only in the
    semifinals, and so on. Where the number of competitors is no power of two, the first in the seeding have no opponent
    in the first round: they get a bye. Nobody gets a second one. So a seeding by strength favours the strong, and a
    random one favours nobody.

    Args:
        seeding: Competitors, the first seeded first; at least one. They need not be hashable or comparable.

    Raises:
        ValueError: There are none.
    """

    def __init__(self, seeding: Sequence[T]) -> None:
        if not seeding:
            raise ValueError("a bracket needs at least one competitor")
        self._seeding = list(seeding)
        count = len(self._seeding)
        # Competitors are known by their place in the seeding; a place beyond the last is empty.
        self._standing: list[int] = [place for place in seeded_places(count) if place < count]
        self._open = _first_round(count)
        self._byes = tuple(seeding[place] for place in range(count - 2 * len(self._open)))
        self._matches: list[Match[T]] = []
        self._round = 0

    @property
    def pairings(self) -> list[Pairing[T]]:
        """Who meets in the present round; empty where the winner is known."""
        return [Pairing(self._seeding[one], self._seeding[other]) for one, other in self._open]

    def settle(self, winners: Sequence[T | None]) -> None:
        """End the present round.

        Args:
            winners: The winner of each of ``pairings``; None where they tied, which the one seeded first wins.

        Raises:
            ValueError: There are not as many as pairings, or a winner is none of its pair.
        """
        if len(winners) != len(self._open):
            raise ValueError(f"{len(self._open)} matches were played in this round, and {len(winners)} have a winner")
        lost: set[int] = set()
        for (one, other), winner in zip(self._open, winners, strict=True):
            first, second = self._seeding[one], self._seeding[other]
            if winner is not None and winner is not first and winner is not second:
                raise ValueError(f"{winner!r} is neither of the two that met")
            better, worse = (one, other) if winner is None or winner is first else (other, one)
            self._matches.append(Match(self._round, self._seeding[better], self._seeding[worse], winner is None))
            lost.add(worse)
        self._standing = [place for place in self._standing if place not in lost]
        neighbours = zip(self._standing[::2], self._standing[1::2], strict=False)
        self._open = [(min(pair), max(pair)) for pair in neighbours]
        self._round += 1

    @property
    def result(self) -> BracketResult[T]:
        """How it ended.

        Raises:
            RuntimeError: It has not.
        """
        if self._open:
            raise RuntimeError("the bracket is not over")
        return BracketResult(self._seeding[self._standing[0]], tuple(self._matches), self._byes)


def seeded_places(count: int) -> list[int]:
    """The order in which seeds stand in a bracket of at least ``count`` places: neighbours meet.

    For 8 it is 0 7 3 4 1 6 2 5, or a mirror image: in each round the two of a pair add up to the same number as long as
    the first seeded wins.

    Returns:
        A permutation of the numbers below the least power of two that is not less than ``count``.
    """
    places = [0]
    while len(places) < count:
        last = 2 * len(places) - 1
        places = [seed for place in places for seed in (place, last - place)]
    return places


def _first_round(count: int) -> list[tuple[int, int]]:
    """Pairs of the first round; whoever is in none has a bye."""
    places = seeded_places(count)
    pairs = zip(places[::2], places[1::2], strict=False)
    return [(min(pair), max(pair)) for pair in pairs if max(pair) < count]
