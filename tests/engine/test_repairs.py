"""A failed child gets one more chance, from an operator that repairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.ledger import FAILED_KEPT
from gigaevo.evolution.engine.settings import GENERATIONAL, EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.programs import Program
from tests.engine.harness import World, program_of, value_of
from tests.engine.killing import journal, killed_and_resumed
from tests.engine.test_determinism import history


class Wild(MutationOperator):
    """Draws a number; a third of them fail."""

    name = "wild"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        value = round(float(context.rng.uniform(0.0, 0.9)), 4)
        value += 0.091 if context.rng.random() < 0.4 else 0.0
        return Mutation(source=program_of(max(value, 0.0)), operator=self.name, description="drawn")


class Mends(MutationOperator):
    """Halves the number of a program that failed; one in three fails again.

    Attributes:
        given: What it was given: states of validity.
    """

    name = "mends"
    remote = True
    repairs = True

    def __init__(self) -> None:
        self.given: list[tuple[bool, ...]] = []

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        self.given.append(tuple(parent.is_valid for parent in parents))
        value = value_of(parents[0])
        value = 0.93 + value / 50 if context.proposal % 3 == 0 else value / 2 + 0.001
        return Mutation(source=program_of(round(value, 6)), operator=self.name, description="mended")


class Failing(Wild):
    name = "failing"

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        value = 0.9 + float(context.rng.uniform(0.001, 0.1))
        return Mutation(source=program_of(value), operator=self.name, description="fails")


def mending_world(folder: Path, settings: EngineSettings) -> World:
    operator = AdaptivePortfolio(operators=[Wild(), Failing(), Mends()], floor=0.3)
    return World(folder, limits=Limits(max_mutants=90), settings=settings, operator=operator, initial=(0.5, 0.7))


SETTINGS = [
    EngineSettings(),
    EngineSettings(deterministic=True, snapshot_interval=13),
    EngineSettings(loop=GENERATIONAL, generation_size=8, deterministic=True),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["steady", "deterministic", "generational"])
async def test_each_failure_is_mended_at_most_once_and_a_failed_mending_never(
    tmp_path: Path, settings: EngineSettings
) -> None:
    world = mending_world(tmp_path, settings)
    await world.run()
    mends = world.operator.member("mends")
    assert isinstance(mends, Mends)
    assert len(mends.given) > 5
    assert set(mends.given) == {(False, True)}
    programs = {program.id: program for program in await world.stored()}
    mended = [payload for kind, payload in await journal(world) if kind == "proposed" and "repairs" in payload]
    assert len({payload["repairs"] for payload in mended}) == len(mended)
    for payload in mended:
        failed = programs[str(payload["repairs"])]
        assert payload["parents"] == [failed.id, failed.parents[0]]
        assert failed.error is not None
        assert failed.operator != "mends"
    assert all(payload["operator"] == "mends" for payload in mended)
    for program in programs.values():
        if program.operator == "mends":
            assert program.generation == 1 + programs[program.parents[0]].generation


async def test_a_mended_child_is_compared_with_what_the_failed_one_came_from(tmp_path: Path) -> None:
    world = mending_world(tmp_path, EngineSettings())
    await world.run()
    programs = {program.id: program for program in await world.stored()}
    seen = 0
    for kind, payload in await journal(world):
        credit = payload.get("credit")
        if kind != "ingested" or credit is None or credit["operator"] != "mends":  # type: ignore[index, call-overload]
            continue
        child = programs[str(payload["id"])]
        if child.is_valid:
            seen += 1
            origin = programs[child.parents[1]].metrics["fitness"]
            assert credit["improved"] == (child.metrics["fitness"] > origin)  # type: ignore[index, call-overload]
    assert seen > 3


@pytest.mark.parametrize("settings", SETTINGS[1:], ids=["deterministic", "generational"])
async def test_killed_runs_mend_what_an_unbroken_one_mends(tmp_path: Path, settings: EngineSettings) -> None:
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = mending_world(tmp_path / "whole", settings)
    await whole.run()
    last = await killed_and_resumed(lambda _: mending_world(tmp_path / "broken", settings), seed=8)
    assert history(await last.stored()) == history(await whole.stored())
    assert last.operator.state() == whole.operator.state()
    assert last.strategy.snapshot() == whole.strategy.snapshot()


async def test_the_newest_failures_wait_and_no_more_than_so_many(tmp_path: Path) -> None:
    class Unwilling(Mends):
        def applies_to(self, parents: Sequence[Program]) -> bool:
            return False

    operator = AdaptivePortfolio(operators=[Failing(), Unwilling()])
    world = World(tmp_path, limits=Limits(max_mutants=50), operator=operator)
    await world.run()
    failed = [program.id for program, _, _ in world.memory.programs if program.operator == "failing"]
    assert [program.id for program, _ in world.engine._record.mendable()] == failed[-FAILED_KEPT:]


async def test_where_children_know_nothing_of_one_another_none_is_made_from_a_failed_one(tmp_path: Path) -> None:
    operator = AdaptivePortfolio(operators=[Wild(), Failing(), Mends()], floor=0.3)
    world = World(tmp_path, limits=Limits(max_mutants=30), operator=operator, strategy=BestOfN())
    await world.run()
    programs = {program.id: program for program in await world.stored()}
    assert any(program.error is not None for program in programs.values() if program.number >= 0)
    assert {programs[parent].number < 0 for program in programs.values() for parent in program.parents} == {True}
    assert world.engine._record.mendable() == []


async def test_where_nobody_repairs_nothing_waits(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(max_mutants=20), operator=Failing())
    await world.run()
    assert world.engine._record.mendable() == []
    assert world.engine._record.ledger.failed == []
