"""Who made a child is credited for it: the operator, the language model that answered, and nobody else."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.programs import Cost, Program
from tests.engine.harness import Jitter, World, program_of, value_of
from tests.engine.killing import journal, killed_and_resumed

KINDS = ("rate_limit", "no code", "")


class Asking(MutationOperator):
    """An operator that asks one of two models; every third proposal the first does not answer, and the second does.
    Every fifth gives nothing.

    Attributes:
        made: For each child that it made, by proposal: the model that answered.
        credits: What it was told.
    """

    remote = True

    def __init__(self, name: str = "asking") -> None:
        self.name = name
        self.made: dict[int, str] = {}
        self.credits: list[Credit] = []

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        number = context.proposal
        model = "second" if number % 3 == 0 else "first"
        cost = Cost(usd=0.25, prompt_tokens=100, completion_tokens=number % 7 + 1)
        if number % 5 == 0:
            kind = KINDS[number % len(KINDS)]
            return NoChild(reason=f"not this time: {number}", cost=cost, kind=kind, made_by=model)
        self.made[number] = model
        moved = min(1.0, max(0.0, value_of(parents[0]) + context.rng.normal(0.0, 0.2)))
        return Mutation(
            source=program_of(round(moved, 2)), operator=self.name, description="moved", cost=cost, made_by=model
        )

    def credit(self, credit: Credit) -> None:
        self.credits.append(credit)

    def state(self) -> dict[str, Any]:
        return {"credits": [credit.to_json() for credit in self.credits]}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.credits = [Credit(**credit) for credit in state["credits"]]


def asking_world(folder: Path, *, deterministic: bool = False, mutants: int = 80) -> World:
    operator = AdaptivePortfolio(operators=[Asking("one"), Asking("other"), Jitter(digits=2)], floor=0.2)
    return World(
        folder,
        limits=Limits(max_mutants=mutants),
        settings=EngineSettings(
            deterministic=deterministic, max_remote_mutations_in_flight=5, snapshot_interval=17, window=6
        ),
        operator=operator,
        spending=lambda: {"usd": 1.0, "prompt_tokens": 2, "completion_tokens": 3, "calls": 4},
    )


@pytest.mark.parametrize("deterministic", [False, True])
async def test_credit_goes_to_the_operator_and_the_model_that_made_the_child(
    tmp_path: Path, deterministic: bool
) -> None:
    world = asking_world(tmp_path, deterministic=deterministic)
    report = await world.run()
    members = world.operator.members  # type: ignore[attr-defined]
    for name in ("one", "other"):
        member = members[name]
        assert isinstance(member, Asking)
        with_child = [credit for credit in member.credits if credit.outcome != "none"]
        assert Counter(credit.made_by for credit in with_child) == Counter(member.made.values())
        assert all(credit.operator == name for credit in member.credits)
    children = [program for program in await world.stored() if program.number >= 0]
    for program in children:
        if program.operator in ("one", "other"):
            assert program.metadata["made_by"] == members[program.operator].made[program.metadata["proposal"]]
        else:
            assert "made_by" not in program.metadata
    credits = [credit for name in ("one", "other") for credit in members[name].credits]
    assert {credit.usd for credit in credits} == {0.25}
    models = report.progress.models
    assert set(models) == {"first", "second"}
    for model, counts in models.items():
        mine = [credit for credit in credits if credit.made_by == model]
        assert counts["proposals"] == len(mine)
        assert counts["improved"] == sum(credit.improved for credit in mine)
        assert counts.get("accepted", 0) == sum(credit.outcome == "accepted" for credit in mine)
        assert counts["usd"] == pytest.approx(0.25 * len(mine))
        assert counts["tokens"] == sum(credit.tokens for credit in mine)
    assert report.progress.spending == {"usd": 1.0, "prompt_tokens": 2, "completion_tokens": 3, "calls": 4}


async def test_reasons_add_up_to_the_proposals_without_a_child(tmp_path: Path) -> None:
    report = await asking_world(tmp_path).run()
    none = sum(int(counts.get("none", 0)) for counts in report.progress.operators.values())
    assert none > 5
    assert sum(report.progress.reasons.values()) == none
    assert set(report.progress.reasons) <= {"rate_limit", "no code", "other"}


async def test_gain_is_the_difference_to_the_first_valid_parent_and_a_new_best_is_named(tmp_path: Path) -> None:
    world = asking_world(tmp_path)
    await world.run()
    programs = {program.id: program for program in await world.stored()}
    best = max(programs[world.random.program_id(-1 - index)].metrics["fitness"] for index in range(2))
    seen = defaultdict(int)
    for kind, payload in await journal(world):
        if kind != "ingested" or payload["proposal"] is None:
            continue
        program = programs[str(payload["id"])]
        credit = Credit(**payload["credit"])  # type: ignore[arg-type]
        seen[credit.improved] += 1
        if not program.is_valid:
            assert (credit.gain, credit.improved, credit.new_best) == (0.0, False, False)
            continue
        fitness = program.metrics["fitness"]
        parent = programs[program.parents[0]].metrics["fitness"]
        assert credit.gain == max(0.0, fitness - parent)
        assert credit.improved == (fitness > parent)
        assert credit.new_best == (fitness > best)
        best = max(best, fitness)
    assert seen[True] and seen[False]


@pytest.mark.parametrize("deterministic", [False, True])
async def test_books_and_credits_of_a_killed_run_are_those_of_its_journal(tmp_path: Path, deterministic: bool) -> None:
    last = await killed_and_resumed(lambda _: asking_world(tmp_path, deterministic=deterministic), seed=3)
    again = asking_world(tmp_path, deterministic=deterministic)
    report = await again.run()
    assert again.operator.state() == last.operator.state()
    before = last.memory.stopped[-1].progress
    assert (report.progress.models, report.progress.reasons) == (before.models, before.reasons)
    settled = [payload["credit"] for kind, payload in await journal(last) if kind in ("skipped", "ingested")]
    counted: Counter[str] = Counter(credit["made_by"] for credit in settled if credit and credit.get("made_by"))  # type: ignore[index, union-attr, attr-defined]
    assert {name: counts["proposals"] for name, counts in report.progress.models.items()} == counted
    json.dumps(settled)
