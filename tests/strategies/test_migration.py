"""Migration moves elites: none is lost, none is in two islands, and the journal tells of it."""

from __future__ import annotations

import numpy as np
import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    MigrantSelector,
    MutantRouter,
    RandomMutantRouter,
    StrategyContext,
    SumArchiveSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.evolution.strategies.migration import migrate
from gigaevo.programs import Metrics, MetricSpec, Program

BINS = 6
PERIOD = 2 * 3


class ByNumber(MutantRouter):
    """Even numbers go to the first island that may be had, odd ones to the last."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return candidate_islands[-(program.number % 2)] if candidate_islands else None


def build(random: RandomSource, **settings: object) -> MapElitesMultiIsland:
    """Islands ``a`` and ``b``, over ``x`` and over ``y``, that migrate every 2 generations of 3 proposals."""
    axis = {"lower_bound": 0.0, "upper_bound": float(BINS)}
    metrics = Metrics(
        {
            "fitness": MetricSpec(description="f", is_primary=True),
            "x": MetricSpec(description="x", **axis),
            "y": MetricSpec(description="y", **axis),
        }
    )
    configs = [
        IslandConfig(island_id=name, behavior_space=BehaviorSpace(keys=[key], resolution=BINS))
        for name, key in (("a", "x"), ("b", "y"))
    ]
    strategy = MapElitesMultiIsland(
        island_configs=configs,
        mutant_router=ByNumber(),
        **{"migration_interval": 2, "max_migrants_per_island": 2, **settings},  # type: ignore[arg-type]
    )
    strategy.bind(StrategyContext(metrics=metrics, random=random, generation_size=3))
    return strategy


async def populate(strategy: MapElitesMultiIsland) -> dict[str, Program]:
    """Even numbers fill island ``a``, odd ones ``b``."""
    programs = {}
    for number in range(8):
        metrics = {"fitness": float(number), "x": number % BINS + 0.5, "y": number * 2 % BINS + 0.5}
        program = Program(id=f"p{number}", number=number, source="", metrics=metrics)
        programs[program.id] = program
        await strategy.add(program)
    return programs


def homes(strategy: MapElitesMultiIsland) -> dict[str, set[str]]:
    return {name: island.archive.ids for name, island in strategy.islands.items()}


async def test_the_best_move_and_none_is_in_two_islands() -> None:
    random = RandomSource(0)
    strategy = build(random)
    programs = await populate(strategy)
    before = homes(strategy)
    strategy.drain_events()
    random.proposal = PERIOD
    await strategy.select_elites(1)

    after = homes(strategy)
    events = strategy.drain_events()
    assert after != before
    assert not after["a"] & after["b"]
    lost = (before["a"] | before["b"]) - (after["a"] | after["b"])
    assert lost == {event.displaced for event in events if event.displaced is not None}
    for name, ids in after.items():
        assert all(programs[program_id].metadata["current_island"] == name for program_id in ids)
    last_word = {event.program_id: event.action for event in events}
    assert set(last_word.values()) == {"insert"}


async def test_the_journal_of_a_migration_gives_the_same_islands_again() -> None:
    random = RandomSource(0)
    lived = build(random)
    programs = await populate(lived)
    random.proposal = PERIOD
    await lived.select_elites(1)
    replayed = build(random)
    for event in lived.drain_events():
        replayed.apply(event, programs[event.program_id])
    assert replayed.snapshot()["islands"] == lived.snapshot()["islands"]


@pytest.mark.parametrize(
    ("settings", "proposal"),
    [({}, 0), ({}, -3), ({}, PERIOD - 1), ({}, PERIOD + 1), ({"enable_migration": False}, PERIOD)],
)
async def test_nobody_moves_at_other_times_or_where_migration_is_off(
    settings: dict[str, object], proposal: int
) -> None:
    random = RandomSource(0)
    strategy = build(random, **settings)
    await populate(strategy)
    before = homes(strategy)
    random.proposal = proposal
    await strategy.select_elites(1)
    assert homes(strategy) == before


async def test_each_island_sends_no_more_than_it_may() -> None:
    random = RandomSource(0)
    strategy = build(random, max_migrants_per_island=1)
    await populate(strategy)
    strategy.drain_events()
    random.proposal = PERIOD
    await strategy.select_elites(1)
    assert sum(event.action == "remove" for event in strategy.drain_events()) <= 2


@pytest.mark.parametrize(("fitness", "home"), [(1.0, "a"), (9.0, "b")])
async def test_a_migrant_stays_where_it_was_unless_its_destination_keeps_it(fitness: float, home: str) -> None:
    class Nobody(MigrantSelector):
        def __call__(self, programs: list[Program], count: int) -> list[Program]:
            return []

    space = BehaviorSpace(feature_bounds={"x": (0, 1)}, resolution=1)
    compare = SumArchiveSelector(["fitness"])
    a = Island(
        island_id="a",
        behavior_space=space,
        archive_selector=compare,
        migrant_selector=TopFitnessMigrantSelector(fitness_key="fitness"),
    )
    b = Island(island_id="b", behavior_space=space, archive_selector=compare, migrant_selector=Nobody())
    migrant = Program(id="migrant", source="", metrics={"fitness": fitness, "x": 0.5})
    await a.add(migrant)
    await b.add(Program(id="host", source="", metrics={"fitness": 5.0, "x": 0.5}))
    await migrate([a, b], router=RandomMutantRouter(), per_island=1, rng=np.random.default_rng(0))
    assert [island.id for island in (a, b) if "migrant" in island] == [home]
    assert migrant.metadata["current_island"] == home
