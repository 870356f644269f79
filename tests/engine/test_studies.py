"""Programs are looked at more closely before they become parents: each once, and what is found is kept."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.evaluation.base import Evaluation
from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import GENERATIONAL, EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, NoChild
from gigaevo.evolution.mutation.portfolio import AdaptivePortfolio
from gigaevo.programs import ErrorKind, Program, ProgramError, ProgramState
from tests.engine.harness import Jitter, NumberEvaluator, Pointing, World, map_elites, value_of
from tests.engine.killing import journal, killed_and_resumed
from tests.engine.test_determinism import history


class Critic(NumberEvaluator):
    """Has an opinion of parents, which it takes some time to form.

    Args:
        fails: Whether forming it fails half way for every other program.

    Attributes:
        asked: Programs, and their ancestors, that it was asked for.
    """

    studies_parents = True

    def __init__(self, *, scramble: int = 1, fails: bool = False) -> None:
        super().__init__(scramble=scramble)
        self._thinking = np.random.default_rng(scramble + 100)
        self._fails = fails
        self.asked: list[tuple[str, list[str]]] = []

    async def study(self, program: Program, ancestors: Sequence[Program]) -> Evaluation:
        assert "opinion" not in program.artifacts
        self.asked.append((program.id, [ancestor.id for ancestor in ancestors]))
        await asyncio.sleep(float(self._thinking.exponential(0.003)))
        opinion = f"{value_of(program)} after {len(ancestors)}"
        if self._fails and program.number % 2:
            return Evaluation(error=ProgramError(kind=ErrorKind.EXCEPTION, message="no answer", stage="insight"))
        return Evaluation(artifacts={"opinion": opinion})


class Reader(Jitter):
    """Reads what is said of its parents and inspirations, and writes it into the child's notes."""

    name = "reader"
    remote = True
    reads_insights = True
    inspirations = (1, 2)

    def __init__(self, *, scramble: int = 1, digits: int = 3) -> None:
        super().__init__(scramble=scramble, digits=digits)

    async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation | NoChild:
        made = await super().mutate(parents, context)
        assert isinstance(made, Mutation)
        said = [parent.artifacts.get("opinion") for parent in parents]
        inspired = [sorted(program.artifacts) for program in context.inspirations]
        return Mutation(
            source=made.source,
            operator=self.name,
            description="moved",
            notes={"said": said, "inspired": inspired, "by": [program.id for program in context.inspirations]},
        )


class Numbering(Jitter):
    """An operator that reads nothing."""

    name = "numbering"


def study_world(folder: Path, settings: EngineSettings, *, scramble: int = 1, fails: bool = False) -> World:
    return World(
        folder,
        limits=Limits(max_mutants=70),
        settings=settings,
        operator=AdaptivePortfolio(operators=[Reader(scramble=scramble), Numbering(digits=3)], floor=0.3),
        evaluator=Critic(scramble=scramble, fails=fails),
        strategy=map_elites(max_size=6, kind=Pointing),
    )


DETERMINISTIC = [
    EngineSettings(deterministic=True, max_remote_mutations_in_flight=5, snapshot_interval=12, num_parents=2),
    EngineSettings(loop=GENERATIONAL, generation_size=9, deterministic=True, max_remote_mutations_in_flight=5),
]
SETTINGS = [EngineSettings(max_remote_mutations_in_flight=6), *DETERMINISTIC]
IDS = ["steady", "deterministic", "generational"]


@pytest.mark.parametrize("settings", SETTINGS, ids=IDS)
async def test_each_parent_is_studied_once_with_its_line_and_the_result_is_stored(
    tmp_path: Path, settings: EngineSettings
) -> None:
    world = study_world(tmp_path, settings)
    await world.run()
    critic = world.evaluator
    assert isinstance(critic, Critic)
    programs = {program.id: program for program in await world.stored()}
    assert len(critic.asked) > 3
    assert max(Counter(program_id for program_id, _ in critic.asked).values()) == 1
    for program_id, ancestors in critic.asked:
        line, program = [], programs[program_id]
        while program.parents and len(line) < 3:
            program = programs[program.parents[0]]
            line.append(program.id)
        assert ancestors == line
        studied = programs[program_id]
        assert studied.artifacts["opinion"] == f"{value_of(studied)} after {len(line)}"
        assert studied.metadata["studied"] == ["opinion"]
        expected = ProgramState.EVOLVING if world.strategy.holds(program_id) else ProgramState.DISCARDED
        assert studied.state is expected
    for child in programs.values():
        if child.operator == "reader":
            assert child.metadata["said"] == [programs[parent].artifacts["opinion"] for parent in child.parents]
    kinds = Counter(kind for kind, _ in await journal(world))
    assert kinds["studied"] == len(critic.asked)


@pytest.mark.parametrize("settings", DETERMINISTIC, ids=IDS[1:])
async def test_with_order_nothing_depends_on_when_a_study_ends(tmp_path: Path, settings: EngineSettings) -> None:
    runs: list[Any] = []
    for scramble in (1, 50):
        folder = tmp_path / str(scramble)
        folder.mkdir()
        world = study_world(folder, settings, scramble=scramble)
        await world.run()
        stored = await world.stored()
        runs.append(
            (
                history(stored),
                [program.metadata for program in stored],
                [program.artifacts for program in stored],
                # When a child was ready is a matter of time; all else has its order.
                [entry for entry in await journal(world) if entry[0] not in ("submitted", "studied")],
            )
        )
    assert runs[0] == runs[1]
    inspired = [names for metadata in runs[0][1] for names in metadata.get("inspired", ())]
    assert inspired and not any(inspired)  # what is said of others comes when it comes, so it is not shown


@pytest.mark.parametrize("settings", DETERMINISTIC, ids=IDS[1:])
async def test_a_killed_run_goes_on_with_what_an_unbroken_one_knows(tmp_path: Path, settings: EngineSettings) -> None:
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = study_world(tmp_path / "whole", settings)
    await whole.run()
    last = await killed_and_resumed(lambda n: study_world(tmp_path / "broken", settings, scramble=n), seed=2)
    stored = [await world.stored() for world in (whole, last)]
    assert history(stored[0]) == history(stored[1])
    assert [program.metadata for program in stored[0]] == [program.metadata for program in stored[1]]
    assert [program.artifacts for program in stored[0]] == [program.artifacts for program in stored[1]]
    assert last.strategy.snapshot() == whole.strategy.snapshot()


async def test_a_study_that_fails_is_no_reason_not_to_go_on(tmp_path: Path) -> None:
    world = study_world(tmp_path, EngineSettings(max_remote_mutations_in_flight=6), fails=True)
    report = await world.run()
    assert report.progress.mutants == 70
    critic = world.evaluator
    assert isinstance(critic, Critic)
    assert max(Counter(program_id for program_id, _ in critic.asked).values()) == 1
    programs = {program.id: program for program in await world.stored()}
    told = [child.metadata["said"] for child in programs.values() if child.operator == "reader"]
    assert [None] in told


async def test_a_study_that_raises_ends_nothing(tmp_path: Path) -> None:
    class Angry(Critic):
        async def study(self, program: Program, ancestors: Sequence[Program]) -> Evaluation:
            raise RuntimeError("no")

    world = World(tmp_path, limits=Limits(max_mutants=30), operator=Reader(digits=5), evaluator=Angry())
    report = await world.run()
    assert report.progress.mutants == 30
    assert report.progress.reasons == {}


async def test_where_nobody_reads_nothing_is_studied(tmp_path: Path) -> None:
    critic = Critic()
    await World(tmp_path, limits=Limits(max_mutants=30), operator=Numbering(digits=5), evaluator=critic).run()
    assert critic.asked == []
