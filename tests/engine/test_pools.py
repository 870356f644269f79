"""Operators that wait for other computers have places of their own, and neither kind waits for the other's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.job import Job
from gigaevo.evolution.engine.ledger import OpenProposal
from gigaevo.evolution.engine.pools import Pools, Room
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.programs import Program
from tests.engine.harness import Jitter, NumberEvaluator, World


class Distant(Jitter):
    """A remote operator whose work takes so many turns of the loop; it knows how many are under way.

    Attributes:
        begun: How many were under way as each began, itself included.
    """

    name = "distant"
    remote = True

    def __init__(self, *, turns: int = 40) -> None:
        super().__init__(digits=6)
        self._turns = turns
        self.inside = 0
        self.begun: list[int] = []

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        self.inside += 1
        self.begun.append(self.inside)
        for _ in range(self._turns + context.proposal % 13):
            await asyncio.sleep(0)
        self.inside -= 1
        return await super().mutate(parents, context)


class Near(Jitter):
    """An operator of the ordinary kind that knows how many are under way."""

    name = "near"

    def __init__(self) -> None:
        super().__init__(digits=6)
        self.inside = 0
        self.begun: list[int] = []

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        self.inside += 1
        self.begun.append(self.inside)
        for _ in range(10):
            await asyncio.sleep(0)
        self.inside -= 1
        return await super().mutate(parents, context)


def settings(**more: object) -> EngineSettings:
    return EngineSettings(
        max_mutations_in_flight=2, max_evaluations_in_flight=2, max_remote_mutations_in_flight=9, **more
    )


class Patient(Distant):
    """Nobody is done before all nine places are taken; only the last may leave as they like."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self._last = last
        self._left = 0
        self._change = asyncio.Condition()

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        async with self._change:
            self.inside += 1
            self._change.notify_all()
            await self._change.wait_for(lambda: self.inside == 9 or self._left >= self._last)
            self.inside -= 1
            self._left += 1
        return await Jitter.mutate(self, parents, context)


@pytest.mark.parametrize("mixed", [False, True])
async def test_a_place_of_the_remote_pool_that_gets_free_is_taken_again_until_the_run_ends(
    tmp_path: Path, mixed: bool
) -> None:
    remote = Patient(last=300 - 2 * 9)
    operator = AdaptivePortfolio(operators=[remote, Near()], floor=0.1) if mixed else remote
    world = World(tmp_path, limits=Limits(max_mutants=300), settings=settings(), operator=operator)
    if mixed:
        remote._last = 40  # by then the others may have made the rest
    report = await asyncio.wait_for(world.run(), timeout=60)  # it would wait for ever, were a place left empty
    assert report.progress.mutants == 300


async def test_without_a_remote_operator_nothing_is_open_beyond_the_two_pools(tmp_path: Path) -> None:
    most = 0

    class Watched(Near):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            nonlocal most
            most = max(most, len(world.engine._jobs))
            return await super().mutate(parents, context)

    world = World(tmp_path, limits=Limits(max_mutants=100), settings=settings(), operator=Watched())
    await world.run()
    assert most <= 2 + 2 * 2


class Outwaiting(Distant):
    """None is done before another operator has been asked so many times."""

    def __init__(self, other: Near, times: int) -> None:
        super().__init__()
        self._other = other
        self._times = times

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        self.inside += 1
        self.begun.append(self.inside)
        while len(self._other.begun) < self._times:
            await asyncio.sleep(0.001)
        self.inside -= 1
        return await Jitter.mutate(self, parents, context)


async def test_neither_kind_of_operator_waits_for_the_others_places(tmp_path: Path) -> None:
    near = Near()
    distant = Outwaiting(near, 80)
    portfolio = AdaptivePortfolio(operators=[near, distant])
    world = World(tmp_path, limits=Limits(max_mutants=120), settings=settings(), operator=portfolio)
    report = await asyncio.wait_for(world.run(), timeout=60)
    assert max(distant.begun) == 9
    assert max(near.begun) <= 2
    made = Counter(program.operator for program, _, _ in world.memory.programs)
    assert made["near"] > 60  # went on while nine waited
    assert made["distant"] >= 9
    assert report.stop_reason == "max_mutants"


async def test_slow_evaluations_let_both_kinds_of_operators_have_their_turns(tmp_path: Path) -> None:
    class Slow(NumberEvaluator):
        async def evaluate(self, program: Program):  # type: ignore[no-untyped-def]
            for _ in range(300):
                await asyncio.sleep(0)
            return await super().evaluate(program)

    near, distant = Near(), Distant(turns=5)
    portfolio = AdaptivePortfolio(operators=[near, distant], floor=0.4)
    world = World(tmp_path, limits=Limits(max_mutants=150), settings=settings(), operator=portfolio, evaluator=Slow())
    await world.run()
    made = Counter(program.operator for program, _, _ in world.memory.programs)
    assert min(made["near"], made["distant"]) > 20


async def test_operators_that_do_not_apply_are_not_asked_because_their_pool_is_empty(tmp_path: Path) -> None:
    class Aside(Near):
        def applies_to(self, parents: Sequence[Program]) -> bool:
            return False

    near, distant = Aside(), Distant()
    portfolio = AdaptivePortfolio(operators=[near, distant])
    report = await World(tmp_path, limits=Limits(max_mutants=60), settings=settings(), operator=portfolio).run()
    assert near.begun == []
    assert set(report.progress.operators) == {"distant"}


async def test_with_order_the_choice_of_an_operator_knows_nothing_of_pools(tmp_path: Path) -> None:
    histories = []
    for remote in (1, 9):
        folder = tmp_path / str(remote)
        folder.mkdir()
        portfolio = AdaptivePortfolio(operators=[Near(), Distant(turns=3 * remote)])
        world = World(
            folder,
            limits=Limits(max_mutants=80),
            settings=EngineSettings(deterministic=True, max_remote_mutations_in_flight=remote),
            operator=portfolio,
        )
        await world.run()
        histories.append([(program.id, program.operator, program.source) for program in await world.stored()])
    assert histories[0] == histories[1]
    assert {operator for _, operator, _ in histories[0]} == {"initial", "near", "distant"}


def jobs_of(**counts: int) -> dict[int, Job]:
    jobs: dict[int, Job] = {}
    for kind, count in counts.items():
        for _ in range(count):
            operator: MutationOperator = Distant() if kind == "remote" else Near()
            number = len(jobs)
            proposal = OpenProposal(number=number, parents=[], operator=operator.name, parameters={}, evaluations=1)
            jobs[number] = Job(proposal=proposal, parents=(), operator=operator)
            if kind == "evaluated":
                jobs[number].registered.set()
    return jobs


@pytest.mark.parametrize(
    ("counts", "room"),
    [
        ({}, Room.ANYBODY),
        ({"remote": 8, "local": 1}, Room.ANYBODY),
        ({"remote": 9, "local": 1}, Room.LOCAL),
        ({"remote": 3, "local": 2}, Room.REMOTE),
        ({"remote": 9, "local": 2}, Room.NOBODY),
        ({"remote": 1, "evaluated": 5}, Room.ANYBODY),
        ({"remote": 1, "evaluated": 6}, Room.NOBODY),
    ],
)
async def test_there_is_room_for_whoever_has_a_free_place(counts: dict[str, int], room: Room) -> None:
    pools = Pools(settings=settings(), operator=AdaptivePortfolio(operators=[Near(), Distant()]))
    assert pools.room(jobs_of(**counts)) is room


async def test_a_remote_second_is_worth_less_by_the_ratio_of_the_pools() -> None:
    pools = Pools(settings=settings(), operator=AdaptivePortfolio(operators=[Near(), Distant()]))
    assert (pools.worth(Near()), pools.worth(Distant())) == (1.0, 2 / 9)
    assert EngineSettings(max_mutations_in_flight=3).remote_places == 3
