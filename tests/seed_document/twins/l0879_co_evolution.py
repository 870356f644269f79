"""Two species that interact: lines that shall run through points, and points that lines shall miss."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    MutantRouter,
    SumArchiveSelector,
)
from gigaevo.programs import Program, ProgramState

SOLUTIONS, TESTCASES = "solutions_island", "testcases_island"

# Species 1: Solutions
solutions_island = IslandConfig(
    island_id=SOLUTIONS,
    behavior_space=BehaviorSpace(keys=["fitness", "novelty"], resolution=[20, 5]),
)

# Species 2: Test cases
testcases_island = IslandConfig(
    island_id=TESTCASES,
    behavior_space=BehaviorSpace(keys=["difficulty", "coverage"], resolution=[5, 10]),
    archive_selector=SumArchiveSelector(["difficulty"]),
)


class SpeciesRouter(MutantRouter):
    """Each species has its island."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        species = TESTCASES if "difficulty" in program.metrics else SOLUTIONS
        return next((island for island in candidate_islands if island.id == species), None)


def two_species() -> MapElitesMultiIsland:
    """Both islands; nobody migrates into another species."""
    return MapElitesMultiIsland(
        island_configs=[solutions_island, testcases_island], mutant_router=SpeciesRouter(), enable_migration=False
    )


# Fitness evaluation considers both species


def passes(line: list[float], x: float) -> bool:
    """Whether a line ``a x + b`` comes near enough to ``3 x + 1`` at ``x``."""
    return abs(line[0] * x + line[1] - (3.0 * x + 1.0)) < 4.0


def pass_rate(line: list[float], points: list[float]) -> float:
    """Percentage of the points that a line passes."""
    return 100.0 * sum(passes(line, x) for x in points) / len(points) if points else 0.0


def solution(name: str, line: list[float], points: list[float]) -> Program:
    """A line, as good as the points that it passes."""
    return evaluated(name, line, fitness=pass_rate(line, points))


def testcase(name: str, x: float, lines: list[list[float]]) -> Program:
    """A point, as good as the lines that miss it."""
    failing = sum(not passes(line, x) for line in lines) / len(lines) if lines else 0.0
    return evaluated(name, x, fitness=100.0 * failing, difficulty=failing, coverage=x / 10.0)


def evaluated(name: str, genome: object, **metrics: float) -> Program:
    """A program whose text is its genome."""
    return Program(
        id=name, source=json.dumps(genome), state=ProgramState.COMPLETED, metrics={"is_valid": 1.0, **metrics}
    )


async def genomes(island: Island) -> list[Any]:
    """What the elites of a species are."""
    return [json.loads(elite.source) for elite in await island.get_elites()]


async def evolve(strategy: MapElitesMultiIsland, rng: np.random.Generator, rounds: int) -> None:
    """Offer one child of each species a round, evaluated on the other species as it stands."""
    solutions, testcases = strategy.islands[SOLUTIONS], strategy.islands[TESTCASES]
    for number in range(rounds):
        line = await child_of(solutions, [0.0, 0.0])
        moved = [value + float(rng.normal(scale=0.5)) for value in line]
        await strategy.add(solution(f"line{number}", moved, await genomes(testcases)))
        x = (await child_of(testcases, 5.0) + float(rng.normal(scale=2.0))) % 10.0
        await strategy.add(testcase(f"point{number}", x, await genomes(solutions)))


async def child_of(island: Island, first: Any) -> Any:
    """The genome of a parent; ``first`` while there is none."""
    parents = await island.select_elites(1)
    return json.loads(parents[0].source) if parents else first
