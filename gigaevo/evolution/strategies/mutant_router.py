"""Mutant routers: which island receives a new program."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from gigaevo.evolution.strategies.parts import StrategyPart
from gigaevo.programs import Program

if TYPE_CHECKING:
    from gigaevo.evolution.strategies.island import Island


class MutantRouter(StrategyPart, ABC):
    """Chooses an island for a program."""

    role: ClassVar[str] = "mutant_router"

    @abstractmethod
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        """One of ``candidate_islands``, all of which can place the program in a cell; None turns it away."""


class RandomMutantRouter(MutantRouter):
    """Uniform over the islands that can place the program."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        if len(candidate_islands) < 2:
            return next(iter(candidate_islands), None)
        return candidate_islands[int(self.rng.integers(len(candidate_islands)))]
