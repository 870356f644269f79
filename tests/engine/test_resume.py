"""Stopping and going on: nothing is lost, nothing is recorded twice, and the state is the replay of the journal."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.programs import Program, ProgramState
from tests.engine.harness import Jitter, NumberEvaluator, World
from tests.engine.killing import ended
from tests.engine.test_determinism import history

TOTAL = 120


def world(folder: Path, *, deterministic: bool, scramble: int) -> World:
    return World(
        folder,
        limits=Limits(max_mutants=TOTAL),
        settings=EngineSettings(deterministic=deterministic, snapshot_interval=25),
        operator=Jitter(scramble=scramble, digits=3),
        evaluator=NumberEvaluator(scramble=scramble + 1),
    )


async def run_with_interruptions(folder: Path, *, deterministic: bool, seed: int) -> World:
    """Abandon the run at arbitrary moments, then go on with new objects, until it is over."""
    rng = np.random.default_rng(seed)
    for attempt in range(100):
        current = world(folder, deterministic=deterministic, scramble=100 * attempt)
        await current.storage.open()
        running = asyncio.create_task(current.engine.run())
        over = await ended(current, running, rng if attempt < 12 else None)
        await current.storage.close()
        if over:
            return current
    raise AssertionError("the run never ended")


@pytest.mark.parametrize("deterministic", [False, True])
async def test_an_interrupted_run_ends_with_every_mutant_recorded_once(tmp_path: Path, deterministic: bool) -> None:
    last = await run_with_interruptions(tmp_path, deterministic=deterministic, seed=5)
    programs = await last.stored()
    assert [program.number for program in programs[3:]] == list(range(TOTAL))
    assert len({program.id for program in programs}) == TOTAL + 3
    assert {program.state for program in programs} <= {ProgramState.EVOLVING, ProgramState.DISCARDED}
    # The QD-score is measured from the worst program offered, kept or not.
    worst = min(program.metrics["fitness"] for program in programs if program.is_valid)
    assert last.strategy.snapshot()["tally"]["worst"] == worst


async def test_an_interrupted_deterministic_run_makes_the_programs_of_an_unbroken_one(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "whole").mkdir()
    last = await run_with_interruptions(tmp_path / "broken", deterministic=True, seed=6)
    unbroken = world(tmp_path / "whole", deterministic=True, scramble=1)
    await unbroken.run()
    assert history(await last.stored()) == history(await unbroken.stored())
    assert last.strategy.snapshot() == unbroken.strategy.snapshot()
    assert last.operator.state() == unbroken.operator.state()


@pytest.mark.parametrize("snapshot_interval", [7, 10_000])
async def test_the_archive_equals_the_replay_of_the_journal(tmp_path: Path, snapshot_interval: int) -> None:
    settings = EngineSettings(snapshot_interval=snapshot_interval)
    first = World(tmp_path, limits=Limits(max_mutants=200), settings=settings, operator=Jitter(digits=4))
    await first.run()
    again = World(tmp_path, limits=Limits(max_mutants=200), settings=settings, operator=Jitter(digits=4))
    report = await again.run()
    assert report.progress.mutants == 200
    assert again.evaluator.calls == 0
    assert again.strategy.snapshot() == first.strategy.snapshot()
    assert again.operator.state() == first.operator.state()
    assert report.progress.best is not None
    assert first.memory.stopped[0].progress.best is not None
    assert report.progress.best.id == first.memory.stopped[0].progress.best.id


async def test_a_finished_run_goes_on_when_its_limit_is_raised(tmp_path: Path) -> None:
    await World(tmp_path, limits=Limits(max_mutants=30)).run()
    more = World(tmp_path, limits=Limits(max_mutants=50))
    report = await more.run()
    assert report.progress.mutants == 50
    assert more.evaluator.calls == 20
    assert more.memory.started[0].resumed_mutants == 30


def children_in(path: Path) -> int:
    """How many children of mutations are in the database by now, seen from outside."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM programs WHERE number >= 0").fetchone()[0])


class Unready(Jitter):
    """An operator that never comes to an end, once it has made a few children."""

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        if context.proposal >= 4:
            await asyncio.Event().wait()
        return await super().mutate(parents, context)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("more", [0, 1, 3])
async def test_proposals_left_open_by_a_killed_run_do_not_break_the_limit_of_the_next(
    tmp_path: Path, deterministic: bool, more: int
) -> None:
    settings = EngineSettings(deterministic=deterministic, max_mutations_in_flight=8)
    first = World(tmp_path, limits=Limits(), settings=settings, operator=Unready(digits=6))
    await first.storage.open()
    running = asyncio.create_task(first.engine.run())
    # With order, children are settled once the window is full, which it never is: they are stored and no more.
    while children_in(first.storage.path) < 4 or (not deterministic and len(first.memory.programs) < 3 + 4):
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    await first.storage.close()
    made = sum(program.number >= 0 for program in await first.stored())
    assert made == 4
    second = World(tmp_path, limits=Limits(max_mutants=made + more), settings=settings, operator=Jitter(digits=6))
    report = await second.run()
    assert report.progress.mutants == made + more
    assert [program.number for program in (await second.stored())[3:]] == list(range(made + more))


class Spent(Jitter):
    """An operator whose budget is used up by the first session."""

    name = "spent"

    def __init__(self) -> None:
        super().__init__(digits=4)
        self.told: list[str] = []

    def credit(self, credit: object) -> None:
        self.told.append("credit")

    def restore(self, state: object) -> None:
        super().restore(state)
        self.told.append("restore")

    def resumed(self) -> None:
        self.told.append("resumed")


@pytest.mark.parametrize("every", [5, 500])
async def test_an_operator_hears_that_a_session_goes_on_after_all_that_was_learned(tmp_path: Path, every: int) -> None:
    settings = EngineSettings(snapshot_interval=every)
    await World(tmp_path, limits=Limits(max_mutants=12), settings=settings, operator=Spent()).run()
    again = Spent()
    await World(tmp_path, limits=Limits(max_mutants=12), settings=settings, operator=again).run()
    assert again.told[-1] == "resumed"
    assert again.told.count("resumed") == 1
