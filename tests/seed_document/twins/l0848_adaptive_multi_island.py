"""Islands made at run time: the sketch with its missing parts, in a way that a resumed run repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    MutantRouter,
)
from gigaevo.programs import Program

THRESHOLD = 0.5
WIDTH = 20.0  # of an island's region of fitness


class AdaptiveMultiIsland(MapElitesMultiIsland):
    """An island more for every program that fits poorly in all there are."""

    async def add(self, program: Program) -> bool:
        # Check if program fits poorly in all islands
        best_fit_score = max([fit_score(program, island) for island in self.islands.values()])

        # If program doesn't fit well anywhere, create new island
        if best_fit_score < THRESHOLD:
            self.create_island(self._island_for_program(program))

        # Route to best island
        return await super().add(program)

    def _island_for_program(self, program: Program) -> dict[str, Any]:
        """An island over the region of fitness in which the program lies, in the words that the journal keeps."""
        low = program.metrics["fitness"] // WIDTH * WIDTH
        return {"island_id": f"from_{low:g}", "low": low}

    def island_from(self, spec: Mapping[str, Any]) -> IslandConfig:
        """The island that ``_island_for_program`` had in mind."""
        return region(**spec)


class BestFit(MutantRouter):
    """Routes to the island in whose region the program lies."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return max(candidate_islands, key=lambda island: fit_score(program, island), default=None)


def fit_score(program: Program, island: Island) -> float:
    """1 within the island's region, 0 outside of it."""
    low, high = island.behavior_space.feature_bounds["fitness"]
    return float(low <= program.metrics["fitness"] < high)


def region(island_id: str, low: float) -> IslandConfig:
    """An island for fitness from ``low`` on."""
    space = BehaviorSpace(feature_bounds={"fitness": (low, low + WIDTH)}, resolution={"fitness": 10})
    return IslandConfig(island_id=island_id, behavior_space=space)
