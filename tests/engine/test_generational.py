"""The generational loop: a barrier after each generation, and a refresh of what depends on descendants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gigaevo.evaluation.base import Evaluation
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.mutation.base import Mutation, MutationContext, MutationOperator
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, IslandConfig, MapElitesMultiIsland
from gigaevo.programs import ErrorKind, Program, ProgramError, ProgramState
from gigaevo.storage.base import JournalEntry
from gigaevo.storage.sqlite import SqliteProgramStorage
from tests.end_to_end.command import run, sources, summary
from tests.engine.harness import Jitter, NumberEvaluator, Upwards, World, program_of, value_of
from tests.engine.killing import ended
from tests.engine.test_determinism import History, history

SIZE = 20  # of a generation; the harness tells strategies the same
SETTINGS = EngineSettings(loop="generational", generation_size=SIZE, snapshot_interval=33)


class Islands(MapElitesMultiIsland):
    """Islands that exchange elites after each generation, and remember what happened when."""

    def __init__(self) -> None:
        cells = {"a": 10, "b": 7, "c": 5}
        spaces = {name: BehaviorSpace(keys=["place"], resolution=[bins]) for name, bins in cells.items()}
        super().__init__(
            island_configs=[IslandConfig(island_id=name, behavior_space=space) for name, space in spaces.items()],
            migration_interval=1,
            max_migrants_per_island=2,
        )
        self.asked: list[tuple[int, set[int]]] = []
        self.offered: set[int] = set()

    async def add(self, program: Program) -> bool:
        if program.number >= 0:
            self.offered.add(program.metadata["proposal"])
        return await super().add(program)

    async def select_elites(self, total: int) -> list[Program]:
        self.asked.append((total, set(self.offered)))
        return await super().select_elites(total)

    def elites(self) -> dict[str, Program]:
        return {elite.id: elite for island in self.islands.values() for elite in island.archive.programs()}


class LineageEvaluator(NumberEvaluator):
    """Notes children with their parents when it is asked to refresh. One whose number is below 0.1 cannot be."""

    depends_on_descendants = True

    def __init__(self, *, scramble: int | None = None) -> None:
        super().__init__(scramble=scramble)
        self.refreshed: list[tuple[str, list[str]]] = []

    async def refresh(self, program: Program, descendants: Sequence[Program]) -> Evaluation:
        self.refreshed.append((program.id, [child.id for child in descendants]))
        if self._delays is not None:
            await asyncio.sleep(float(self._delays.exponential(0.002)))
        if value_of(program) < 0.1:
            return Evaluation(error=ProgramError(kind=ErrorKind.INVALID, message="no", stage="lineage"))
        known = program.artifacts.get("children", [])
        return Evaluation(
            metrics={"fitness": 1e9, "children": program.metrics.get("children", 0.0) + len(descendants)},
            artifacts={"children": [*known, *(child.id for child in descendants)]},
        )


def world(folder: Path, *, scramble: int = 1, limits: Limits | None = None, **settings: Any) -> World:
    return World(
        folder,
        limits=limits or Limits(max_mutants=110),
        settings=replace(SETTINGS, **settings),
        operator=Jitter(scramble=scramble, digits=3),
        evaluator=LineageEvaluator(scramble=scramble + 1),
        strategy=Islands(),
    )


async def journal_of(it: World) -> list[JournalEntry]:
    storage = SqliteProgramStorage(path=it.storage.path, synchronous="normal")
    await storage.open()
    try:
        return [entry async for entry in storage.journal()]
    finally:
        await storage.close()


async def notes_of(it: World) -> dict[str, Any]:
    """What refreshes left with each program."""
    return {program.id: (program.metrics.get("children"), program.artifacts) for program in await it.stored()}


# Generations


async def test_the_same_seed_gives_the_same_programs_at_any_pool_size(tmp_path: Path) -> None:
    runs: list[History] = []
    for place, (mutations, evaluations) in enumerate([(1, 1), (8, 8), (2, 3)]):
        (tmp_path / str(place)).mkdir()
        it = world(
            tmp_path / str(place),
            scramble=10 * place,
            max_mutations_in_flight=mutations,
            max_evaluations_in_flight=evaluations,
        )
        await it.run()
        runs.append(history(await it.stored()))
    assert runs[0] == runs[1] == runs[2]
    assert len(runs[0]) == 3 + 110


async def test_nobody_is_chosen_as_a_parent_before_the_whole_generation_before_is_ingested(tmp_path: Path) -> None:
    it = world(tmp_path, max_mutations_in_flight=4, max_evaluations_in_flight=4)
    await it.run()
    open_proposals: set[int] = set()
    ingested: set[str] = set()
    chosen = []
    for entry in await journal_of(it):
        payload = entry.payload
        if entry.kind == "proposed":
            number = payload["proposal"]
            if not open_proposals:
                beginning, population = number, set(ingested)
            assert number // SIZE == beginning // SIZE
            assert open_proposals == set(range(beginning, number))
            assert set(payload["parents"]) <= population
            open_proposals.add(number)
            chosen.append(number)
        elif entry.kind in ("ingested", "skipped"):
            if payload["proposal"] is not None:
                assert payload["proposal"] == min(open_proposals)
                open_proposals.remove(payload["proposal"])
            ingested.add(payload.get("id"))
    assert chosen == list(range(len(chosen)))
    assert len(chosen) >= 110


async def test_a_strategy_is_asked_once_for_the_parents_of_a_generation(tmp_path: Path) -> None:
    it = world(tmp_path, limits=Limits(max_mutants=10**6), num_parents=2)
    it.engine._stoppers = [lambda ledger: "enough" if ledger.proposals >= 4 * SIZE else None]
    await it.run()
    assert isinstance(it.strategy, Islands)
    assert [total for total, _ in it.strategy.asked] == [2 * SIZE] * 4
    for generation, (_, offered) in enumerate(it.strategy.asked):
        assert all(proposal < generation * SIZE for proposal in offered)
    mutants = (await it.stored())[3:]
    assert {len(program.parents) for program in mutants} == {2}
    moved = [event["action"] for entry in await journal_of(it) for event in entry.payload.get("events", ())]
    assert moved.count("remove") > 0  # migrants, which leave one island for the other


async def test_where_there_are_fewer_elites_than_places_they_take_turns(tmp_path: Path) -> None:
    class NobodyTwice(MapElitesMultiIsland):
        async def select_elites(self, total: int) -> list[Program]:
            return list({elite.id: elite for elite in await super().select_elites(total)}.values())

    space = BehaviorSpace(keys=["place"], resolution=[20])
    strategy = NobodyTwice(island_configs=[IslandConfig(island_id="main", behavior_space=space)])
    it = World(tmp_path, limits=Limits(max_mutants=SIZE), settings=SETTINGS, strategy=strategy, initial=(0.5, 0.4))
    await it.run()
    first = [entry for entry in await journal_of(it) if entry.kind == "proposed"][:SIZE]
    counts = [sum(entry.payload["parents"] == [name] for entry in first) for name in strategy_ids(it)]
    assert len(first) == SIZE
    assert sorted(counts) in ([10, 10], [0, 20])


def strategy_ids(it: World) -> list[str]:
    return [it.random.program_id(-1), it.random.program_id(-2)]


# Limits


@pytest.mark.parametrize("mutants", [7, 20, 45])
async def test_a_limit_on_mutants_is_exact_and_the_last_generation_shorter(tmp_path: Path, mutants: int) -> None:
    it = world(tmp_path, limits=Limits(max_mutants=mutants))
    report = await it.run()
    assert (report.stop_reason, report.progress.mutants) == ("max_mutants", mutants)
    programs = await it.stored()
    assert [program.number for program in programs[3:]] == list(range(mutants))
    assert {program.state for program in programs} <= {ProgramState.EVOLVING, ProgramState.DISCARDED}


async def test_a_limit_on_generations_counts_mutants_as_everywhere(tmp_path: Path) -> None:
    report = await world(tmp_path, limits=Limits(max_generations=3)).run()
    assert (report.stop_reason, report.progress.mutants) == ("max_generations", 3 * SIZE)
    assert report.progress.duplicates > 0


@pytest.mark.parametrize("spends", [0, 7])
async def test_a_limit_on_validate_calls_is_never_passed_and_used_up(tmp_path: Path, spends: int) -> None:
    it = World(
        tmp_path,
        limits=Limits(max_evaluations=100),
        settings=SETTINGS,
        operator=Jitter(scramble=3, digits=6, spends=spends),
        evaluator=NumberEvaluator(scramble=4),
    )
    report = await it.run()
    assert (report.stop_reason, report.progress.validate_calls) == ("max_evaluations", 100)


async def test_a_target_and_a_plateau_end_the_run(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "plateau").mkdir()
    target = World(tmp_path / "target", limits=Limits(target_fitness=-0.001, max_mutants=5000), settings=SETTINGS)
    assert (await target.run()).stop_reason == "target_fitness"
    flat = World(tmp_path / "plateau", limits=Limits(max_mutants=5000), settings=SETTINGS, plateau=100)
    assert (await flat.run()).stop_reason == "plateau"


async def test_a_thousand_barren_proposals_in_a_row_end_the_run(tmp_path: Path) -> None:
    class Echo(MutationOperator):
        name = "echo"

        async def mutate(self, parents: Sequence[Program], context: MutationContext) -> Mutation:
            return Mutation(source=program_of(0.5), operator=self.name, description="the same again")

    report = await World(tmp_path, limits=Limits(max_mutants=50), operator=Echo(), settings=SETTINGS).run()
    assert (report.stop_reason, report.progress.mutants) == ("exhausted", 1)


async def test_time_is_up_though_a_program_hangs(tmp_path: Path) -> None:
    it = World(
        tmp_path,
        limits=Limits(max_seconds=1.0),
        settings=SETTINGS,
        evaluator=NumberEvaluator(hang_from=0.7),
        initial=(0.5,),
        operator=Upwards(),
    )
    report = await it.run()
    assert report.stop_reason == "max_seconds"
    hung = [program for program in await it.stored() if value_of(program) >= 0.7]
    assert {program.state for program in hung} == {ProgramState.FRESH}


# Going on


async def run_with_interruptions(folder: Path, *, seed: int) -> tuple[World, int]:
    """Abandon the run at arbitrary moments, then go on with new objects, until it is over; how often it was abandoned
    in the middle of a generation is told too."""
    rng = np.random.default_rng(seed)
    within = 0
    for attempt in range(100):
        it = world(folder, scramble=100 * attempt)
        await it.storage.open()
        running = asyncio.create_task(it.engine.run())
        over = await ended(it, running, rng if attempt < 12 else None)
        await it.storage.close()
        if over:
            return it, within
        proposed = sum(entry.kind == "proposed" for entry in await journal_of(it))
        mutants = sum(program.number >= 0 for program in await it.stored())
        assert proposed % SIZE == 0 or mutants > 110 - SIZE  # a generation is in the books as a whole
        within += mutants % SIZE > 0
    raise AssertionError("the run never ended")


async def test_an_interrupted_run_makes_the_programs_of_an_unbroken_one(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "whole").mkdir()
    broken, within = await run_with_interruptions(tmp_path / "broken", seed=3)
    whole = world(tmp_path / "whole")
    await whole.run()
    assert within > 0
    assert history(await broken.stored()) == history(await whole.stored())
    assert broken.strategy.snapshot() == whole.strategy.snapshot()
    assert broken.operator.state() == whole.operator.state()
    assert await notes_of(broken) == await notes_of(whole)


class Stuck(LineageEvaluator):
    """An evaluator that never comes to an end any more, once it has scored a generation and a half."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = asyncio.Event()

    async def evaluate(self, program: Program) -> Evaluation:
        if self.calls == 3 + SIZE + SIZE // 2:
            self.stuck.set()
            await asyncio.Event().wait()
        return await super().evaluate(program)


async def test_a_generation_cut_short_by_a_stop_is_finished_with_the_parents_it_had(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "whole").mkdir()
    limits = Limits(max_mutants=60)
    evaluator = Stuck()
    first = World(
        tmp_path / "broken",
        limits=limits,
        settings=SETTINGS,
        operator=Jitter(digits=3),
        evaluator=evaluator,
        strategy=Islands(),
    )
    running = asyncio.create_task(first.run())
    await evaluator.stuck.wait()
    first.engine.request_stop("interrupted")
    report = await running
    assert (report.stop_reason, report.progress.evaluated) == ("interrupted", 3 + SIZE + SIZE // 2)
    second = world(tmp_path / "broken", limits=limits)
    await second.run()
    whole = world(tmp_path / "whole", limits=limits)
    await whole.run()
    assert history(await second.stored()) == history(await whole.stored())


# Refresh


async def test_every_child_is_shown_once_to_each_of_its_parents_that_is_still_an_elite(tmp_path: Path) -> None:
    it = world(tmp_path)
    await it.run()
    assert isinstance(it.evaluator, LineageEvaluator)
    stored = {program.id: program for program in await it.stored()}
    shown = [(parent, child) for parent, children in it.evaluator.refreshed for child in children]
    assert len(shown) == len(set(shown)) > 0
    assert all(parent in stored[child].parents for parent, child in shown)
    elites = {program.id for program in stored.values() if program.state is ProgramState.EVOLVING}
    of_elites = {(parent, child.id) for child in stored.values() for parent in child.parents if parent in elites}
    assert of_elites <= set(shown)


async def test_a_refresh_follows_each_generation_and_only_elites_with_new_children_are_asked(tmp_path: Path) -> None:
    it = world(tmp_path)
    await it.run()
    parents_of: dict[int, list[str]] = {}
    due: set[str] = set()
    refreshed = 0
    for entry in await journal_of(it):
        payload = entry.payload
        if entry.kind == "proposed":
            due.clear()  # who is left is no elite any more, as the end shows of the last generation
            parents_of[payload["proposal"]] = payload["parents"]
        elif entry.kind == "ingested" and payload["proposal"] is not None:
            due.update(parents_of[payload["proposal"]])
        elif entry.kind == "refreshed":
            due.remove(payload["id"])
            refreshed += 1
    assert refreshed > 10
    assert not due & it.strategy.members()


async def test_what_a_refresh_finds_out_is_known_to_the_strategy_and_to_a_resumed_run(tmp_path: Path) -> None:
    it = world(tmp_path)
    report = await it.run()
    again = world(tmp_path)
    await again.run()
    assert isinstance(it.strategy, Islands)
    assert isinstance(again.strategy, Islands)
    live, resumed = it.strategy.elites(), again.strategy.elites()
    assert set(live) == set(resumed)
    assert any(elite.artifacts.get("children") for elite in live.values())
    for program_id, elite in live.items():
        assert elite.metrics == resumed[program_id].metrics
        assert elite.artifacts == resumed[program_id].artifacts
    best = report.progress.best
    assert best is not None
    assert best.metrics["fitness"] <= 0.0  # no refresh makes a program fitter
    assert best.artifacts == resumed[best.id].artifacts


async def test_a_refresh_that_fails_leaves_the_old_values(tmp_path: Path) -> None:
    it = World(
        tmp_path,
        limits=Limits(max_mutants=60),
        settings=SETTINGS,
        evaluator=LineageEvaluator(),
        strategy=Islands(),
        initial=(0.05,),
    )
    await it.run()
    assert isinstance(it.evaluator, LineageEvaluator)
    asked = {program_id for program_id, _ in it.evaluator.refreshed}
    low = [program for program in await it.stored() if value_of(program) < 0.1 and program.id in asked]
    assert low
    for program in low:
        assert program.artifacts == {}
        assert "children" not in program.metrics


@pytest.mark.parametrize(("loop", "declared"), [("generational", False), ("steady_state", True)])
async def test_without_a_stage_that_declares_it_or_without_a_phase_for_it_nothing_is_refreshed(
    tmp_path: Path, loop: str, declared: bool
) -> None:
    it = world(tmp_path, loop=loop, limits=Limits(max_mutants=60))
    assert isinstance(it.evaluator, LineageEvaluator)
    it.evaluator.depends_on_descendants = declared
    again = World(
        tmp_path, limits=Limits(max_mutants=60), settings=it.settings, evaluator=it.evaluator, strategy=it.strategy
    )
    await again.run()
    assert it.evaluator.refreshed == []
    assert "refreshed" not in {entry.kind for entry in await journal_of(again)}


async def test_a_strategy_that_cannot_take_a_refresh_is_an_error_for_people(tmp_path: Path) -> None:
    class Unmoved:
        def bind(self, context: object) -> None: ...

    strategy: Any = Unmoved()
    with pytest.raises(EngineError, match=r"Unmoved cannot take .* revise\(program\)"):
        World(tmp_path, limits=Limits(), settings=SETTINGS, evaluator=LineageEvaluator(), strategy=strategy)


# From the command line


def test_the_command_runs_generations_that_repeat(tmp_path: Path) -> None:
    found = []
    for name, pool in (("a", 1), ("b", 3)):
        folder = tmp_path / name
        done = run(
            "problem.name=toy_example",
            "engine=generational",
            "engine.generation_size=5",
            f"engine.max_mutations_in_flight={pool}",
            f"engine.max_evaluations_in_flight={pool}",
            "max_mutants=12",
            "seed=3",
            f"hydra.run.dir={folder}",
        )
        assert done.returncode == 0, done.stderr
        assert summary(folder)["counts"]["mutants"] == 12
        found.append(sources(folder))
    assert found[0] == found[1]
