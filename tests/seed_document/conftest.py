"""Programs, islands and a run for the blocks that speak of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    StrategyContext,
    SumArchiveSelector,
)
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState

ProgramMaker = Callable[..., Program]

GENERATION = 20


@pytest.fixture
def context() -> StrategyContext:
    """A run whose primary metric is ``fitness``, from 0 to 100."""
    specs = {
        "fitness": MetricSpec(description="f", is_primary=True, lower_bound=0.0, upper_bound=100.0),
        "difficulty": MetricSpec(description="share of the solutions that fail", lower_bound=0.0, upper_bound=1.0),
        "coverage": MetricSpec(description="what a test looks at", lower_bound=0.0, upper_bound=1.0),
        "convergence_speed": MetricSpec(description="per mutant", lower_bound=0.0, upper_bound=1.0),
        "final_fitness": MetricSpec(description="of the inner run", lower_bound=0.0, upper_bound=100.0),
    }
    return StrategyContext(metrics=Metrics(specs), random=RandomSource(0), generation_size=GENERATION)


@pytest.fixture
def make_program() -> ProgramMaker:
    """A valid, evaluated program; metrics that are not given are ordinary ones."""

    def make(program_id: str, **metrics: float) -> Program:
        usual = {"fitness": 50.0, "is_valid": 1.0, "validity": 1.0, "complexity": 100.0, "complexity_score": 100.0}
        return Program(id=program_id, source="", state=ProgramState.COMPLETED, metrics={**usual, **metrics})

    return make


@pytest.fixture
async def island(context: StrategyContext, make_program: ProgramMaker) -> Island:
    """``fitness_island`` with ten elites of fitness 5, 15, ... 95."""
    space = BehaviorSpace(keys=["fitness", "validity"], resolution=[20, 5])
    island = Island(island_id="fitness_island", behavior_space=space, archive_selector=SumArchiveSelector(["fitness"]))
    island.bind(context)
    for number in range(10):
        assert await island.add(make_program(f"elite{number}", fitness=5.0 + 10.0 * number))
    return island


def island_configs() -> list[IslandConfig]:
    """The two islands of which the document speaks."""
    return [
        IslandConfig(island_id=island_id, behavior_space=BehaviorSpace(keys=keys, resolution=[20, 5]))
        for island_id, keys in {
            "fitness_island": ["fitness", "validity"],
            "simplicity_island": ["fitness", "complexity_score"],
        }.items()
    ]


@pytest.fixture
async def strategy(context: StrategyContext, make_program: ProgramMaker) -> MapElitesMultiIsland:
    """Both islands, with programs that came one after another."""
    strategy = MapElitesMultiIsland(island_configs=island_configs(), migration_interval=1)
    strategy.bind(context)
    for number in range(20):
        context.random.proposal = -1 - number
        await strategy.add(make_program(f"p{number}", fitness=2.5 + 5.0 * number))
    assert all(len(island) > 0 for island in strategy.islands.values())
    return strategy
