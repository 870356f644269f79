"""What a mutant costs in an island of many elites: CPU time a call with 1,000 and with 100,000 of them, one process.

The island is a grid of a thousand by a thousand cells, and each elite is a whole ``Program``.

    add            a program is offered to the strategy; it goes to an empty cell, takes that of a worse elite, or is
                   turned away. With ``max_size`` equal to the number of elites somebody has to go for each that comes.
                   "and novelty" and "and ranking" mean that a selector has the archive keep its index in step
    parents        ``Island.select_elites`` by each elite selector, for 1 and for 20 parents; another proposal each time
    gated          the same through a gate for parents
    inspirations   ``strategy.inspirations`` for one parent
    migrants       ``Island.select_migrants(5)`` by each migrant selector
    questions      what the engine and the routers ask after each program

Each line has the mean over the calls with either number of elites and their ratio (what is O(n) grows a hundredfold),
the slowest call with the many, and the first one, which makes the index that later calls keep in step. Before them come
the figures that count by elite: memory, building, a snapshot, and going back to it.

    pip install -e ".[bench]"
    python benchmarks/bench_islands.py
    python benchmarks/bench_islands.py --elites 1000 20000
"""

from __future__ import annotations

import argparse
import gc
import platform
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import psutil
from loguru import logger

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies import elite_selectors, migrant_selectors, removers
from gigaevo.evolution.strategies.archive import ProgramArchive
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.parent_gate import ParentGate
from gigaevo.kernels import BACKEND
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState

SIDE = 1000
CALLS = 400  # of which each makes one figure, unless the time runs out
SECONDS = 2.0  # for one figure
LEAST_CALLS = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spent:
    """Microseconds of CPU time of the calls of one figure."""

    first: float
    later: list[float]

    @property
    def mean(self) -> float:
        return sum(self.later) / len(self.later)


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


class World:
    """A strategy with one full island, and newcomers for it."""

    def __init__(self, elites: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.random = RandomSource(seed)
        self.strategy = MapElitesMultiIsland(
            island_configs=[
                IslandConfig(island_id="island", behavior_space=BehaviorSpace(keys=["x", "y"], resolution=[SIDE, SIDE]))
            ],
            enable_migration=False,
        )
        unit = {"lower_bound": 0.0, "upper_bound": 1.0}
        self.context = StrategyContext(
            metrics=Metrics(
                {
                    "fitness": MetricSpec(description="fitness", is_primary=True, lower_bound=0.0),
                    "x": MetricSpec(description="x", **unit),
                    "y": MetricSpec(description="y", **unit),
                }
            ),
            random=self.random,
        )
        self.strategy.bind(self.context)
        self.island = self.strategy.islands["island"]
        cells = self.rng.permutation(SIDE * SIDE).tolist()
        self.taken, self.free = cells[:elites], cells[elites:]
        fitness = self.rng.uniform(1.0, 2.0, elites).tolist()
        self.number = 0
        self.programs = [self.program(cell, value) for cell, value in zip(self.taken, fitness, strict=True)]
        start = time.process_time()
        for program in self.programs:
            self.add(program)
        self.build_us = 1e6 * (time.process_time() - start) / elites
        assert len(self.island) == elites
        self._start = self.strategy.snapshot()

    def begin_anew(self) -> None:
        """Go back to the island as it was filled, without any index, and without a limit."""
        self.island.config.max_size = None
        held = {program.id: program for program in self.programs}
        self.strategy.restore(self._start, held)

    def program(self, cell: int, fitness: float) -> Program:
        """A new program that belongs into a cell."""
        x, y = divmod(cell, SIDE)
        self.number += 1
        return Program(
            id=f"{self.number:016x}",
            number=self.number,
            source="pass",
            operator="bench",
            state=ProgramState.COMPLETED,
            metrics={"fitness": fitness, "x": (x + 0.5) / SIDE, "y": (y + 0.5) / SIDE},
        )

    def add(self, program: Program) -> bool:
        """Offer a program, as the engine does: its events are taken from the strategy."""
        self.random.proposal = program.number
        kept = finished(self.strategy.add(program))
        self.strategy.drain_events()
        return kept

    def use(self, role: str, part: Any) -> None:
        """Give the island another part."""
        use_space = getattr(part, "use_space", None)
        if use_space is not None:
            use_space(self.island.behavior_space)
        part.bind(self.context)
        setattr(self.island.parts, role, part)

    def next_proposal(self) -> None:
        self.random.proposal += 1

    # Newcomers, without end

    def for_empty_cells(self) -> Iterator[Program]:
        while True:
            yield self.program(self.free.pop(), float(self.rng.uniform(1.0, 2.0)))

    def better_ones(self) -> Iterator[Program]:
        while True:
            yield self.program(self.taken[int(self.rng.integers(len(self.taken)))], 3.0 + 1e-6 * self.number)

    def worse_ones(self) -> Iterator[Program]:
        while True:
            yield self.program(self.taken[int(self.rng.integers(len(self.taken)))], 0.5)


def spent_on(call: Callable[[T], object], prepare: Callable[[], T]) -> Spent:
    """CPU time of each call; what prepares its argument is not counted."""
    times: list[float] = []
    deadline = time.process_time() + SECONDS
    while len(times) <= CALLS and (len(times) <= LEAST_CALLS or time.process_time() < deadline):
        argument = prepare()
        start = time.process_time_ns()
        call(argument)
        times.append((time.process_time_ns() - start) / 1000)
    return Spent(times[0], times[1:])


def additions(world: World) -> Iterator[tuple[str, Spent]]:
    def spent_adding(newcomers: Iterator[Program]) -> Spent:
        return spent_on(world.add, lambda: next(newcomers))

    world.begin_anew()
    yield "add, to an empty cell", spent_adding(world.for_empty_cells())
    world.begin_anew()
    yield "add, in place of a worse one", spent_adding(world.better_ones())
    yield "add, turned away", spent_adding(world.worse_ones())
    for remover in (removers.FitnessArchiveRemover, removers.AgeArchiveRemover, removers.DiversityArchiveRemover):
        world.begin_anew()
        world.island.config.max_size = len(world.island)
        world.use("archive_remover", remover())
        yield f"add, {remover.__name__}", spent_adding(world.for_empty_cells())
    for what, selector in (
        ("ranking", elite_selectors.RankEliteSelector()),
        ("novelty", elite_selectors.NoveltyEliteSelector()),
    ):
        world.begin_anew()
        world.use("elite_selector", selector)
        finished(world.island.select_elites(1))
        yield f"add, to an empty cell and {what}", spent_adding(world.for_empty_cells())


def parents(world: World) -> Iterator[tuple[str, Spent]]:
    for selector in (
        elite_selectors.RandomEliteSelector,
        elite_selectors.FitnessProportionalEliteSelector,
        elite_selectors.ScalarTournamentEliteSelector,
        elite_selectors.RankEliteSelector,
        elite_selectors.EpsilonGreedyEliteSelector,
        elite_selectors.BracketTournamentEliteSelector,
        elite_selectors.UCB1EliteSelector,
        elite_selectors.BoltzmannEliteSelector,
        elite_selectors.NoveltyEliteSelector,
    ):
        world.begin_anew()
        world.use("elite_selector", selector())
        for total in (1, 20):
            spent = spent_on(lambda _, total=total: finished(world.island.select_elites(total)), world.next_proposal)
            yield f"{selector.__name__}, {total}", spent


def gated(world: World) -> Iterator[tuple[str, Spent]]:
    metrics = world.context.metrics
    for what, gate in (
        ("best tenth", ParentGate(metrics=metrics, top_fraction=0.1)),
        ("nobody passes", ParentGate(metrics=metrics, require={"fitness": 1e9})),
    ):
        world.begin_anew()
        world.island.bind(replace(world.context, parent_gate=gate))
        world.use("elite_selector", elite_selectors.RandomEliteSelector())
        yield f"{what}, 1", spent_on(lambda _: finished(world.island.select_elites(1)), world.next_proposal)
        world.island.bind(world.context)


def inspirations(world: World) -> Iterator[tuple[str, Spent]]:
    world.begin_anew()
    parent = world.island.archive.programs(np.array([0]))
    ask = world.strategy.inspirations
    yield "2 best, 2 diverse", spent_on(lambda _: ask(parent, best=2, diverse=2), world.next_proposal)


def migrants(world: World) -> Iterator[tuple[str, Spent]]:
    for selector in (
        migrant_selectors.TopFitnessMigrantSelector,
        migrant_selectors.RandomMigrantSelector,
        migrant_selectors.DiverseMigrantSelector,
    ):
        world.begin_anew()
        world.use("migrant_selector", selector())
        spent = spent_on(lambda _: finished(world.island.select_migrants(5)), world.next_proposal)
        yield f"{selector.__name__}, 5", spent


def questions(world: World) -> Iterator[tuple[str, Spent]]:
    world.begin_anew()
    strategy, newcomers = world.strategy, world.worse_ones()
    yield "get_metrics", spent_on(lambda _: finished(strategy.get_metrics()), world.next_proposal)
    yield "standing", spent_on(world.island.standing, lambda: next(newcomers))
    yield "holds", spent_on(strategy.holds, lambda: next(newcomers).id)
    rows = iter(world.rng.integers(len(world.programs), size=(CALLS + 1, 20)))
    yield (
        "note_parents, 20",
        spent_on(strategy.note_parents, lambda: [world.programs[row].id for row in next(rows)]),
    )
    world.add(world.program(world.free.pop(), -1.0))
    yield "get_metrics, beyond the bound", spent_on(lambda _: finished(strategy.get_metrics()), world.next_proposal)


def print_whole(world: World) -> None:
    """What counts by elite: microseconds, and bytes."""
    elites = len(world.programs)

    def us(call: Callable[[], object]) -> float:
        start = time.process_time()
        call()
        return 1e6 * (time.process_time() - start) / elites

    archive = ProgramArchive((SIDE, SIDE), ["x", "y", "fitness"])
    for name, grow in (
        ("the archive beyond its programs", lambda: fill(archive, world)),
        ("its ranking", lambda: archive.ranking("fitness")),
        ("its neighbours", lambda: archive.neighbors(["x", "y"], 5)),
    ):
        before = psutil.Process().memory_info().rss
        grow()
        grown = psutil.Process().memory_info().rss - before
        print(f"memory     {grown / elites:8.0f} bytes an elite, {name}")
    print(f"building   {world.build_us:8.2f} us an elite, all of the strategy's add")
    print(f"snapshot   {us(world.strategy.snapshot):8.2f} us an elite")
    print(f"restore    {us(world.begin_anew):8.2f} us an elite")
    print(f"collection {us(gc.collect):8.2f} us an elite, Python's garbage collector over all that there is")


def fill(archive: ProgramArchive, world: World) -> None:
    for cell, program in zip(world.taken, world.programs, strict=True):
        archive.put(divmod(cell, SIDE), program.metrics["fitness"], program)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="CPU time of what an island does for a mutant, by its number of elites."
    )
    parser.add_argument("--elites", type=int, nargs=2, default=(1000, 100_000), metavar=("FEW", "MANY"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logger.remove()  # the archive is large on purpose
    gc.disable()  # it walks over all programs now and then, whoever is being timed; what that takes has its own line
    few, many = (World(elites, options.seed) for elites in options.elites)
    print(f"{BACKEND} kernels, numpy {np.__version__}, {platform.machine()}; {SIDE:,} x {SIDE:,} cells")
    print_whole(many)
    print("microseconds of CPU time a call")
    print(
        f"{'':<38}"
        + "".join(f"{elites:>12,}" for elites in options.elites)
        + f"{'growth':>9}{'slowest':>12}{'first':>12}"
    )
    for section in (additions, parents, gated, inspirations, migrants, questions):
        for (name, small), (_, large) in zip(section(few), section(many), strict=True):
            growth = large.mean / small.mean
            slowest = max(large.later)
            print(
                f"{name:<38}{small.mean:>12,.1f}{large.mean:>12,.1f}{growth:>8.1f}x{slowest:>12,.1f}{large.first:>12,.1f}"
            )


if __name__ == "__main__":
    main()
