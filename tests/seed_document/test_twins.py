"""The document's pseudo-code, as what it means."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    BinningType,
    Island,
    MapElitesMultiIsland,
    RandomMutantRouter,
    StrategyContext,
    SumArchiveSelector,
)
from gigaevo.programs import Program
from tests.seed_document.conftest import GENERATION, ProgramMaker, island_configs
from tests.seed_document.manifest import block
from tests.seed_document.prelude import run_twin

unit = st.floats(0.0, 1.0)


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(message.record["message"]), level="DEBUG")
    yield lines
    logger.remove(sink)


async def test_an_island_is_made_of_its_parts(context: StrategyContext, make_program: ProgramMaker) -> None:
    island: Island = run_twin(block(136))["island"]
    island.bind(context)
    assert island.id == "fitness_island" and island.config.max_size == 100
    for number in range(20):
        for step in range(6):
            await island.add(make_program(f"p{number}-{step}", fitness=5.0 * number + 1.0, validity=0.2 * step))
    assert len(island) == 100
    worst = min(elite.metrics["fitness"] for elite in await island.get_elites())
    assert worst >= 1.0
    assert [migrant.metrics["fitness"] for migrant in await island.select_migrants(2)] == [96.0, 96.0]


def test_the_example_of_a_cell_is_in_the_cell_that_it_says() -> None:
    assert run_twin(block(250))["cell"] == (15, 4)


@given(
    st.sampled_from(["LINEAR", "LOGARITHMIC", "SQUARE_ROOT"]),
    st.integers(1, 40),
    st.tuples(st.floats(0.01, 50.0), st.floats(60.0, 1e6)),
    st.floats(-10.0, 1e6),
)
def test_cells_are_those_of_the_written_out_rule(
    binning: str, bins: int, bounds: tuple[float, float], value: float
) -> None:
    settings = {"feature_bounds": {"x": bounds}, "resolution": {"x": bins}, "binning_types": {"x": binning}}
    (ours,) = BehaviorSpace(**settings).get_cell({"x": value})
    (textbook,) = TEXTBOOK_SPACE(**settings).get_cell({"x": value})
    if ours != textbook:  # on an edge, rounding decides
        near = {TEXTBOOK_SPACE(**settings).get_cell({"x": value * (1 + step)})[0] for step in (-1e-9, 1e-9)}
        assert ours in near


TEXTBOOK_SPACE = run_twin(block(250))["TextbookSpace"]
TEXTBOOK_ISLAND = run_twin(block(272))["TextbookIsland"]


@given(st.lists(st.tuples(st.integers(0, 99), unit), max_size=60))
async def test_an_island_keeps_what_the_written_out_update_keeps(offers: list[tuple[int, float]]) -> None:
    def space() -> BehaviorSpace:
        return BehaviorSpace(
            feature_bounds={"fitness": (0.0, 100.0), "validity": (0.0, 1.0)}, resolution={"fitness": 3, "validity": 2}
        )

    textbook = TEXTBOOK_ISLAND(space(), SumArchiveSelector(["fitness"]))
    island = Island(island_id="ours", behavior_space=space(), archive_selector=SumArchiveSelector(["fitness"]))
    for number, (fitness, validity) in enumerate(offers):
        program = Program(id=str(number), metrics={"fitness": float(fitness), "validity": validity})
        assert await island.add(program) == await textbook.add(program)
    kept = {elite.id for elite in await island.get_elites()}
    assert kept == {elite.id for elite in textbook.archive.elites.values()}


@pytest.mark.parametrize(
    ("router", "where"),
    [
        ("AnyIsland", {"fitness_island", "simplicity_island"}),
        ("MatchingIsland", {"fitness_island"}),
        ("MostCompetitiveIsland", {"simplicity_island"}),
    ],
)
async def test_each_example_of_a_router_routes_in_a_strategy(
    router: str, where: set[str], context: StrategyContext, make_program: ProgramMaker
) -> None:
    found = set()
    for proposal in range(20):
        strategy = MapElitesMultiIsland(island_configs=island_configs(), mutant_router=run_twin(block(322))[router]())
        strategy.bind(context)
        for island_id, fitness in (("fitness_island", 80.0), ("simplicity_island", 40.0)):
            assert await strategy.islands[island_id].add(make_program(island_id, fitness=fitness))
        context.random.proposal = proposal
        newcomer = make_program("newcomer", fitness=60.0)
        assert await strategy.add(newcomer)
        found.add(newcomer.metadata["current_island"])
    assert found == where


async def test_migration_as_written_moves_elites_and_loses_none(strategy: MapElitesMultiIsland) -> None:
    before = {island.id: {elite.id for elite in await island.get_elites()} for island in strategy.islands.values()}
    migrate = run_twin(block(345))["perform_migration"]
    moved = await migrate(strategy.islands, RandomMutantRouter(), 3, np.random.default_rng(0))
    after = {island.id: {elite.id for elite in await island.get_elites()} for island in strategy.islands.values()}
    arrived = {program for island in after for program in after[island] - before[island]}
    assert moved == len(arrived) > 0
    assert not after["fitness_island"] & after["simplicity_island"]
    assert arrived <= before["fitness_island"] | before["simplicity_island"]


def test_there_are_the_four_binning_types_of_the_text() -> None:
    twin = run_twin(block(495))["BinningType"]
    assert {member.name: member.value for member in twin} == {member.name: member.value for member in BinningType}
    for member in twin:
        assert BinningType(member.value) is BinningType(member.name) is BinningType[member.name]
    assert set(re.findall(r"^    ([A-Z_]+) =", block(495).text, flags=re.MULTILINE)) < set(BinningType.__members__)


def test_the_sums_are_those_of_the_comparison() -> None:
    names = run_twin(block(521))
    printed = [float(line.rpartition("=")[2]) for line in block(521).text.splitlines() if "_score" in line]
    assert [names["program_a_score"], names["program_b_score"]] == pytest.approx(printed)
    assert names["program_a_wins"]


async def test_islands_that_stagnate_receive_more_often(context: StrategyContext, make_program: ProgramMaker) -> None:
    names = run_twin(block(695))
    strategy = MapElitesMultiIsland(island_configs=island_configs(), migration=names["migration"])
    strategy.bind(context)
    stuck, explorer = strategy.islands.values()
    for number in range(5):
        assert await stuck.add(make_program(f"stuck{number}", fitness=10.0 * number + 1.0))
        assert await explorer.add(make_program(f"explorer{number}", fitness=10.0 * number + 55.0))
    context.random.proposal = names["HIGH"] * GENERATION
    await strategy.select_elites(1)
    assert len(stuck) == len(explorer) == 5
    for number in range(30):
        await stuck.add(make_program(f"worse{number}", fitness=0.5))
    await strategy.select_elites(1)
    assert "explorer4" in stuck and len(explorer) == 3
    assert {elite.id for elite in await explorer.get_elites()} <= {f"explorer{number}" for number in range(5)}
    context.random.proposal = names["LOW"] * GENERATION
    await strategy.select_elites(1)
    assert "explorer4" in explorer  # all send to all, the explorer from where it stagnates too


async def test_an_island_more_is_made_for_what_fits_nowhere(
    context: StrategyContext, make_program: ProgramMaker, log: list[str]
) -> None:
    names = run_twin(block(848))

    def fresh() -> MapElitesMultiIsland:
        first = names["region"](island_id="from_0", low=0.0)
        made = names["AdaptiveMultiIsland"](island_configs=[first], mutant_router=names["BestFit"]())
        made.bind(context)
        return made

    strategy = fresh()
    programs = {name: make_program(name, fitness=fitness) for name, fitness in (("a", 5.0), ("b", 45.0), ("c", 46.0))}
    for program in programs.values():
        assert await strategy.add(program)
    assert list(strategy.islands) == ["from_0", "from_40"]
    assert programs["b"].metadata["current_island"] == programs["c"].metadata["current_island"] == "from_40"
    assert sum("Created new island: from_40" in line for line in log) == 1
    resumed = fresh()
    for event in strategy.drain_events():
        resumed.apply(event, programs.get(event.program_id) or make_program("nobody"))
    assert list(resumed.islands) == list(strategy.islands)
    assert resumed.snapshot() == strategy.snapshot()


async def test_an_island_put_into_the_mapping_takes_part(
    strategy: MapElitesMultiIsland, context: StrategyContext, make_program: ProgramMaker
) -> None:
    new_island = Island(island_id="new", behavior_space=BehaviorSpace(keys=["complexity"], resolution=[5]))
    strategy.islands[new_island.id] = new_island
    strategy.drain_events()
    program = make_program("late", complexity=3000.0)
    del program.metrics["validity"], program.metrics["complexity_score"]
    assert await strategy.add(program)
    assert program.metadata["current_island"] == "new"
    assert {event.island_id for event in strategy.drain_events() if event.program_id == "late"} == {"new"}
    assert (await strategy.get_metrics()).to_dict()["size/new"] == 1


async def test_two_species_drive_each_other(context: StrategyContext) -> None:
    names = run_twin(block(879))
    strategy: MapElitesMultiIsland = names["two_species"]()
    strategy.bind(context)
    await names["evolve"](strategy, np.random.default_rng(0), 400)
    lines, points = [await names["genomes"](island) for island in strategy.islands.values()]
    assert all(isinstance(line, list) for line in lines) and all(isinstance(x, float) for x in points)
    spread = [float(x) for x in range(11)]
    assert max(names["pass_rate"](line, spread) for line in lines) > 50.0 > names["pass_rate"]([0.0, 0.0], spread)
    hardest = max(elite.metrics["difficulty"] for elite in await strategy.islands[names["TESTCASES"]].get_elites())
    assert hardest > 0.5


async def test_evolution_finds_parameters_of_evolution(context: StrategyContext) -> None:
    names = run_twin(block(897))
    island: Island = names["meta_island"]()
    island.bind(context)
    await names["evolve"](island, np.random.default_rng(0), 25)
    best = max(await island.get_elites(), key=lambda elite: elite.metrics["final_fitness"])
    first = await names["inner_run"](names["FIRST"], np.random.default_rng(0))
    assert best.metrics["final_fitness"] > 1.2 * first["final_fitness"]
    assert json.loads(best.source).keys() == names["FIRST"].keys()


async def test_a_wider_space_tells_more_programs_apart(context: StrategyContext, make_program: ProgramMaker) -> None:
    space: BehaviorSpace = run_twin(block(1014))["behavior_space"]
    island = Island(island_id="wide", behavior_space=space)
    island.bind(context)
    assert space.behavior_keys == ["fitness", "validity", "complexity", "novelty"]
    assert space.total_cells == 2500
    for number in range(4):
        assert await island.add(make_program(f"p{number}", fitness=50.0, complexity=1200.0 * number + 10.0))
    assert len(island) == 4


async def test_migrations_are_found_in_the_log(
    strategy: MapElitesMultiIsland, context: StrategyContext, log: list[str]
) -> None:
    names = run_twin(block(1061))
    printed = [line.removeprefix("# ") for line in block(1061).text.splitlines()[1:]]
    assert names["MOVE"].fullmatch(printed[0]) and names["TOTAL"].fullmatch(printed[1])
    context.random.proposal = GENERATION
    await strategy.select_elites(1)
    moves = [found for line in log if (found := names["MOVE"].fullmatch(line))]
    totals = [found for line in log if (found := names["TOTAL"].match(line))]
    assert len(totals) == 1 and int(totals[0][2]) == len(moves) > 0
    for move in moves:
        assert {move[1], move[2]} == set(strategy.islands)
        assert move[3] in strategy.members()
