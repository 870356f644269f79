"""Strategies that live through whatever hypothesis thinks of, and can be replayed from their journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import ArchiveEvent, StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.cvt_space import CVTBehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import UCB1EliteSelector
from gigaevo.evolution.strategies.island import IslandConfig
from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.patient_walk import PatientWalk
from gigaevo.evolution.strategies.removers import AgeArchiveRemover, DiversityArchiveRemover
from gigaevo.evolution.strategies.selectors import ParetoArchiveSelector
from gigaevo.evolution.strategies.unstructured_space import UnstructuredBehaviorSpace
from gigaevo.programs import Metrics, MetricSpec, Program

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="f", is_primary=True),
        "size": MetricSpec(description="s", higher_is_better=False),
        "x": MetricSpec(description="x", lower_bound=0.0, upper_bound=4.0),
        "wild": MetricSpec(description="a metric without bounds"),
    }
)


@dataclass(frozen=True)
class Step:
    """A program is offered, or one of those that are held leaves."""

    x: float
    fitness: float
    size: float
    leaves: bool
    operator: str


STEPS = st.lists(
    st.builds(
        Step,
        x=st.sampled_from([-1.0, 0.5, 1.25, 1.5, 2.5, 3.9, 17.0]),
        fitness=st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
        size=st.sampled_from([1.0, 2.0, 3.0, 4.0]),
        leaves=st.sampled_from([False] * 7 + [True]),
        operator=st.sampled_from(["rewrite", "tune"]),
    ),
    max_size=60,
)

KINDS: dict[str, Callable[[], IslandConfig]] = {
    "grid": lambda: IslandConfig(island_id="grid", behavior_space=BehaviorSpace(keys=["x"], resolution=[4])),
    "small": lambda: IslandConfig(
        island_id="small",
        max_size=3,
        behavior_space=BehaviorSpace(keys=["x", "size"], resolution=[4, 3], feature_bounds=[None, (0, 5)]),
        archive_remover=DiversityArchiveRemover(),
        elite_selector=UCB1EliteSelector(),
    ),
    "old": lambda: IslandConfig(
        island_id="old",
        max_size=2,
        behavior_space=BehaviorSpace(keys=["wild"], resolution=[5]),
        archive_remover=AgeArchiveRemover(),
        archive_selector=lambda candidate, current: candidate.number > current.number,
    ),
    "front": lambda: IslandConfig(
        island_id="front",
        behavior_space=BehaviorSpace(keys=["x"], resolution=[2]),
        archive_selector=ParetoArchiveSelector(["fitness", "size"], front_size=3),
    ),
    "walk": lambda: IslandConfig(
        island_id="walk",
        max_size=4,
        behavior_space=BehaviorSpace(keys=["x"], resolution=[4]),
        walk=PatientWalk(patience=0.5, epoch=20, exploration=0.9),
    ),
    "quantile": lambda: IslandConfig(
        island_id="quantile",
        behavior_space=BehaviorSpace(keys=["wild", "size"], resolution=[4, 3], binning_types="QUANTILE"),
    ),
    "wide": lambda: IslandConfig(
        island_id="wide",
        max_size=6,
        behavior_space=BehaviorSpace(keys=["x", "novelty"], resolution=[4, 4], dynamic_bounds={"x": True}),
    ),
    "cvt": lambda: IslandConfig(
        island_id="cvt", behavior_space=CVTBehaviorSpace(keys=["x", "size"], cells=6, samples=200)
    ),
    "loose": lambda: IslandConfig(
        island_id="loose",
        behavior_space=UnstructuredBehaviorSpace(keys=["x", "wild"], min_distance=0.2, capacity=5),
    ),
}


@dataclass
class World:
    """A strategy that lives, with everything that happened to it."""

    strategy: MapElitesMultiIsland
    random: RandomSource
    programs: dict[str, Program] = field(default_factory=dict)
    journal: list[tuple[str, Any]] = field(default_factory=list)

    def note(self) -> None:
        self.journal += [("event", event.to_json()) for event in self.strategy.drain_events()]

    async def live(self, steps: Sequence[Step], start: int = 0) -> None:
        for number, step in enumerate(steps, start):
            self.random.proposal = number
            parents = await self.strategy.select_elites(1)
            self.note()
            self.check()
            ids = [parent.id for parent in parents]
            self.strategy.note_parents(ids)
            self.journal.append(("parents", ids))
            members = sorted(self.strategy.members())
            if step.leaves and members:
                assert await self.strategy.remove(members[number % len(members)])
            else:
                await self.offer(number, step, ids)
            self.note()
            self.check()

    async def offer(self, number: int, step: Step, parents: list[str]) -> None:
        metrics = {"fitness": step.fitness, "size": step.size, "x": step.x, "wild": step.x**3 - 7.0}
        program = Program(
            id=f"p{number}", number=number, source="", metrics=metrics, parents=parents, operator=step.operator
        )
        self.programs[program.id] = program
        kept = await self.strategy.add(program)
        assert kept == self.strategy.holds(program.id)

    def check(self) -> None:
        """What must be true after every step."""
        for island in self.strategy.islands.values():
            held = [program.id for _, program in island.archive]
            assert len(held) == len(set(held)) == len(island)
            limit = island.config.max_size
            assert limit is None or len(island) <= limit
            for program_id in held:
                assert program_id in self.programs
                assert island.archive.cell_of(program_id) is not None
        if not self.strategy.migration.copy:
            homes = [program.id for island in self.strategy.islands.values() for _, program in island.archive]
            assert len(homes) == len(set(homes)), "a program is in two islands"


def world_of(
    kinds: Sequence[str],
    *,
    copy: bool = False,
    strategy_class: type[MapElitesMultiIsland] = MapElitesMultiIsland,
    **settings: Any,
) -> World:
    """A strategy with an island of each kind, bound to a run of its own; a generation is 3 proposals."""
    random = RandomSource(5)
    strategy = strategy_class(
        island_configs=[KINDS[kind]() for kind in kinds],
        migration=Migration(interval=1, max_migrants_per_island=2, copy=copy, enabled=len(kinds) > 1),
        **settings,
    )
    strategy.bind(StrategyContext(metrics=METRICS, random=random, generation_size=3))
    return World(strategy, random)


def picture(strategy: MapElitesMultiIsland) -> object:
    """All state, and who sits where with which numbers."""
    return (
        json.loads(json.dumps(strategy.snapshot())),
        {
            island.id: [(cell, program.id, program.metrics.get("novelty")) for cell, program in island.archive]
            for island in strategy.islands.values()
        },
    )


def copies(programs: dict[str, Program]) -> dict[str, Program]:
    """The programs as storage would give them back."""
    return {program_id: program.model_copy(deep=True) for program_id, program in programs.items()}


def replay(world: World, journal: Sequence[tuple[str, Any]], programs: dict[str, Program]) -> None:
    """As a resumed run does it: of programs that are neither inserted nor rejected, the id alone is known."""
    known = {what["program_id"] for kind, what in journal if kind == "event" and what["action"] in ("insert", "reject")}
    for kind, what in journal:
        if kind == "parents":
            world.strategy.note_parents(what)
            continue
        event = ArchiveEvent.from_json(json.loads(json.dumps(what)))
        program = programs[event.program_id] if event.program_id in known else Program(id=event.program_id)
        world.strategy.apply(event, program)
