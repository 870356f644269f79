"""The document's Python, run as it is printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    BinningType,
    Island,
    IslandConfig,
    MapElitesMultiIsland,
    RandomMutantRouter,
    StrategyContext,
)
from tests.seed_document.conftest import ProgramMaker, island_configs
from tests.seed_document.manifest import block
from tests.seed_document.prelude import run_block


async def test_a_behavior_space_is_written_by_key() -> None:
    [space] = (await run_block(block(80)))["values"]
    assert isinstance(space, BehaviorSpace)
    assert space.behavior_keys == ["fitness", "validity"]
    assert space.binning_types == {"fitness": BinningType.LINEAR, "validity": BinningType.LINEAR}
    assert space.total_cells == 100
    assert space.get_cell({"fitness": 75.3, "validity": 0.82}) == (15, 4)


async def test_two_islands_want_different_things(context: StrategyContext, make_program: ProgramMaker) -> None:
    fitness_island, simplicity_island = (await run_block(block(293)))["values"]
    for island in (fitness_island, simplicity_island):
        island.bind(context)
        assert await island.add(make_program("large", fitness=51.0, complexity_score=490.0))
    small = make_program("small", fitness=50.5, complexity_score=300.0)
    assert fitness_island.id == "fitness_island" and simplicity_island.id == "simplicity_island"
    assert not await fitness_island.add(small)
    assert await simplicity_island.add(small)
    assert {program.id for program in await simplicity_island.get_elites()} == {"small"}


async def test_sums_are_weighted(make_program: ProgramMaker) -> None:
    [selector] = (await run_block(block(515)))["values"]
    a, b = make_program("a", fitness=80.0, validity=0.5), make_program("b", fitness=80.4, validity=0.0)
    assert selector.is_better(b, a)
    assert not selector.is_better(make_program("c", fitness=80.2, validity=0.0), a)


async def test_dominance_is_better_in_one_objective_and_worse_in_none(make_program: ProgramMaker) -> None:
    [selector] = (await run_block(block(530)))["values"]
    current = make_program("current", fitness=50.0, validity=0.5)
    assert selector.is_better(make_program("a", fitness=51.0, validity=0.5), current)
    assert not selector.is_better(make_program("b", fitness=50.0, validity=0.5), current)
    assert not selector.is_better(make_program("c", fitness=90.0, validity=0.4), current)


async def test_random_selection_gives_every_elite_its_turn(island: Island) -> None:
    [selector] = (await run_block(block(547)))["values"]
    elites = await island.get_elites()
    assert {program.id for _ in range(200) for program in selector(elites, 1)} == {program.id for program in elites}


async def test_proportional_selection_follows_fitness(make_program: ProgramMaker) -> None:
    [selector] = (await run_block(block(556)))["values"]
    drawn = selector([make_program("low", fitness=10.0), make_program("high", fitness=30.0)], 4000)
    assert 0.72 < sum(program.id == "high" for program in drawn) / len(drawn) < 0.78


async def test_a_tournament_of_three_takes_the_best_of_three(island: Island) -> None:
    [selector] = (await run_block(block(569)))["values"]
    assert selector.tournament_size == 3
    drawn = selector(await island.get_elites(), 5000)
    best = sum(program.id == "elite9" for program in drawn) / len(drawn)
    assert 0.24 < best < 0.31  # 1 - (9/10)³, or a little more where three different ones compete: 3/10


async def test_top_migrants_are_the_best(island: Island) -> None:
    [selector] = (await run_block(block(589)))["values"]
    assert [program.id for program in selector(await island.get_elites(), 3)] == ["elite9", "elite8", "elite7"]


async def test_random_migrants_are_any(island: Island) -> None:
    [selector] = (await run_block(block(599)))["values"]
    elites = await island.get_elites()
    assert {program.id for _ in range(200) for program in selector(elites, 1)} == {program.id for program in elites}


async def test_the_fitness_remover_takes_the_worst(island: Island) -> None:
    [remover] = (await run_block(block(610)))["values"]
    assert [program.id for program in remover(await island.get_elites(), 8)] == ["elite0", "elite1"]


async def test_the_age_remover_takes_the_oldest(make_program: ProgramMaker) -> None:
    [remover] = (await run_block(block(620)))["values"]
    programs = [make_program(f"p{number}") for number in range(4)]
    for number, created_at in enumerate((30.0, 10.0, 40.0, 20.0)):
        programs[number].created_at = created_at
        programs[number].number = int(created_at)
    assert [program.id for program in remover(programs, 2)] == ["p1", "p3"]


async def test_the_diversity_remover_keeps_what_lies_apart(
    context: StrategyContext, make_program: ProgramMaker
) -> None:
    [remover] = (await run_block(block(627)))["values"]
    remover.bind(context)
    programs = [make_program("alone", fitness=10.0), *(make_program(f"p{n}", fitness=90.0 + n) for n in range(3))]
    removed = remover(programs, 2)
    assert len(removed) == 2 and "alone" not in {program.id for program in removed}


async def test_a_custom_archive_selector_decides_who_holds_a_cell(
    context: StrategyContext, make_program: ProgramMaker
) -> None:
    kind = (await run_block(block(705)))["WeightedParetoArchiveSelector"]
    selector = kind(["fitness", "complexity_score"], [True, False], [1.0, 0.1])
    space = BehaviorSpace(keys=["validity"], resolution=[5])
    island = Island(island_id="own", behavior_space=space, archive_selector=selector)
    island.bind(context)
    assert await island.add(make_program("first", fitness=50.0, complexity_score=100.0))
    assert not await island.add(make_program("traded", fitness=90.0, complexity_score=101.0))
    assert await island.add(make_program("dominates", fitness=50.0, complexity_score=99.0))
    assert [program.id for program in await island.get_elites()] == ["dominates"]


async def test_a_custom_elite_selector_chooses_the_parents_of_an_island(
    context: StrategyContext, make_program: ProgramMaker
) -> None:
    kind = (await run_block(block(759)))["NoveltyEliteSelector"]
    space = BehaviorSpace(keys=["fitness"], resolution=[100])
    island = Island(island_id="own", behavior_space=space, elite_selector=kind(["fitness"], k_nearest=2))
    island.bind(context)
    for fitness in (10.5, 11.5, 12.5, 13.5, 60.5):
        assert await island.add(make_program(f"at{fitness}", fitness=fitness))
    assert [program.id for program in await island.select_elites(1)] == ["at60.5"]


async def test_a_custom_router_routes_in_a_strategy(context: StrategyContext, make_program: ProgramMaker) -> None:
    kind = (await run_block(block(799)))["BehaviorAwareMutantRouter"]
    configs = [
        IslandConfig(island_id=island_id, behavior_space=BehaviorSpace(keys=["fitness"], resolution=[20]))
        for island_id in ("low", "high")
    ]
    strategy = MapElitesMultiIsland(island_configs=configs, mutant_router=kind())
    strategy.bind(context)
    for island_id, fitness in (("low", 10.0), ("high", 90.0)):
        assert await strategy.islands[island_id].add(make_program(island_id, fitness=fitness))
    for fitness, nearest in ((31.0, "low"), (72.0, "high"), (21.0, "low")):
        newcomer = make_program(f"at{fitness}", fitness=fitness)
        assert await strategy.add(newcomer)
        assert newcomer.metadata["current_island"] == nearest
        assert newcomer.id in strategy.islands[nearest]


async def test_why_nothing_is_accepted_can_be_asked(
    island: Island, make_program: ProgramMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    program = make_program("new", fitness=96.0)
    given = {"new_program": program, "current_elite": (await island.get_elites())[-1], "island": island}
    await run_block(block(926), program=program, **given)
    bounds, answer = capsys.readouterr().out.splitlines()
    assert bounds == "{'fitness': (0.0, 100.0), 'validity': (0.0, 1.0)}"
    assert answer == "True"
    del program.metrics["validity"]
    await run_block(block(926), program=program, **given)
    assert capsys.readouterr().out.splitlines()[0] == "Missing metrics: {'validity'}"


async def test_why_nothing_migrates_can_be_asked(
    strategy: MapElitesMultiIsland, capsys: pytest.CaptureFixture[str]
) -> None:
    source, destination = strategy.islands.values()
    router = RandomMutantRouter()
    given = {"island": source, "router": router, "migrant": (await source.get_elites())[0]}
    names = await run_block(block(974), dest_islands=[destination], **given)
    assert len(names["migrants"]) == min(5, len(source))
    assert names["destination"] is destination
    await run_block(block(974), dest_islands=[], **given)
    said = capsys.readouterr().out.splitlines()
    assert said[1::2] == ["Routed to: simplicity_island", "Routed to: None"]
    assert said[0] == f"Selected {len(names['migrants'])} migrants"


async def test_a_less_greedy_selector_takes_the_place_of_another(island: Island) -> None:
    selector = (await run_block(block(1011)))["elite_selector"]
    assert len(selector(await island.get_elites(), 10)) == 10


async def test_the_behavior_space_is_plotted(island: Island, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(os.environ, "MPLBACKEND", "Agg")
    names = await run_block(block(1026), island=island)
    assert sorted(names["fitness_vals"]) == [5.0 + 10.0 * number for number in range(10)]
    assert names["validity_vals"] == [1.0] * 10
    assert (tmp_path / "behavior_space.png").read_bytes().startswith(b"\x89PNG")
    names["plt"].close("all")


async def test_metrics_have_the_keys_of_the_document(
    strategy: MapElitesMultiIsland, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = block(1045).text
    names = await run_block(block(1045), strategy=strategy)
    shown = names["metrics"].to_dict()
    assert capsys.readouterr().out == f"{shown}\n"
    for key in ("total_programs", "active_populations", "programs_per_population", "generation"):
        assert f"'{key}'" in printed and key in shown
    sizes = {f"size/{island.id}": len(island) for island in strategy.islands.values()}
    assert all(f"'{key}'" in printed for key in sizes)
    assert sizes.items() <= shown.items()
    assert shown["total_programs"] == sum(sizes.values())
    assert shown["active_populations"] == 2
    assert shown["programs_per_population"] == shown["total_programs"] / 2


def test_the_islands_of_the_document_are_those_of_its_metrics() -> None:
    assert all(f"size/{config.island_id}" in block(1045).text for config in island_configs())
