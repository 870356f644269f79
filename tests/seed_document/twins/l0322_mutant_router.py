"""The three examples that the sketch of a router names, each as a router that works."""

from __future__ import annotations

from gigaevo.evolution.strategies.map_elites import Island, MutantRouter
from gigaevo.programs import Program


class AnyIsland(MutantRouter):
    """Random: any of the islands, from the run's seed."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        if not candidate_islands:
            return None
        return candidate_islands[self.rng.integers(len(candidate_islands))]


class MatchingIsland(MutantRouter):
    """Behaviour-based: the first island where the program's cell is empty; None where it has no such place."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        for island in candidate_islands:
            cell = island.behavior_space.get_cell(program.metrics)
            taken = {island.behavior_space.get_cell(elite.metrics) for elite in await island.get_elites()}
            if cell not in taken:
                return island
        return None


class MostCompetitiveIsland(MutantRouter):
    """Fitness-based: where the program beats the greatest share of the elites."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        shares = {}
        for island in candidate_islands:
            elites = await island.get_elites()
            beaten = sum(elite.metrics["fitness"] < program.metrics["fitness"] for elite in elites)
            shares[island.id] = beaten / len(elites) if elites else 1.0
        return max(candidate_islands, key=lambda island: shares[island.id], default=None)
