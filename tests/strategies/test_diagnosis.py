"""What an island or a router does not do as it should is said once, with its cause; a healthy one is left in peace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.map_elites import (
    AgeArchiveRemover,
    ArchiveSelector,
    BehaviorSpace,
    CVTBehaviorSpace,
    HierarchicalMultiIsland,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    Migration,
    MutantRouter,
    UnstructuredBehaviorSpace,
)
from gigaevo.programs import Metrics, MetricSpec, Program
from tests.strategies.logs import logged, warnings

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="f", is_primary=True),
        "x": MetricSpec(description="x", lower_bound=0.0, upper_bound=10.0),
        "y": MetricSpec(description="y", lower_bound=0.0, upper_bound=10.0),
        "wild": MetricSpec(description="a metric without bounds"),
    }
)


def config(island_id: str = "main", space: BehaviorSpace | None = None, **settings: Any) -> IslandConfig:
    space = space or BehaviorSpace(keys=["x"], resolution=[10])
    return IslandConfig(island_id=island_id, behavior_space=space, **settings)


def strategy_of(*configs: IslandConfig, **settings: Any) -> MapElitesMultiIsland:
    strategy = MapElitesMultiIsland(island_configs=configs, **settings)
    strategy.bind(StrategyContext(metrics=METRICS, random=RandomSource(0), generation_size=10))
    return strategy


def program(number: int, *, source: str | None = None, **metrics: float) -> Program:
    text = f"def f(a{number}, b{number}):\n    return a{number} * b{number}\n" if source is None else source
    return Program(id=f"p{number}", number=number, source=text, metrics=metrics)


async def offer(strategy: MapElitesMultiIsland, programs: Iterable[Program]) -> list[str]:
    """Offer programs one after another; the lines that this logs."""
    with logged() as lines:
        for each in programs:
            await strategy.add(each)
    return lines


def varied(count: int, **fixed: float) -> list[Program]:
    """Programs that differ in everything but what is fixed."""
    rng = np.random.default_rng(3)
    return [
        program(number, **({"fitness": rng.normal(), "x": rng.uniform(0, 10), "y": rng.uniform(0, 10)} | fixed))
        for number in range(count)
    ]


async def test_a_healthy_island_gets_a_tally_for_every_hundred_programs_and_no_warning() -> None:
    lines = await offer(strategy_of(config()), varied(400))
    assert warnings(lines) == []
    tallies = [line for line in lines if re.match(r"DEBUG \[Island\] main: added \d+/100 programs", line)]
    assert len(tallies) == 4
    assert "not better than the elite of its cell" in tallies[-1]
    assert (
        sum(bool(re.match(r"DEBUG \[Island\] \d+% of programs in cell \(\d,\) of main$", line)) for line in lines) == 4
    )


# Nothing is added


async def test_a_missing_behaviour_key_is_named_with_the_part_that_asks_for_it() -> None:
    strategy = strategy_of(config("a"), config("b", BehaviorSpace(keys=["wild", "y"], resolution=[3, 3])))
    programs = varied(250)
    told = warnings(await offer(strategy, programs))
    assert told == [
        "[Island] b: added 0/100 programs (100 missing metric: wild). wild is asked for by its behavior_space "
        "BehaviorSpace. Return it from validate, or name a metric that all programs have"
    ]


class Wants(ArchiveSelector):
    metric_keys = ("y",)

    def is_better(self, candidate: Program, current: Program) -> bool:
        return candidate.metrics["y"] > current.metrics["y"]


async def test_a_metric_that_only_a_selector_wants_is_traced_to_it() -> None:
    strategy = strategy_of(config("a"), config("b", archive_selector=Wants()))
    told = warnings(await offer(strategy, (program(number, fitness=1.0, x=number / 20) for number in range(100))))
    assert (
        "[Island] b: added 0/100 programs (100 missing metric: y). y is asked for by its archive_selector Wants."
        in (told[0])
    )


async def test_numbers_that_are_not_finite_are_traced_to_validate() -> None:
    told = warnings(await offer(strategy_of(config()), varied(100, x=float("nan"))))
    assert told == [
        "[Island] main: added 0/100 programs (100 not finite: x). Programs must have a finite number there: look at "
        "what validate returns for x"
    ]


class Never(ArchiveSelector):
    def is_better(self, candidate: Program, current: Program) -> bool:
        return False


async def test_a_selector_that_prefers_no_newcomer_is_named() -> None:
    strategy = strategy_of(config(archive_selector=Never()))
    told = warnings(await offer(strategy, varied(300)))
    assert len(told) == 1
    assert re.fullmatch(
        r"\[Island\] main: added 0/100 programs \(100 not better than the elite of its cell\)\. Its archive_selector "
        r"Never has preferred no newcomer so far, though \d+ had a better fitness than the elite of their cell",
        told[0],
    )


class Raises(ArchiveSelector):
    def is_better(self, candidate: Program, current: Program) -> bool:
        raise RuntimeError("no opinion")


async def test_an_island_whose_selector_raises_points_at_the_traceback() -> None:
    told = warnings(await offer(strategy_of(config(archive_selector=Raises())), varied(200)))
    assert "Its archive_selector raised; the log has the traceback" in told[0]
    assert len(told) == 1


async def test_a_remover_that_lets_nobody_in_is_named_with_the_size() -> None:
    class Newest(AgeArchiveRemover):
        def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
            return programs[max_size:]

    strategy = strategy_of(config(max_size=2, archive_remover=Newest()))
    filled = [program(-1, fitness=9.0, x=0.5), program(-2, fitness=9.0, x=1.5)]
    told = warnings(await offer(strategy, [*filled, *varied(200)]))
    assert any(
        "island full: Newest takes it out again" in line
        and line.endswith("Its archive_remover Newest takes newcomers out again: it holds 2 of max_size=2")
        for line in told
    )


async def test_stagnation_after_progress_is_no_trouble() -> None:
    strategy = strategy_of(config())
    rising = [program(number, fitness=float(number), x=number % 10 + 0.5) for number in range(100)]
    same = [program(number, fitness=0.0, x=number % 10 + 0.5) for number in range(100, 400)]
    lines = await offer(strategy, [*rising, *same])
    assert warnings(lines) == []
    assert "DEBUG [Island] main: added 0/100 programs (100 not better than the elite of its cell)" in lines


# Everything in one cell


@pytest.mark.parametrize(
    ("space", "values", "cause"),
    [
        (
            lambda: BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=10),
            (250.0, 300.0),
            r"100% of programs in cell \(9,\) of main: wild is 25\S* to 299\S*, above its bounds \[0, 100\]: raise",
        ),
        (
            lambda: BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=10),
            (-9.0, -1.0),
            r"cell \(0,\) of main: wild is -8\.\d+ to -1\.\d+, below its bounds \[0, 100\]: lower them",
        ),
        (
            lambda: BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=10),
            (51.0, 59.0),
            r"cell \(5,\) of main: wild is 51\.\d+ to 58\.\d+, a small part of its bounds \[0, 100\]: narrower bounds, "
            "more bins than 10, or another binning",
        ),
        (
            lambda: BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=2),
            (1.0, 51.0),
            r"cell \(0,\) of main: wild is [\d.]+ to [\d.]+, a small part",
        ),
        (
            lambda: BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=10),
            (42.0, 42.0),
            r"cell \(4,\) of main: wild is 42 for all: another key, or mutation that changes it",
        ),
        (
            lambda: BehaviorSpace(keys=["wild"], resolution=10),  # learns its bounds
            (42.0, 42.0),
            r"cell \(0,\) of main: wild is 42 for all: another key",
        ),
        (
            lambda: CVTBehaviorSpace(feature_bounds={"wild": (0, 100)}, cells=4, samples=200),
            (0.0, 1.0),
            r"cell \(\d,\) of main: wild is .* narrower bounds, more cells than 4",
        ),
        (
            lambda: UnstructuredBehaviorSpace(feature_bounds={"wild": (0, 100)}, min_distance=0.5),
            (0.0, 1.0),
            r"cell \(0,\) of main: wild is .* narrower bounds, a smaller min_distance",
        ),
    ],
)
async def test_why_programs_share_a_cell_is_found_from_their_values(
    space: Callable[[], BehaviorSpace], values: tuple[float, float], cause: str
) -> None:
    wild = np.random.default_rng(1).uniform(*values, size=200)
    told = warnings(await offer(strategy_of(config(space=space())), (each for each in spread(wild))))
    of_cells = [line for line in told if "of programs in cell" in line]
    assert len(of_cells) == 1
    assert re.search(cause, of_cells[0]), of_cells[0]


def spread(wild: Iterable[float]) -> Iterable[Program]:
    """Programs of ever better fitness with these values."""
    return (program(number, fitness=float(number), wild=value) for number, value in enumerate(map(float, wild)))


async def test_an_axis_that_tells_programs_apart_is_no_trouble_beside_one_that_does_not() -> None:
    space = BehaviorSpace(feature_bounds={"x": (0, 10), "wild": (0, 1)}, resolution=5)
    assert warnings(await offer(strategy_of(config(space=space)), varied(300, wild=7.0))) == []


async def test_a_space_of_one_cell_is_meant_to_be_so() -> None:
    space = BehaviorSpace(keys=["x"], resolution=[1])
    rising = (program(number, fitness=float(number), x=5.0) for number in range(300))
    assert warnings(await offer(strategy_of(config(space=space)), rising)) == []


async def test_the_root_of_a_hierarchy_is_coarse_on_purpose() -> None:
    root = config(space=BehaviorSpace(feature_bounds={"wild": (0, 100)}, resolution=2))
    strategy = HierarchicalMultiIsland(island_configs=[root])
    strategy.bind(StrategyContext(metrics=METRICS, random=RandomSource(0)))
    lines = await offer(strategy, spread(np.random.default_rng(1).uniform(0, 40, size=100)))
    assert warnings(lines) == []
    assert any("100% of programs in cell (0,) of main" in line for line in lines)


# Size and likeness


async def test_an_island_without_a_limit_is_told_of_at_a_thousand_elites_and_not_again_soon() -> None:
    space = BehaviorSpace(feature_bounds={"wild": (0, 2500)}, resolution=2500)
    programs = (program(number, fitness=1.0, wild=number + 0.5) for number in range(2400))
    told = warnings(await offer(strategy_of(config(space=space)), programs))
    assert told == ["[Island] main: 1000 programs (max_size=null): all of them are in memory; max_size limits them"]


async def test_elites_that_are_all_alike_are_a_trouble_and_the_remedy_names_the_parts() -> None:
    text = "def f(a, b):\n" + "".join(f"    a{line} = a + b * {line}\n" for line in range(80))
    alike = [
        program(number, source=text + f"    return {number}\n", fitness=float(number), x=number % 10 + 0.5)
        for number in range(200)
    ]
    told = warnings(await offer(strategy_of(config()), alike))
    assert told == [
        "[Island] All programs have similarity > 0.95 in main: a less greedy elite_selector than "
        "EpsilonGreedyEliteSelector, other behaviour keys than x, or stronger mutation would spread them"
    ]


# Routers and migration


class Nowhere(MutantRouter):
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return None


async def test_a_router_that_refuses_is_named() -> None:
    strategy = strategy_of(config("a"), config("b"), mutant_router=Nowhere())
    told = warnings(await offer(strategy, varied(300)))
    assert told == ["[Router] Nowhere: no island for 98/100 programs (98 refused by the router)"]
    assert strategy.unrouted == {"refused by the router": 298}


async def test_a_short_run_learns_at_its_end_which_island_is_empty_and_why() -> None:
    strategy = strategy_of(config("a"), config("b", BehaviorSpace(keys=["wild"])), enable_migration=False)
    assert strategy.closing_notes() == ["[Migration] 0 migrants transferred (enable_migration is false)"]
    await offer(strategy, varied(7))
    assert strategy.closing_notes()[0] == (
        "[Island] b: added 0/7 programs (7 missing metric: wild). wild is asked for by its behavior_space "
        "BehaviorSpace. Return it from validate, or name a metric that all programs have"
    )


class First(MutantRouter):
    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return next(iter(candidate_islands))


async def test_an_island_that_the_router_forgets_is_named_at_the_end() -> None:
    strategy = strategy_of(config("a"), config("b"), mutant_router=First(), enable_migration=False)
    await offer(strategy, varied(7))
    assert "[Island] b: added 0/0 programs; the router sent it none" in strategy.closing_notes()


async def test_a_run_that_ends_before_its_first_migration_says_when_that_was_due() -> None:
    strategy = strategy_of(config("a"), config("b"), migration=Migration(interval=5))
    strategy._random.proposal = 34
    await offer(strategy, varied(20))
    assert strategy.closing_notes() == [
        "[Migration] 0 migrants transferred (interval not reached: first due in generation 5, this is generation 3)"
    ]


async def test_with_one_island_or_after_a_migration_there_is_nothing_to_add() -> None:
    alone = strategy_of(config())
    await offer(alone, varied(20))
    assert alone.closing_notes() == []
    strategy = strategy_of(config("a"), config("b"), migration=Migration(interval=1))
    await offer(strategy, varied(40))
    strategy._random.proposal = 10
    await strategy.select_elites(1)
    strategy._random.proposal = 5
    assert strategy.closing_notes() == []


# It only talks


class Odd(BehaviorSpace):
    """A space of a user's own that works and does not answer questions."""

    @property
    def feature_bounds(self) -> Any:
        raise AttributeError("bounds? what bounds?")


async def test_a_fault_of_the_diagnosis_is_shown_once_and_ends_nothing() -> None:
    strategy = MapElitesMultiIsland(island_configs=[config(space=Odd(feature_bounds={"wild": (0, 1)}))])
    lines = await offer(strategy, varied(300, wild=0.55))
    assert strategy.islands["main"].offered == 300
    assert sum("The diagnosis of islands raised" in line for line in lines) == 1
