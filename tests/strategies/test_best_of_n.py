"""The control arm never breeds from a child, and survives a restart."""

from __future__ import annotations

import json

import pytest

from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.programs import ErrorKind, Program, ProgramError


def program_of(number: int, fitness: float) -> Program:
    return Program(id=f"p{number}", number=number, source="", metrics={"fitness": fitness})


@pytest.fixture
def strategy(make_context) -> BestOfN:
    arm = BestOfN()
    arm.bind(make_context(higher_is_better=False))
    return arm


async def test_parents_are_initial_programs_only_and_all_of_them(strategy: BestOfN) -> None:
    assert await strategy.select_elites(1) == []
    for program in (program_of(-1, 5.0), program_of(-2, 9.0), program_of(0, 1.0)):
        assert await strategy.add(program)
    chosen = set()
    for _ in range(50):
        chosen |= {program.id for program in await strategy.select_elites(1)}
    assert chosen == {"p-1", "p-2"}


async def test_a_child_is_kept_only_while_it_is_the_best_of_all(strategy: BestOfN) -> None:
    await strategy.add(program_of(-1, 5.0))
    assert not await strategy.add(program_of(0, 6.0))
    assert not await strategy.add(program_of(1, 5.0))
    assert await strategy.add(program_of(2, 4.0))
    assert await strategy.add(program_of(3, 3.0))
    assert strategy.members() == {"p-1", "p3"}
    assert [(event.action, event.program_id, event.displaced) for event in strategy.drain_events()] == [
        ("insert", "p-1", None),
        ("reject", "p0", None),
        ("reject", "p1", None),
        ("insert", "p2", None),
        ("insert", "p3", "p2"),
    ]


async def test_an_invalid_child_is_refused(strategy: BestOfN) -> None:
    broken = program_of(0, -100.0)
    broken.error = ProgramError(kind=ErrorKind.INVALID, message="no")
    assert not await strategy.add(broken)


async def test_snapshot_and_journal_give_the_same_arm_again(strategy: BestOfN, make_context) -> None:
    programs = {program.id: program for program in (program_of(-1, 5.0), program_of(-2, 7.0), program_of(0, 4.0))}
    for program in programs.values():
        await strategy.add(program)
    snapshot = json.loads(json.dumps(strategy.snapshot()))
    strategy.drain_events()
    programs["p1"] = program_of(1, 3.0)
    await strategy.add(programs["p1"])
    await strategy.remove("p-2")

    again = BestOfN()
    again.bind(make_context(higher_is_better=False))
    again.restore(snapshot, programs)
    for event in strategy.drain_events():
        again.apply(event, programs[event.program_id])
    assert again.snapshot() == strategy.snapshot()
    assert again.members() == {"p-1", "p1"}
    assert await again.get_metrics() == await strategy.get_metrics()
