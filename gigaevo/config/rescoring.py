"""The best program once more, as if nothing were known of it: in a fresh sandbox, on fresh samples."""

from __future__ import annotations

from dataclasses import replace

from gigaevo.config.builder import Builder
from gigaevo.config.parts import Parts
from gigaevo.config.processes import ProblemProcesses, exact_verifier, program_server
from gigaevo.evaluation.base import VERIFICATION, Evaluation, Evaluator, Rescorer
from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.sampling import SampledEvaluator
from gigaevo.programs import Program


def sampled(evaluator: Evaluator, parts: Parts, *, first_seed: int = 0) -> Evaluator:
    """``evaluator`` as it is, or with several runs to an evaluation where the problem is noisy."""
    if not parts.problem.settings.noisy:
        return evaluator
    return SampledEvaluator(
        evaluator,
        metrics=parts.problem.metrics,
        samples=parts.engine.samples,
        confirmations=parts.engine.confirmations,
        first_seed=first_seed,
    )


class FreshSandbox:
    """Runs a program under a server of its own, started for it and gone afterwards; what it returned is verified in a
    process of the same kind, where the problem has exact verification."""

    def __init__(self, parts: Parts, builder: Builder, processes: ProblemProcesses, *, call_timeout_s: float) -> None:
        self._parts = parts
        self._builder = builder
        self._processes = processes
        self._call_timeout_s = call_timeout_s

    async def evaluate(self, program: Program) -> Evaluation:
        """See ``gigaevo.evaluation.base.Evaluator``."""
        parts, context = self._parts, self._processes.context
        async with program_server(parts.problem, parts.sandbox, context=context) as server:
            given = {"program_server": server, "evolution_strategy": parts.strategy}
            pipeline: Evaluator = self._builder.anew(given=given).node("pipeline")
            # Of a noisy program, runs that the search has not seen: the best was chosen for those that it has.
            evaluator = sampled(_rescoring(pipeline), parts, first_seed=parts.engine.calls_per_program)
            try:
                evaluation = await evaluator.evaluate(program)
            finally:
                close_pipeline(pipeline)
        if evaluation.error is not None or evaluation.output is None:
            return evaluation
        async with exact_verifier(parts.problem, context=context, call_timeout_s=self._call_timeout_s) as verifier:
            if verifier is None:
                return evaluation
            verification = await verifier.verify(evaluation.output)
        return replace(evaluation, artifacts={**evaluation.artifacts, VERIFICATION: verification.to_json()})


class _Rescoring:
    """Evaluates as if nothing were known of a program."""

    def __init__(self, rescorer: Rescorer) -> None:
        self._rescorer = rescorer

    async def evaluate(self, program: Program) -> Evaluation:
        """See ``gigaevo.evaluation.base.Evaluator``."""
        return await self._rescorer.rescore(program)


def _rescoring(evaluator: Evaluator) -> Evaluator:
    return _Rescoring(evaluator) if isinstance(evaluator, Rescorer) else evaluator


def close_pipeline(pipeline: object) -> None:
    """Let go of what a pipeline holds open; one of a user's own may hold nothing."""
    if isinstance(pipeline, Pipeline):
        pipeline.close()
