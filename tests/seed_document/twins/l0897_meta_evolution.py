"""Evolution of the parameters of evolution: each program of the meta-island is a set of them."""

from __future__ import annotations

import json
from itertools import count

import numpy as np

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    EpsilonGreedyEliteSelector,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    StrategyContext,
)
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState

Parameters = dict[str, float]

# Use a meta-island to optimize:
FIRST: Parameters = {
    "max_size": 2.0,  # - Island sizes
    "migration_interval": 30.0,  # - Migration rates
    "epsilon": 0.9,  # - Selection pressures
    "resolution": 2.0,  # - Binning resolutions
    "step": 0.05,  # how far a mutant goes
}
MUTANTS = 60  # of an inner run
INNER_METRICS = Metrics(
    {
        "fitness": MetricSpec(description="f", is_primary=True, lower_bound=0.0, upper_bound=100.0),
        "x": MetricSpec(description="x", lower_bound=0.0, upper_bound=10.0),
    }
)


def meta_island() -> Island:
    """The island whose programs are sets of evolution parameters."""
    return Island(
        island_id="meta_island",
        behavior_space=BehaviorSpace(keys=["convergence_speed", "final_fitness"], resolution=[5, 10]),
    )


def strategy_of(parameters: Parameters) -> MapElitesMultiIsland:
    """The strategy that the parameters describe: two islands alike."""
    islands = [
        IslandConfig(
            island_id=island_id,
            max_size=max(1, round(parameters["max_size"])),
            behavior_space=BehaviorSpace(keys=["x"], resolution=[max(1, round(parameters["resolution"]))]),
            elite_selector=EpsilonGreedyEliteSelector(epsilon=min(1.0, parameters["epsilon"])),
        )
        for island_id in ("left", "right")
    ]
    interval = max(1, round(parameters["migration_interval"]))
    return MapElitesMultiIsland(island_configs=islands, migration_interval=interval, max_migrants_per_island=1)


async def inner_run(parameters: Parameters, rng: np.random.Generator) -> Parameters:
    """Metrics of a run with these parameters: the search for a point far from where it begins."""
    random = RandomSource(int(rng.integers(2**32)))
    strategy = strategy_of(parameters)
    strategy.bind(StrategyContext(metrics=INNER_METRICS, random=random, generation_size=1))
    await strategy.add(point("first", 0.0))
    best = [0.0]
    for number in range(1, MUTANTS + 1):
        random.proposal = number
        [parent] = await strategy.select_elites(1)
        child = point(str(number), parent.metrics["x"] + float(rng.normal(scale=parameters["step"])))
        await strategy.add(child)
        best.append(max(best[-1], child.metrics["fitness"]))
    reached = next(number for number, value in enumerate(best) if value >= 0.99 * best[-1])
    return {"final_fitness": best[-1], "convergence_speed": 1.0 - reached / MUTANTS}


def point(name: str, x: float) -> Program:
    """A solution of the inner problem: 100 at x = 8, and less the farther off."""
    metrics = {"x": x, "fitness": 100.0 - 12.0 * abs(x - 8.0)}
    return Program(id=name, state=ProgramState.COMPLETED, metrics=metrics)


async def evolve(island: Island, rng: np.random.Generator, mutants: int) -> None:
    """Offer sets of parameters to the meta-island, each made from one that it holds."""
    names = count()

    async def offer(parameters: Parameters) -> None:
        outcome = await inner_run(parameters, rng)
        metrics = {**outcome, "fitness": outcome["final_fitness"], "is_valid": 1.0}
        text = json.dumps(parameters)
        await island.add(Program(id=str(next(names)), source=text, state=ProgramState.COMPLETED, metrics=metrics))

    await offer(FIRST)
    for _ in range(mutants):
        [parent] = await island.select_elites(1)
        parameters: Parameters = json.loads(parent.source)
        await offer({key: value * float(rng.lognormal(sigma=0.5)) for key, value in parameters.items()})
