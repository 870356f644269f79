"""The pipeline: stages in dependency order, run for each program."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from gigaevo.evaluation.base import Evaluation
from gigaevo.programs import Cost, ErrorKind, Program, ProgramError

DESCENDANTS = "descendants"  # the input that holds a program's children


@dataclass(frozen=True, slots=True, kw_only=True)
class StageResult:
    """What one stage found out.

    Attributes:
        metrics: Numbers by name, added to the program's.
        artifacts: Short JSON values by name, added to the program's.
        output: The program's return value as wire text, from the stage that ran it.
        value: Handed to the stages that require this one.
        error: Why the stage failed; stages that require it are then skipped.
        cost: What the stage took.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    output: str | None = None
    value: Any = None
    error: ProgramError | None = None
    cost: Cost | None = None


class Stage(ABC):
    """One step of an evaluation.

    Attributes:
        name: Unique in a pipeline.
        requires: Stages that must have succeeded; their results are handed to ``run``.
        timeout_s: Wall-clock seconds after which the stage is cancelled; None leaves the limit to the stage itself.
        depends_on_descendants: Whether the result may change when the program gets children (notes on its lineage, the
            share of its children that are better). Such a stage is run again in a refresh, where the engine has one
            (``engine=generational``). ``inputs["descendants"].value`` then holds the children that are new since it
            was last run, oldest first, failed and rejected ones too; in the evaluation, which comes before all
            children, it is an empty tuple. What was found out earlier is in the program's metrics and artifacts, to be
            added to. In a refresh no other stage is run: stages that depend on descendants may require each other
            only, and no other stage may require them.
    """

    name: str
    requires: Sequence[str] = ()
    timeout_s: float | None = None
    depends_on_descendants: bool = False

    @abstractmethod
    async def run(self, program: Program, inputs: Mapping[str, StageResult]) -> StageResult:
        """Do the step. A failure of the program is a result with an error, not an exception.

        Args:
            program: Not to be changed.
            inputs: Results of the stages named in ``requires``; ``"descendants"`` where the stage depends on them.
        """


class PipelineError(ValueError):
    """The stages do not form a pipeline; the message names the stage."""


class Pipeline:
    """Runs stages in dependency order, those that are ready at the same time side by side.

    A failed stage skips those that require it and lets the others run. The first failure, in pipeline order, is the
    program's error. An exception out of a stage is a fault of that stage: the program gets it as its error, and the
    run goes on.

    Args:
        stages: In any order.

    Raises:
        PipelineError: Two stages of one name, one called "descendants", a requirement that is not there or that a
            refresh could not meet, or a cycle.
    """

    def __init__(self, *, stages: Sequence[Stage]) -> None:
        self._stages = {stage.name: stage for stage in stages}
        if len(self._stages) != len(stages):
            names = [stage.name for stage in stages]
            twice = next(name for name in names if names.count(name) > 1)
            raise PipelineError(f"two stages are called '{twice}'; give each a name of its own")
        if DESCENDANTS in self._stages:
            raise PipelineError(f"a stage is called '{DESCENDANTS}', which is the name of an input; give it another")
        for stage in stages:
            self._check_requirements(stage)
        self._levels = self._in_levels()
        refreshed = ([stage for stage in level if stage.depends_on_descendants] for level in self._levels)
        self._refreshed_levels = [level for level in refreshed if level]

    @property
    def stages(self) -> Sequence[Stage]:
        """The stages in an order in which they can run."""
        return [stage for level in self._levels for stage in level]

    @property
    def depends_on_descendants(self) -> bool:
        """Whether any stage does."""
        return bool(self._refreshed_levels)

    def _check_requirements(self, stage: Stage) -> None:
        for name in stage.requires:
            if name not in self._stages:
                raise PipelineError(f"stage '{stage.name}' requires '{name}', which is not in the pipeline")
            required = self._stages[name]
            if stage.depends_on_descendants and not required.depends_on_descendants:
                raise PipelineError(
                    f"stage '{stage.name}' depends on descendants and requires '{name}', which a refresh does not run; "
                    "it may require only stages that depend on descendants too"
                )
            if required.depends_on_descendants and not stage.depends_on_descendants:
                raise PipelineError(
                    f"stage '{stage.name}' requires '{name}', whose result changes with the program's descendants; "
                    "set its depends_on_descendants as well"
                )

    def _in_levels(self) -> list[list[Stage]]:
        """Stages grouped so that each requires only stages of earlier groups."""
        sorter = TopologicalSorter({name: stage.requires for name, stage in self._stages.items()})
        try:
            sorter.prepare()
        except CycleError as error:
            raise PipelineError(f"stages require each other: {' -> '.join(error.args[1])}") from None
        levels = []
        while sorter.is_active():
            ready = sorter.get_ready()
            levels.append([self._stages[name] for name in self._stages if name in ready])
            sorter.done(*ready)
        return levels

    async def evaluate(self, program: Program) -> Evaluation:
        """Run all stages for ``program``."""
        return _combine(await self._run_all(self._levels, program, ()))

    async def refresh(self, program: Program, descendants: Sequence[Program]) -> Evaluation:
        """Run the stages that depend on descendants, and no other, for a program that got new children.

        Args:
            program: Evaluated; not changed.
            descendants: The new children, oldest first.

        Returns:
            What these stages found out; of those that failed nothing but the first error.
        """
        results = await self._run_all(self._refreshed_levels, program, descendants)
        return _combine([_or_nothing(result) for result in results])

    async def _run_all(
        self, levels: Sequence[Sequence[Stage]], program: Program, descendants: Sequence[Program]
    ) -> list[StageResult]:
        """Run stages level by level; their results in that order."""
        results = {DESCENDANTS: StageResult(value=tuple(descendants))}
        for level in levels:
            ready = [stage for stage in level if all(_succeeded(results, name) for name in stage.requires)]
            if len(ready) == 1:
                results[ready[0].name] = await self._run(ready[0], program, results)
            elif ready:
                done = await asyncio.gather(*(self._run(stage, program, results) for stage in ready))
                results.update(zip((stage.name for stage in ready), done, strict=True))
        return list(results.values())

    async def _run(self, stage: Stage, program: Program, results: Mapping[str, StageResult]) -> StageResult:
        names = [*stage.requires, DESCENDANTS] if stage.depends_on_descendants else stage.requires
        inputs = {name: results[name] for name in names}
        started = time.monotonic()
        try:
            async with asyncio.timeout(stage.timeout_s):
                return await stage.run(program, inputs)
        except TimeoutError:
            error = ProgramError(
                kind=ErrorKind.TIMEOUT,
                message=f"stage '{stage.name}' took longer than {stage.timeout_s:g} s"
                if stage.timeout_s is not None
                else f"stage '{stage.name}' timed out",
                stage=stage.name,
            )
            return StageResult(error=error, cost=Cost(wall_time_s=time.monotonic() - started))
        except Exception as fault:
            from loguru import logger

            logger.opt(exception=fault).error("stage '{}' raised for program {}", stage.name, program.id)
            error = ProgramError(
                kind=ErrorKind.EXCEPTION,
                message=f"stage '{stage.name}' itself raised {type(fault).__name__}: {fault}",
                stage=stage.name,
            )
            return StageResult(error=error)


def _succeeded(results: Mapping[str, StageResult], name: str) -> bool:
    result = results.get(name)
    return result is not None and result.error is None


def _or_nothing(result: StageResult) -> StageResult:
    """A result of which, if it is a failure, only the error is left."""
    return result if result.error is None else StageResult(error=result.error, cost=result.cost)


def _combine(results: Iterable[StageResult]) -> Evaluation:
    """One evaluation from the results of the stages that ran, in pipeline order."""
    metrics: dict[str, float] = {}
    artifacts: dict[str, Any] = {}
    output: str | None = None
    error: ProgramError | None = None
    cost = Cost()
    for result in results:
        metrics.update(result.metrics)
        artifacts.update(result.artifacts)
        output = result.output if result.output is not None else output
        error = error or result.error
        if result.cost is not None:
            cost.wall_time_s += result.cost.wall_time_s
            cost.cpu_time_s += result.cost.cpu_time_s
            cost.peak_memory_mb = max(cost.peak_memory_mb, result.cost.peak_memory_mb)
            cost.validate_calls += result.cost.validate_calls
    return Evaluation(metrics=metrics, artifacts=artifacts, output=output, error=error, cost=cost)
