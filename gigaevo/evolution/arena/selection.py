"""Tournament selection: a population is dealt into brackets, and each bracket has one winner."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from gigaevo.evolution.arena.bracket import Bracket, BracketResult
from gigaevo.evolution.arena.judges import AsyncJudge, FitnessJudge, Judge

T = TypeVar("T")


class _Tournament(Generic[T]):
    """How brackets are made, whoever judges them."""

    def __init__(self, tournament_size: int, rng: np.random.Generator | None) -> None:
        if tournament_size < 2:
            raise ValueError(f"tournament_size must be at least 2; found {tournament_size}")
        self.tournament_size = tournament_size
        self.rng = np.random.default_rng(0) if rng is None else rng

    def create_brackets(self, population: Sequence[T]) -> list[list[T]]:
        """Deal ``population`` at random into as few brackets as hold it, whose sizes differ by at most one.

        The order within a bracket is its seeding: a random one, so that byes and ties favour nobody.

        Args:
            population: Any number of competitors; it is not changed.

        Returns:
            Brackets of at most ``tournament_size``; each competitor is in one of them. None for an empty population.
        """
        count = -(-len(population) // self.tournament_size)
        drawn = self.rng.permutation(len(population))
        return [[population[index] for index in drawn[number::count]] for number in range(count)]


class TournamentSelection(_Tournament[T]):
    """Selects the winner of each bracket. A subclass may say otherwise who wins by overriding ``head_to_head``.

    Args:
        tournament_size: Most competitors of a bracket, at least 2; the more, the fewer and the fitter the winners.
        judge: Who of two wins; by default the better ``fitness``.
        rng: Deals the brackets; by default one of a fixed seed.

    Raises:
        ValueError: The size is less than 2.
    """

    def __init__(
        self,
        tournament_size: int = 4,
        *,
        judge: Judge[T] | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(tournament_size, rng)
        fitness: Any = FitnessJudge()  # T is then a program
        self.judge: Judge[T] = fitness if judge is None else judge

    def select_winners(self, population: Sequence[T]) -> list[T]:
        """The winner of each bracket that ``create_brackets`` makes."""
        return [self.run_bracket(bracket) for bracket in self.create_brackets(population)]

    def run_bracket(self, competitors: Sequence[T]) -> T:
        """The winner of an elimination bracket.

        Args:
            competitors: At least one, in the order of their seeding.

        Raises:
            ValueError: There is none, or who won a match is neither of its pair.
        """
        return self.play(competitors).winner

    def play(self, competitors: Sequence[T]) -> BracketResult[T]:
        """The same with every match that was played."""
        bracket = Bracket(competitors)
        while pairings := bracket.pairings:
            bracket.settle([self.head_to_head(pairing.one, pairing.other) for pairing in pairings])
        return bracket.result

    def head_to_head(self, one: T, other: T) -> T | None:
        """The better of two; None where the judge finds neither better: in a bracket the one seeded first goes on."""
        return self.judge(one, other)


class AsyncTournamentSelection(_Tournament[T]):
    """``TournamentSelection`` with a judge that has to wait, such as one that measures both competitors.

    Args:
        tournament_size: Most competitors of a bracket, at least 2.
        judge: Who of two wins.
        rng: Deals the brackets; by default one of a fixed seed.
        matches_at_once: Most matches that are judged side by side. A judge of speed wants one.

    Raises:
        ValueError: The size is less than 2, or no match may be judged.
    """

    def __init__(
        self,
        tournament_size: int = 4,
        *,
        judge: AsyncJudge[T],
        rng: np.random.Generator | None = None,
        matches_at_once: int = 1,
    ) -> None:
        super().__init__(tournament_size, rng)
        if matches_at_once < 1:
            raise ValueError(f"matches_at_once must be at least 1; found {matches_at_once}")
        self.judge = judge
        self._places = asyncio.Semaphore(matches_at_once)

    async def select_winners(self, population: Sequence[T]) -> list[T]:
        """The winner of each bracket that ``create_brackets`` makes."""
        brackets = self.create_brackets(population)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.run_bracket(bracket)) for bracket in brackets]
        return [task.result() for task in tasks]

    async def run_bracket(self, competitors: Sequence[T]) -> T:
        """See ``TournamentSelection.run_bracket``."""
        return (await self.play(competitors)).winner

    async def play(self, competitors: Sequence[T]) -> BracketResult[T]:
        """The same with every match that was played; the matches of a round may run side by side."""
        bracket = Bracket(competitors)
        while pairings := bracket.pairings:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.head_to_head(pairing.one, pairing.other)) for pairing in pairings]
            bracket.settle([task.result() for task in tasks])
        return bracket.result

    async def head_to_head(self, one: T, other: T) -> T | None:
        """See ``TournamentSelection.head_to_head``."""
        async with self._places:
            return await self.judge(one, other)
