"""Measure fitness in every dimension: performance, correctness, maintainability, adaptability."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from gigaevo.evaluation.fitness import Exercise, FitnessEvaluator
from gigaevo.evaluation.stage import Inputs, Stage, StageResult, StageSettings
from gigaevo.programs import Cost, Program
from gigaevo.programs.fitness_metrics import FITNESS_METRICS
from gigaevo.programs.genome import Phenotype

if TYPE_CHECKING:
    from gigaevo.evaluation.fitness.evaluator import ProgramSource
    from gigaevo.evaluation.sandbox.runner import ProgramRunner
    from gigaevo.problems import Problem


class FitnessStage(Stage):
    """Adds the metrics of ``gigaevo.programs.fitness_metrics`` to a valid program. A metric of one of these names that
    the problem's validator returned stays as it is.

    A program is exercised with the problem's ``benchmark.py``, where it has one, and held against its ``genome.yaml``.
    Wrong answers lower ``correctness``; they are no error of the program, as the validator took it. Artifacts:
    ``unavailable`` (reasons by name), ``performance_targets``, ``wrong_answers``, and ``paradigm_outside`` for a
    program of a paradigm that the genome does not allow.

    Args:
        server: Where programs are driven.
        problem: Programs are exercised with its ``benchmark.py`` and held against its genome.
        programs: Where parents are looked up; None to hold no program against its parents.
        dimensions: See ``FitnessEvaluator``.
        scales: See ``FitnessEvaluator``.
        growth_tolerance: See ``FitnessEvaluator``.
        seed: See ``Exercise``, as the rest.
        repeats: Ordinary inputs of each size.
        call_timeout_s: Wall-clock seconds that one call may take.
        seconds: CPU seconds for ordinary inputs, and as many for edge cases and faults.
        growth_seconds: CPU seconds for inputs that grow.
        settings: Of any stage. Metrics of the stages that it requires stand in where there is no benchmark.

    Attributes:
        evaluator: What measures.
    """

    name = "fitness"
    requires: Sequence[str] = ("run", "validate")
    measures = tuple(FITNESS_METRICS)

    def __init__(
        self,
        *,
        server: ProgramRunner,
        problem: Problem,
        programs: ProgramSource | None = None,
        dimensions: Mapping[str, Any] | None = None,
        scales: Mapping[str, float] | None = None,
        growth_tolerance: float = 0.2,
        seed: int = 0,
        repeats: int = 3,
        call_timeout_s: float = 2.0,
        seconds: float = 2.0,
        growth_seconds: float = 0.4,
        **settings: Unpack[StageSettings],
    ) -> None:
        super().__init__(**settings)
        if problem.command:
            raise ValueError(
                f"problem '{problem.name}' has programs that a command runs, and this stage measures an entrypoint; "
                "use pipeline=standard"
            )
        self._genome = problem.genome
        exercise = None
        if problem.workload is not None:
            exercise = Exercise(
                server=server,
                benchmark=problem.workload.source,
                seed=seed,
                repeats=repeats,
                call_timeout_s=call_timeout_s,
                seconds=seconds,
                growth_seconds=growth_seconds,
            )
        self.evaluator = FitnessEvaluator(
            dimensions=dimensions,
            scales=scales,
            exercise=exercise,
            genome=problem.genome,
            programs=programs,
            growth_tolerance=growth_tolerance,
        )

    async def run(self, program: Program, inputs: Inputs) -> StageResult:
        """See the class."""
        known: dict[str, float] = {}
        for result in inputs.values():
            known.update(result.metrics)
        copy = program.model_copy(update={"metrics": known})
        phenotype = await asyncio.to_thread(Phenotype.of, copy, self._genome)
        found = await self.evaluator.assess(phenotype)
        artifacts: dict[str, Any] = {}
        if found.unavailable:
            artifacts["unavailable"] = dict(found.unavailable)
        if found.targets:
            artifacts["performance_targets"] = {name: check.as_data() for name, check in found.targets.items()}
        if found.complaints:
            artifacts["wrong_answers"] = list(found.complaints)
        if found.metrics.get("paradigm_allowed") == 0.0 and self._genome is not None:
            allowed = ", ".join(self._genome.allowed_paradigms)
            artifacts["paradigm_outside"] = f"{found.paradigm}; the genome allows {allowed}"
        own = {name: value for name, value in found.metrics.items() if name not in known}
        return StageResult(metrics=own, artifacts=artifacts, cost=Cost(cpu_time_s=found.cost_cpu_s))
