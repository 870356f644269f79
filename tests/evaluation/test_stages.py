"""The shipped stages with real processes: what they blame on a program and what on a process of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.result_cache import ResultCache
from gigaevo.evaluation.sandbox.client import ForkServer, RunOutcome
from gigaevo.evaluation.sandbox.levels import SandboxReport
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.workers import TrustedWorkers
from gigaevo.evaluation.stage import Stage, StageResult
from gigaevo.evaluation.stages.remeasure import RemeasureStage
from gigaevo.evaluation.stages.run import RunStage
from gigaevo.evaluation.stages.syntax import SyntaxStage
from gigaevo.evaluation.stages.validate import ValidateStage
from gigaevo.programs import ErrorKind, Program, ProgramError
from tests.evaluation.steps import Note

VALIDATE = """
import os
from pathlib import Path

def validate(output):
    marks = Path(__file__).with_name("marks")
    if output == 13 and not marks.exists():
        marks.write_text("")
        os._exit(7)
    if output < 0:
        raise ValueError("below 0")
    return {"fitness": float(output)}
"""


def program(answer: int) -> Program:
    return Program(id=str(answer), source=f"def entrypoint():\n    return {answer}\n")


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[TrustedWorkers]:
    (tmp_path / "validate.py").write_text(VALIDATE)
    pool = TrustedWorkers(problem_dir=tmp_path, size=1, primary_key="fitness")
    yield pool
    await pool.close()


def validating(workers: TrustedWorkers, answer: int, **settings: Any) -> list[Stage]:
    """The validator behind a stage that gives an answer without a process."""

    class Run(Note):
        gives = str

    return [
        Run("run", [], StageResult(output=str(answer))),
        ValidateStage(workers=workers, call_timeout_s=30, **settings),
    ]


async def test_a_validator_that_died_is_asked_again_where_retries_are_set(workers: TrustedWorkers) -> None:
    cache = ResultCache()
    once = await Pipeline(stages=validating(workers, 13), cache=cache).evaluate(program(13))
    assert once.error is not None and once.error.kind is ErrorKind.INVALID
    assert len(cache) == 0  # it may be the machine's doing
    Path(workers._dir / "marks").unlink()
    again = await Pipeline(stages=validating(workers, 13, retries=1)).evaluate(program(13))
    assert again.error is None
    assert again.metrics["fitness"] == 13.0
    assert again.cost.validate_calls == 2


async def test_a_validators_no_is_final_and_kept(workers: TrustedWorkers) -> None:
    cache = ResultCache()
    stages = validating(workers, -1, retries=3)
    for calls in (1, 0):
        evaluation = await Pipeline(stages=stages, cache=cache).evaluate(program(-1))
        assert evaluation.error is not None and evaluation.error.message == "below 0"
        assert evaluation.cost.validate_calls == calls


KILLER = """
import os

def entrypoint():
    with open({path!r}, "a+") as marks:
        marks.write("x")
        marks.flush()
        marks.seek(0)
        if len(marks.read()) <= 2:
            os.kill(os.getppid(), 9)
    return 1
"""


async def test_a_server_that_died_twice_is_tried_again_where_retries_are_set(tmp_path: Path) -> None:
    (tmp_path / "validate.py").write_text(VALIDATE)
    server = ForkServer(problem_dir=tmp_path, has_context_file=False, limits=Limits(wall_time_s=20), level="process")
    try:
        for retries, fails in ((0, True), (1, False)):
            killer = Program(id="k", source=KILLER.format(path=str(tmp_path / f"marks{retries}")))
            stages = [SyntaxStage(), RunStage(server=server, retries=retries)]
            evaluation = await Pipeline(stages=stages).evaluate(killer)
            assert (evaluation.error is not None) == fails, evaluation.error
            assert evaluation.output == (None if fails else "1")
    finally:
        await server.close()


# Remeasuring, on times that are known


class Clock:
    """Answers as the server of programs does, with given CPU times, None meaning that the program fails."""

    report = SandboxReport(level="process", protections=frozenset())

    def __init__(self, *times: float | None) -> None:
        self._times = list(times)

    async def run(self, *_: object, **__: object) -> RunOutcome:
        time = self._times.pop(0)
        error = None if time is not None else ProgramError(kind=ErrorKind.SIGNAL, message="killed", stage="run")
        seconds = time or 0.0
        return RunOutcome(
            output=None if error else "1", error=error, wall_time_s=2 * seconds, cpu_time_s=seconds,
            peak_memory_mb=10 * seconds, stdout="", stderr="",
        )  # fmt: skip


def remeasuring(*times: float | None, runs: int = 2) -> Pipeline:
    server: Any = Clock(*times)
    again = RemeasureStage(server=server, runs=runs, requires=["run"])
    return Pipeline(stages=[SyntaxStage(), RunStage(server=server), again])


async def test_times_and_memory_become_medians_over_all_runs() -> None:
    evaluation = await remeasuring(1.0, 9.0, 2.0).evaluate(program(1))
    expected = {"cpu_time_s": 2.0, "runtime": 2.0, "wall_time_s": 4.0, "peak_memory_mb": 20.0}
    assert evaluation.metrics == expected
    assert evaluation.cost.cpu_time_s == 12.0
    assert evaluation.cost.peak_memory_mb == 90.0
    assert evaluation.output == "1"


async def test_a_program_that_fails_when_it_is_run_again_has_failed() -> None:
    evaluation = await remeasuring(1.0, 2.0, None, runs=3).evaluate(program(1))
    assert evaluation.error is not None
    assert (evaluation.error.kind, evaluation.error.stage) == (ErrorKind.SIGNAL, "remeasure")
    assert evaluation.error.message == "run 3: killed"


def test_to_remeasure_takes_a_run() -> None:
    with pytest.raises(ValueError, match="runs must be at least 1; found 0"):
        remeasuring(runs=0)
    with pytest.raises(ValueError, match="requires is empty"):
        ValidateStage(workers=Clock(), call_timeout_s=1.0, requires=[])  # type: ignore[arg-type]
