"""A part of the user's that raises stops its own island's step and nothing else; beyond a limit the run must end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyFault
from gigaevo.evolution.strategies.faults import PartFailed, PartFaults
from gigaevo.evolution.strategies.map_elites import (
    ArchiveRemover,
    ArchiveSelector,
    BehaviorSpace,
    EliteSelector,
    FullyConnectedTopology,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    MigrantSelector,
    Migration,
    MigrationPolicy,
    MutantRouter,
    ScalarArchiveSelector,
    StrategyContext,
)
from gigaevo.programs import Program
from tests.strategies.logs import logged
from tests.strategies.worlds import METRICS, Step, World, copies, picture, replay


class Flaky:
    """Raises at the second call, and at every second one after it."""

    calls = 0

    def maybe(self) -> None:
        self.calls += 1
        if self.calls % 2 == 0:
            raise RuntimeError(f"call {self.calls}\nof {type(self).__name__}")


class FlakySelector(Flaky, ArchiveSelector):
    def is_better(self, candidate: Program, current: Program) -> bool:
        self.maybe()
        return candidate.metrics["fitness"] > current.metrics["fitness"]


class PickyScore(ScalarArchiveSelector):
    def score(self, program: Program) -> float:
        if program.number % 2:
            raise RuntimeError("odd")
        return program.metrics["fitness"]


class FlakyElites(Flaky, EliteSelector):
    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        self.maybe()
        return programs[:total]


class FlakyRemover(Flaky, ArchiveRemover):
    def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
        self.maybe()
        return programs[: len(programs) - max_size]


class FlakyMigrants(Flaky, MigrantSelector):
    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        self.maybe()
        return programs[:count]


class FlakySpace(BehaviorSpace, Flaky):
    def get_cell(self, metrics: Any) -> tuple[int, ...]:
        self.maybe()
        return super().get_cell(metrics)


class PickyQuantiles(BehaviorSpace):
    def observe(self, metrics: Any) -> None:
        if metrics["fitness"] % 2:
            raise RuntimeError("odd")
        super().observe(metrics)


class FlakyRouter(Flaky, MutantRouter):
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        self.maybe()
        return candidate_islands[program.number % len(candidate_islands)]


class Learner(MutantRouter):
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return candidate_islands[program.number % len(candidate_islands)]

    def credit(self, program: Program, island_id: str, kept: bool) -> None:
        raise RuntimeError("I learn nothing")


class Elsewhere(MutantRouter):
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Any:
        if program.number % 3 == 1:
            return Island(island_id="elsewhere", behavior_space=space())
        return candidate_islands[program.number % len(candidate_islands)]


class FlakyTopology(Flaky, FullyConnectedTopology):
    def destinations(self, source: str, islands: Any, rng: Any) -> Any:
        self.maybe()
        return super().destinations(source, islands, rng)


class Vague(FullyConnectedTopology):
    def destinations(self, source: str, islands: Any, rng: Any) -> Any:
        return 7


class FlakyPolicy(MigrationPolicy):
    def period(self, generation_size: int) -> int:
        return 2

    def plan(self, generation: int, islands: Any) -> Any:
        if generation % 2:
            raise RuntimeError("no plan")
        return "everybody to everybody"


def space(kind: type[BehaviorSpace] = BehaviorSpace, **settings: Any) -> BehaviorSpace:
    return kind(**{"keys": ["x"], "resolution": [4], **settings})


def config(island_id: str, **settings: Any) -> IslandConfig:
    return IslandConfig(**{"island_id": island_id, "behavior_space": space(), **settings})


# How two islands are made of which the first one has a part that raises; and what the part is asked to be.
BROKEN: dict[str, tuple[str, Callable[[], dict[str, Any]], Callable[[], dict[str, Any]]]] = {
    "selector": ("archive_selector", lambda: {"archive_selector": FlakySelector()}, dict),
    "score": ("archive_selector", lambda: {"archive_selector": PickyScore()}, dict),
    "function": ("archive_selector", lambda: {"archive_selector": lambda candidate, current: candidate.nothing}, dict),
    "elite selector": ("elite_selector", lambda: {"elite_selector": FlakyElites()}, dict),
    "elite function": ("elite_selector", lambda: {"elite_selector": lambda programs, total: None}, dict),
    "remover": ("archive_remover", lambda: {"archive_remover": FlakyRemover(), "max_size": 2}, dict),
    "migrant selector": ("migrant_selector", lambda: {"migrant_selector": FlakyMigrants()}, dict),
    "space": ("behavior_space", lambda: {"behavior_space": space(FlakySpace)}, dict),
    "learning space": (
        "behavior_space",
        lambda: {"behavior_space": space(PickyQuantiles, keys=["wild"], binning_types="QUANTILE")},
        dict,
    ),
    "rebinning": (
        "archive_selector",
        lambda: {
            "archive_selector": FlakySelector(),
            "behavior_space": space(keys=["wild", "size"], resolution=[3, 2], binning_types="QUANTILE"),
        },
        dict,
    ),
    "router": ("mutant_router", dict, lambda: {"mutant_router": FlakyRouter()}),
    "router that learns": ("mutant_router", dict, lambda: {"mutant_router": Learner()}),
    "router to nowhere": ("mutant_router", dict, lambda: {"mutant_router": Elsewhere()}),
    "topology": ("topology", dict, lambda: {"migration": Migration(interval=1, topology=FlakyTopology())}),
    "vague topology": ("topology", dict, lambda: {"migration": Migration(interval=1, topology=Vague())}),
    "policy": ("migration_policy", dict, lambda: {"migration": Migration(policy=FlakyPolicy())}),
}

STEPS = [
    Step(
        x=(number * 7 % 40) / 10,
        fitness=float(number * 13 % 17),
        size=float(number % 5),
        leaves=number % 11 == 10,
        operator="rewrite",
    )
    for number in range(60)
]


def world_with(kind: str, *, max_faults: int = 10_000) -> World:
    """Two islands, of which the first one has, or both share, the part of this kind."""
    _, of_island, of_strategy = BROKEN[kind]
    random = RandomSource(5)
    settings = {"migration": Migration(interval=1, max_migrants_per_island=2), **of_strategy()}
    strategy = MapElitesMultiIsland(
        island_configs=[config("broken", **of_island()), config("sound")], max_faults=max_faults, **settings
    )
    strategy.bind(StrategyContext(metrics=METRICS, random=random, generation_size=3))
    return World(strategy, random)


@pytest.mark.parametrize("kind", BROKEN)
async def test_the_other_island_goes_on_and_what_is_journalled_is_what_happened(kind: str) -> None:
    role = BROKEN[kind][0]
    lived = world_with(kind)
    with logged() as lines:
        await lived.live(STEPS)  # checks the laws of islands after each step
    faults = lived.strategy.faults
    assert faults.total > 1
    assert all(name.startswith(f"{role} ") for name in faults.counts), faults.counts
    assert sum(line.startswith("ERROR ") for line in lines) == len(faults.counts)
    sound = lived.strategy.islands["sound"]
    assert sound.kept > 0
    assert not any("fault" in reason for reason in sound.refused) or role == "mutant_router"

    again = world_with(kind)
    replay(again, lived.journal, copies(lived.programs))
    assert picture(again.strategy) == picture(lived.strategy)


@pytest.mark.parametrize("kind", ["selector", "remover", "space", "learning space"])
async def test_a_program_that_a_part_failed_on_is_set_aside_and_the_archive_stays_as_it_was(kind: str) -> None:
    world = world_with(kind)
    island = world.strategy.islands["broken"]
    checked = 0
    for number, step in enumerate(STEPS):
        metrics = {"fitness": step.fitness, "size": step.size, "x": step.x, "wild": step.x}
        program = Program(id=f"p{number}", number=number, source="", metrics=metrics)
        before = [(cell, elite.id) for cell, elite in island.archive]
        faults = world.strategy.faults.total
        kept = await island.add(program)
        if world.strategy.faults.total > faults:
            checked += 1
            assert not kept
            assert island.last_refusal == f"fault in {BROKEN[kind][0]}"
            assert [(cell, elite.id) for cell, elite in island.archive] == before
            assert island.drain_events()[-1].details == {"reason": island.last_refusal}
        island.drain_events()
    assert checked > 5


async def test_a_remover_that_fails_while_a_limit_was_lowered_loses_nobody() -> None:
    roomy = world_with("remover")
    broken = roomy.strategy.islands["broken"]
    broken.config.max_size = None
    for number in range(4):
        metrics = {"fitness": 0.0, "size": 1.0, "x": number + 0.5, "wild": 0.0}
        await broken.add(Program(id=f"p{number}", source="", metrics=metrics))
    broken.config.max_size = 2
    broken.parts.archive_remover = lambda programs, max_size: 1 / 0
    better = Program(id="q", source="", metrics={"fitness": 1.0, "size": 1.0, "x": 0.5, "wild": 0.0})
    broken.drain_events()
    assert await broken.add(better)
    assert [event.action for event in broken.drain_events()] == ["insert"]
    assert {elite.id for elite in broken.archive.programs()} == {"q", "p1", "p2", "p3"}


# The limit


def fail(faults: PartFaults, part: object, error: Exception, island_id: str = "") -> None:
    with pytest.raises(PartFailed), faults.guard(part, "elite_selector", island_id):
        raise error


def test_each_kind_of_fault_is_shown_once_with_its_traceback_and_counted() -> None:
    faults = PartFaults()
    with logged() as lines:
        for _ in range(3):
            fail(faults, FlakyElites(), RuntimeError("dull\nday"), "a")
        fail(faults, FlakyElites(), KeyError("x"), "a")
        fail(faults, FlakyElites(), RuntimeError("dull"), "b")
    assert faults.total == 5
    assert faults.counts == {
        "elite_selector FlakyElites of island a: RuntimeError": 3,
        "elite_selector FlakyElites of island a: KeyError": 1,
        "elite_selector FlakyElites of island b: RuntimeError": 1,
    }
    assert len(lines) == 3
    assert "The elite_selector FlakyElites of island a raised RuntimeError: dull day." in lines[0]
    assert "Traceback (most recent call last)" in lines[0]
    assert "test_faults.py" in lines[0]


def test_at_the_limit_the_run_may_not_go_on_and_one_line_says_why() -> None:
    faults = PartFaults(limit=3)
    for _ in range(2):
        fail(faults, FlakyElites(), RuntimeError("dull\nday " + 500 * "x"), "a")
    faults.check()
    fail(faults, FlakyRouter(), KeyError("other"))
    with pytest.raises(StrategyFault) as told:
        faults.check()
    message = str(told.value)
    assert message.startswith(
        "parts of the strategy raised 3 times (max_faults=3), 2 of them the elite_selector FlakyElites of island a: "
        "RuntimeError: dull day xxx"
    )
    assert "\n" not in message
    assert len(message) < 450


def test_a_limit_below_one_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_faults must be at least 1; found 0"):
        MapElitesMultiIsland(island_configs=[config("a")], max_faults=0)


async def test_the_limit_acts_before_anything_is_done_and_what_was_done_is_journalled() -> None:
    world = world_with("selector", max_faults=5)
    with pytest.raises(StrategyFault, match="5 times"):
        await world.live(STEPS)
    assert world.strategy.drain_events() == []
    again = world_with("selector")
    replay(again, world.journal, copies(world.programs))
    assert picture(again.strategy) == picture(world.strategy)


async def test_where_every_elite_selector_fails_parents_are_drawn_uniformly() -> None:
    strategy = MapElitesMultiIsland(island_configs=[config("a", elite_selector=lambda programs, total: 1 / 0)])
    strategy.bind(StrategyContext(metrics=METRICS, random=RandomSource(0)))
    for number in range(4):
        metrics = {"fitness": 0.0, "size": 1.0, "x": number + 0.5, "wild": 0.0}
        await strategy.add(Program(id=f"p{number}", number=number, source="", metrics=metrics))
    chosen = await strategy.select_elites(4)
    assert {parent.id for parent in chosen} == {"p0", "p1", "p2", "p3"}
    assert strategy.faults.total == 1
