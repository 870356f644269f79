"""Parts of a strategy that raise, in a run: set aside and counted below the limit, a clean end of the run beyond it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.strategies.map_elites import (
    ArchiveSelector,
    BehaviorSpace,
    IslandConfig,
    MapElitesMultiIsland,
    Migration,
)
from gigaevo.programs import Program, ProgramState
from tests.config.command import Ended, run
from tests.engine.harness import World


class Moody(ArchiveSelector):
    """Raises at every third comparison.

    Args:
        mended: Whether it does not.
    """

    def __init__(self, *, mended: bool = False) -> None:
        self._mended = mended
        self._calls = 0

    def is_better(self, candidate: Program, current: Program) -> bool:
        self._calls += 1
        if self._calls % 3 == 0 and not self._mended:
            raise RuntimeError("no\nopinion")
        return candidate.metrics["fitness"] > current.metrics["fitness"]


def strategy(*, max_faults: int, mended: bool = False) -> MapElitesMultiIsland:
    selectors = {"broken": Moody(mended=mended), "sound": None}
    return MapElitesMultiIsland(
        island_configs=[
            IslandConfig(
                island_id=name,
                behavior_space=BehaviorSpace(keys=["place"], resolution=[bins]),
                archive_selector=selector,
            )
            for bins, (name, selector) in enumerate(selectors.items(), start=5)
        ],
        migration=Migration(interval=5),
        max_faults=max_faults,
    )


def world(
    folder: Path, *, max_faults: int, loop: str = "steady_state", mutants: int = 120, mended: bool = False
) -> World:
    return World(
        folder,
        limits=Limits(max_mutants=mutants),
        settings=EngineSettings(loop=loop),
        strategy=strategy(max_faults=max_faults, mended=mended),
    )


@pytest.mark.parametrize("loop", ["steady_state", "generational"])
async def test_below_the_limit_the_run_ends_as_if_nothing_had_happened(tmp_path: Path, loop: str) -> None:
    current = world(tmp_path, max_faults=1000, loop=loop)
    report = await current.run()
    assert (report.stop_reason, report.fault, report.progress.mutants) == ("max_mutants", "", 120)
    assert report.progress.population.faults > 2
    assert report.progress.population.islands["sound"].kept > 5


@pytest.mark.parametrize("loop", ["steady_state", "generational"])
async def test_beyond_the_limit_the_run_ends_with_its_reason_and_can_go_on_once_the_part_is_mended(
    tmp_path: Path, loop: str
) -> None:
    broken = world(tmp_path, max_faults=3, loop=loop)
    report = await broken.run()
    assert report.stop_reason == "strategy_fault"
    assert report.fault.startswith("parts of the strategy raised")
    assert "archive_selector Moody of island broken: RuntimeError: no opinion" in report.fault
    assert 0 < report.progress.mutants < 120
    assert report.rescored is not None
    assert [ended.fault for ended in broken.memory.stopped] == [report.fault]

    # All that was decided is journalled: another process that only looks finds the same state.
    looking = world(tmp_path, max_faults=3, loop=loop, mutants=report.progress.mutants, mended=True)
    await looking.run()
    assert looking.strategy.snapshot() == broken.strategy.snapshot()

    mended = world(tmp_path, max_faults=3, loop=loop, mended=True)
    whole = await mended.run()
    assert (whole.stop_reason, whole.fault, whole.progress.mutants) == ("max_mutants", "", 120)
    stored = await mended.stored()
    assert [program.number for program in stored[3:]] == list(range(120))
    assert {program.state for program in stored} <= {ProgramState.EVOLVING, ProgramState.DISCARDED}
    assert {program.id for program in stored if program.state is ProgramState.EVOLVING} == mended.strategy.members()


# Through run.py

PARTS = """\
class Moody:
    def __init__(self, *, every):
        self.every, self.calls = every, 0

    def is_better(self, candidate, current):
        self.calls += 1
        if self.calls % self.every == 0:
            raise RuntimeError("no opinion")
        return candidate.metrics["fitness"] < current.metrics["fitness"]
"""

EXPERIMENT = """\
# @package _global_
defaults:
  - base
  - override /mutation: no_freeze

max_mutants: 60
engine:
  generation_size: 10
islands:
  - _target_: gigaevo.evolution.strategies.map_elites.IslandConfig
    island_id: main_island
    max_size: ${island_max_size}
    behavior_space: ${behavior_space}
    archive_selector:
      _target_: moody.Moody
      every: 2
evolution_strategy:
  max_faults: 1000
"""


def run_moody(folder: Path, *arguments: str) -> Ended:
    (folder / "experiment").mkdir()
    (folder / "experiment" / "moody.yaml").write_text(EXPERIMENT)
    (folder / "experiment" / "moody.py").write_text(PARTS)
    typed = ("--config-dir", str(folder), "experiment=moody", "problem.name=toy_example", "hydra.run.dir=here")
    return run(*typed, *arguments, cwd=folder)


def read(folder: Path, name: str) -> Any:
    return json.loads((folder / "here" / name).read_text())


def test_a_users_raising_selector_costs_nothing_but_its_own_programs(tmp_path: Path) -> None:
    ended = run_moody(tmp_path)
    assert ended.status == 0, ended.err
    assert ended.err.count("Traceback") == 1
    assert "The archive_selector Moody of island main_island raised RuntimeError: no opinion" in ended.err
    summary = read(tmp_path, "summary.json")
    assert (summary["stop_reason"], summary["fault"]) == ("max_mutants", None)
    assert summary["archive"]["faults"] > 1
    assert f"raised {summary['archive']['faults']} times; run.log has the tracebacks" in ended.out
    history = [json.loads(line) for line in (tmp_path / "here" / "population.jsonl").read_text().splitlines()]
    assert [line["generation"] for line in history][-2:] in ([5, 6], [6, 6])
    assert history[-1]["mutants"] == 60
    assert history[-1]["faults"] == summary["archive"]["faults"]
    assert history[-1]["best"] == summary["best"]["metrics"]["fitness"]


def test_beyond_the_limit_the_command_fails_with_one_line_that_says_why(tmp_path: Path) -> None:
    ended = run_moody(tmp_path, "evolution_strategy.max_faults=3")
    assert ended.status == 1
    message = "archive_selector Moody of island main_island: RuntimeError: no opinion; the log has the traceback"
    assert sum(message in line for line in ended.err.splitlines()) == 1
    assert message in ended.out
    assert ended.err.count("Traceback") == 1  # that of the selector
    assert "fault in gigaevo" not in ended.err
    summary = read(tmp_path, "summary.json")
    assert summary["stop_reason"] == "strategy_fault"
    assert message in summary["fault"]
    assert "resume=" in ended.out
