"""Stages for the tests of pipelines: they note when they ran, and do what they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.problems import Problem, ProblemSettings
from gigaevo.programs import Cost, ErrorKind, Metrics, MetricSpec, Program, ProgramError

PROGRAM = Program(id="p", source="def entrypoint():\n    return 1\n")
METRICS = Metrics(
    {
        "fitness": MetricSpec(description="f", is_primary=True),
        "error": MetricSpec(description="e", higher_is_better=False),
    }
)


class Note(Stage):
    """Notes that it ran, and gives what it was made with.

    Args:
        name: Its name.
        log: Where it notes its runs.
        result: What it gives, or a function of its inputs that makes it.
        settings: What may be set of any stage.
    """

    def __init__(
        self,
        name: str,
        log: list[str],
        result: StageResult | Callable[[Inputs], StageResult] | None = None,
        **settings: Unpack[StageSettings],
    ) -> None:
        super().__init__(name=name, **settings)
        self._log = log
        self._result = StageResult() if result is None else result

    def ingredients(self) -> Mapping[str, Any]:
        return {}

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        self._log.append(self.name)
        return self._result if isinstance(self._result, StageResult) else self._result(inputs)


def measured(**metrics: float) -> StageResult:
    """A result with these metrics, for which ``validate`` was called once."""
    return StageResult(metrics=metrics, cost=Cost(validate_calls=1, cpu_time_s=0.5))


def failure(kind: ErrorKind = ErrorKind.INVALID, **more: Any) -> StageResult:
    """A result that failed."""
    return StageResult(error=ProgramError(kind=kind, message="no"), **more)


def problem(folder: Any, *, noisy: bool = False, metrics: Metrics = METRICS, preload: Sequence[str] = ()) -> Problem:
    """A problem of these metrics in a folder of which nothing is read."""
    return Problem(
        name="p",
        folder=folder,
        task_description="t",
        metrics=metrics,
        initial_programs=(),
        settings=ProblemSettings(noisy=noisy),
        has_context=False,
        has_helper=False,
        has_harness=False,
        preload=tuple(preload),
    )
