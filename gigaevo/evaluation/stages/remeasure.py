"""Measure a program's cost with more care than one run allows."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING, Any, Unpack

from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.programs import Cost, Program

if TYPE_CHECKING:
    from gigaevo.evaluation.sandbox.runner import ProgramRunner

MEASURED = ("wall_time_s", "cpu_time_s", "peak_memory_mb", "runtime")


class RemeasureStage(Stage):
    """Runs a program again, so that its times and its memory become medians over all its runs.

    It triples the cost of a program with the defaults, so it is for those that are worth it: give it a condition. A
    program that fails in one of the runs has failed.

    Args:
        server: Where programs run.
        runs: Runs beside the first, at least 1.
        settings: What may be set of any stage. By default it requires ``validate`` and is cached.

    Raises:
        ValueError: ``runs`` is less than 1.
    """

    name = "remeasure"
    takes: Mapping[str, type] = {"run": str}
    requires = ("validate",)
    measures = MEASURED
    cached = True

    def __init__(self, *, server: ProgramRunner, runs: int = 2, **settings: Unpack[StageSettings]) -> None:
        super().__init__(**settings)
        if runs < 1:
            raise ValueError(f"runs must be at least 1; found {runs}")
        self._server = server
        self._runs = runs

    def ingredients(self) -> Mapping[str, Any]:
        """For the server, the level that holds programs: problem and limits are those of the whole run."""
        own = {key: value for key, value in super().ingredients().items() if key != "_server"}
        return {**own, "level": self._server.report.level}

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        seen = {key: [inputs["run"].metrics[key]] for key in MEASURED}
        cost = Cost()
        for number in range(2, self._runs + 2):
            outcome = await self._server.run(program.files, program.entry)
            cost.wall_time_s += outcome.wall_time_s
            cost.cpu_time_s += outcome.cpu_time_s
            cost.peak_memory_mb = max(cost.peak_memory_mb, outcome.peak_memory_mb)
            if outcome.error is not None:
                message = f"run {number}: {outcome.error.message}"
                error = outcome.error.model_copy(update={"message": message, "stage": self.name})
                return StageResult(error=error, cost=cost)
            for key, values in seen.items():
                values.append(outcome.cpu_time_s if key == "runtime" else getattr(outcome, key))
        return StageResult(metrics={key: median(values) for key, values in seen.items()}, cost=cost)
