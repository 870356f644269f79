"""Budgets of operators end a run with their name, and an outage does not end it with a wrong one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.ledger import Ledger
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import Exhausted
from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.programs import Program
from gigaevo.storage.base import JournalEntry
from tests.engine.harness import Jitter, World


class Paid(Jitter):
    """Makes children while the money lasts."""

    name = "paid"
    remote = True

    def __init__(self, budget: int) -> None:
        super().__init__(digits=6)
        self.left = budget

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        if self.left == 0:
            return NoChild(reason="no money", kind="budget", limit="budget.usd")
        self.left -= 1
        return await super().mutate(parents, context)


@pytest.mark.parametrize("deterministic", [False, True])
async def test_a_budget_that_is_used_up_ends_the_run_and_a_larger_one_lets_it_go_on(
    tmp_path: Path, deterministic: bool
) -> None:
    settings = EngineSettings(deterministic=deterministic)
    first = World(tmp_path, limits=Limits(max_mutants=90), settings=settings, operator=Paid(20), stop_at_limit=True)
    report = await first.run()
    assert report.stop_reason == "budget.usd"
    assert 15 <= report.progress.mutants <= 20
    assert report.progress.reasons["budget"] >= 1
    more = World(tmp_path, limits=Limits(max_mutants=30), settings=settings, operator=Paid(20), stop_at_limit=True)
    report = await more.run()
    assert (report.stop_reason, report.progress.mutants) == ("max_mutants", 30)


async def test_a_killed_run_forgets_the_budget_that_was_used_up_then(tmp_path: Path) -> None:
    class Dying(Paid):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            if self.left == 0 and context.proposal > 12:
                await asyncio.Event().wait()
            return await super().mutate(parents, context)

    first = World(tmp_path, limits=Limits(max_mutants=90), operator=Dying(10), stop_at_limit=True)
    await first.storage.open()
    running = asyncio.create_task(first.engine.run())
    while not first.engine._record.ledger.limit:
        await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait({running})
    await first.storage.close()
    second = World(tmp_path, limits=Limits(max_mutants=20), operator=Paid(50), stop_at_limit=True)
    assert (await second.run()).stop_reason == "max_mutants"


async def test_where_a_run_need_not_stop_at_a_budget_it_goes_on(tmp_path: Path) -> None:
    class Mild(Paid):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            if context.proposal % 2:
                return NoChild(reason="no money", kind="budget", limit="budget.usd")
            return await super().mutate(parents, context)

    report = await World(tmp_path, limits=Limits(max_mutants=30), operator=Mild(100)).run()
    assert (report.stop_reason, report.progress.mutants) == ("max_mutants", 30)


class Unreachable(Jitter):
    name = "unreachable"
    remote = True

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        if context.proposal < 5:
            return await super().mutate(parents, context)
        return NoChild(reason="nobody answers", kind="server", made_by="far", unanswered=True)


async def test_a_run_whose_models_never_answer_ends_and_says_why(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        limits=Limits(max_mutants=90),
        operator=Unreachable(digits=6),
        settings=EngineSettings(max_remote_mutations_in_flight=4),
    )
    world.engine._stoppers = [Exhausted(12)]
    report = await world.run()
    assert report.stop_reason == "no_child"
    assert report.progress.reasons["server"] >= 12
    assert report.progress.models["far"]["none"] == report.progress.reasons["server"]


async def test_while_nobody_answers_fewer_and_fewer_are_asked(tmp_path: Path) -> None:
    """An outage of a few seconds must not use up a thousand proposals: after some in a row each takes long."""

    class Recovering(Unreachable):
        unanswered = 0

        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            if context.proposal < 3 or back.is_set():
                return await Jitter.mutate(self, parents, context)
            self.unanswered += 1
            return NoChild(reason="nobody answers", kind="unavailable", unanswered=True)

    back = asyncio.Event()
    asyncio.get_running_loop().call_later(0.8, back.set)
    operator = Recovering(digits=6)
    world = World(tmp_path, limits=Limits(max_mutants=30), operator=operator)
    report = await world.run()
    assert report.stop_reason == "max_mutants"
    assert operator.unanswered < 60


async def test_answers_that_cost_nothing_and_cannot_be_used_are_no_outage(tmp_path: Path) -> None:
    class Cached(Unreachable):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            if context.proposal < 400:
                return NoChild(reason="a reply that was there already", kind="no code", made_by="near")
            return await Jitter.mutate(self, parents, context)

    world = World(tmp_path, limits=Limits(max_mutants=10), operator=Cached(digits=6))
    report = await asyncio.wait_for(world.run(), timeout=60.0)  # with pauses in between it would take an hour
    assert report.progress.reasons == {"no code": 400}


def skipped(ledger: Ledger, number: int, outcome: str, kind: str) -> None:
    ledger.apply(
        JournalEntry(
            kind="proposed",
            payload={"proposal": number, "parents": [], "operator": "o", "parameters": {}, "evaluations": 1},
        )
    )
    credit = {"operator": "o", "outcome": outcome, "improved": False}
    payload = {"proposal": number, "credit": credit, "validate_calls": 0, "elapsed_s": 0.0, "kind": kind}
    ledger.apply(JournalEntry(kind="skipped", payload=payload))


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ([("duplicate", "")] * 9, "exhausted"),
        ([("none", "")] * 9, "exhausted"),
        ([("none", "server")] * 9, "no_child"),
        ([("none", "server")] * 5 + [("duplicate", "")] * 4, "no_child"),
        ([("none", "no code")] * 4 + [("duplicate", "")] * 5, "exhausted"),
        ([("none", "server")] * 8, None),
    ],
)
def test_the_reason_is_what_most_of_the_barren_proposals_had(
    outcomes: Sequence[tuple[str, str]], reason: str | None
) -> None:
    ledger = Ledger()
    for number, (outcome, kind) in enumerate(outcomes):
        skipped(ledger, number, outcome, kind)
    assert Exhausted(9)(ledger) == reason
    restored = Ledger.restored(json.loads(json.dumps(ledger.state())))
    assert restored == ledger


def test_books_of_an_earlier_version_can_be_read() -> None:
    ledger = Ledger()
    skipped(ledger, 0, "none", "server")
    state = ledger.state()
    for key in ("models", "reasons", "limit", "failed", "siblings", "barren_kinds"):
        del state[key]
    state["open"] = [{"number": 1, "parents": ["a"], "operator": "o", "parameters": {}, "evaluations": 1}]
    restored = Ledger.restored(state)
    assert (restored.proposals, restored.models, restored.siblings) == (1, {}, [])
    assert restored.open[1].inspirations == []
