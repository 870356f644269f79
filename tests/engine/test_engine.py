"""What the engine promises about limits, failures, and what it tells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gigaevo.evolution.engine.core import EngineError
from gigaevo.evolution.engine.events import Limits, Outcome, Progress, RunInfo, RunReport
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator
from gigaevo.evolution.strategies.base import EvolutionStrategy
from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, IslandConfig, MapElitesMultiIsland
from gigaevo.programs import ErrorKind, Program, ProgramState
from tests.engine.harness import Jitter, NumberEvaluator, Upwards, World, program_of, value_of


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize(("mutations", "evaluations"), [(1, 1), (3, 2), (8, 8)])
async def test_a_limit_on_mutants_is_exact(
    tmp_path: Path, mutations: int, evaluations: int, deterministic: bool
) -> None:
    settings = EngineSettings(
        max_mutations_in_flight=mutations, max_evaluations_in_flight=evaluations, deterministic=deterministic
    )
    world = World(
        tmp_path,
        limits=Limits(max_mutants=60),
        settings=settings,
        operator=Jitter(scramble=1),
        evaluator=NumberEvaluator(scramble=2),
    )
    report = await world.run()
    programs = await world.stored()
    assert report.stop_reason == "max_mutants"
    assert report.progress.mutants == 60
    assert report.progress.duplicates > 0
    assert [program.number for program in programs[3:]] == list(range(60))
    assert len({program.id for program in programs}) == 63
    assert {program.state for program in programs} <= {ProgramState.EVOLVING, ProgramState.DISCARDED}
    assert world.evaluator.calls == 63


async def test_generations_are_counted_in_mutants(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(max_generations=3), settings=EngineSettings(generation_size=10))
    report = await world.run()
    assert (report.stop_reason, report.progress.mutants, report.progress.generation) == ("max_generations", 30, 3)


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("spends", [0, 7])
async def test_a_limit_on_validate_calls_is_never_passed_and_used_up(
    tmp_path: Path, spends: int, deterministic: bool
) -> None:
    world = World(
        tmp_path,
        limits=Limits(max_evaluations=100),
        settings=EngineSettings(deterministic=deterministic),
        operator=Jitter(scramble=3, digits=6, spends=spends),
        evaluator=NumberEvaluator(scramble=4),
    )
    report = await world.run()
    stored = await world.stored()
    assert report.stop_reason == "max_evaluations"
    assert report.progress.validate_calls == 100
    assert sum(program.cost.validate_calls for program in stored) <= 100


async def test_a_failed_program_has_an_error_and_is_never_an_elite_nor_the_best(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(max_mutants=80), operator=Jitter(digits=6))
    report = await world.run()
    stored = await world.stored()
    failed = [program for program in stored if value_of(program) > 0.9]
    assert failed
    for program in failed:
        assert program.error is not None
        assert program.error.kind is ErrorKind.EXCEPTION
        assert program.state is ProgramState.DISCARDED
        assert not program.is_valid
    assert report.progress.failures == {"exception": len(failed)}
    assert report.progress.outcomes["failed"] == len(failed)
    assert report.progress.best is not None
    assert report.progress.best.metrics["fitness"] <= 0.0


async def test_what_storage_calls_evolving_is_what_the_archive_holds(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(max_mutants=150))
    await world.run()
    evolving = {program.id for program in await world.stored() if program.state is ProgramState.EVOLVING}
    assert evolving == world.strategy.members()


async def test_an_operator_that_raises_ends_its_proposal_and_nothing_else(tmp_path: Path) -> None:
    class Moody(Jitter):
        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
            if context.proposal % 3 == 0:
                raise RuntimeError("not today")
            made = await super().mutate(parents, context)
            assert isinstance(made, Mutation)
            return made

    report = await World(tmp_path, limits=Limits(max_mutants=30), operator=Moody(digits=6)).run()
    counts = report.progress.operators["jitter"]
    assert report.progress.mutants == 30
    assert counts["none"] >= 14
    assert counts["proposals"] == counts["none"] + counts.get("duplicate", 0) + 30


async def test_a_thousand_barren_proposals_in_a_row_end_the_run(tmp_path: Path) -> None:
    class Echo(MutationOperator):
        name = "echo"

        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
            return Mutation(source=program_of(0.5), operator=self.name, description="the same again")

    report = await World(tmp_path, limits=Limits(max_mutants=5000), operator=Echo()).run()
    assert report.stop_reason == "exhausted"
    assert report.progress.mutants == 1
    assert report.progress.duplicates >= 1000


async def test_a_target_ends_the_run(tmp_path: Path) -> None:
    report = await World(tmp_path, limits=Limits(target_fitness=-0.001, max_mutants=5000)).run()
    assert report.stop_reason == "target_fitness"
    assert report.progress.best is not None
    assert report.progress.best.metrics["fitness"] >= -0.001


async def test_a_plateau_ends_the_run(tmp_path: Path) -> None:
    world = World(tmp_path, limits=Limits(max_mutants=5000), plateau=200, operator=Jitter(digits=2))
    report = await world.run()
    assert report.stop_reason in {"plateau", "exhausted"}


async def test_time_is_up_though_a_program_hangs(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        limits=Limits(max_seconds=1.0),
        evaluator=NumberEvaluator(hang_from=0.7),
        initial=(0.5,),
        operator=Upwards(),
    )
    report = await world.run()
    assert report.stop_reason == "max_seconds"
    stored = await world.stored()
    hung = [program for program in stored if value_of(program) >= 0.7]
    assert hung
    assert {program.state for program in hung} == {ProgramState.FRESH}  # a resumed run evaluates them again


async def test_without_a_valid_initial_program_there_is_no_search(tmp_path: Path) -> None:
    report = await World(tmp_path, limits=Limits(max_mutants=50), initial=(0.95, 0.99)).run()
    assert report.stop_reason == "no_valid_program"
    assert report.progress.mutants == 0
    assert report.progress.best is None
    assert report.rescored is None


async def test_a_strategy_that_keeps_nothing_is_an_error_for_people(tmp_path: Path) -> None:
    class KeepsNothing(BestOfN):
        async def add(self, program: Program) -> bool:
            return False

    strategy: EvolutionStrategy = KeepsNothing()
    with pytest.raises(EngineError, match="behaviour keys"):
        await World(tmp_path, limits=Limits(max_mutants=50), strategy=strategy).run()


async def test_listeners_hear_of_each_program_once_and_one_that_raises_is_left_out(tmp_path: Path) -> None:
    class Broken:
        calls = 0

        def on_start(self, info: RunInfo) -> None: ...

        def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
            self.calls += 1
            raise ValueError("no")

        def on_stop(self, report: RunReport) -> None: ...

    broken = Broken()
    world = World(tmp_path, limits=Limits(max_mutants=40), listeners=[broken])
    report = await world.run()
    heard = [program.id for program, _, _ in world.memory.programs]
    assert len(heard) == len(set(heard)) == 43
    assert broken.calls == 1
    assert world.memory.stopped == [report]
    assert [progress.evaluated for _, _, progress in world.memory.programs] == list(range(1, 44))


async def test_children_go_to_the_archive_cell_of_their_behaviour(tmp_path: Path) -> None:
    space = BehaviorSpace(keys=["place"], resolution=[4])
    strategy = MapElitesMultiIsland(island_configs=[IslandConfig(island_id="main", behavior_space=space)])
    world = World(tmp_path, limits=Limits(max_mutants=200), strategy=strategy, operator=Jitter(digits=6))
    report = await world.run()
    by_cell: dict[int, list[float]] = {}
    for program in await world.stored():
        if program.is_valid:
            by_cell.setdefault(min(int(program.metrics["place"] * 4), 3), []).append(program.metrics["fitness"])
    kept = {
        min(int(program.metrics["place"] * 4), 3): program.metrics["fitness"]
        for program in await world.stored()
        if program.state is ProgramState.EVOLVING
    }
    assert kept == {cell: max(values) for cell, values in by_cell.items()}
    assert report.progress.coverage == len(kept) / 4
