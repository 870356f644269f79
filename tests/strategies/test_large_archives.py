"""What a mutant costs does not grow with the archive: counted in instructions, where a benchmark measures time.

Counted are the bytecode instructions that Python executes, in whatever module, so that a loop over the elites shows
even where it calls nothing. Loops in C (numpy's, the kernels') do not count: they are what the work is to be left to.
``benchmarks/bench_islands.py`` times both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np
import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.elite_selectors import (
    ArenaEliteSelector,
    BoltzmannEliteSelector,
    BracketTournamentEliteSelector,
    EliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    NoveltyEliteSelector,
    RandomEliteSelector,
    RankEliteSelector,
    ScalarTournamentEliteSelector,
    UCB1EliteSelector,
)
from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    IslandConfig,
    MapElitesMultiIsland,
    StrategyContext,
)
from gigaevo.evolution.strategies.migrant_selectors import (
    DiverseMigrantSelector,
    MigrantSelector,
    RandomMigrantSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.evolution.strategies.parent_gate import ParentGate
from gigaevo.evolution.strategies.removers import (
    AgeArchiveRemover,
    ArchiveRemover,
    DiversityArchiveRemover,
    FitnessArchiveRemover,
)
from gigaevo.programs import Metrics, MetricSpec, Program

SIDE = 1000  # cells along each of two axes
FEW, MANY = 2_000, 20_000
GROWTH = 2.0  # what ten times the elites may cost, at the most; the square root of them would be 3.2
REPEATS = 5  # of each call, since what one takes is a matter of chance
HUNDRED = 100  # repeats where something is done at every hundredth

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="f", is_primary=True, lower_bound=0.0),
        "x": MetricSpec(description="x", lower_bound=0.0, upper_bound=1.0),
        "y": MetricSpec(description="y", lower_bound=0.0, upper_bound=1.0),
    }
)


class World:
    """A strategy with one island, in which elites lie at random."""

    def __init__(self, elites: int) -> None:
        self.random = RandomSource(0)
        space = BehaviorSpace(keys=["x", "y"], resolution=[SIDE, SIDE])
        config = IslandConfig(island_id="island", behavior_space=space)
        self.strategy = MapElitesMultiIsland(island_configs=[config], enable_migration=False)
        self.context = StrategyContext(metrics=METRICS, random=self.random)
        self.strategy.bind(self.context)
        self.island = self.strategy.islands["island"]
        rng = np.random.default_rng(0)
        self.free = rng.permutation(SIDE * SIDE).tolist()
        self.taken = [self.free.pop() for _ in range(elites)]
        self.number = 0
        fitness = rng.uniform(1.0, 2.0, elites).tolist()
        self.elites = {
            program.id: program
            for program in (self.program(cell, value) for cell, value in zip(self.taken, fitness, strict=True))
        }
        for elite in self.elites.values():
            self.add(elite)
        self._start = self.strategy.snapshot()

    def begin_anew(self) -> None:
        self.island.config.max_size = None
        self.strategy.restore(self._start, self.elites)

    def program(self, cell: int, fitness: float) -> Program:
        """The next program, which belongs into a cell."""
        x, y = divmod(cell, SIDE)
        metrics = {"fitness": fitness, "x": (x + 0.5) / SIDE, "y": (y + 0.5) / SIDE}
        self.number += 1
        return Program(id=f"p{self.number}", number=self.number, source="", metrics=metrics)

    def add(self, program: Program) -> bool:
        self.random.proposal = program.number
        kept = finished(self.strategy.add(program))
        self.strategy.drain_events()
        return kept

    def select(self, total: int) -> list[Program]:
        self.random.proposal += 1
        return finished(self.strategy.select_elites(total))

    def use(self, role: str, part: Any) -> None:
        """Give the island another part."""
        if hasattr(part, "use_space"):
            part.use_space(self.island.behavior_space)
        part.bind(self.context)
        setattr(self.island.parts, role, part)


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, which waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def instructions(call: Callable[[], object]) -> int:
    """How many bytecode instructions a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        count += event == "opcode"
        return trace

    tracer_of_others = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(tracer_of_others)
    return count


@pytest.fixture(scope="module")
def worlds() -> tuple[World, World]:
    """One with few elites and one with many, for those who only look at them."""
    return World(FEW), World(MANY)


@pytest.fixture
def fresh_worlds(worlds: tuple[World, World]) -> tuple[World, World]:
    """The same as they were filled, with no index that somebody else asked for."""
    for world in worlds:
        world.begin_anew()
    return worlds


def costs(worlds: tuple[World, World], step: Callable[[World], Callable[[], object]], repeats: int) -> list[int]:
    """Instructions of the dearest call in each world, after a first one that may make what later ones keep in step.

    Args:
        worlds: The worlds.
        step: Prepares a call in a world.
        repeats: How many calls count.
    """
    dearest = []
    for world in worlds:
        step(world)()
        dearest.append(max(instructions(step(world)) for _ in range(repeats)))
    return dearest


def assert_no_growth(
    worlds: tuple[World, World], step: Callable[[World], Callable[[], object]], repeats: int = REPEATS
) -> None:
    few, many = costs(worlds, step, repeats)
    assert 0 < many < GROWTH * few


def add_to_empty_cell(world: World) -> Callable[[], object]:
    newcomer = world.program(world.free.pop(), 1.5)
    return lambda: world.add(newcomer)


def add_better(world: World) -> Callable[[], object]:
    newcomer = world.program(world.taken[world.number % len(world.taken)], 2.0 + world.number)
    return lambda: world.add(newcomer)


def add_worse(world: World) -> Callable[[], object]:
    newcomer = world.program(world.taken[world.number % len(world.taken)], 0.5)
    return lambda: world.add(newcomer)


ADDITIONS = [add_to_empty_cell, add_better, add_worse]
EVERY_ADDITION = pytest.mark.parametrize("addition", ADDITIONS, ids=lambda addition: addition.__name__)


def test_a_walk_over_all_elites_would_be_seen(worlds: tuple[World, World]) -> None:
    few, many = costs(worlds, lambda world: world.island.archive.programs, REPEATS)
    assert many > 5 * few


@EVERY_ADDITION
def test_an_addition_does_not_cost_more_in_a_larger_archive(
    fresh_worlds: tuple[World, World], addition: Callable[[World], Callable[[], object]]
) -> None:
    assert_no_growth(fresh_worlds, addition, HUNDRED)


@EVERY_ADDITION
def test_nor_does_it_where_a_ranking_and_neighbours_are_kept_in_step(
    fresh_worlds: tuple[World, World], addition: Callable[[World], Callable[[], object]]
) -> None:
    for world in fresh_worlds:
        for selector in (RankEliteSelector(), NoveltyEliteSelector()):
            world.use("elite_selector", selector)
            assert world.select(1)
    assert_no_growth(fresh_worlds, addition)


@pytest.mark.parametrize("make", [FitnessArchiveRemover, AgeArchiveRemover, DiversityArchiveRemover])
def test_somebody_has_to_go_at_the_same_cost_from_a_larger_archive(
    fresh_worlds: tuple[World, World], make: Callable[[], ArchiveRemover]
) -> None:
    for world in fresh_worlds:
        world.island.config.max_size = len(world.elites)
        world.use("archive_remover", make())
    assert_no_growth(fresh_worlds, add_to_empty_cell)
    assert [len(world.island) for world in fresh_worlds] == [FEW, MANY]


@pytest.mark.parametrize("total", [1, 20])
@pytest.mark.parametrize(
    "make",
    [
        ArenaEliteSelector,
        BoltzmannEliteSelector,
        BracketTournamentEliteSelector,
        EpsilonGreedyEliteSelector,
        FitnessProportionalEliteSelector,
        NoveltyEliteSelector,
        RandomEliteSelector,
        RankEliteSelector,
        ScalarTournamentEliteSelector,
        UCB1EliteSelector,
    ],
)
def test_parents_do_not_cost_more_from_a_larger_archive(
    worlds: tuple[World, World], make: Callable[[], EliteSelector], total: int
) -> None:
    for world in worlds:
        world.use("elite_selector", make())
        assert len(world.select(total)) == total
    assert_no_growth(worlds, lambda world: lambda: world.select(total))


@pytest.mark.parametrize("make", [DiverseMigrantSelector, RandomMigrantSelector, TopFitnessMigrantSelector])
def test_migrants_do_not_cost_more_from_a_larger_archive(
    worlds: tuple[World, World], make: Callable[[], MigrantSelector]
) -> None:
    for world in worlds:
        world.use("migrant_selector", make())
    assert_no_growth(worlds, lambda world: lambda: finished(world.island.select_migrants(5)))


@pytest.mark.parametrize(
    "question",
    [
        lambda world: lambda: finished(world.strategy.get_metrics()),
        lambda world: lambda: world.island.standing(world.elites["p1"]),
        lambda world: lambda: world.strategy.holds("p1"),
        lambda world: lambda: world.strategy.note_parents(["p1", "p2", "p1"]),
    ],
    ids=["metrics", "standing", "holds", "note_parents"],
)
def test_questions_do_not_cost_more_about_a_larger_archive(
    worlds: tuple[World, World], question: Callable[[World], Callable[[], object]]
) -> None:
    assert_no_growth(worlds, question)


def test_nor_do_inspirations(worlds: tuple[World, World]) -> None:
    def ask(world: World) -> Callable[[], object]:
        world.random.proposal += 1
        parents = [next(iter(world.elites.values()))]
        return lambda: world.strategy.inspirations(parents, best=2, diverse=2)

    assert_no_growth(worlds, ask)


@pytest.mark.parametrize("bound", [1.0, 5.0], ids=["some pass", "nobody passes"])
def test_nor_does_a_gate_for_parents(fresh_worlds: tuple[World, World], bound: float) -> None:
    gate = ParentGate(metrics=METRICS, top_fraction=0.2, require={"fitness": bound})
    for world in fresh_worlds:
        world.island.bind(replace(world.context, parent_gate=gate))
        world.use("elite_selector", RandomEliteSelector())
        assert len(world.select(1)) == 1
    assert_no_growth(fresh_worlds, lambda world: lambda: world.select(1), HUNDRED)
    for world in fresh_worlds:
        world.island.bind(world.context)
