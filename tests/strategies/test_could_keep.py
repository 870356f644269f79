"""Whether an archive could keep a program that is not measured yet: never a no to one that it would have kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.evolution.strategies.map_elites import (
    AdaptiveMultiIsland,
    BehaviorSpace,
    DiversityArchiveRemover,
    EvolutionStrategy,
    FitnessArchiveRemover,
    HierarchicalMultiIsland,
    IslandConfig,
    MapElitesMultiIsland,
    SumArchiveSelector,
)
from gigaevo.programs import Metrics, MetricSpec, Program
from tests.strategies.worlds import KINDS, METRICS, STEPS, Step, World, world_of


def full() -> IslandConfig:
    """An island that is soon full, and takes out the worst."""
    space = BehaviorSpace(keys=["x"], resolution=[4])
    return IslandConfig(island_id="full", max_size=2, behavior_space=space, archive_remover=FitnessArchiveRemover())


def simple() -> IslandConfig:
    """An island where size counts beside fitness, and the largest goes first."""
    return IslandConfig(
        island_id="simple",
        max_size=2,
        behavior_space=BehaviorSpace(keys=["x"], resolution=[2]),
        archive_selector=SumArchiveSelector(["fitness", "size"], weights=[1.0, 0.5]),
        archive_remover=FitnessArchiveRemover(fitness_key="size"),
    )


KINDS_HERE = {**KINDS, "full": full, "simple": simple}


@dataclass
class Doubtful(World):
    """A world that asks, before each offer, whether it could be kept, knowing a part of what will be measured."""

    knowing: list[tuple[bool, float | None, float]] = field(default_factory=list)
    refused: int = 0

    async def offer(self, number: int, step: Step, parents: list[str]) -> None:
        metrics = {"fitness": step.fitness, "size": step.size, "x": step.x, "wild": step.x**3 - 7.0}
        knows_behaviour, slack, size_slack = self.knowing[number % len(self.knowing)]
        known = {key: metrics[key] for key in ("x", "wild")} if knows_behaviour else {}
        bounds = {"size": step.size - size_slack} | ({} if slack is None else {"fitness": step.fitness + slack})
        could = self.strategy.could_keep(known, bounds)
        await super().offer(number, step, parents)
        if could:
            return
        self.refused += 1
        assert not self.strategy.holds(f"p{number}")
        for island in self.strategy.islands.values():
            assert island.walk is None or island.walk.head is None or island.walk.head.id != f"p{number}"


STRATEGIES: dict[str, tuple[type[MapElitesMultiIsland], list[str], dict[str, Any]]] = {
    **{kind: (MapElitesMultiIsland, [kind], {}) for kind in KINDS_HERE},
    "grid+walk": (MapElitesMultiIsland, ["grid", "walk"], {}),
    "full+simple": (MapElitesMultiIsland, ["full", "simple"], {}),
    "adaptive": (AdaptiveMultiIsland, ["grid"], {"max_islands": 3, "fit_threshold": 0.9, "settled": 2}),
    "hierarchical": (HierarchicalMultiIsland, ["grid"], {"refine_after": 5, "max_children": 2}),
}


def doubtful(name: str, knowing: list[tuple[bool, float | None, float]], monkeypatch: pytest.MonkeyPatch) -> Doubtful:
    strategy_class, kinds, more = STRATEGIES[name]
    monkeypatch.setitem(KINDS, "full", full)
    monkeypatch.setitem(KINDS, "simple", simple)
    made = world_of(kinds, strategy_class=strategy_class, **more)
    return Doubtful(made.strategy, made.random, knowing=knowing)


KNOWING = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.0, 0.5, 1.5, None]), st.sampled_from([0.0, 0.0, 1.5])), min_size=1
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(steps=STEPS, knowing=KNOWING)
@settings(max_examples=25, deadline=None)
def test_what_would_be_kept_is_never_given_up(
    name: str, steps: list[Step], knowing: list[tuple[bool, float | None, float]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(doubtful(name, knowing, patch).live(steps))


@pytest.mark.parametrize("name", ["grid", "full", "simple", "walk", "cvt"])
def test_hopeless_programs_are_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Laws that forbid a wrong no hold for who never says no as well."""
    places = (0.5, 1.25, 1.5, 2.5, 3.9, 0.1, 3.2, 2.1)
    good = [Step(x=x, fitness=2.0, size=1.0, leaves=False, operator="tune") for x in places for _ in range(2)]
    bad = [Step(x=0.5, fitness=-2.0, size=4.0, leaves=False, operator="tune")] * 4
    world = doubtful(name, [(True, 0.0, 0.0)], monkeypatch)
    # What is good beforehand is not counted: equal programs are given up too, and rightly.
    asyncio.run(world.live(good))
    world.refused = 0
    asyncio.run(world.live(bad, start=len(good)))
    assert world.refused == (0 if name == "cvt" else 4)  # one of whose axes, size, is known by its bound alone


async def offer(strategy: EvolutionStrategy, number: int, **metrics: float) -> bool:
    return await strategy.add(Program(id=f"p{number}", number=number, source="", metrics=metrics))


async def strategy_of(*islands: IslandConfig, metrics: Metrics = METRICS) -> MapElitesMultiIsland:
    strategy = MapElitesMultiIsland(island_configs=islands)
    strategy.bind(StrategyContext(metrics=metrics, random=RandomSource(0)))
    return strategy


async def test_an_unknown_cell_may_be_an_empty_one_until_there_is_none() -> None:
    strategy = await strategy_of(
        IslandConfig(island_id="grid", behavior_space=BehaviorSpace(keys=["x"], resolution=[2]))
    )
    await offer(strategy, 0, fitness=2.0, x=0.5)
    assert strategy.could_keep({}, {"fitness": 0.0})
    assert not strategy.could_keep({"x": 0.5}, {"fitness": 2.0})
    assert strategy.could_keep({"x": 3.5}, {"fitness": -9.0})
    await offer(strategy, 1, fitness=1.0, x=3.5)
    assert not strategy.could_keep({}, {"fitness": 1.0})
    assert strategy.could_keep({}, {"fitness": 1.0001})
    assert strategy.could_keep({}, {"size": 1.0})  # nothing is known of its fitness


async def test_a_full_island_may_take_a_program_that_is_no_worse_than_its_worst() -> None:
    strategy = await strategy_of(full())
    await offer(strategy, 0, fitness=2.0, x=0.5)
    await offer(strategy, 1, fitness=1.0, x=1.5)
    assert not strategy.could_keep({}, {"fitness": 0.9})
    assert strategy.could_keep({"x": 2.5}, {"fitness": 1.0})
    assert await offer(strategy, 2, fitness=1.0, x=2.5)


async def test_a_remover_of_ones_own_is_not_second_guessed() -> None:
    class Mine(FitnessArchiveRemover):
        def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
            return programs[: len(programs) - max_size]

    for remover in (Mine(), DiversityArchiveRemover(), lambda programs, size: programs[: len(programs) - size]):
        space = BehaviorSpace(keys=["x"], resolution=[4])
        config = IslandConfig(island_id="i", max_size=1, behavior_space=space, archive_remover=remover)
        strategy = await strategy_of(config)
        await offer(strategy, 0, fitness=2.0, x=0.5)
        assert strategy.could_keep({"x": 2.5}, {"fitness": -9.0})


async def test_a_bound_of_the_other_side_says_nothing() -> None:
    """An island may minimise what the problem maximises; an upper bound then bounds nothing."""
    selector = SumArchiveSelector(["fitness"], [False])
    space = BehaviorSpace(keys=["x"], resolution=[1])
    strategy = await strategy_of(IslandConfig(island_id="i", behavior_space=space, archive_selector=selector))
    await offer(strategy, 0, fitness=2.0, x=0.5)
    assert strategy.could_keep({"x": 0.5}, {"fitness": 9.0})
    assert not strategy.could_keep({"x": 0.5, "fitness": 9.0}, {})


async def test_a_selector_with_a_score_of_its_own_is_not_second_guessed() -> None:
    class Squared(SumArchiveSelector):
        def score(self, program: Program) -> float:
            return program.metrics["fitness"] ** 2

    space = BehaviorSpace(keys=["x"], resolution=[1])
    strategy = await strategy_of(IslandConfig(island_id="i", behavior_space=space, archive_selector=Squared()))
    await offer(strategy, 0, fitness=1.0, x=0.5)
    assert strategy.could_keep({"x": 0.5}, {"fitness": 0.0})


@pytest.mark.parametrize("higher", [True, False])
async def test_best_of_n_keeps_only_what_is_better_than_everything(higher: bool) -> None:
    sign = 1.0 if higher else -1.0
    strategy = BestOfN()
    metrics = Metrics({"fitness": MetricSpec(description="f", is_primary=True, higher_is_better=higher)})
    strategy.bind(StrategyContext(metrics=metrics, random=RandomSource(0)))
    assert strategy.could_keep({}, {"fitness": 0.0})
    await offer(strategy, -1, fitness=sign * 1.0)
    await offer(strategy, 0, fitness=sign * 2.0)
    answers: Mapping[float, bool] = {value: strategy.could_keep({}, {"fitness": sign * value}) for value in (1.5, 2, 3)}
    assert answers == {1.5: False, 2: False, 3: True}
    assert strategy.could_keep({}, {})


def test_a_strategy_that_does_not_know_the_question_says_yes() -> None:
    assert EvolutionStrategy.could_keep(BestOfN(), {}, {"fitness": -1e9})
