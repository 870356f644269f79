"""Islands made at run time: when they come, what belongs to them, and islands that begin anew."""

from __future__ import annotations

import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.adaptive_islands import AdaptiveMultiIsland
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.hierarchical_islands import HierarchicalMultiIsland
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.island_reset import IslandReset
from gigaevo.programs import Program
from tests.strategies.worlds import METRICS, Step, World, world_of


def step(x: float, fitness: float = 1.0) -> Step:
    return Step(x=x, fitness=fitness, size=1.0, leaves=False, operator="tune")


def founding(**settings: object) -> World:
    defaults = {"fit_threshold": 0.7, "settled": 2, "max_islands": 2}
    return world_of(["grid"], strategy_class=AdaptiveMultiIsland, **{**defaults, **settings})


async def test_a_program_that_fits_nowhere_founds_an_island_and_its_like_follow_it() -> None:
    world = founding()
    await world.live([step(0.1), step(1.2), step(0.2, 2.0)])
    assert list(world.strategy.islands) == ["grid"]
    await world.live([step(3.9), step(3.8, 2.0)], start=3)
    assert list(world.strategy.islands) == ["grid", "niche_1"]
    assert {program.id for _, program in world.strategy.islands["niche_1"].archive} == {"p4"}


async def test_there_are_never_more_islands_than_the_cap() -> None:
    world = founding(max_islands=1)
    await world.live([step(0.1), step(1.2), step(3.9), step(3.0)])
    assert list(world.strategy.islands) == ["grid"]


def test_a_cap_below_the_islands_given_is_refused() -> None:
    with pytest.raises(ValueError, match="max_islands must be at least 1"):
        founding(max_islands=0)


def refining(**settings: object) -> World:
    defaults = {"refine_after": 3, "max_children": 1, "child_resolution": 4}
    return world_of(["grid"], strategy_class=HierarchicalMultiIsland, **{**defaults, **settings})


async def test_a_crowded_cell_of_the_root_becomes_a_finer_island_and_its_elite_moves_there() -> None:
    world = refining()
    await world.live([step(1.1, 1.0), step(3.5), step(1.2, 3.0)])
    assert list(world.strategy.islands) == ["grid"]
    await world.live([step(1.9, 2.0)], start=3)
    child = world.strategy.islands["grid_1"]
    assert child.behavior_space.feature_bounds == {"x": (1.0, 2.0)}
    assert {program.id for _, program in child.archive} == {"p2"}
    assert {program.id for _, program in world.strategy.islands["grid"].archive} == {"p1"}
    await world.live([step(1.95, 0.5), step(1.15, 9.0), step(3.5, 9.0)], start=4)
    assert {program.id for _, program in child.archive} == {"p4", "p5"}
    assert {program.id for _, program in world.strategy.islands["grid"].archive} == {"p6"}


async def test_there_are_never_more_children_than_asked_for() -> None:
    world = refining(max_children=0)
    await world.live([step(1.1)] * 10)
    assert list(world.strategy.islands) == ["grid"]


def test_a_root_whose_edges_move_is_refused_with_what_would_be_right() -> None:
    strategy = HierarchicalMultiIsland(
        island_configs=[IslandConfig(island_id="r", behavior_space=BehaviorSpace(keys=["wild"]))]
    )
    with pytest.raises(ValueError, match="island r: the root of a hierarchy needs a grid that stays as it is"):
        strategy.bind(StrategyContext(metrics=METRICS, random=RandomSource(0)))


@pytest.mark.parametrize("copy", [False, True])
async def test_an_island_that_comes_no_further_is_settled_anew_and_the_leader_never(copy: bool) -> None:
    world = world_of(["grid", "small"], copy=copy, reset=IslandReset(after=5, settlers=2))
    world.strategy.migration.enabled = False
    leader, other = world.strategy.islands["grid"], world.strategy.islands["small"]
    world.random.proposal = 1
    for number, cell in enumerate((0.5, 1.5, 2.5)):
        await leader.add(offered(world, f"a{number}", cell, 9.0 - number))
    for number in range(6):
        await other.add(offered(world, f"b{number}", 0.5, -number))
    assert other.stagnation == 5
    world.random.proposal = 3
    await world.strategy.select_elites(1)
    assert not any(program.id.startswith("b") for _, program in other.archive)
    expected = {"a0", "a1"} if copy else {"a1", "a2"}
    assert other.archive.ids == expected
    assert leader.archive.ids == ({"a0", "a1", "a2"} if copy else {"a0"})
    assert other.stagnation == 0


def offered(world: World, program_id: str, x: float, fitness: float) -> Program:
    metrics = {"fitness": fitness, "x": x, "size": x, "wild": 0.0}
    world.programs[program_id] = Program(id=program_id, source="", metrics=metrics)
    return world.programs[program_id]
