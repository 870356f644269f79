"""What an operator may know is fixed when its proposal is made, and is the same after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import GENERATIONAL, EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.evolution.strategies.map_elites import MapElitesMultiIsland
from gigaevo.programs import Program
from tests.engine.harness import Jitter, NumberEvaluator, Pointing, World, map_elites
from tests.engine.killing import journal, killed_and_resumed
from tests.engine.test_determinism import history


class Curious(Jitter):
    """Writes down what it knew.

    Attributes:
        heard: Ids of the programs it was told of.
    """

    name = "curious"
    observes = True
    inspirations = (2, 1)

    def __init__(self, *, scramble: int = 1) -> None:
        super().__init__(scramble=scramble, digits=3)
        self.heard: list[str] = []

    def observe(self, program: Program) -> None:
        self.heard.append(program.id)

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        made = await super().mutate(parents, context)
        assert isinstance(made, Mutation)
        notes = {
            "known": self.heard[: context.observed],
            "inspired": [program.id for program in context.inspirations],
        }
        return Mutation(source=made.source, operator=self.name, description="moved", notes=notes)


def curious_world(folder: Path, settings: EngineSettings, *, scramble: int = 1) -> World:
    return World(
        folder,
        limits=Limits(max_mutants=60),
        settings=settings,
        operator=Curious(scramble=scramble),
        evaluator=NumberEvaluator(scramble=scramble + 1),
        strategy=map_elites(kind=Pointing),
    )


DETERMINISTIC = [
    EngineSettings(deterministic=True, window=5, snapshot_interval=11),
    EngineSettings(loop=GENERATIONAL, generation_size=6, deterministic=True),
]
SETTINGS = [EngineSettings(), *DETERMINISTIC]
IDS = ["steady", "deterministic", "generational"]


@pytest.mark.parametrize("settings", SETTINGS, ids=IDS)
async def test_operators_hear_of_every_program_once_and_failed_ones_too(
    tmp_path: Path, settings: EngineSettings
) -> None:
    world = curious_world(tmp_path, settings)
    await world.run()
    told = [program.id for program, _, _ in world.memory.programs]
    assert world.operator.heard == told  # type: ignore[attr-defined]
    assert len(told) == 63
    again = curious_world(tmp_path, settings)
    await again.run()
    assert sorted(again.operator.heard) == sorted(told)  # type: ignore[attr-defined]
    if settings.ordered:
        assert again.operator.heard == told  # type: ignore[attr-defined]


@pytest.mark.parametrize("settings", SETTINGS, ids=IDS)
async def test_a_proposal_knows_what_was_decided_when_it_was_made(tmp_path: Path, settings: EngineSettings) -> None:
    world = curious_world(tmp_path, settings)
    await world.run()
    children = {
        program.metadata["proposal"]: program for program in await world.stored() if "known" in program.metadata
    }
    decided: list[object] = []
    compared = 0
    for kind, payload in await journal(world):
        if kind == "ingested":
            decided.append(payload["id"])
        elif kind == "proposed" and payload["proposal"] in children:
            child = children[payload["proposal"]]  # type: ignore[index]
            assert payload.get("observed", 0) == len(decided)
            assert child.metadata["known"] == decided
            assert child.metadata["inspired"] == payload.get("inspirations", [])
            assert not set(child.metadata["inspired"]) & set(child.parents)
            compared += bool(child.metadata["inspired"])
    assert compared > 20


@pytest.mark.parametrize("settings", DETERMINISTIC, ids=IDS[1:])
async def test_after_kills_operators_know_what_they_would_have_known(tmp_path: Path, settings: EngineSettings) -> None:
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = curious_world(tmp_path / "whole", settings)
    await whole.run()
    last = await killed_and_resumed(lambda n: curious_world(tmp_path / "broken", settings, scramble=7 * n), seed=12)
    stored = [await world.stored() for world in (whole, last)]
    assert history(stored[0]) == history(stored[1])
    assert [program.metadata for program in stored[0]] == [program.metadata for program in stored[1]]


async def test_who_asks_for_nothing_is_told_of_nothing(tmp_path: Path) -> None:
    class Deaf(Jitter):
        def observe(self, program: Program) -> None:
            raise AssertionError("it did not ask")

    class Mute(MapElitesMultiIsland):
        def inspirations(self, parents: Sequence[Program], *, best: int, diverse: int) -> list[Program]:
            raise AssertionError("nobody asked")

    world = World(tmp_path, limits=Limits(max_mutants=20), operator=Deaf(), strategy=map_elites(kind=Mute))
    assert (await world.run()).progress.mutants == 20
    proposed = [payload for kind, payload in await journal(world) if kind == "proposed"]
    assert {key for payload in proposed for key in payload} == {
        "proposal", "parents", "operator", "parameters", "evaluations", "events",
    }  # fmt: skip
