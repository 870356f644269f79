"""Laws of the archive: what a cell keeps, how large an island grows, and that the journal tells the whole story."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.config.helpers import build_behavior_space
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.map_elites import (
    ArchiveEvent,
    ArchiveRemover,
    ArchiveSelector,
    BehaviorSpace,
    EliteSelector,
    FitnessArchiveRemover,
    FitnessProportionalEliteSelector,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    MutantRouter,
    ProgramBehaviorSpace,
    StrategyContext,
    SumArchiveSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.programs import ErrorKind, Metrics, MetricSpec, Program, ProgramError

BINS = 4


@dataclass(frozen=True)
class Step:
    """One thing that happens to an archive: a program arrives, or one that was there leaves."""

    cell: int
    fitness: float
    leaves: bool


STEPS = st.lists(
    st.builds(
        Step,
        cell=st.integers(0, BINS - 1),
        fitness=st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0]),
        leaves=st.sampled_from([False, False, False, True]),
    ),
    max_size=40,
)


class NewerIsBetter(ArchiveSelector):
    """Compares in Python, by something that is no number."""

    def is_better(self, candidate: Program, current: Program) -> bool:
        return candidate.number > current.number


def build(
    *,
    higher_is_better: bool = True,
    max_size: int | None = None,
    selector: ArchiveSelector | None = None,
    islands: Sequence[str] = ("main",),
    random: RandomSource | None = None,
    router: MutantRouter | None = None,
) -> MapElitesMultiIsland:
    """A strategy over ``x`` in four bins, bound to a run of its own."""
    metrics = Metrics(
        {
            "fitness": MetricSpec(description="f", is_primary=True, higher_is_better=higher_is_better),
            "x": MetricSpec(description="x", lower_bound=0.0, upper_bound=float(BINS)),
        }
    )
    strategy = MapElitesMultiIsland(
        island_configs=[
            IslandConfig(
                island_id=island,
                behavior_space=BehaviorSpace(keys=["x"], resolution=[BINS]),
                max_size=max_size,
                archive_selector=selector,
            )
            for island in islands
        ],
        mutant_router=router,
        enable_migration=False,
    )
    strategy.bind(StrategyContext(metrics=metrics, random=random or RandomSource(3)))
    return strategy


def program_of(number: int, step: Step) -> Program:
    metrics = {"fitness": step.fitness, "x": step.cell + 0.5}
    return Program(id=f"p{number}", number=number, source="", metrics=metrics)


def contents(strategy: MapElitesMultiIsland) -> dict[str, list[tuple[tuple[int, ...], str]]]:
    """Cells and ids of every island, in row order."""
    return {name: [(cell, program.id) for cell, program in island.archive] for name, island in strategy.islands.items()}


async def play(
    strategy: MapElitesMultiIsland, random: RandomSource, steps: Sequence[Step], start: int = 0
) -> tuple[dict[str, Program], list[ArchiveEvent]]:
    """Let everything happen, numbered from ``start``; the programs by id, and the journal."""
    programs: dict[str, Program] = {}
    journal: list[ArchiveEvent] = []
    for random.proposal, step in enumerate(steps, start):
        members = sorted(strategy.members())
        if step.leaves and members:
            assert await strategy.remove(members[step.cell % len(members)])
        else:
            program = program_of(random.proposal, step)
            programs[program.id] = program
            assert await strategy.add(program) == (program.id in strategy.members())
        journal += strategy.drain_events()
    return programs, journal


@given(STEPS, st.booleans())
def test_each_cell_holds_the_best_seen_since_it_was_last_emptied(steps: list[Step], higher_is_better: bool) -> None:
    sign = 1.0 if higher_is_better else -1.0

    async def scenario() -> None:
        strategy = build(higher_is_better=higher_is_better)
        best: dict[int, tuple[float, str]] = {}
        for number, step in enumerate(steps):
            if step.leaves:
                emptied = best.pop(step.cell, None)
                if emptied is not None:
                    assert await strategy.remove(emptied[1])
            else:
                program = program_of(number, step)
                await strategy.add(program)
                if step.cell not in best or sign * step.fitness > best[step.cell][0]:
                    best[step.cell] = (sign * step.fitness, program.id)
            held = {cell[0]: program.id for cell, program in strategy.islands["main"].archive}
            assert held == {cell: program_id for cell, (_, program_id) in best.items()}

    asyncio.run(scenario())


@given(STEPS, st.integers(1, 3), st.booleans())
def test_an_island_never_exceeds_its_size_and_gives_up_its_worst(
    steps: list[Step], max_size: int, higher_is_better: bool
) -> None:
    sign = 1.0 if higher_is_better else -1.0

    async def scenario() -> None:
        strategy = build(higher_is_better=higher_is_better, max_size=max_size)
        archive = strategy.islands["main"].archive
        for number, step in enumerate(steps):
            before = [sign * program.metrics["fitness"] for program in archive.programs()]
            await strategy.add(program_of(number, step))
            after = [sign * program.metrics["fitness"] for program in archive.programs()]
            assert len(after) <= max_size
            assert max(after) == max([*before, sign * step.fitness])

    asyncio.run(scenario())


@given(
    STEPS,
    st.sampled_from([None, 2]),
    st.sampled_from([None, NewerIsBetter()]),
    st.sampled_from([("main",), ("a", "b")]),
    st.integers(0, 40),
)
def test_snapshot_and_journal_give_the_archive_again_row_by_row(
    steps: list[Step],
    max_size: int | None,
    selector: ArchiveSelector | None,
    islands: tuple[str, ...],
    cut: int,
) -> None:
    async def scenario() -> None:
        random = RandomSource(3)
        lived = build(max_size=max_size, selector=selector, islands=islands, random=random)
        programs, _ = await play(lived, random, steps[:cut])
        snapshot = json.loads(json.dumps(lived.snapshot()))
        more, journal = await play(lived, random, steps[cut:], start=cut)
        programs |= more

        replayed = build(max_size=max_size, selector=selector, islands=islands, random=random)
        replayed.restore(snapshot, programs)
        assert replayed.snapshot() == snapshot
        for event in journal:
            # The journal of a removal is replayed without the program: the archive has it.
            program = Program(id=event.program_id) if event.action == "remove" else programs[event.program_id]
            replayed.apply(event, program)

        assert contents(replayed) == contents(lived)
        assert replayed.snapshot() == lived.snapshot()
        assert replayed.drain_events() == []
        for proposal in range(5):
            chosen = []
            for strategy in (replayed, lived):
                random.proposal = -1  # begins the proposal's stream anew
                await strategy.select_elites(2)
                random.proposal = 1000 + proposal
                chosen.append([program.id for program in await strategy.select_elites(2)])
            assert chosen[0] == chosen[1]

    asyncio.run(scenario())


async def test_an_insertion_names_whom_it_displaced(make_program, make_config) -> None:
    strategy = MapElitesMultiIsland(island_configs=[make_config(archive_selector=SumArchiveSelector(["fitness"]))])
    await strategy.add(make_program("old", fitness=1.0, x=3.5))
    await strategy.add(make_program("new", fitness=2.0, x=3.6))
    assert [(event.action, event.cell, event.program_id, event.displaced) for event in strategy.drain_events()] == [
        ("insert", (3,), "old", None),
        ("insert", (3,), "new", "old"),
    ]
    assert strategy.members() == {"new"}


async def test_a_program_that_the_size_limit_turns_away_leaves_no_trace() -> None:
    strategy = build(max_size=1)
    assert await strategy.add(program_of(1, Step(0, 5.0, False)))
    strategy.drain_events()
    assert not await strategy.add(program_of(2, Step(1, 4.0, False)))
    (event,) = strategy.drain_events()
    assert (event.action, event.program_id) == ("reject", "p2")
    assert "island full" in event.details["reason"]
    assert await strategy.add(program_of(3, Step(2, 6.0, False)))
    assert [(event.action, event.program_id) for event in strategy.drain_events()] == [
        ("insert", "p3"),
        ("remove", "p1"),
    ]


@pytest.mark.parametrize("fitness", [-5.0, 5.0])
async def test_an_invalid_program_is_refused_whatever_the_sign_of_its_score(fitness: float) -> None:
    strategy = build(higher_is_better=False)
    broken = program_of(1, Step(0, fitness, False))
    broken.error = ProgramError(kind=ErrorKind.INVALID, message="no")
    assert not await strategy.add(broken)
    assert not await strategy.islands["main"].add(broken)
    assert strategy.members() == set()


async def test_programs_that_cannot_be_placed_are_counted_by_reason(make_program) -> None:
    strategy = build()
    assert not await strategy.add(make_program("p", fitness=1.0))
    assert strategy.unrouted == {"missing metric: x": 1}
    assert not await strategy.add(make_program("q", fitness=float("nan"), x=1.0))
    assert strategy.islands["main"].refused == {"not finite: fitness": 1}


async def test_values_beyond_the_bounds_fall_into_the_edge_cells_and_are_counted(make_program) -> None:
    strategy = build()
    island = strategy.islands["main"]
    assert await strategy.add(make_program("low", fitness=1.0, x=-3.0))
    assert await strategy.add(make_program("high", fitness=1.0, x=99.0))
    assert island.clamped == {"x": 2}
    assert island.archive.cell_of("low") == (0,)
    assert island.archive.cell_of("high") == (BINS - 1,)


async def test_the_island_of_a_program_is_written_into_it() -> None:
    random = RandomSource(0)
    strategy = build(islands=("a", "b"), random=random)
    for number in range(20):
        random.proposal = number
        program = program_of(number, Step(number % BINS, float(number), False))
        assert await strategy.add(program)
        home = program.metadata["current_island"]
        assert [name for name, island in strategy.islands.items() if program.id in island] == [home]
    assert all(len(island) for island in strategy.islands.values())


async def test_a_program_that_is_kept_already_stays_and_is_not_journalled_again() -> None:
    strategy = build()
    program = program_of(1, Step(0, 1.0, False))
    assert await strategy.add(program)
    strategy.drain_events()
    assert await strategy.add(program)
    assert strategy.drain_events() == []


async def test_a_router_may_turn_a_program_away_but_not_from_an_empty_island() -> None:
    class Nowhere(MutantRouter):
        async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
            return None

    strategy = build(router=Nowhere())
    assert await strategy.add(program_of(1, Step(0, 1.0, False)))
    assert not await strategy.add(program_of(2, Step(1, 9.0, False)))
    assert strategy.unrouted == {"refused by the router": 1}


async def test_parents_come_from_all_islands_alike() -> None:
    random = RandomSource(0)
    strategy = build(islands=("a", "b"), random=random)
    big, small = strategy.islands["a"], strategy.islands["b"]
    for number in range(BINS):
        await big.add(program_of(number, Step(number, 1.0, False)))
    await small.add(program_of(99, Step(0, 1.0, False)))
    draws = 2000
    from_small = 0
    for random.proposal in range(draws):
        (parent,) = await strategy.select_elites(1)
        from_small += parent.id == "p99"
    assert abs(from_small / draws - 0.5) < 0.06


async def test_metrics_say_how_the_population_stands(make_context, make_config, make_program) -> None:
    strategy = MapElitesMultiIsland(island_configs=[make_config(island_id="fitness_island")])
    strategy.bind(make_context(lower_bound=-10.0))
    assert (await strategy.get_metrics()).qd_score == 0.0
    await strategy.add(make_program("a", fitness=5.0, x=0.5))
    await strategy.add(make_program("b", fitness=-20.0, x=1.5))
    metrics = await strategy.get_metrics()
    assert metrics.coverage == pytest.approx(2 / 10)
    assert metrics.qd_score == pytest.approx(15.0)
    assert metrics.to_dict() == {
        "total_programs": 2,
        "active_populations": 1,
        "programs_per_population": 2.0,
        "generation": 0,
        "size/fitness_island": 2,
        "coverage": metrics.coverage,
        "qd_score": metrics.qd_score,
        "coverage/fitness_island": pytest.approx(2 / 10),
        "qd_score/fitness_island": pytest.approx(15.0),
        "best/fitness_island": 5.0,
        "mean/fitness_island": -7.5,
        "acceptance/": 1.0,
    }


async def test_without_a_declared_bound_quality_counts_from_the_worst_value_seen() -> None:
    strategy = build(higher_is_better=False)
    for number, (cell, fitness) in enumerate([(0, 7.0), (0, 4.0), (1, 5.0)]):
        await strategy.add(program_of(number, Step(cell, fitness, False)))
    assert (await strategy.get_metrics()).qd_score == pytest.approx((7 - 4) + (7 - 5))


async def test_parts_of_the_users_own_see_programs_and_are_obeyed(make_program) -> None:
    class Youngest(EliteSelector):
        def __init__(self) -> None:
            self.seen = 0

        def __call__(self, programs: list[Program], total: int) -> list[Program]:
            self.seen = len(programs)
            return sorted(programs, key=lambda program: -program.number)[:total]

    class Oldest(ArchiveRemover):
        def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
            return sorted(programs, key=lambda program: program.number)[: len(programs) - max_size]

    selector = Youngest()
    island = Island(
        island_id="own",
        max_size=2,
        behavior_space=BehaviorSpace(feature_bounds={"x": (0, BINS)}, resolution=BINS),
        archive_selector=NewerIsBetter(),
        elite_selector=selector,
        archive_remover=Oldest(),
    )
    for number in range(3):
        assert await island.add(program_of(number, Step(number, 0.0, False)))
    assert [program.id for program in await island.select_elites(1)] == ["p2"]
    assert selector.seen == 2
    assert {program.id for program in await island.get_elites()} == {"p1", "p2"}


async def test_a_smaller_size_after_a_restart_is_reached_with_the_next_elite() -> None:
    lived = build()
    programs = {}
    for number in range(BINS):
        program = program_of(number, Step(number, float(number), False))
        programs[program.id] = program
        await lived.add(program)
    smaller = build(max_size=1)
    smaller.restore(lived.snapshot(), programs)
    programs["p9"] = program_of(9, Step(0, 2.5, False))  # better in its cell, not in the island
    assert not await smaller.add(programs["p9"])
    assert smaller.members() == {"p3"}
    lived.drain_events()
    for event in smaller.drain_events():
        lived.apply(event, programs[event.program_id])
    assert lived.snapshot()["islands"] == smaller.snapshot()["islands"]


async def test_a_remover_that_names_too_few_is_a_fault_and_the_archive_stays_as_it_was() -> None:
    class Nobody(ArchiveRemover):
        def __call__(self, programs: list[Program], max_size: int) -> list[Program]:
            return []

    strategy = build(max_size=1)
    strategy.islands["main"].parts.archive_remover = Nobody()
    await strategy.add(program_of(1, Step(0, 1.0, False)))
    assert not await strategy.add(program_of(2, Step(1, 2.0, False)))
    assert strategy.members() == {"p1"}
    assert strategy.faults.counts == {"archive_remover Nobody of island main: ValueError": 1}


def test_a_journal_that_does_not_fit_is_refused() -> None:
    strategy = build()
    program = program_of(1, Step(0, 1.0, False))
    stranger = ArchiveEvent(action="insert", island_id="elsewhere", cell=(0,), program_id="p1")
    with pytest.raises(ValueError, match="'elsewhere'"):
        strategy.apply(stranger, program)
    absent = ArchiveEvent(action="remove", island_id="main", cell=(0,), program_id="p1")
    with pytest.raises(ValueError, match="does not fit"):
        strategy.apply(absent, program)


def test_a_problem_that_an_island_does_not_fit_is_refused_with_the_islands_name(make_context, make_config) -> None:
    config = make_config(behavior_space=BehaviorSpace(feature_bounds={"speed": (0, 1)}))
    with pytest.raises(ValueError, match=r"island main: .*'speed'"):
        MapElitesMultiIsland(island_configs=[config]).bind(make_context())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"islands": []}, "different ids"),
        ({"islands": ["a", "a"]}, "different ids"),
        ({"islands": ["a"], "migration_interval": 0}, "migration_interval"),
        ({"islands": ["a"], "max_migrants_per_island": 0}, "max_migrants_per_island"),
    ],
)
def test_islands_that_cannot_be_are_refused(make_config, settings: dict[str, object], message: str) -> None:
    configs = [make_config(island_id=name) for name in settings.pop("islands")]  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match=message):
        MapElitesMultiIsland(island_configs=configs, **settings)  # type: ignore[arg-type]


def test_an_island_of_no_size_is_refused(make_config) -> None:
    with pytest.raises(ValueError, match="main: max_size must be at least 1"):
        make_config(max_size=0)


async def test_the_default_island_needs_nothing_but_a_problem(make_context) -> None:
    strategy = MapElitesMultiIsland(
        island_configs=[IslandConfig(island_id="main", behavior_space=ProgramBehaviorSpace(), max_size=75)]
    )
    strategy.bind(make_context(behavior_keys=("x",)))
    metrics = {"fitness": 1.0, "x": 2.0, "complexity_score": 80.0, "cyclomatic_complexity": 3.0}
    assert await strategy.add(Program(id="p", source="", metrics=metrics))
    assert [program.id for program in await strategy.select_elites(2)]


async def test_an_island_over_fitness_and_validity_with_every_part_spelled_out(make_context) -> None:
    by_fitness = {"fitness_key": "fitness", "fitness_key_higher_is_better": True}
    strategy = MapElitesMultiIsland(
        island_configs=[
            IslandConfig(
                island_id="main_island",
                max_size=100,
                behavior_space=build_behavior_space(
                    keys=["fitness", "is_valid"],
                    bounds=[[0.0, 100.0], [0.0, 1.0]],
                    resolutions=[20, 5],
                    binning_types=["LINEAR", "LINEAR"],
                ),
                archive_selector=SumArchiveSelector(fitness_keys=["fitness"], fitness_key_higher_is_better=[True]),
                elite_selector=FitnessProportionalEliteSelector(**by_fitness),
                archive_remover=FitnessArchiveRemover(**by_fitness),
                migrant_selector=TopFitnessMigrantSelector(**by_fitness),
            )
        ],
        program_storage=None,
        migration_interval=50,
        enable_migration=False,
        max_migrants_per_island=5,
    )
    strategy.bind(make_context())
    program = Program(id="p", source="", metrics={"fitness": 75.3, "is_valid": 1.0})
    assert await strategy.add(program)
    assert strategy.islands["main_island"].archive.cell_of("p") == (15, 4)
    assert await strategy.select_elites(1) == [program]


@pytest.mark.parametrize(
    "path",
    [
        "map_elites.BehaviorSpace",
        "map_elites.BinningType",
        "map_elites.FitnessArchiveRemover",
        "map_elites.FitnessProportionalEliteSelector",
        "map_elites.Island",
        "map_elites.IslandConfig",
        "map_elites.MapElitesMultiIsland",
        "map_elites.RandomEliteSelector",
        "map_elites.RandomMigrantSelector",
        "map_elites.RandomMutantRouter",
        "map_elites.SumArchiveSelector",
        "map_elites.TopFitnessMigrantSelector",
        "elite_selectors.EliteSelector",
        "migrant_selectors.MigrantSelector",
        "mutant_router.MutantRouter",
        "removers.ArchiveRemover",
        "selectors.ArchiveSelector",
    ],
)
def test_names_that_configurations_use_are_where_they_say(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert isinstance(getattr(importlib.import_module(f"gigaevo.evolution.strategies.{module}"), name), type)


def test_islands_share_a_space_that_stays_as_it_is_and_have_one_of_their_own_where_it_learns(make_context) -> None:
    fixed, learning = BehaviorSpace(keys=["x"], resolution=[4]), BehaviorSpace(keys=["unbounded"], resolution=[4])
    strategy = MapElitesMultiIsland(
        island_configs=[
            IslandConfig(island_id=f"{name}{number}", behavior_space=space)
            for name, space in (("fixed", fixed), ("learning", learning))
            for number in range(2)
        ]
    )
    strategy.bind(make_context())
    islands = strategy.islands
    assert islands["fixed0"].behavior_space is islands["fixed1"].config.behavior_space is fixed
    assert islands["learning0"].behavior_space is not islands["learning1"].behavior_space


async def test_an_island_without_a_run_works_with_nothing_but_a_space(make_program) -> None:
    island = Island(island_id="alone", max_size=2, behavior_space=BehaviorSpace(keys=["x"], resolution=[4]))
    for number in range(4):
        await island.add(make_program(f"p{number}", fitness=float(number), x=float(number)))
    assert island.archive.ids == {"p2", "p3"}
    assert island.parts.faults.total == 0
    assert [migrant.id for migrant in await island.select_migrants(1)] == ["p3"]
    assert (await island.select_elites(1))[0].id in {"p2", "p3"}


async def test_a_router_may_choose_any_empty_island() -> None:
    class ToTheLast(MutantRouter):
        async def route_mutant(self, program: Program, candidate_islands: list[Island]) -> Island | None:
            return candidate_islands[-1]

    strategy = build(islands=("a", "b"), router=ToTheLast())
    assert await strategy.add(program_of(1, Step(0, 1.0, False)))
    assert contents(strategy) == {"a": [], "b": [((0,), "p1")]}


async def test_a_novelty_that_the_problem_measures_is_left_as_it_is(make_program) -> None:
    metrics = Metrics(
        {
            "fitness": MetricSpec(description="f", is_primary=True),
            "novelty": MetricSpec(description="the problem's own", lower_bound=0.0, upper_bound=8.0),
        }
    )
    island = Island(island_id="own", behavior_space=BehaviorSpace(keys=["novelty"], resolution=[8]))
    island.bind(StrategyContext(metrics=metrics, random=RandomSource(0)))
    assert island.missing_keys(make_program("without", fitness=1.0)) == ["novelty"]
    assert await island.add(make_program("p", fitness=1.0, novelty=6.5))
    assert island.archive.cell_of("p") == (6,)
    assert island.archive.get("p").metrics["novelty"] == 6.5
