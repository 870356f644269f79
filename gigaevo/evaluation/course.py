"""The course of one evaluation: which stage runs when, what is tried again, and what is not run at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from gigaevo.evaluation.early_end import EarlyEnd
from gigaevo.evaluation.result_cache import ResultCache
from gigaevo.evaluation.result_key import CourseKeys, StageKeys
from gigaevo.evaluation.stage import Inputs, Stage, StageResult
from gigaevo.evaluation.stage_graph import ANCESTORS, DESCENDANTS, StageGraph
from gigaevo.programs import Cost, ErrorKind, Program, ProgramError


class Course:
    """One program on its way through the stages.

    Args:
        graph: The stages.
        program: Not changed.
        descendants: What stages that depend on them are handed.
        ancestors: What stages for parents are handed.
        known: Results that are there already, by stage.
        keys: Keys of stages that are cached; None: nothing is.
        cache: Where earlier results are.
        early_end: Says whether the rest is worth its cost; None: it is.

    Attributes:
        cached: Names of the stages whose result was there already.
        skipped: Stages that were not run although nothing had failed, and why.
    """

    def __init__(
        self,
        graph: StageGraph,
        program: Program,
        *,
        descendants: Sequence[Program] = (),
        ancestors: Sequence[Program] = (),
        known: Mapping[str, StageResult] | None = None,
        keys: StageKeys | None = None,
        cache: ResultCache | None = None,
        early_end: EarlyEnd | None = None,
    ) -> None:
        self._graph = graph
        self._program = program
        self._descendants = StageResult(value=tuple(descendants))
        self._ancestors = StageResult(value=tuple(ancestors))
        self._cache = cache
        self._keys = None if keys is None else CourseKeys(keys, program)
        self._early_end = early_end
        self._results: dict[str, StageResult] = dict(known or {})
        self._hopeless: set[str] = set()  # what failed, and what requires it
        self._end: str | None = None  # why nothing more is begun
        self.cached: list[str] = []
        self.skipped: dict[str, str] = {}

    async def run(self, stages: Sequence[Stage]) -> list[StageResult]:
        """Run ``stages``, which are in order; the results of those that ran, in that order."""
        waiting, running = list(stages), dict[asyncio.Task[StageResult], Stage]()
        try:
            while True:
                ready, waiting = self._sort(waiting)
                if len(ready) == 1 and not running:
                    self._enter(ready[0], await self._result(ready[0]))
                    continue
                running |= {asyncio.create_task(self._result(stage)): stage for stage in ready}
                if not running:
                    break
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._enter(running.pop(task), task.result())
        finally:
            for task in running:
                task.cancel()
            if running:
                await asyncio.gather(*running, return_exceptions=True)
        return [self._results[stage.name] for stage in stages if stage.name in self._results]

    def _sort(self, waiting: Sequence[Stage]) -> tuple[list[Stage], list[Stage]]:
        """Which stages can begin, and which must wait; those that will never run are left out."""
        ready, still = list[Stage](), list[Stage]()
        for stage in waiting:
            required = self._graph.required[stage.name]
            if self._hopeless and not self._hopeless.isdisjoint(required):
                self._hopeless.add(stage.name)
                continue
            complete = self._results.keys() >= set(required)
            reason = self._why_skip(stage, required, complete=complete)
            if reason is not None:
                self.skipped[stage.name] = reason
            else:
                (ready if complete else still).append(stage)
        return ready, still

    def _why_skip(self, stage: Stage, required: Sequence[str], *, complete: bool) -> str | None:
        """Why a stage is not to be run although nothing that it requires failed; None where it is, and as long as not
        all that it requires is there."""
        if self._end is not None:
            return self._end
        if self.skipped:
            skipped = next((name for name in required if name in self.skipped), None)
            if skipped is not None:
                return f"it requires '{skipped}'"
        conditions = self._graph.conditions[stage.name]
        if not conditions or not complete:
            return None
        metrics: dict[str, float] = {}
        for name in self._graph.before[stage.name]:
            metrics.update(self._results[name].metrics)
        return next((reason for item in conditions if (reason := item.why_not(metrics)) is not None), None)

    def _enter(self, stage: Stage, result: StageResult) -> None:
        self._results[stage.name] = result
        if result.error is not None:
            self._hopeless.add(stage.name)
        elif self._early_end is not None and self._end is None and self._early_end.is_news(result):
            self._end = self._early_end.why(self._program, self._results)

    # One stage

    async def _result(self, stage: Stage) -> StageResult:
        """An earlier result, or that of running the stage."""
        inputs = Inputs({name: self._results[name] for name in self._graph.required[stage.name]})
        if stage.depends_on_descendants:
            inputs[DESCENDANTS] = self._descendants
        if stage.for_parents:
            inputs[ANCESTORS] = self._ancestors
        key = None if self._keys is None or not stage.cached else self._keys.of(stage, inputs)
        if key is None or self._cache is None:
            return await self._try_until_told(stage, inputs)
        result = self._cache.get(key)
        if result is not None:
            self.cached.append(stage.name)
            return result
        result = await self._try_until_told(stage, inputs)
        self._cache.put(key, result)
        return result

    async def _try_until_told(self, stage: Stage, inputs: Inputs) -> StageResult:
        """Run a stage, again where another try may end otherwise; calls of ``validate`` are those of all tries."""
        calls = 0
        for left in range(stage.retries, -1, -1):
            result = await self._try(stage, inputs)
            if not result.passing or not left:
                break
            calls += 0 if result.cost is None else result.cost.validate_calls
        if not calls:
            return result
        cost = Cost() if result.cost is None else result.cost.model_copy()
        cost.validate_calls += calls
        return StageResult(
            metrics=result.metrics,
            artifacts=result.artifacts,
            output=result.output,
            value=result.value,
            error=result.error,
            passing=result.passing,
            cost=cost,
        )

    async def _try(self, stage: Stage, inputs: Inputs) -> StageResult:
        started = time.monotonic()
        try:
            async with asyncio.timeout(stage.timeout_s):
                result = await stage.run(self._program, inputs)
            return _as_declared(stage, result)
        except TimeoutError:
            message = "timed out" if stage.timeout_s is None else f"took longer than {stage.timeout_s:g} s"
            error = _error(stage, ErrorKind.TIMEOUT, message)
            return StageResult(error=error, passing=True, cost=Cost(wall_time_s=time.monotonic() - started))
        except Exception as fault:
            from loguru import logger

            logger.opt(exception=fault).error("stage '{}' raised for program {}", stage.name, self._program.id)
            message = f"itself raised {type(fault).__name__}: {fault}"
            return StageResult(error=_error(stage, ErrorKind.EXCEPTION, message), passing=True)


def _as_declared(stage: Stage, result: StageResult) -> StageResult:
    """The result, if it hands on what the stage says that it gives; else the fault of the stage."""
    if stage.gives is None or result.error is not None or isinstance(result.handed_on, stage.gives):
        return result
    message = f"handed on {type(result.handed_on).__name__}, and declares {stage.gives.__name__}"
    return StageResult(error=_error(stage, ErrorKind.EXCEPTION, message), cost=result.cost)


def _error(stage: Stage, kind: ErrorKind, message: str) -> ProgramError:
    return ProgramError(kind=kind, message=f"stage '{stage.name}' {message}", stage=stage.name)
