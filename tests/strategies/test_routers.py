"""Mutant routers look at a program and at islands, and say where it goes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.mutant_router import (
    AdaptiveMutantRouter,
    BehaviorAwareMutantRouter,
    FitnessAwareMutantRouter,
    MutantRouter,
    RandomMutantRouter,
    RoundRobinMutantRouter,
)
from gigaevo.programs import Program

ROUTERS = [
    RandomMutantRouter,
    FitnessAwareMutantRouter,
    BehaviorAwareMutantRouter,
    RoundRobinMutantRouter,
    AdaptiveMutantRouter,
]


@pytest.fixture
def context(make_context) -> StrategyContext:
    return make_context()


@pytest.fixture
def make_island(context):
    """An island over some axes in [0, 10], with elites given by their metrics."""

    async def make(name: str, elites: Sequence[dict[str, float]] = (), keys: Sequence[str] = ("x",)) -> Island:
        space = BehaviorSpace(feature_bounds=dict.fromkeys(keys, (0.0, 10.0)), resolution=100)
        island = Island(island_id=name, behavior_space=space)
        island.bind(context)
        for number, metrics in enumerate(elites):
            program = Program(id=f"{name}{number}", source="", metrics={"fitness": 0.0, "y": 0.0, **metrics})
            assert await island.add(program)
        return island

    return make


async def routed(router: MutantRouter, program: Program, islands: list[Island], random: RandomSource) -> Counter[str]:
    """Where the program would go in each of 60 proposals."""
    counts: Counter[str] = Counter()
    for proposal in range(60):
        random.proposal = proposal
        island = await router.route_mutant(program, islands)
        counts["nowhere" if island is None else island.id] += 1
    return counts


# What holds for each


@pytest.mark.parametrize("make_router", ROUTERS)
async def test_without_a_candidate_a_program_goes_nowhere(make_router, make_program) -> None:
    assert await make_router().route_mutant(make_program("p", fitness=1.0, x=1.0), []) is None


@pytest.mark.parametrize("make_router", ROUTERS)
async def test_the_only_candidate_is_taken(make_router, make_program, make_island) -> None:
    island = await make_island("only", [{"x": 1.0}, {"x": 2.0}])
    assert await make_router().route_mutant(make_program("p", fitness=1.0, x=1.0), [island]) is island


@pytest.mark.parametrize("make_router", ROUTERS)
async def test_the_same_seed_and_proposal_give_the_same_island(make_router, make_program, make_island, context) -> None:
    islands = [await make_island(name) for name in "abcd"]
    program = make_program("p", fitness=1.0, x=1.0)
    draws = []
    for _ in range(2):
        router = make_router()
        router.bind(StrategyContext(metrics=context.metrics, random=(random := RandomSource(3))))
        draws.append(await routed(router, program, islands, random))
    assert draws[0] == draws[1]


@pytest.mark.parametrize("make_router", ROUTERS)
async def test_a_router_changes_nothing_that_it_looks_at(make_router, make_program, make_island) -> None:
    islands = [await make_island("a", [{"x": 1.0}, {"x": 5.0}]), await make_island("b", [{"x": 9.0}])]
    program = make_program("p", fitness=1.0, x=1.0)
    before = [island.snapshot() for island in islands], program.to_json()
    router = make_router()
    remembered = router.state()
    await router.route_mutant(program, islands)
    assert ([island.snapshot() for island in islands], program.to_json()) == before
    assert router.state() == remembered


# Random


async def test_a_random_router_uses_all_islands(make_program, make_island, context) -> None:
    islands = [await make_island(name, [{"x": 1.0}]) for name in "abc"]
    router = RandomMutantRouter()
    router.bind(context)
    counts = await routed(router, make_program("p", fitness=1.0, x=1.0), islands, context.random)
    assert set(counts) == {"a", "b", "c"}


# Fitness-aware


async def test_a_program_goes_where_it_beats_the_largest_share(make_program, make_island, context) -> None:
    strong = await make_island("strong", [{"x": float(x), "fitness": 50.0 + x} for x in range(10)])
    weak = await make_island("weak", [{"x": float(x), "fitness": 45.0 + x} for x in range(10)])
    router = FitnessAwareMutantRouter()
    router.bind(context)
    for fitness, home in ((48.0, weak), (51.5, weak), (54.5, weak)):
        program = make_program("p", fitness=fitness, x=0.0)
        assert await router.route_mutant(program, [strong, weak]) is home
        assert await router.route_mutant(program, [weak, strong]) is home


async def test_where_it_ranks_alike_chance_decides(make_program, make_island, context) -> None:
    islands = [await make_island(name, [{"x": 1.0, "fitness": 5.0}]) for name in "ab"]
    router = FitnessAwareMutantRouter()
    router.bind(context)
    counts = await routed(router, make_program("p", fitness=9.0, x=0.0), islands, context.random)
    assert set(counts) == {"a", "b"}


@pytest.mark.parametrize("make_router", [FitnessAwareMutantRouter, BehaviorAwareMutantRouter])
async def test_an_empty_island_takes_the_program_first(make_router, make_program, make_island) -> None:
    full = await make_island("full", [{"x": 1.0, "fitness": 5.0}, {"x": 2.0, "fitness": 7.0}])
    empty = await make_island("empty")
    program = make_program("p", fitness=6.0, x=1.1)
    assert await make_router().route_mutant(program, [full, empty]) is empty


# Behaviour-aware


async def test_a_program_goes_where_elites_behave_like_it(make_program, make_island) -> None:
    low = await make_island("low", [{"x": x} for x in (0.5, 1.5, 2.5)])
    high = await make_island("high", [{"x": x} for x in (7.5, 8.5, 9.5)])
    for sample in (1, 2, None):
        router = BehaviorAwareMutantRouter(sample)
        for x, home in ((0.0, low), (3.0, low), (7.0, high), (10.0, high)):
            assert await router.route_mutant(make_program("p", fitness=1.0, x=x), [high, low]) is home


async def test_differences_count_as_shares_of_their_axes(make_program, context) -> None:
    """A difference of 4 is little on an axis of 1000 and much on one of 10."""

    async def island(name: str, key: str, width: float) -> Island:
        made = Island(island_id=name, behavior_space=BehaviorSpace(feature_bounds={key: (0.0, width)}, resolution=100))
        made.bind(context)
        assert await made.add(make_program(f"{name}0", fitness=1.0, x=1.0, y=1.0))
        return made

    islands = [await island("narrow", "x", 10.0), await island("wide", "y", 1000.0)]
    program = make_program("p", fitness=1.0, x=4.0, y=5.0)
    assert await BehaviorAwareMutantRouter().route_mutant(program, islands) is islands[1]


async def test_an_island_of_many_axes_is_not_farther_for_that(make_program, make_island) -> None:
    one = await make_island("one_axis", [{"x": 5.0}], keys=("x",))
    two = await make_island("two_axes", [{"x": 4.8, "y": 4.8}], keys=("x", "y"))
    program = make_program("p", fitness=1.0, x=4.0, y=4.0)
    assert await BehaviorAwareMutantRouter().route_mutant(program, [one, two]) is two


async def test_all_elites_are_sampled_in_time_not_the_first_ones(make_program, make_island, context) -> None:
    """Those near the program are the last rows of their island."""
    mixed = await make_island("mixed", [{"x": 9.0 - index * 0.2} for index in range(20)] + [{"x": 0.5}, {"x": 0.7}])
    middle = await make_island("middle", [{"x": 3.0}])
    router = BehaviorAwareMutantRouter(sample=1)
    router.bind(context)
    counts = await routed(router, make_program("p", fitness=1.0, x=0.6), [mixed, middle], context.random)
    assert counts["mixed"] > 0
    assert counts["middle"] > counts["mixed"]


def test_a_sample_needs_an_elite() -> None:
    with pytest.raises(ValueError, match="sample must be at least 1; found 0"):
        BehaviorAwareMutantRouter(sample=0)


# Round-robin


async def deal(router: MutantRouter, program: Program, islands: list[Island], rounds: int) -> list[str]:
    """Route and credit a program again and again."""
    homes = []
    for _ in range(rounds):
        island = await router.route_mutant(program, islands)
        assert island is not None
        router.credit(program, island.id, kept=False)
        homes.append(island.id)
    return homes


async def test_islands_take_turns(make_program, make_island) -> None:
    islands = [await make_island(name) for name in "abc"]
    homes = await deal(RoundRobinMutantRouter(), make_program("p", fitness=1.0, x=1.0), islands, 7)
    assert homes == ["a", "b", "c", "a", "b", "c", "a"]


async def test_a_turn_is_only_over_when_a_program_was_offered(make_program, make_island) -> None:
    islands = [await make_island(name) for name in "abc"]
    router = RoundRobinMutantRouter()
    program = make_program("p", fitness=1.0, x=1.0)
    assert await deal(router, program, islands, 1) == ["a"]
    routed_twice = [await router.route_mutant(program, islands) for _ in range(2)]
    assert routed_twice == [islands[1], islands[1]]


async def test_islands_that_cannot_place_a_program_keep_their_turn(make_program, make_island) -> None:
    a, b, c = [await make_island(name) for name in "abc"]
    router = RoundRobinMutantRouter()
    program = make_program("p", fitness=1.0, x=1.0)
    assert await deal(router, program, [b, c], 3) == ["b", "c", "b"]
    assert await deal(router, program, [a, b, c], 3) == ["a", "c", "b"]


async def test_an_island_made_during_the_run_joins_in(make_program, make_island) -> None:
    islands = [await make_island(name) for name in "ab"]
    router = RoundRobinMutantRouter()
    program = make_program("p", fitness=1.0, x=1.0)
    await deal(router, program, islands, 4)
    islands.append(await make_island("new"))
    assert await deal(router, program, islands, 4) == ["new", "a", "b", "new"]


async def test_a_migrant_takes_no_turn_and_goes_anywhere(make_program, make_island, context) -> None:
    islands = [await make_island(name) for name in "abc"]
    router = RoundRobinMutantRouter()
    router.bind(context)
    migrant = make_program("p", fitness=1.0, x=1.0)
    migrant.metadata["current_island"] = "d"
    assert set(await routed(router, migrant, islands, context.random)) == {"a", "b", "c"}


# Adaptive


def taught(router: AdaptiveMutantRouter, lessons: int = 60) -> AdaptiveMutantRouter:
    """Island ``a`` keeps what ``grow`` makes of parents from ``b``, and ``b`` what ``trim`` makes of them."""
    keepers = {"grow": "a", "trim": "b"}
    for number in range(lessons):
        for operator, keeper in keepers.items():
            island_id = "ab"[number % 2]
            program = Program(id=f"{operator}{number}", source="", operator=operator)
            program.metadata["parent_island"] = "b"
            router.credit(program, island_id, kept=island_id == keeper)
    return router


def child_of(operator: str, parent_island: str | None) -> Program:
    program = Program(id="p", source="", operator=operator, metrics={"fitness": 1.0, "x": 1.0})
    program.metadata["parent_island"] = parent_island
    return program


async def test_it_learns_which_island_keeps_programs_of_an_operator_and_a_parent_island(make_island, context) -> None:
    islands = [await make_island(name) for name in "ab"]
    router = taught(AdaptiveMutantRouter(exploration=0.0))
    router.bind(context)
    assert (await routed(router, child_of("grow", "b"), islands, context.random))["a"] >= 58
    assert (await routed(router, child_of("trim", "b"), islands, context.random))["b"] >= 58


async def test_of_an_origin_never_seen_it_judges_by_the_island_as_a_whole(make_island, context) -> None:
    islands = [await make_island(name) for name in "ab"]
    router = AdaptiveMutantRouter(exploration=0.0)
    router.bind(context)
    for number in range(100):
        router.credit(child_of("known", "a"), "ab"[number % 2], kept=number % 2 == 1)
    counts = await routed(router, child_of("unknown", None), islands, context.random)
    assert counts["b"] > 50


async def test_it_explores_whatever_it_learnt(make_island, context) -> None:
    islands = [await make_island(name) for name in "ab"]
    router = taught(AdaptiveMutantRouter(exploration=0.5))
    router.bind(context)
    counts = await routed(router, child_of("grow", "b"), islands, context.random)
    assert 5 <= counts["b"] <= 25


@pytest.mark.parametrize("kept_at_first", [True, False])
async def test_it_forgets_what_no_longer_holds(kept_at_first: bool, make_island, context) -> None:
    """Island ``a`` changes from keeping all to keeping none, or the other way round; of ``b`` nothing is known."""
    islands = [await make_island(name) for name in "ab"]
    router = AdaptiveMutantRouter(exploration=0.0, memory=20.0)
    router.bind(context)
    for kept, lessons in ((kept_at_first, 200), (not kept_at_first, 100)):
        for _ in range(lessons):
            router.credit(child_of("grow", "b"), "a", kept)
    home = "b" if kept_at_first else "a"
    assert (await routed(router, child_of("grow", "b"), islands, context.random))[home] > 50


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"exploration": 1.5}, r"exploration must be in \[0, 1\]; found 1.5"),
        ({"memory": 1.0}, "memory must be above 1"),
        ({"prior": 0.0}, "prior above 0"),
    ],
)
def test_settings_out_of_range_are_an_error(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdaptiveMutantRouter(**settings)


# What routers remember


@pytest.mark.parametrize("make_router", ROUTERS)
def test_a_memory_that_went_through_json_is_the_same_memory(make_router) -> None:
    rng = np.random.default_rng(0)
    lived = make_router()
    for _ in range(50):
        program = child_of(f"operator{rng.integers(3)}", [None, "a", "b"][rng.integers(3)])
        lived.credit(program, "abc"[rng.integers(3)], kept=bool(rng.integers(2)))
    resumed = make_router()
    resumed.restore(json.loads(json.dumps(lived.state())))
    assert resumed.state() == lived.state()
    for router in (lived, resumed):
        router.credit(child_of("operator0", "a"), "b", kept=True)
    assert resumed.state() == lived.state()
