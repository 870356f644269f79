"""Migration moves elites: none is lost, none is in two islands, and the journal tells of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loguru import logger

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import ArchiveEvent, StrategyContext, StrategyFault
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
from gigaevo.evolution.strategies.faults import PartFaults
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.migrant_selectors import MigrantSelector
from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.migration_policy import AdaptiveMigrationPolicy, FixedMigrationPolicy
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.mutant_router import AdaptiveMutantRouter, MutantRouter, RandomMutantRouter
from gigaevo.evolution.strategies.removers import FitnessArchiveRemover
from gigaevo.evolution.strategies.topology import EdgeListTopology
from gigaevo.programs import Metrics, MetricSpec, Program

BINS = 4
GENERATION = 3


class Nobody(MigrantSelector):
    """Sends nobody."""

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        return []


class Nowhere(MutantRouter):
    """Turns everybody away."""

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        return None


class Broken(MutantRouter):
    """Sends one program to the first island, and raises at the second."""

    calls = 0

    async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
        self.calls += 1
        if self.calls > 1:
            raise RuntimeError("no more")
        return candidate_islands[0]


def context(random: RandomSource | None = None) -> StrategyContext:
    """A run in which ``x`` and ``y`` lie in [0, 4] and 3 proposals are a generation."""
    axis = {"lower_bound": 0.0, "upper_bound": float(BINS)}
    metrics = Metrics(
        {
            "fitness": MetricSpec(description="f", is_primary=True),
            "x": MetricSpec(description="x", **axis),
            "y": MetricSpec(description="y", **axis),
        }
    )
    return StrategyContext(metrics=metrics, random=random or RandomSource(0), generation_size=GENERATION)


def config(name: str, *, key: str = "x", **others: Any) -> IslandConfig:
    return IslandConfig(island_id=name, behavior_space=BehaviorSpace(keys=[key], resolution=BINS), **others)


def islands_of(*configs: IslandConfig) -> dict[str, Island]:
    islands = {each.island_id: Island(each) for each in configs}
    for island in islands.values():
        island.bind(context())
    return islands


def program(name: str, **metrics: float) -> Program:
    return Program(id=name, source="", metrics={"x": 0.5, "y": 0.5, **metrics})


async def migrated(migration: Migration, islands: dict[str, Island], router: Any = None, **others: Any) -> Any:
    """One migration at a time when it is due; what was journalled before is no part of it."""
    for island in islands.values():
        island.drain_events()
    bound = context()
    migration.bind(bound, list(islands))
    router = RandomMutantRouter() if router is None else router
    proposal = migration.policy.period(GENERATION)
    return await migration.run(islands, router, bound.random.generator("migration"), proposal, **others)


def homes(islands: dict[str, Island]) -> dict[str, set[str]]:
    return {name: island.archive.ids for name, island in islands.items()}


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Lines that a run's log file would get."""
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(line.rstrip("\n")), level="DEBUG", format="{level} {message}")
    yield lines
    logger.remove(sink)


# Laws, whatever happens


def strategy_of(mode: dict[str, Any], random: RandomSource) -> MapElitesMultiIsland:
    """Three islands that migrate every generation; one holds two programs at most, one measures their novelty."""
    with_novelty = BehaviorSpace(feature_bounds={"x": None, "novelty": (0.0, 1.0)}, resolution=BINS)
    strategy = MapElitesMultiIsland(
        island_configs=[
            config("a", key="x"),
            config("b", key="y", max_size=2, archive_remover=FitnessArchiveRemover()),
            IslandConfig(island_id="c", behavior_space=with_novelty),
        ],
        mutant_router=AdaptiveMutantRouter(exploration=0.3),
        migration=Migration(**mode),
    )
    strategy.bind(context(random))
    return strategy


modes = st.fixed_dictionaries(
    {
        "topology": st.sampled_from(["ring", "fully_connected", "random", EdgeListTopology([["a", "b"], ["c", "b"]])]),
        "policy": st.one_of(
            st.builds(FixedMigrationPolicy, st.just(1), st.integers(1, 4)),
            st.builds(
                AdaptiveMigrationPolicy, interval=st.just(2), fast_interval=st.just(1), stagnation=st.integers(1, 4)
            ),
        ),
    }
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.integers(0, BINS - 1), st.integers(0, BINS - 1)),
        st.tuples(st.just("remove"), st.integers(0, 30)),
        st.just(("migrate",)),
    ),
    min_size=8,
    max_size=40,
)


class Life:
    """A strategy to which things happen, with everything it journalled."""

    def __init__(self, mode: dict[str, Any]) -> None:
        self.random = RandomSource(5)
        self.strategy = strategy_of(mode, self.random)
        self.programs: dict[str, Program] = {}
        self.journal: list[ArchiveEvent] = []

    async def step(self, step: tuple[Any, ...]) -> list[ArchiveEvent]:
        """Do one thing; what was journalled of it."""
        match step:
            case ("add", fitness, x, y):
                number = len(self.programs)
                self.random.proposal = number * GENERATION + 1
                made = program(f"p{number}", fitness=float(fitness), x=x + 0.5, y=y + 0.5)
                made.number, made.operator, made.parents = number, f"operator{number % 2}", [f"p{number - 1}"]
                self.programs[made.id] = made
                await self.strategy.add(made)
            case ("remove", number):
                await self.strategy.remove(f"p{number}")
            case _:
                self.random.proposal = (len(self.journal) + 1) * GENERATION
                await self.strategy.select_elites(1)
        events = self.strategy.drain_events()
        self.journal += events
        return events


def follow(before: dict[str, set[str]], events: list[ArchiveEvent]) -> list[dict[str, set[str]]]:
    """Which programs are where before the first event and after each, if the journal is to be believed."""
    states = [before]
    for event in events:
        held = {name: set(ids) for name, ids in states[-1].items()}
        if event.action == "insert":
            assert event.program_id not in held[event.island_id]
            held[event.island_id].add(event.program_id)
            held[event.island_id] -= {event.displaced}
        elif event.action == "remove":
            held[event.island_id].remove(event.program_id)
        states.append(held)
    return states


@settings(max_examples=60, deadline=None)
@given(modes, steps)
async def test_when_moving_no_program_is_ever_in_two_islands_and_none_is_lost(
    mode: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    life = Life(mode)
    for step in steps:
        before = homes(life.strategy.islands)
        events = await life.step(step)
        states = follow(before, events)
        assert all(sum(map(len, held.values())) == len(set().union(*held.values())) for held in states)
        held = homes(life.strategy.islands)
        assert states[-1] == held
        assert len(held["b"]) <= 2
        for name, ids in held.items():
            assert all(life.programs[program_id].metadata["current_island"] == name for program_id in ids)
        if step == ("migrate",):  # who left arrived elsewhere, but for those that had to make room on the small island
            left = {event.program_id for event in events if event.action == "remove" and event.island_id != "b"}
            assert left <= {event.program_id for event in events if event.action == "insert"}


@settings(max_examples=40, deadline=None)
@given(modes, steps)
async def test_when_copying_a_migrant_stays_and_none_is_in_an_island_twice(
    mode: dict[str, Any], steps: list[tuple[Any, ...]]
) -> None:
    life = Life({**mode, "copy": True})
    for step in steps:
        before = homes(life.strategy.islands)
        events = await life.step(step)
        held = homes(life.strategy.islands)
        assert follow(before, events)[-1] == held
        assert len(held["b"]) <= 2
        if step == ("migrate",):
            assert not any(event.action == "remove" and event.island_id != "b" for event in events)


@settings(max_examples=40, deadline=None)
@given(modes, st.booleans(), steps)
async def test_the_journal_gives_the_same_strategy_again(
    mode: dict[str, Any], copy: bool, steps: list[tuple[Any, ...]]
) -> None:
    mode = {**mode, "copy": copy}
    life = Life(mode)
    for step in steps:
        await life.step(step)
    stored = {name: Program.from_json(each.to_json()) for name, each in life.programs.items()}
    for each in stored.values():
        each.metadata.clear()
    replayed = strategy_of(mode, RandomSource(5))
    for event in life.journal:
        event = ArchiveEvent.from_json(json.loads(json.dumps(event.to_json())))
        replayed.apply(event, stored.get(event.program_id) or Program(id=event.program_id))
    assert replayed.snapshot() == life.strategy.snapshot()


@given(st.integers(1, 50), st.integers(1, 50), st.lists(st.integers(-20, 5000), min_size=1, max_size=60), st.booleans())
def test_when_is_a_function_of_the_proposals_number_alone(
    interval: int, size: int, proposals: list[int], enabled: bool
) -> None:
    bound = StrategyContext(metrics=context().metrics, random=RandomSource(0), generation_size=size)
    migration = Migration(interval=interval, enabled=enabled)
    migration.bind(bound, ["a", "b"])
    due = {proposal: migration.due(proposal) for proposal in proposals}
    resumed = Migration(interval=interval, enabled=enabled)
    resumed.bind(bound, ["a", "b"])
    assert {proposal: resumed.due(proposal) for proposal in reversed(proposals)} == due
    assert all(due[n] == (enabled and n > 0 and n % (interval * size) == 0) for n in due)


# One migrant


@pytest.mark.parametrize(("fitness", "home"), [(1.0, "a"), (9.0, "b")])
@pytest.mark.parametrize("copy", [False, True])
async def test_a_migrant_is_where_its_destination_keeps_it_and_else_where_it_was(
    fitness: float, home: str, copy: bool
) -> None:
    islands = islands_of(config("a"), config("b", migrant_selector=Nobody()))
    migrant = program("migrant", fitness=fitness)
    await islands["a"].add(migrant)
    await islands["b"].add(program("host", fitness=5.0))
    result = await migrated(Migration(copy=copy), islands)
    kept = home == "b"
    assert [name for name, ids in homes(islands).items() if "migrant" in ids] == (
        ["a", "b"] if copy and kept else [home]
    )
    assert migrant.metadata["current_island"] == home
    assert (result.tried, result.moved) == (1, int(kept))
    actions = [(event.action, event.island_id) for event in result.events]
    departure = [] if copy else [("remove", "a")]
    assert actions == [*([*departure, ("insert", "b")] if kept else []), ("migration", "")]


async def test_a_copy_is_not_sent_where_it_already_is() -> None:
    islands = islands_of(config("a"), config("b"))
    await islands["a"].add(program("migrant", fitness=1.0))
    assert (await migrated(Migration(copy=True), islands)).moved == 1
    again = await migrated(Migration(copy=True), islands)
    assert (again.tried, again.moved) == (2, 0)
    assert again.reasons == {"already wherever it may go": 2}


async def test_an_island_sends_no_more_than_it_may_and_the_best_first() -> None:
    islands = islands_of(config("a"), config("b"))
    for number in range(BINS):
        await islands["a"].add(program(f"p{number}", fitness=float(number), x=number + 0.5))
    await migrated(Migration(max_migrants_per_island=2), islands)
    assert homes(islands) == {"a": {"p0", "p1"}, "b": {"p2", "p3"}}


async def test_migrants_go_along_the_topology() -> None:
    islands = islands_of(config("a"), config("b"), config("c"))
    await islands["a"].add(program("p", fitness=1.0))
    for home in "bca":
        await migrated(Migration(topology="ring"), islands)
        assert homes(islands)[home] == {"p"}


async def test_a_migrant_that_an_earlier_one_drove_out_does_not_come_back() -> None:
    islands = islands_of(config("a"), config("b"))
    for number in range(BINS):
        await islands["a"].add(program(f"strong{number}", fitness=2.0, x=number + 0.5))
        await islands["b"].add(program(f"weak{number}", fitness=1.0, x=number + 0.5))
    result = await migrated(Migration(), islands)
    assert homes(islands) == {"a": set(), "b": {f"strong{number}" for number in range(BINS)}}
    assert result.tried == 2 * BINS
    assert result.reasons["driven out of its island before it could leave"] > 0


async def test_islands_that_stagnate_are_helped_by_the_others_and_no_other_island_is() -> None:
    islands = islands_of(config("fresh"), config("stuck"), config("also_fresh"))
    for number in range(BINS):
        await islands["fresh"].add(program(f"p{number}", fitness=9.0 + number, x=number + 0.5))
    for number in range(5):
        await islands["stuck"].add(program(f"q{number}", fitness=5.0 - number, x=2.5))
    policy = AdaptiveMigrationPolicy(interval=50, fast_interval=5, migrants=BINS, stagnation=4)
    result = await migrated(Migration(policy=policy), islands)
    assert homes(islands) == {"fresh": set(), "stuck": {"p0", "p1", "p2", "p3"}, "also_fresh": set()}
    assert result.tried == BINS


# Why nobody moved


async def a_and_b(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Island]:
    """Two islands; the program of ``a`` is worse than that of ``b`` in the same cell."""
    islands = islands_of(config("a", **a), config("b", **{"migrant_selector": Nobody(), **b}))
    for fitness, island in enumerate(islands.values()):
        lacking = program(f"p{fitness}", fitness=float(fitness))
        if island.behavior_space.behavior_keys == ["x"]:
            del lacking.metrics["y"]
        assert await island.add(lacking)
    return islands


@pytest.mark.parametrize(
    ("a", "b", "migration", "router", "reason"),
    [
        ({"migrant_selector": Nobody()}, {}, {}, None, "1 no programs selected by the migrant selector"),
        ({}, {}, {}, None, "1 refused by the destination: not better than the elite of its cell"),
        ({}, {}, {}, Nowhere(), "1 refused by the router"),
        ({}, {"key": "y"}, {}, None, "1 no destination can place it: missing metrics y"),
        ({}, {}, {"topology": EdgeListTopology([["b", "a"]])}, None, "1 no programs selected by the migrant selector"),
        (
            {},
            {},
            {"policy": AdaptiveMigrationPolicy()},
            None,
            "1 interval not reached, and no island stagnates",
        ),
    ],
)
async def test_the_log_says_why_nobody_moved(a, b, migration, router, reason, log: list[str]) -> None:
    islands = await a_and_b(a, b)
    before = homes(islands)
    result = await migrated(Migration(**migration), islands, router)
    assert homes(islands) == before
    assert [line.split(" ", 1)[1] for line in log] == [f"[Migration] 0 migrants transferred ({reason})"]
    assert result.events[-1].details == {"tried": result.tried, "moved": 0, "reasons": dict(result.reasons)}


def test_before_the_first_migration_one_can_ask_why_there_was_none() -> None:
    migration = Migration(interval=2)
    migration.bind(context(), ["a", "b"])
    assert migration.reason_for_none(5, 2) == "interval not reached: first due in generation 2, this is generation 1"
    assert migration.reason_for_none(6, 2) is None
    assert migration.reason_for_none(6, 1) == "there is one island"
    assert Migration(enabled=False).reason_for_none(6, 2) == "enable_migration is false"


async def test_the_log_tells_of_each_migrant_and_of_all(log: list[str]) -> None:
    islands = islands_of(config("a"), config("b", migrant_selector=Nobody()))
    for name, fitness, x in (("good", 9.0, 0.5), ("bad", 1.0, 1.5)):
        await islands["a"].add(program(name, fitness=fitness, x=x))
        await islands["b"].add(program(f"host_{name}", fitness=5.0, x=x))
    await migrated(Migration(), islands)
    assert log == [
        "DEBUG [Migration] Island a → Island b: program good",
        "INFO [Migration] Removed 2 programs, added 1 programs; "
        "1 migrants stayed (1 refused by the destination: not better than the elite of its cell)",
    ]


# Parts that misbehave


async def test_a_router_that_names_no_candidate_keeps_nobody_from_staying() -> None:
    class Home(MutantRouter):
        async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
            return islands["a"]

    islands = islands_of(config("a"), config("b"))
    await islands["a"].add(program("p", fitness=1.0))
    result = await migrated(Migration(), islands, Home())
    assert homes(islands) == {"a": {"p"}, "b": set()}
    assert result.reasons == {"refused by the router": 1}


async def test_a_selector_that_names_programs_twice_or_strangers_moves_each_of_its_own_once() -> None:
    class Confused(MigrantSelector):
        def __call__(self, programs: list[Program], count: int) -> list[Program]:
            return [*programs, program("stranger", fitness=9.0), *programs]

    islands = islands_of(config("a", migrant_selector=Confused()), config("b"))
    await islands["a"].add(program("p", fitness=1.0))
    result = await migrated(Migration(), islands)
    assert homes(islands) == {"a": set(), "b": {"p"}}
    assert (result.tried, result.moved) == (1, 1)


async def test_migrants_of_a_router_that_raises_stay_where_they_are_and_what_moved_is_told() -> None:
    islands = islands_of(config("a"), config("b"))
    for number in range(3):
        await islands["a"].add(program(f"p{number}", fitness=1.0, x=number + 0.5))
    faults = PartFaults(limit=2)
    result = await migrated(Migration(), islands, Broken(), faults=faults)
    assert {name: len(ids) for name, ids in homes(islands).items()} == {"a": 2, "b": 1}
    assert result.reasons == {"fault in mutant_router": 2}
    assert [event.action for event in result.events] == ["remove", "insert", "migration"]
    assert homes(islands)["b"] == {result.events[1].program_id}
    with pytest.raises(StrategyFault, match="no more"):
        faults.check()


async def test_with_one_island_nothing_happens() -> None:
    islands = islands_of(config("a"))
    await islands["a"].add(program("p", fitness=1.0))
    assert (await migrated(Migration(), islands)).events == []


# Settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interval": 0}, "migration_interval must be a whole number of at least 1; found 0"),
        ({"max_migrants_per_island": 0}, "max_migrants_per_island must be a whole number of at least 1; found 0"),
        ({"topology": "star"}, "topology: 'star'"),
        ({"policy": "wild"}, "migration_policy: 'wild'"),
    ],
)
def test_settings_that_make_no_sense_are_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Migration(**settings)


def test_edges_are_checked_against_the_islands_of_the_run() -> None:
    migration = Migration(topology=EdgeListTopology([["a", "z"]]))
    with pytest.raises(ValueError, match="an edge names island 'z', which does not exist"):
        migration.bind(context(), ["a", "b"])


async def test_a_strategy_migrates_when_it_is_due_and_at_no_other_time() -> None:
    random = RandomSource(0)
    strategy = MapElitesMultiIsland(island_configs=[config("a"), config("b")], migration_interval=2)
    strategy.bind(context(random))
    await strategy.add(program("p", fitness=1.0))
    strategy.drain_events()
    moved = []
    for proposal in range(-3, 4 * GENERATION + 1):
        random.proposal = proposal
        await strategy.select_elites(1)
        moved += [proposal for event in strategy.drain_events() if event.action == "insert"]
    assert moved == [2 * GENERATION, 4 * GENERATION]
