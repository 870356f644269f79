"""Which stage runs when, what is tried again, and what a program that is not worth it does not get."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.programs import Cost, ErrorKind, Metrics, MetricSpec, Program, ProgramError
from tests.evaluation.steps import PROGRAM, Note, failure, measured, problem


class Waits(Note):
    """Waits for an event before it ends."""

    event: asyncio.Event

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        await asyncio.wait_for(self.event.wait(), 10)
        return await super().run(program, inputs)


async def test_a_stage_begins_as_soon_as_its_own_requirements_are_met() -> None:
    """``late`` does not wait for ``slow``, which begins earlier and needs ``late`` to have run."""
    log: list[str] = []
    event = asyncio.Event()

    def announce(_: Inputs) -> StageResult:
        event.set()
        return StageResult()

    slow = Waits("slow", log)
    slow.event = event
    stages = [
        slow,
        Note("quick", log),
        Note("late", log, announce, requires=["quick"]),
        Note("end", log, requires=["slow"]),
    ]
    assert (await Pipeline(stages=stages).evaluate(PROGRAM)).error is None
    assert log == ["quick", "late", "slow", "end"]


async def test_a_cancelled_evaluation_leaves_no_stage_running() -> None:
    begun: list[str] = []
    ended: list[str] = []

    class Endless(Stage):
        async def run(self, program: Program, inputs: Inputs) -> StageResult:
            begun.append(self.name)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(self.name)
            return StageResult()

    running = asyncio.create_task(Pipeline(stages=[Endless(name="a"), Endless(name="b")]).evaluate(PROGRAM))
    while len(begun) < 2:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(ended) == ["a", "b"]


# Retries


class Unsteady(Stage):
    """Fails in the ways it is told, one a try, and then gives a metric."""

    def __init__(self, *ways: str, retries: int, timeout_s: float | None = None) -> None:
        super().__init__(name="unsteady", retries=retries, timeout_s=timeout_s)
        self._ways = list(ways)
        self.tries = 0

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        way = self._ways[self.tries] if self.tries < len(self._ways) else ""
        self.tries += 1
        if way == "raises":
            raise ConnectionError("gone")
        if way == "hangs":
            await asyncio.Event().wait()
        if way in ("passing", "program"):
            error = ProgramError(kind=ErrorKind.TIMEOUT, message=way)
            return StageResult(error=error, passing=way == "passing", cost=Cost(validate_calls=1))
        return measured(x=1.0)


@pytest.mark.parametrize("way", ["raises", "hangs", "passing"])
async def test_a_fault_that_may_pass_is_tried_again(way: str) -> None:
    stage = Unsteady(way, way, retries=2, timeout_s=0.05 if way == "hangs" else None)
    evaluation = await Pipeline(stages=[stage]).evaluate(PROGRAM)
    assert evaluation.error is None
    assert evaluation.metrics == {"x": 1.0}
    assert stage.tries == 3
    assert evaluation.cost.validate_calls == (3 if way == "passing" else 1)  # each call that was made counts


async def test_what_fails_at_every_try_is_the_error_of_the_last() -> None:
    stage = Unsteady("raises", "passing", "passing", retries=1)
    evaluation = await Pipeline(stages=[stage]).evaluate(PROGRAM)
    assert evaluation.error is not None and evaluation.error.message == "passing"
    assert stage.tries == 2


async def test_a_failure_of_the_program_is_tried_once() -> None:
    stage = Unsteady("program", retries=5)
    evaluation = await Pipeline(stages=[stage]).evaluate(PROGRAM)
    assert evaluation.error is not None
    assert stage.tries == 1


# Conditions


@pytest.mark.parametrize(
    ("condition", "value", "runs"),
    [
        ({"at_least": 0.5}, 0.5, True),
        ({"at_least": 0.5}, 0.4999, False),
        ({"at_most": 0.5}, 0.5, True),
        ({"at_most": 0.5}, 0.5001, False),
        ({"at_least": 0.2, "at_most": 0.5}, 0.1, False),
        ({"at_least": 0.2, "at_most": 0.5}, 0.3, True),
        ({"reaches": 0.5}, 0.6, True),
        ({"reaches": 0.5}, 0.4, False),
        ({"at_least": 0.5}, float("nan"), False),
        ({"reaches": 0.5, "at_least": 0.7}, 0.6, False),
    ],
)
async def test_a_stage_runs_only_where_its_conditions_are_met(
    condition: dict[str, float], value: float, runs: bool, tmp_path: Path
) -> None:
    log: list[str] = []
    stages = [
        Note("cheap", log, measured(fitness=value)),
        Note("dear", log, requires=["cheap"], when=[{"metric": "fitness", **condition}]),
        Note("after", log, requires=["dear"]),
    ]
    evaluation = await Pipeline(stages=stages, problem=problem(tmp_path)).evaluate(PROGRAM)
    assert log == (["cheap", "dear", "after"] if runs else ["cheap"])
    assert set(evaluation.skipped) == (set() if runs else {"dear", "after"})
    assert evaluation.error is None


@pytest.mark.parametrize(("value", "runs"), [(0.4, True), (0.6, False)])
async def test_to_reach_a_value_of_a_metric_to_be_minimised_is_to_be_no_greater(
    value: float, runs: bool, tmp_path: Path
) -> None:
    log: list[str] = []
    conditions = [{"metric": "error", "reaches": 0.5}]
    stages = [Note("cheap", log, measured(error=value)), Note("dear", log, requires=["cheap"], when=conditions)]
    await Pipeline(stages=stages, problem=problem(tmp_path)).evaluate(PROGRAM)
    assert ("dear" in log) == runs


async def test_the_reason_is_said() -> None:
    log: list[str] = []
    stages = [
        Note("a", log, measured(x=0.25)),
        Note("b", log, requires=["a"], when=[{"metric": "x", "at_least": 0.5}]),
        Note("c", log, requires=["b"]),
        Note("d", log, requires=["a"], when=[{"metric": "y", "at_most": 1}]),
    ]
    evaluation = await Pipeline(stages=stages).evaluate(PROGRAM)
    assert evaluation.skipped == {
        "b": "x is 0.25, not at least 0.5",
        "c": "it requires 'b'",
        "d": "y was not measured",
    }


async def test_a_condition_sees_the_metrics_of_all_stages_before_and_of_no_other() -> None:
    log: list[str] = []
    stages = [
        Note("a", log, measured(x=1.0)),
        Note("b", log, requires=["a"]),
        Note("beside", log, measured(y=1.0)),
        Note("sees", log, requires=["b"], when=[{"metric": "x", "at_least": 1.0}]),
        Note("blind", log, requires=["b"], when=[{"metric": "y", "at_least": 1.0}]),
    ]
    evaluation = await Pipeline(stages=stages).evaluate(PROGRAM)
    assert "sees" in log
    assert evaluation.skipped == {"blind": "y was not measured"}


async def test_what_requires_a_failed_stage_was_not_skipped_for_its_worth() -> None:
    log: list[str] = []
    stages = [Note("a", log, failure()), Note("b", log, requires=["a"], when=[{"metric": "x", "at_least": 1}])]
    evaluation = await Pipeline(stages=stages).evaluate(PROGRAM)
    assert evaluation.skipped == {}
    assert evaluation.error is not None


# Early ends


class Archives:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: bool | Exception) -> None:
        self._answer = answer
        self.asked: list[tuple[dict[str, float], dict[str, float]]] = []

    def could_keep(self, metrics: dict[str, float], bounds: dict[str, float]) -> bool:
        self.asked.append((metrics, bounds))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class MeasuresPlace(Note):
    measures = ("place",)


def bounded(log: list[str], **metrics: float) -> list[Stage]:
    return [
        Note("cheap", log, measured(**metrics)),
        Note("dear", log, measured(fitness=0.1), requires=["cheap"]),
        Note("dearer", log, requires=["dear"]),
    ]


async def test_what_no_archive_could_keep_is_measured_no_further(tmp_path: Path) -> None:
    log: list[str] = []
    archives = Archives(False)
    pipeline = Pipeline(
        stages=bounded(log, fitness_upper_bound=0.3, lines=4.0), problem=problem(tmp_path), keeper=archives
    )
    evaluation = await pipeline.evaluate(PROGRAM)
    assert log == ["cheap"]
    reason = "no archive could keep a program of fitness at most 0.3"
    assert evaluation.skipped == {"dear": reason, "dearer": reason}
    assert evaluation.error is None
    assert archives.asked == [({"fitness_upper_bound": 0.3, "lines": 4.0}, {"fitness": 0.3})]
    log.clear()
    assert (await pipeline.rescore(PROGRAM)).metrics["fitness"] == 0.1  # to the end, whatever archives say
    assert log == ["cheap", "dear", "dearer"]


async def test_a_metric_to_be_minimised_has_a_lower_bound_and_the_other_bound_says_nothing(tmp_path: Path) -> None:
    metrics = Metrics({"fitness": MetricSpec(description="f", is_primary=True, higher_is_better=False)})
    log: list[str] = []
    archives = Archives(False)
    minimising = problem(tmp_path, metrics=metrics)
    await Pipeline(stages=bounded(log, fitness_upper_bound=0.3), problem=minimising, keeper=archives).evaluate(PROGRAM)
    assert log == ["cheap", "dear", "dearer"] and archives.asked == []
    evaluation = await Pipeline(
        stages=bounded(log, fitness_lower_bound=0.3), problem=minimising, keeper=archives
    ).evaluate(PROGRAM)
    assert evaluation.skipped["dear"] == "no archive could keep a program of fitness at least 0.3"


@pytest.mark.parametrize(
    "reason", ["could", "deterministic", "nobody to ask", "initial", "infinite", "raises", "no bound"]
)
async def test_everything_is_measured_where_there_is_doubt(reason: str, tmp_path: Path) -> None:
    log: list[str] = []
    archives = Archives(ZeroDivisionError("oops") if reason == "raises" else reason == "could")
    bound = {"fitness_upper_bound": float("inf") if reason == "infinite" else 0.3}
    pipeline = Pipeline(
        stages=bounded(log, **({"lines": 1.0} if reason == "no bound" else bound)),
        problem=problem(tmp_path),
        keeper=None if reason == "nobody to ask" else archives,
        deterministic=reason == "deterministic",
    )
    program = Program(id="p", source="", number=-1 if reason == "initial" else 1)
    evaluation = await pipeline.evaluate(program)
    assert log == ["cheap", "dear", "dearer"]
    assert evaluation.skipped == {}


async def test_only_what_will_not_change_counts_as_measured(tmp_path: Path) -> None:
    """The problem's own metrics are the validator's, and a stage to come may measure ``place`` again."""
    log: list[str] = []
    archives = Archives(True)
    result = measured(fitness_upper_bound=0.3, error=2.0, place=1.0, lines=4.0)
    stages = [Note("cheap", log, result), MeasuresPlace("dear", log, requires=["cheap"])]
    await Pipeline(stages=stages, problem=problem(tmp_path), keeper=archives).evaluate(PROGRAM)
    assert archives.asked == [({"fitness_upper_bound": 0.3, "lines": 4.0}, {"fitness": 0.3})]
