"""Laws that hold for every kind of island, whatever happens to it: nothing is lost, nothing is double, limits hold, and
the journal gives the whole state again."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.adaptive_islands import AdaptiveMultiIsland
from gigaevo.evolution.strategies.base import ArchiveEvent
from gigaevo.evolution.strategies.hierarchical_islands import HierarchicalMultiIsland
from gigaevo.evolution.strategies.island_reset import IslandReset
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.mutant_router import AdaptiveMutantRouter, RoundRobinMutantRouter
from gigaevo.evolution.strategies.pareto import dominates
from tests.strategies.worlds import KINDS, STEPS, Step, copies, picture, replay, world_of

ALL_KINDS = [[kind] for kind in KINDS]
PAIRS = [["grid", "front"], ["quantile", "wide"], ["old", "loose"], ["walk", "grid"], ["small", "cvt", "grid"]]


@pytest.mark.parametrize("kinds", [*ALL_KINDS, *PAIRS], ids="+".join)
@given(steps=STEPS, cut=st.integers(0, 60), copy=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_snapshot_and_the_journal_after_it_give_the_whole_state_again(
    kinds: list[str], steps: list[Step], cut: int, copy: bool
) -> None:
    async def scenario() -> None:
        lived = world_of(kinds, copy=copy)
        await lived.live(steps[:cut])
        snapshot = json.loads(json.dumps(lived.strategy.snapshot()))
        before = copies(lived.programs)
        lived.journal.clear()
        await lived.live(steps[cut:], start=cut)

        restored = world_of(kinds, copy=copy)
        known = copies(lived.programs) | before
        restored.strategy.restore(snapshot, known)
        assert json.loads(json.dumps(restored.strategy.snapshot())) == snapshot
        replay(restored, lived.journal, known)
        assert picture(restored.strategy) == picture(lived.strategy)

    asyncio.run(scenario())


GROWING = {
    "adaptive": (AdaptiveMultiIsland, ["grid"], {"max_islands": 3, "fit_threshold": 0.9, "settled": 2}),
    "hierarchical": (
        HierarchicalMultiIsland,
        ["grid"],
        {"refine_after": 5, "max_children": 2, "child_resolution": 3, "child_max_size": 2},
    ),
    "reset": (MapElitesMultiIsland, ["grid", "small"], {"reset": IslandReset(after=4, settlers=2)}),
}


@pytest.mark.parametrize("name", GROWING)
@given(steps=STEPS, cut=st.integers(0, 60), copy=st.booleans())
@settings(max_examples=40, deadline=None)
def test_islands_made_or_emptied_at_run_time_are_there_again_after_a_restart(
    name: str, steps: list[Step], cut: int, copy: bool
) -> None:
    strategy_class, kinds, more = GROWING[name]

    async def scenario() -> None:
        lived = world_of(kinds, copy=copy, strategy_class=strategy_class, **more)
        await lived.live(steps[:cut])
        snapshot = json.loads(json.dumps(lived.strategy.snapshot()))
        before = copies(lived.programs)
        lived.journal.clear()
        await lived.live(steps[cut:], start=cut)
        known = copies(lived.programs) | before
        restored = world_of(kinds, copy=copy, strategy_class=strategy_class, **more)
        restored.strategy.restore(snapshot, known)
        replay(restored, lived.journal, known)
        assert list(restored.strategy.islands) == list(lived.strategy.islands)
        assert picture(restored.strategy) == picture(lived.strategy)

    asyncio.run(scenario())


@pytest.mark.parametrize("router", [AdaptiveMutantRouter, RoundRobinMutantRouter])
@given(steps=STEPS)
@settings(max_examples=20, deadline=None)
def test_what_a_router_learns_is_learned_again_from_the_journal(router: type, steps: list[Step]) -> None:
    async def scenario() -> None:
        lived = world_of(["grid", "front"], mutant_router=router())
        await lived.live(steps)
        replayed = world_of(["grid", "front"], mutant_router=router())
        replay(replayed, lived.journal, copies(lived.programs))
        assert picture(replayed.strategy) == picture(lived.strategy)

    asyncio.run(scenario())


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_nothing_that_a_cell_has_seen_dominates_what_its_front_holds(steps: list[Step]) -> None:
    async def scenario() -> None:
        world = world_of(["front"])
        island = world.strategy.islands["front"]
        seen: dict[tuple[int, ...], list[tuple[float, float]]] = {}
        for number, step in enumerate(steps):
            await world.live([step], start=number)
            program = world.programs.get(f"p{number}")
            if program is not None:
                cell = island.behavior_space.get_cell(program.metrics)
                seen.setdefault(cell, []).append((program.metrics["fitness"], -program.metrics["size"]))
            for cell in list(seen):
                front = island.archive.occupants(cell)
                if not front:
                    del seen[cell]
                for elite in front:
                    vector = (elite.metrics["fitness"], -elite.metrics["size"])
                    assert not any(dominates(np.array(other), np.array(vector)) for other in seen[cell])

    asyncio.run(scenario())


@given(steps=STEPS, copy=st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_program_is_lost_by_migration(steps: list[Step], copy: bool) -> None:
    """Whoever is gone was displaced, removed for the size, or rebinned away: each with an event that says so."""

    async def scenario() -> None:
        world = world_of(["grid", "small", "front"], copy=copy)
        await world.live(steps)
        present: dict[str, set[str]] = {island: set() for island in world.strategy.islands}
        for kind, fields in world.journal:
            if kind != "event":
                continue
            event = ArchiveEvent.from_json(fields)
            if event.action == "insert":
                present[event.island_id].discard(event.displaced or "")
                present[event.island_id].add(event.program_id)
            elif event.action == "remove":
                present[event.island_id].discard(event.program_id)
        assert present == {island.id: island.archive.ids for island in world.strategy.islands.values()}

    asyncio.run(scenario())


async def test_elites_that_collide_when_edges_move_leave_the_better_one_and_an_event() -> None:
    world = world_of(["quantile"])
    steps = [Step(x / 40, float(x % 7), 1.0 + x % 3, False, "tune") for x in range(160)]
    await world.live(steps)
    events = [ArchiveEvent.from_json(what) for kind, what in world.journal if kind == "event"]
    moves = [event for event in events if event.action == "rebin"]
    assert moves, "the edges never moved"
    island = world.strategy.islands["quantile"]
    for cell, program in island.archive:
        assert island.behavior_space.get_cell(program.metrics) == cell
    removed = [event.program_id for event in events if event.action == "remove"]
    assert island.rebinned == len(removed) > 0
    assert all(not world.strategy.holds(program_id) for program_id in removed)
