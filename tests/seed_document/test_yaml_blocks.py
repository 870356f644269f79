"""The document's YAML, run as a user runs it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from gigaevo.evolution.strategies.map_elites import MapElitesMultiIsland, StrategyContext
from tests.config.command import ROOT, run
from tests.end_to_end.command import mutant_numbers, serving
from tests.seed_document.conftest import GENERATION, ProgramMaker, island_configs
from tests.seed_document.manifest import Block, block
from tests.seed_document.runs import SHORT, archive_of, run_with, user_file

# Its presets with language models come with the operators that use them.
SHIPPED = {path.stem for path in (ROOT / "config" / "experiment").glob("*.yaml")}


def bounded(archive: dict[str, dict[tuple[int, ...], set[str]]], island: str, *bins: int) -> bool:
    """Whether an island holds something, in cells of a grid of so many bins."""
    cells = archive.get(island, {})
    return bool(cells) and all(
        len(cell) == len(bins) and all(0 <= i < n for i, n in zip(cell, bins, strict=True)) for cell in cells
    )


def test_the_single_island_runs_and_has_an_archive(tmp_path: Path) -> None:
    ended = run_with(user_file(block(386)), "problem.name=heilbron", folder=tmp_path)
    assert ended.status == 0, ended.err
    archive = archive_of(tmp_path)
    assert set(archive) == {"main_island"}
    assert bounded(archive, "main_island", 20, 5)
    assert all(cell[1] == 4 for cell in archive["main_island"])  # what is valid


def test_the_two_islands_run_and_both_have_an_archive(tmp_path: Path) -> None:
    ended = run_with(user_file(block(444)), "problem.name=sorting", folder=tmp_path)
    assert ended.status == 0, ended.err
    archive = archive_of(tmp_path)
    assert set(archive) == {"fitness_island", "simplicity_island"}
    assert bounded(archive, "fitness_island", 20, 5)
    assert bounded(archive, "simplicity_island", 20, 10)
    resumed = run(f"resume={tmp_path / 'out'}", "max_mutants=14", cwd=tmp_path)
    assert resumed.status == 0, resumed.err
    assert mutant_numbers(tmp_path / "out") == list(range(14))


def test_finer_cells_are_a_users_algorithm(tmp_path: Path) -> None:
    ended = run_with(user_file(block(949)), "problem.name=toy_example", folder=tmp_path)
    assert ended.status == 0, ended.err
    assert bounded(archive_of(tmp_path), "main_island", 50, 20)
    printed = block(949).text
    assert "resolution: [50, 20]" in printed and "[70.0, 90.0]" in printed and "[LOGARITHMIC, LINEAR]" in printed


def test_a_limit_and_its_remover_are_a_users_algorithm(tmp_path: Path) -> None:
    arguments = ("problem.name=circle_packing", "islands.0.max_size=2", "max_mutants=20")
    ended = run_with(user_file(block(994)), *arguments, folder=tmp_path)
    assert ended.status == 0, ended.err
    assert sum(map(len, archive_of(tmp_path)["fitness_island"].values())) == 2


CUSTOM = """\
# @package _global_
behavior_space:
  _target_: gigaevo.config.helpers.build_behavior_space
  keys: [fitness, complexity]
  resolutions: [20, 10]

islands:
  - &island
    _target_: gigaevo.evolution.strategies.map_elites.IslandConfig
    island_id: first
    behavior_space: ${behavior_space}
    archive_selector:
      _target_: custom.WeightedParetoArchiveSelector
      fitness_keys: [fitness, complexity]
      fitness_key_higher_is_better: [true, false]
      weights: [1.0, 0.1]
    elite_selector:
      _target_: custom.NoveltyEliteSelector
      behavior_keys: [fitness, complexity]
      k_nearest: 3
  - <<: *island
    island_id: second

evolution_strategy:
  _target_: gigaevo.evolution.strategies.map_elites.MapElitesMultiIsland
  island_configs: ${islands}
  migration_interval: 3
  mutant_router:
    _target_: custom.BehaviorAwareMutantRouter
"""
IMPORTS = """\
from gigaevo.evolution.strategies.map_elites import Island
from gigaevo.programs import Program
"""


def test_the_custom_components_are_named_in_a_users_algorithm(tmp_path: Path) -> None:
    module = "\n\n".join([IMPORTS, block(705).text, block(759).text, block(799).text])
    ended = run_with(CUSTOM, "problem.name=sorting", folder=tmp_path, files={"custom.py": module})
    assert ended.status == 0, ended.err
    archive = archive_of(tmp_path)
    assert bounded(archive, "first", 20, 10) and set(archive) <= {"first", "second"}
    assert "is set aside" not in (tmp_path / "out" / "run.log").read_text(encoding="utf-8")  # no part raised


@pytest.mark.parametrize("printed", [block(677), block(686), block(971)], ids=lambda printed: printed.name)
async def test_settings_of_migration_are_those_of_the_strategy(
    printed: Block, context: StrategyContext, make_program: ProgramMaker
) -> None:
    settings = yaml.safe_load(printed.text)
    interval, most = settings["migration_interval"], settings["max_migrants_per_island"]
    strategy = MapElitesMultiIsland(island_configs=island_configs(), **settings)
    strategy.bind(context)
    first, second = strategy.islands.values()
    for number in range(20):
        assert await first.add(make_program(f"p{number}", fitness=5.0 * number + 1.0))
    context.random.proposal = interval * GENERATION - 1
    await strategy.select_elites(1)
    assert (len(first), len(second)) == (20, 0)
    context.random.proposal += 1
    await strategy.select_elites(1)
    assert (len(first), len(second)) == (20 - most, most)


COMMANDS = [line.split() for line in block(23).text.splitlines() if line.startswith("python run.py")]


WITH_MODELS = {"experiment=multi_llm_exploration", "experiment=full_featured"}
TWO_ISLANDS = {"experiment=multi_island_complexity", "experiment=full_featured"}


@pytest.mark.parametrize("arguments", [command[2:] for command in COMMANDS], ids=" ".join)
def test_the_commands_of_the_quick_start_start_a_run(arguments: list[str], tmp_path: Path) -> None:
    with serving() if WITH_MODELS.intersection(arguments) else nullcontext() as address:
        asked = [] if address is None else [f"llm_base_url={address}"]
        ended = run(*arguments, *asked, *SHORT, f"hydra.run.dir={tmp_path / 'out'}", cwd=tmp_path)
    assert ended.status == 0, ended.err
    assert len(archive_of(tmp_path)) == (2 if TWO_ISLANDS.intersection(arguments) else 1)
