"""Mutant routers: which island receives a new program, or a migrant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.island import CURRENT_ISLAND, Island
from gigaevo.evolution.strategies.parts import StrategyPart
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY


class MutantRouter(StrategyPart, ABC):
    """Chooses an island for a program. It only looks: at the program, at the islands, and at its own memory.

    What it remembers, it learns in ``credit`` alone, which is called again when a journal is replayed.
    """

    role: ClassVar[str] = "mutant_router"

    @abstractmethod
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        """One of ``candidate_islands``, all of which can place the program in a cell; None turns it away.

        Args:
            program: A new program; or a migrant, which is on none of the candidates.
            candidate_islands: May be empty.
        """

    def credit(self, program: Program, island_id: str, kept: bool) -> None:
        """Learn what became of a new program, not a migrant, that was offered to an island."""

    def state(self) -> dict[str, Any]:
        """What ``credit`` has taught, as JSON values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""


class RandomMutantRouter(MutantRouter):
    """Uniform over the islands that can place the program."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        if len(candidate_islands) < 2:
            return next(iter(candidate_islands), None)
        return candidate_islands[int(self.rng.integers(len(candidate_islands)))]


class FitnessAwareMutantRouter(MutantRouter):
    """The island where the program ranks best: where it beats the largest share of the elites.

    Each island compares by its own objective. An empty island is the best place for any program; ties are broken at
    random.
    """

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        standings = np.array([island.standing(program) for island in candidate_islands], dtype=np.float64)
        return _highest(candidate_islands, standings, self.rng)


class BehaviorAwareMutantRouter(MutantRouter):
    """The island whose elites behave most like the program.

    The distance to an elite is the root mean square over the axes of the island's behaviour space, each difference
    taken as a share of the axis, so that spaces of different axes compare. An empty island takes the program first;
    ties are broken at random.

    Args:
        sample: Elites, drawn at random from each island, to which the mean distance is taken, at least 1; None means
            all of them.
    """

    def __init__(self, sample: int | None = 10) -> None:
        if sample is not None and sample < 1:
            raise ValueError(f"BehaviorAwareMutantRouter: sample must be at least 1; found {sample}")
        self.sample = sample

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        rng = self.rng
        closeness = np.array([-self._distance(program, island, rng) for island in candidate_islands])
        return _highest(candidate_islands, closeness, rng)

    def _distance(self, program: Program, island: Island, rng: np.random.Generator) -> float:
        """Mean distance to elites of the island; 0 where it is empty."""
        total = len(island)
        if not total:
            return 0.0
        rows: slice | npt.NDArray[np.int64] = slice(None)
        if self.sample is not None and self.sample < total:
            rows = rng.choice(total, size=self.sample, replace=False)
        # Novelty is measured against one island's elites: on another it says nothing.
        keys = [key for key in island.behavior_space.behavior_keys if key != NOVELTY_KEY]
        scales = island.behavior_space.scales()
        squares = [
            np.square((island.archive.metric(key)[rows] - program.metrics[key]) / scales.get(key, 1.0)) for key in keys
        ]
        return float(np.sqrt(np.mean(squares, axis=0)).mean())


class RoundRobinMutantRouter(MutantRouter):
    """Islands take turns: the one whose latest new program is longest ago gets the next.

    A migrant takes no turn; it goes to a random island.
    """

    def __init__(self) -> None:
        self._served: dict[str, None] = {}  # ids, the latest last

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        if CURRENT_ISLAND in program.metadata:
            return _highest(candidate_islands, np.zeros(len(candidate_islands)), self.rng)
        turns = {island_id: turn for turn, island_id in enumerate(self._served)}
        return min(candidate_islands, key=lambda island: turns.get(island.id, -1), default=None)

    def credit(self, program: Program, island_id: str, kept: bool) -> None:
        self._served.pop(island_id, None)
        self._served[island_id] = None

    def state(self) -> dict[str, Any]:
        return {"served": list(self._served)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._served = dict.fromkeys(state["served"])


class AdaptiveMutantRouter(MutantRouter):
    """Learns which island keeps programs of which operator and parent island, and routes by that.

    Thompson sampling [Thompson, 1933] over the share of programs that an island keeps. For each operator and island
    of the first parent the prior is what the island keeps of all programs, so that a pair that was seldom seen is
    judged by the island as a whole. Old offers are forgotten at a steady rate, since islands keep less as they fill.

    Args:
        exploration: Probability, in [0, 1], that a program goes to a random island whatever was learnt.
        memory: Offers that a share remembers, roughly, above 1.
        prior: Offers that the prior counts for, above 0.
    """

    def __init__(self, *, exploration: float = 0.1, memory: float = 200.0, prior: float = 4.0) -> None:
        if not 0.0 <= exploration <= 1.0:
            raise ValueError(f"AdaptiveMutantRouter: exploration must be in [0, 1]; found {exploration}")
        if not memory > 1.0 or not prior > 0.0:
            raise ValueError(
                f"AdaptiveMutantRouter: memory must be above 1 and prior above 0; found {memory} and {prior}"
            )
        self._exploration = exploration
        self._decay = 1.0 - 1.0 / memory
        self._prior = prior
        # Programs kept and programs turned away, by island, and by operator, parent island and island.
        self._islands: dict[str, tuple[float, float]] = {}
        self._origins: dict[tuple[str, str | None, str], tuple[float, float]] = {}

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        rng = self.rng
        if rng.random() < self._exploration:
            return _highest(candidate_islands, np.zeros(len(candidate_islands)), rng)
        beliefs = [self._belief(program, island.id) for island in candidate_islands]
        shares = np.array([rng.beta(kept, refused) for kept, refused in beliefs], dtype=np.float64)
        return _highest(candidate_islands, shares, rng)

    def credit(self, program: Program, island_id: str, kept: bool) -> None:
        self._islands[island_id] = self._learnt(self._islands.get(island_id), kept)
        origin = (*_origin(program), island_id)
        self._origins[origin] = self._learnt(self._origins.get(origin), kept)

    def state(self) -> dict[str, Any]:
        return {
            "islands": {island_id: list(counts) for island_id, counts in self._islands.items()},
            "origins": [[*origin, *counts] for origin, counts in self._origins.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._islands = {island_id: (kept, refused) for island_id, (kept, refused) in state["islands"].items()}
        self._origins = {
            (operator, parent_island, island_id): (kept, refused)
            for operator, parent_island, island_id, kept, refused in state["origins"]
        }

    def _learnt(self, counts: tuple[float, float] | None, kept: bool) -> tuple[float, float]:
        before = (0.0, 0.0) if counts is None else counts
        return before[0] * self._decay + kept, before[1] * self._decay + (not kept)

    def _belief(self, program: Program, island_id: str) -> tuple[float, float]:
        """Parameters of the beta distribution of the share that the island keeps of such programs."""
        kept, refused = self._islands.get(island_id, (0.0, 0.0))
        share = (kept + 1.0) / (kept + refused + 2.0)
        kept, refused = self._origins.get((*_origin(program), island_id), (0.0, 0.0))
        return kept + self._prior * share, refused + self._prior * (1.0 - share)


def _origin(program: Program) -> tuple[str, str | None]:
    return program.operator, program.metadata.get("parent_island")


def _highest(islands: list[Island], values: npt.NDArray[np.float64], rng: np.random.Generator) -> Island | None:
    """The island of the highest value, a random one of several; None where there is no island."""
    if not islands:
        return None
    best = np.flatnonzero(values == values.max())
    return islands[int(best[0] if len(best) == 1 else rng.choice(best))]
