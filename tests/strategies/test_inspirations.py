"""Inspirations: never a parent, none twice, the best first, no more than asked for, and nothing changes by asking."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    IslandConfig,
    MapElitesMultiIsland,
)
from gigaevo.programs import Program
from tests.strategies.populations import context_of, ids
from tests.strategies.worlds import KINDS, STEPS, Step, picture, world_of

ALL_KINDS = [[kind] for kind in KINDS]
SEVERAL = [["grid", "front"], ["quantile", "wide"], ["walk", "loose"], ["small", "cvt", "grid"]]


@pytest.mark.parametrize("kinds", [*ALL_KINDS, *SEVERAL], ids="+".join)
@given(
    steps=STEPS,
    best=st.integers(0, 4),
    diverse=st.integers(0, 4),
    chosen=st.lists(st.integers(0, 60), max_size=3),
    copy=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_the_laws_of_inspirations_hold_for_every_kind_of_island(
    kinds: list[str], steps: list[Step], best: int, diverse: int, chosen: list[int], copy: bool
) -> None:
    async def scenario() -> None:
        world = world_of(kinds, copy=copy)
        await world.live(steps)
        strategy = world.strategy
        everybody = list(world.programs.values())
        parents = [everybody[number % len(everybody)] for number in chosen if everybody]
        before = picture(strategy)
        world.random.proposal = 1000
        found = strategy.inspirations(parents, best=best, diverse=diverse)
        world.random.proposal = 1000
        assert ids(strategy.inspirations(parents, best=best, diverse=diverse)) == ids(found)
        assert picture(strategy) == before and strategy.drain_events() == []

        others = strategy.members() - set(ids(parents))
        assert len(set(ids(found))) == len(found) <= best + diverse
        assert set(ids(found)) <= others
        leading = found[: min(best, len(others))]
        values = sorted((world.programs[name].metrics["fitness"] for name in others), reverse=True)
        assert [program.metrics["fitness"] for program in leading] == values[: len(leading)]

    asyncio.run(scenario())


def strategy_of(points: list[tuple[float, float]], *, higher_is_better: bool = True) -> MapElitesMultiIsland:
    """One island of 10 x 10 cells over [0, 10] squared, with an elite of fitness 0, 1 and so on at each point."""
    space = BehaviorSpace(feature_bounds={"x": (0.0, 10.0), "y": (0.0, 10.0)}, resolution=10)
    strategy = MapElitesMultiIsland(island_configs=[IslandConfig(island_id="main", behavior_space=space)])
    strategy.bind(context_of(higher_is_better=higher_is_better))
    for number, (x, y) in enumerate(points):
        metrics = {"fitness": float(number), "x": x, "y": y}
        assert asyncio.run(strategy.add(Program(id=f"p{number}", number=number, source="", metrics=metrics)))
    return strategy


CORNERS = [(0.5, 0.5), (1.5, 0.5), (0.5, 1.5), (9.5, 0.5), (9.5, 9.5)]


@pytest.mark.parametrize(("higher_is_better", "expected"), [(True, ["p4", "p3"]), (False, ["p1", "p2"])])
def test_the_best_are_those_in_the_direction_of_the_metric(higher_is_better: bool, expected: list[str]) -> None:
    strategy = strategy_of(CORNERS, higher_is_better=higher_is_better)
    [parent] = [elite for elite in asyncio.run(strategy.islands["main"].get_elites()) if elite.id == "p0"]
    assert ids(strategy.inspirations([parent], best=2, diverse=0)) == expected


def test_the_diverse_are_far_from_the_parent_and_from_one_another() -> None:
    strategy = strategy_of(CORNERS)
    [parent] = [elite for elite in asyncio.run(strategy.islands["main"].get_elites()) if elite.id == "p0"]
    assert ids(strategy.inspirations([parent], best=0, diverse=2)) == ["p4", "p3"]


def test_who_shares_the_cell_of_a_parent_is_no_diverse_inspiration() -> None:
    strategy = world_of(["front"]).strategy
    for name, x, fitness, size in (("parent", 0.5, 1.0, 1.0), ("mate", 0.6, 2.0, 2.0), ("other", 3.0, 1.0, 1.0)):
        metrics = {"fitness": fitness, "size": size, "x": x, "wild": 0.0}
        assert asyncio.run(strategy.add(Program(id=name, number=len(name), source="", metrics=metrics)))
    [parent] = [elite for elite in asyncio.run(strategy.islands["front"].get_elites()) if elite.id == "parent"]
    assert ids(strategy.inspirations([parent], best=0, diverse=5)) == ["other"]
    assert ids(strategy.inspirations([parent], best=1, diverse=0)) == ["mate"]


def test_a_failed_parent_that_was_never_measured_has_inspirations_too() -> None:
    failed = Program(id="failed", number=99, source="")
    assert len(strategy_of(CORNERS).inspirations([failed], best=1, diverse=2)) == 3


def test_other_proposals_draw_others() -> None:
    strategy = strategy_of([(x + 0.5, y + 0.5) for x in range(10) for y in range(10)])
    drawn = set()
    for proposal in range(10):
        strategy._random.proposal = proposal
        drawn.add(tuple(ids(strategy.inspirations([], best=0, diverse=2))))
    assert len(drawn) > 1


async def test_the_control_arm_inspires_nobody() -> None:
    arm = BestOfN()
    arm.bind(context_of())
    initial, child = (Program(id=str(n), number=n, source="", metrics={"fitness": float(n)}) for n in (-1, 0))
    assert await arm.add(initial) and await arm.add(child)
    assert arm.inspirations([initial], best=3, diverse=3) == []
