"""Children that were made beside others become proposals of their own, also after a kill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import GENERATIONAL, STEADY_STATE, EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator, NoChild
from gigaevo.programs import Cost, Program
from tests.engine.harness import World, program_of, value_of
from tests.engine.killing import journal, killed_and_resumed
from tests.engine.test_determinism import history


class Litters(MutationOperator):
    """Makes two children at a time, and every fourth time three; every fifth time the first is the parent itself.

    Attributes:
        asked: Proposals that it was asked for.
    """

    name = "litters"
    remote = True

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        self.asked.append(context.proposal)
        values = [round(float(context.rng.uniform(0.0, 1.0)), 3) for _ in range(3 if context.proposal % 4 == 0 else 2)]
        if context.proposal % 5 == 0:
            values[0] = value_of(parents[0])
        children = [
            Mutation(
                source=program_of(value),
                operator=self.name,
                description=f"child {index}",
                notes={"place": index},
                made_by="second" if index == 1 else "",
            )
            for index, value in enumerate(values)
        ]
        first = children[0]
        return Mutation(
            source=first.source,
            operator=self.name,
            description=first.description,
            cost=Cost(usd=0.5, prompt_tokens=10),
            notes=first.notes,
            made_by="first",
            siblings=children[1:],
        )


def litter_world(folder: Path, settings: EngineSettings, *, mutants: int = 60) -> World:
    # A program that is equal to one known is known by its text, for the initial ones have hashes of their own.
    return World(folder, limits=Limits(max_mutants=mutants), settings=settings, operator=Litters(), initial=(0.8, 0.55))


SETTINGS = [
    EngineSettings(max_remote_mutations_in_flight=4),
    EngineSettings(deterministic=True, window=5, snapshot_interval=9),
    EngineSettings(loop=GENERATIONAL, generation_size=7, deterministic=True),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["steady", "deterministic", "generational"])
async def test_each_sibling_is_proposed_once_and_nobody_is_asked_for_it_again(
    tmp_path: Path, settings: EngineSettings
) -> None:
    world = litter_world(tmp_path, settings)
    report = await world.run()
    assert report.progress.mutants == 60
    entries = await journal(world)
    proposed = [payload for kind, payload in entries if kind == "proposed"]
    siblings = [payload["proposal"] for payload in proposed if payload.get("sibling")]
    asked = world.operator.asked  # type: ignore[attr-defined]
    assert sorted([*siblings, *asked]) == list(range(len(proposed)))
    assert len(siblings) >= len(asked) - 8  # those of the last proposals still wait
    made = [program for program in await world.stored() if program.number >= 0]
    assert Counter(program.metadata["place"] for program in made)[1] > 15
    for program in made:
        place = program.metadata["place"]
        assert program.mutations_applied == [f"child {place}"]
        assert program.metadata["made_by"] == ("second" if place == 1 else "first")
        assert program.cost.usd == (0.5 if place == 0 else 0.0)
    paid = report.progress.operators["litters"]["usd"]
    assert paid == 0.5 * sum(1 for kind, payload in entries if kind != "proposed" and is_first(payload, siblings))


def is_first(payload: dict[str, object], siblings: Sequence[object]) -> bool:
    return payload.get("credit") is not None and payload["proposal"] not in siblings


async def test_siblings_of_a_duplicate_are_not_lost(tmp_path: Path) -> None:
    class Repeats(Litters):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            made = await super().mutate(parents, context)
            assert isinstance(made, Mutation)
            source = program_of(0.25)
            return Mutation(source=source, operator=self.name, description="known", siblings=made.siblings)

    world = World(tmp_path, limits=Limits(max_mutants=20), operator=Repeats())
    report = await world.run()
    assert report.progress.mutants == 20
    assert report.progress.duplicates > 5


@pytest.mark.parametrize("settings", SETTINGS[1:], ids=["deterministic", "generational"])
async def test_killed_runs_make_the_children_of_an_unbroken_one(tmp_path: Path, settings: EngineSettings) -> None:
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = litter_world(tmp_path / "whole", settings)
    await whole.run()
    last = await killed_and_resumed(lambda _: litter_world(tmp_path / "broken", settings), seed=11)
    assert history(await last.stored()) == history(await whole.stored())


async def test_a_killed_steady_state_proposes_each_sibling_once(tmp_path: Path) -> None:
    settings = EngineSettings(loop=STEADY_STATE, snapshot_interval=11, max_remote_mutations_in_flight=3)
    last = await killed_and_resumed(lambda _: litter_world(tmp_path, settings, mutants=100), seed=4)
    kept: Counter[str] = Counter()
    for kind, payload in await journal(last):
        if kind in ("submitted", "skipped"):
            kept["born"] += len(payload.get("siblings", ()))  # type: ignore[arg-type]
        elif kind == "proposed":
            kept["proposed"] += bool(payload.get("sibling"))
    waiting = len(last.engine._record.ledger.siblings)
    assert kept["born"] == kept["proposed"] + waiting
    assert kept["proposed"] > 40


async def test_a_limit_holds_although_siblings_wait_and_a_larger_one_takes_them_up(tmp_path: Path) -> None:
    first = litter_world(tmp_path, EngineSettings(), mutants=7)
    assert (await first.run()).progress.mutants == 7
    waiting = len(first.engine._record.ledger.siblings)
    second = litter_world(tmp_path, EngineSettings(), mutants=7 + waiting)
    report = await second.run()
    assert report.progress.mutants == 7 + waiting


async def test_other_files_of_a_child_are_the_first_parents_but_for_those_it_replaces(tmp_path: Path) -> None:
    class Adds(MutationOperator):
        name = "adds"

        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
            files = {f"part{context.proposal % 3}.py": f"x = {context.proposal}\n"}
            return Mutation(source=parents[0].source, operator=self.name, description="a part", files=files)

    world = World(tmp_path, limits=Limits(max_mutants=12), operator=Adds(), initial=(0.5,))
    report = await world.run()
    assert report.progress.mutants == 12  # the entry file is always the same: what differs is the others
    programs = {program.id: program for program in await world.stored()}
    for program in programs.values():
        if program.number >= 0:
            name, number = f"part{program.metadata['proposal'] % 3}.py", program.metadata["proposal"]
            assert program.files == {**programs[program.parents[0]].files, name: f"x = {number}\n"}
