"""Programs that are given up before they are scored: counted and shown, kept from the strategy, and no failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gigaevo.evaluation.base import Evaluation
from gigaevo.evolution.engine.events import Limits, Outcome
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.strategies.map_elites import MapElitesMultiIsland
from gigaevo.observe.metrics_log import MetricsLog
from gigaevo.programs import Program, ProgramState
from tests.engine.harness import METRICS, Jitter, NumberEvaluator, World, map_elites, value_of


class Screening(NumberEvaluator):
    """Gives up programs far from the best number, and finds every third result in a cache."""

    async def evaluate(self, program: Program) -> Evaluation:
        found = await super().evaluate(program)
        if found.error is None and not 0.2 <= value_of(program) <= 0.8:
            return replace(
                found, metrics={"place": found.metrics["place"]}, skipped={"validate": "too far", "deep": "x"}
            )
        return replace(found, cached=["run"]) if self.calls % 3 == 0 else found


class Watchful(MapElitesMultiIsland):
    """Remembers what it was offered."""

    offered: list[str]

    async def add(self, program: Program) -> bool:
        self.offered.append(program.id)
        return await super().add(program)


def world(folder: Path, snapshot_interval: int = 30) -> World:
    strategy = map_elites()
    strategy.__class__ = Watchful
    assert isinstance(strategy, Watchful)
    strategy.offered = []
    return World(
        folder,
        limits=Limits(max_mutants=80),
        settings=EngineSettings(deterministic=True, snapshot_interval=snapshot_interval),
        operator=Jitter(digits=4),
        evaluator=Screening(),
        strategy=strategy,
    )


async def test_a_program_that_was_given_up_is_neither_valid_nor_a_failure(tmp_path: Path) -> None:
    lived = world(tmp_path)
    report = await lived.run()
    programs = await lived.stored()
    pruned = [program for program in programs if program.pruned]
    assert len(pruned) > 5
    for program in pruned:
        assert program.pruned == "validate: too far"
        assert program.error is None
        assert not program.is_valid
        assert program.state is ProgramState.DISCARDED
        assert program.skipped == {"validate": "too far", "deep": "x"}
    assert isinstance(lived.strategy, Watchful)
    assert set(lived.strategy.offered) == {program.id for program in programs if program.is_valid}
    told = {program.id for program, outcome, _ in lived.memory.programs if outcome is Outcome.PRUNED}
    assert told == {program.id for program in pruned}
    assert report.progress.outcomes["pruned"] == len(pruned)
    assert report.progress.skipped == {"validate": len(pruned), "deep": len(pruned)}
    assert report.progress.cached == {"run": sum(bool(program.cached) for program in programs)}
    assert report.progress.best is not None and report.progress.best.is_valid


@pytest.mark.parametrize("snapshot_interval", [7, 10_000])
async def test_the_replay_of_the_journal_counts_what_was_given_up(tmp_path: Path, snapshot_interval: int) -> None:
    first = world(tmp_path, snapshot_interval)
    report = await first.run()
    again = world(tmp_path, snapshot_interval)
    resumed = await again.run()
    assert again.evaluator.calls == 0
    assert resumed.progress.outcomes == report.progress.outcomes
    assert resumed.progress.skipped == report.progress.skipped
    assert resumed.progress.cached == report.progress.cached
    assert again.strategy.snapshot() == first.strategy.snapshot()
    assert again.operator.state() == first.operator.state()


async def test_the_log_of_metrics_says_so_of_a_killed_run_as_well(tmp_path: Path) -> None:
    lived = world(tmp_path)
    await lived.run()
    log = MetricsLog(folder=tmp_path)
    stored = await lived.stored()

    async def programs():  # type: ignore[no-untyped-def]
        for program in stored:
            yield program

    await log.rewrite(programs(), METRICS)
    text = log.path.read_text()
    assert text.count('"outcome":"pruned"') + text.count('"outcome": "pruned"') == sum(bool(p.pruned) for p in stored)


async def test_what_no_stage_measured_though_none_was_skipped_is_still_an_error(tmp_path: Path) -> None:
    class Forgetful(NumberEvaluator):
        async def evaluate(self, program: Program) -> Evaluation:
            found = await super().evaluate(program)
            return found if program.number < 0 else replace(found, metrics={"place": 0.5})

    lived = World(tmp_path, limits=Limits(max_mutants=5), evaluator=Forgetful())
    report = await lived.run()
    assert report.progress.failures["invalid"] == 5
