"""The pipeline: stages in dependency order, run for each program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gigaevo.evaluation.base import Evaluation, Keeper
from gigaevo.evaluation.course import Course
from gigaevo.evaluation.early_end import EarlyEnd
from gigaevo.evaluation.result_cache import ResultCache
from gigaevo.evaluation.result_key import StageKeys
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.evaluation.stage_graph import ANCESTORS, DESCENDANTS, PipelineError, StageGraph
from gigaevo.problems import Problem
from gigaevo.programs import Cost, Program, ProgramError

__all__ = ["ANCESTORS", "DESCENDANTS", "Inputs", "Pipeline", "PipelineError", "Stage", "StageResult"]


class Pipeline:
    """Runs stages in dependency order, each as soon as what it requires is there, side by side where that allows it.

    A failed stage skips those that require it and lets the others run. The first failure, in pipeline order, is the
    program's error. An exception out of a stage is a fault of that stage: the program gets it as its error, and the
    run goes on. Of two stages that measure the same metric the later one's word counts.

    A stage whose conditions are not met is skipped, with all that require it. The same happens to all that have not
    begun when a stage returned ``<metric>_upper_bound`` (``<metric>_lower_bound`` of one that is to be minimised) and
    no archive could keep a program that is no better. A program that was never scored for such a reason has no error:
    ``Evaluation.skipped`` says what it did not get.

    Args:
        stages: In any order.
        problem: What is solved; None where that is not known. Nothing is taken from the cache for a noisy problem,
            directions of ``reaches`` and names in conditions go by its metrics, and bounds need it.
        keeper: Who knows whether an archive could keep a program, as a rule the strategy; None: nothing ends early.
        deterministic: Whether the same seed must give the same programs. Nothing ends early then, for what archives
            hold at a moment of an evaluation depends on timing.
        cache: Keeps results of stages that are ``cached``; None: every stage runs for every program.

    Raises:
        PipelineError: Two stages of one name, one called "descendants" or "ancestors", a requirement that is not there
            or that a refresh, or a study of a parent, could not meet, a cycle, a value taken that is not given or of
            another type, two stages that measure the same with neither after the other, a condition that cannot be met,
            a setting out of range, a stage that is to be cached and holds what has no plain description.
    """

    def __init__(
        self,
        *,
        stages: Sequence[Stage],
        problem: Problem | None = None,
        keeper: Keeper | None = None,
        deterministic: bool = False,
        cache: ResultCache | None = None,
    ) -> None:
        metrics = None if problem is None else problem.metrics
        self._graph = StageGraph(stages, metrics)
        self._evaluated = [stage for stage in self._graph.order if not stage.for_parents]
        self._studied = [stage for stage in self._graph.order if stage.for_parents]
        self._refreshed = [stage for stage in self._graph.order if stage.depends_on_descendants]
        self._cache = cache
        noisy = problem is not None and problem.settings.noisy
        self._keys = None if cache is None or noisy or not cache.is_on else StageKeys(stages, salt=cache.salt)
        self._early_end: EarlyEnd | None = None
        if keeper is not None and metrics is not None and not deterministic:
            self._early_end = EarlyEnd(keeper, metrics, self._evaluated)

    @property
    def stages(self) -> Sequence[Stage]:
        """The stages in an order in which they can run."""
        return list(self._graph.order)

    @property
    def depends_on_descendants(self) -> bool:
        """Whether any stage does."""
        return bool(self._refreshed)

    async def evaluate(self, program: Program) -> Evaluation:
        """Run all stages for ``program``, but for those for parents."""
        course = Course(self._graph, program, keys=self._keys, cache=self._cache, early_end=self._early_end)
        results = await course.run(self._evaluated)
        return _combine(results, cached=course.cached, skipped=course.skipped)

    async def rescore(self, program: Program) -> Evaluation:
        """Run the same stages for ``program`` as if nothing were known of it: no result is an earlier one's, and
        nothing ends early."""
        course = Course(self._graph, program)
        return _combine(await course.run(self._evaluated), skipped=course.skipped)

    async def refresh(self, program: Program, descendants: Sequence[Program]) -> Evaluation:
        """Run the stages that depend on descendants, and no other, for a program that got new children.

        Args:
            program: Evaluated; not changed.
            descendants: The new children, oldest first.

        Returns:
            What these stages found out; of those that failed nothing but the first error.
        """
        course = Course(self._graph, program, descendants=descendants)
        results = await course.run(self._refreshed)
        return _combine(_or_nothing(result) for result in results)

    @property
    def studies_parents(self) -> bool:
        """Whether any stage is for parents."""
        return bool(self._studied)

    async def study(self, program: Program, ancestors: Sequence[Program]) -> Evaluation:
        """Run the stages for parents, and no other, for a program that is to be one; those left out whose artifacts it
        has.

        Args:
            program: Evaluated; not changed.
            ancestors: Its first parent, that one's first parent and so on.

        Returns:
            The artifacts of these stages; of those that failed nothing but the first error.
        """
        known = {
            stage.name: StageResult(artifacts={name: program.artifacts[name] for name in stage.leaves})
            for stage in self._studied
            if stage.leaves and all(name in program.artifacts for name in stage.leaves)
        }
        course = Course(self._graph, program, ancestors=ancestors, known=known)
        results = await course.run([stage for stage in self._studied if stage.name not in known])
        return _combine(_or_nothing(result) for result in results)

    def close(self) -> None:
        """Give back what the cache holds open."""
        if self._cache is not None:
            self._cache.close()


def _or_nothing(result: StageResult) -> StageResult:
    """A result of which, if it is a failure, only the error is left."""
    return result if result.error is None else StageResult(error=result.error, cost=result.cost)


def _combine(results: Iterable[StageResult], **notes: Any) -> Evaluation:
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
    return Evaluation(metrics=metrics, artifacts=artifacts, output=output, error=error, cost=cost, **notes)
