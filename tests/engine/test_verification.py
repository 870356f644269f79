"""What would become the best is verified before it is; what slipped through the validator is kept as evidence."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest
from loguru import logger

from gigaevo.evaluation.base import Evaluation, Verification
from gigaevo.evolution.engine.events import Limits, Outcome, Progress
from gigaevo.evolution.engine.ledger import LEAKS_NAMED
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.observe import FailureLog
from gigaevo.programs import ErrorKind, Program
from tests.engine.harness import Jitter, NumberEvaluator, World, value_of

# The validator scores closeness to 0.3; what lies beyond HOLE it lets through although it must not be.
HOLE = 0.5


class ToldOutput(NumberEvaluator):
    """Scores like ``NumberEvaluator``, and says what the program returned."""

    def __init__(self, *, longest: int = 100) -> None:
        super().__init__()
        self._longest = longest

    async def evaluate(self, program: Program) -> Evaluation:
        evaluation = await super().evaluate(program)
        output = repr(value_of(program)).ljust(self._longest)
        return Evaluation(metrics=evaluation.metrics, error=evaluation.error, cost=evaluation.cost, output=output)


class Strict:
    """Refuses numbers below ``HOLE``, which score best; some of them it cannot check at all."""

    def __init__(self, *, delay_s: float = 0.0, raises: bool = False) -> None:
        self.seen: list[float] = []
        self._delay_s = delay_s
        self._raises = raises

    async def verify(self, output: str) -> Verification:
        value = float(output)
        self.seen.append(value)
        await asyncio.sleep(self._delay_s)
        if self._raises:
            raise RuntimeError("no process could be started")
        if 0.32 < value < 0.34:
            return Verification(accepted=False, able=False, message="it took longer than 1 s")
        if value < HOLE:
            return Verification(accepted=False, message=f"{value} is below {HOLE}", metrics={"exact": value})
        return Verification(accepted=True, metrics={"exact": value})


def world(folder: Path, verifier: Strict, *, mutants: int = 80, **more: object) -> World:
    more.setdefault("evaluator", ToldOutput())
    return World(folder, limits=Limits(max_mutants=mutants), initial=(0.8, 0.9), verifier=verifier, **more)  # type: ignore[arg-type]


LOOPS = {
    "steady": EngineSettings(),
    "deterministic": EngineSettings(deterministic=True),
    "generational": EngineSettings(loop="generational", deterministic=True),
}


@pytest.mark.parametrize("loop", LOOPS)
async def test_no_program_that_verification_refuses_is_ever_the_best(tmp_path: Path, loop: str) -> None:
    this = world(tmp_path, Strict(), settings=LOOPS[loop])
    report = await this.run()
    bests = [progress.best for _, _, progress in this.memory.programs]
    assert all(best is None or value_of(best) >= HOLE for best in bests)
    best = report.progress.best
    assert best is not None
    assert report.progress.verification == {
        "accepted": True,
        "able": True,
        "message": "",
        "metrics": {"exact": value_of(best)},
    }
    errors = [program.error for program in await this.stored() if program.error is not None]
    leaks = [error.message for error in errors if error.kind is ErrorKind.LEAK]
    assert any("refuses it" in message for message in leaks)
    assert report.progress.failures["leak"] == len(leaks)


async def test_a_leak_is_kept_as_evidence_and_takes_no_part_in_the_search(tmp_path: Path) -> None:
    this = world(tmp_path, Strict())
    report = await this.run()
    programs = {program.id: program for program in await this.stored()}
    leaks = [p for p in programs.values() if p.error is not None and p.error.kind is ErrorKind.LEAK]
    assert report.progress.leaks == tuple(leak.id for leak in leaks)[:LEAKS_NAMED]
    for leak in leaks:
        assert leak.error is not None
        assert leak.metrics["is_valid"] == 1.0
        assert "passed validate.py, and verify.py" in leak.error.message
        assert leak.artifacts["verification"]["message"] in leak.error.message
        assert leak.artifacts["verification"]["message"] not in leak.error.for_prompts
        assert not this.strategy.holds(leak.id)
    ids = {leak.id for leak in leaks}
    assert ids
    assert all(not ids & set(program.parents) for program in programs.values())
    assert {outcome for program, outcome, _ in this.memory.programs if program.id in ids} == {Outcome.FAILED}


async def test_what_verification_said_of_programs_that_live_on_is_nowhere_in_them(tmp_path: Path) -> None:
    this = world(tmp_path, Strict())
    report = await this.run()
    assert report.progress.verification is not None
    for program in await this.stored():
        if program.error is None:
            assert "verification" not in program.artifacts
            assert "exact" not in program.metrics


async def test_initial_programs_are_verified_too(tmp_path: Path) -> None:
    this = World(tmp_path, limits=Limits(max_mutants=5), initial=(0.35, 0.6), verifier=Strict(), evaluator=ToldOutput())
    report = await this.run()
    first, second = (outcome for _, outcome, _ in this.memory.programs[:2])
    assert (first, second) == (Outcome.FAILED, Outcome.ACCEPTED)
    assert report.progress.best is not None


async def test_a_target_is_not_reached_by_a_leak(tmp_path: Path) -> None:
    limits = Limits(max_mutants=60, target_fitness=-0.01)  # within 0.1 of 0.3: nothing that is verified
    this = World(tmp_path, limits=limits, initial=(0.8,), verifier=Strict(), evaluator=ToldOutput())
    report = await this.run()
    assert report.stop_reason == "max_mutants"
    assert report.progress.failures["leak"] > 0


async def test_only_what_would_become_the_best_is_verified(tmp_path: Path) -> None:
    verifier = Strict()
    this = world(tmp_path, verifier, settings=EngineSettings(deterministic=True))
    await this.run()
    best = float("-inf")
    for value in verifier.seen:
        score = -((value - 0.3) ** 2)
        assert score > best
        best = score if value >= HOLE else best
    assert 0 < len(verifier.seen) < this.memory.stopped[0].progress.evaluated


async def test_a_verifier_that_raises_lets_nothing_pass(tmp_path: Path) -> None:
    this = world(tmp_path, Strict(raises=True))
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(str(message)), level="ERROR")
    try:
        report = await this.run()
    finally:
        logger.remove(sink)
    assert report.stop_reason == "no_valid_program"
    assert report.progress.failures == {"leak": 2}
    (leak, _, _), *_ = this.memory.programs
    assert leak.error is not None
    assert "could not check it: RuntimeError: no process could be started" in leak.error.message
    assert len(messages) == 2


async def test_an_output_too_long_to_be_stored_is_made_again_and_its_calls_are_counted(tmp_path: Path) -> None:
    verifier = Strict()
    this = world(tmp_path, verifier, mutants=1, evaluator=ToldOutput(longest=300_000))
    report = await this.run()
    assert verifier.seen[:1] == [0.8]
    assert report.progress.validate_calls == report.progress.evaluated + len(verifier.seen)


@pytest.mark.parametrize("stop_at", [3, 11, 25])
async def test_a_resumed_run_knows_its_leaks_and_its_verified_best(tmp_path: Path, stop_at: int) -> None:
    settings = EngineSettings(deterministic=True, snapshot_interval=7)

    async def run_to(mutants: int) -> tuple[World, Progress]:
        this = world(tmp_path, Strict(), settings=settings, operator=Jitter(digits=4), mutants=mutants)
        return this, (await this.run()).progress

    _, before = await run_to(stop_at)
    same, again = await run_to(stop_at)
    assert facts(again) == facts(before)
    _, after = await run_to(50)
    assert after.leaks[: len(before.leaks)] == before.leaks
    errors = [program.error for program in await same.stored() if program.error is not None]
    assert after.failures["leak"] == sum(error.kind is ErrorKind.LEAK for error in errors) > 0


def facts(progress: Progress) -> tuple[object, ...]:
    """What a run knows of its best and its leaks."""
    best = None if progress.best is None else progress.best.id
    return best, progress.verification, progress.leaks, progress.failures, progress.validate_calls


async def test_the_same_seed_gives_the_same_programs_however_long_verification_takes(tmp_path: Path) -> None:
    stored = []
    for name, delay in (("a", 0.0), ("b", 0.01)):
        (tmp_path / name).mkdir()
        this = world(tmp_path / name, Strict(delay_s=delay), settings=EngineSettings(deterministic=True))
        await this.run()
        stored.append([(p.id, p.source, p.state, p.error) for p in await this.stored()])
    assert stored[0] == stored[1]


async def test_programs_that_end_side_by_side_are_each_verified_before_they_are_best(tmp_path: Path) -> None:
    settings = EngineSettings(max_evaluations_in_flight=8, max_mutations_in_flight=8)
    verifier = Strict(delay_s=0.005)
    this = world(tmp_path, verifier, settings=settings)
    await this.run()
    bests = {progress.best.id: progress.best for _, _, progress in this.memory.programs if progress.best}
    assert {value_of(best) for best in bests.values()} <= set(verifier.seen)


async def test_people_are_warned_of_the_first_few_leaks(tmp_path: Path) -> None:
    messages: list[str] = []
    sink = logger.add(lambda message: messages.append(str(message)), level="WARNING", format="{message}")
    try:
        report = await world(tmp_path, Strict(), mutants=60, listeners=[FailureLog()]).run()
    finally:
        logger.remove(sink)
    warned = [line for line in messages if "the validator let through what verify.py refuses" in line]
    assert len(warned) == min(5, report.progress.failures["leak"])
    assert "is below 0.5" in warned[0] and "(fitness -0." in warned[0]
    for first, second in itertools.pairwise(warned):
        assert first != second


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_run_that_is_stopped_does_not_wait_for_verification(tmp_path: Path, loop: str) -> None:
    this = world(tmp_path, Strict(delay_s=3600.0), settings=LOOPS[loop])
    asyncio.get_running_loop().call_later(0.1, this.engine.request_stop, "interrupted")
    async with asyncio.timeout(30):
        report = await this.run()
    assert (report.stop_reason, report.progress.evaluated) == ("interrupted", 0)
    resumed = await world(tmp_path, Strict(), settings=LOOPS[loop], mutants=10).run()
    assert resumed.progress.evaluated == 12
    assert [program.number for program, _, _ in this.memory.programs] == []


async def test_what_a_stop_leaves_unverified_is_taken_up_again(tmp_path: Path) -> None:
    """The verifier hangs from its fifth call on; the run is stopped, and goes on with another."""
    verifier = Strict()
    honest = verifier.verify

    async def hangs(output: str) -> Verification:
        if len(verifier.seen) >= 4:
            await asyncio.Event().wait()
        return await honest(output)

    verifier.verify = hangs  # type: ignore[method-assign]
    settings = EngineSettings(deterministic=True)
    this = world(tmp_path / "broken", verifier, settings=settings, mutants=40)
    whole = world(tmp_path / "whole", Strict(), settings=settings, mutants=40)
    for folder in ("broken", "whole"):
        (tmp_path / folder).mkdir()
    asyncio.get_running_loop().call_later(0.5, this.engine.request_stop, "interrupted")
    assert (await this.run()).stop_reason == "interrupted"
    await world(tmp_path / "broken", Strict(), settings=settings, mutants=40).run()
    await whole.run()
    assert [(p.id, p.source, p.state, p.error) for p in await this.stored()] == [
        (p.id, p.source, p.state, p.error) for p in await whole.stored()
    ]
