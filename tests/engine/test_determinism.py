"""One seed, one run: in deterministic mode nothing depends on timing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.strategies.map_elites import MapElitesMultiIsland
from gigaevo.programs import Program
from tests.engine.harness import Jitter, NumberEvaluator, World, map_elites

History = list[tuple[str, str, list[str], str, float | None]]


def history(programs: list[Program]) -> History:
    return [
        (program.id, program.source, program.parents, program.state, program.metrics.get("fitness"))
        for program in programs
    ]


async def run_once(
    folder: Path, *, mutations: int, evaluations: int, scramble: int, seed: int = 7, spends: int = 0
) -> History:
    folder.mkdir()
    world = World(
        folder,
        seed=seed,
        limits=Limits(max_mutants=150, max_evaluations=400),
        settings=EngineSettings(
            deterministic=True, max_mutations_in_flight=mutations, max_evaluations_in_flight=evaluations
        ),
        operator=Jitter(scramble=scramble, digits=3, spends=spends),
        evaluator=NumberEvaluator(scramble=scramble + 1),
    )
    await world.run()
    return history(await world.stored())


@pytest.mark.parametrize("spends", [0, 9])
async def test_the_same_seed_gives_the_same_programs_at_any_concurrency(tmp_path: Path, spends: int) -> None:
    first = await run_once(tmp_path / "a", mutations=1, evaluations=1, scramble=10, spends=spends)
    second = await run_once(tmp_path / "b", mutations=8, evaluations=8, scramble=20, spends=spends)
    third = await run_once(tmp_path / "c", mutations=2, evaluations=3, scramble=30, spends=spends)
    assert first == second == third
    assert len(first) > 30


async def test_another_seed_gives_another_run(tmp_path: Path) -> None:
    first = await run_once(tmp_path / "a", mutations=2, evaluations=2, scramble=10)
    other = await run_once(tmp_path / "b", mutations=2, evaluations=2, scramble=10, seed=8)
    assert first[3:] != other[3:]


async def test_a_proposal_sees_the_results_of_those_before_its_window_and_no_other(tmp_path: Path) -> None:
    seen_by: list[set[int]] = []

    class Watched(MapElitesMultiIsland):
        seen: set[int] = set()  # noqa: RUF012 (replaced per instance below)

        async def add(self, program: Program) -> bool:
            if program.number >= 0:
                self.seen = self.seen | {program.metadata["proposal"]}
            return await super().add(program)

        async def select_elites(self, total: int) -> list[Program]:
            seen_by.append(self.seen)
            return await super().select_elites(total)

    configs = [island.config for island in map_elites().islands.values()]
    strategy = Watched(island_configs=configs)
    world = World(
        tmp_path,
        limits=Limits(max_mutants=80),
        settings=EngineSettings(deterministic=True, window=5),
        operator=Jitter(scramble=1, digits=9),
        evaluator=NumberEvaluator(scramble=2),
        strategy=strategy,
        initial=(0.5, 0.4),
    )
    await world.run()
    offered = world.strategy.seen  # type: ignore[attr-defined]
    assert len(offered) > 50
    for number, seen in enumerate(seen_by):
        assert seen == {earlier for earlier in offered if earlier < number - 5}
