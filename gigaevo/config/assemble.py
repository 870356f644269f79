"""The wiring of a run: from checked settings and a builder to an engine, its processes and its listeners."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from gigaevo import kernels
from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.processes import (
    ProblemProcesses,
    SearchWorkers,
    exact_verifier,
    problem_processes,
    program_server,
)
from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.schema import Settings
from gigaevo.config.terminal import ClosingPage, interruptible, logging_to
from gigaevo.evaluation.base import VERIFICATION, Evaluation, Evaluator, Rescorer, Verifier
from gigaevo.evaluation.pipeline import Pipeline
from gigaevo.evaluation.sampling import SampledEvaluator
from gigaevo.evaluation.sandbox import inline_runner
from gigaevo.evaluation.sandbox.process import SandboxStartError
from gigaevo.evaluation.sandbox.settings import SandboxSettings
from gigaevo.evolution.engine.core import EvolutionEngine
from gigaevo.evolution.engine.events import Limits, Listener, RunReport
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import Stopper, standard_stoppers
from gigaevo.evolution.mutation.base import MutationOperator, OperatorContext
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy, StrategyContext
from gigaevo.observe import (
    BestArtifacts,
    BestProgramFile,
    FailureLog,
    LiveView,
    MetricsLog,
    PlainLines,
    PopulationHistory,
    SummaryFile,
)
from gigaevo.problems import Problem, load_problem
from gigaevo.programs import Program, ProgramState
from gigaevo.programs.text_facts import files_hash
from gigaevo.storage.base import ProgramStorage, StorageError

ALLOWED_PROCESSES = 64  # processes and threads of a program whose problem allows them


def execute(settings: Settings, builder: Builder, output_dir: Path) -> RunResult:
    """Run, or continue, what is configured, to its end.

    Args:
        settings: Checked everyday settings.
        builder: Makes the objects of the configuration.
        output_dir: The run's folder; it exists.

    Returns:
        How it ended.

    Raises:
        ConfigError: Something in the configuration cannot be built, or does not fit the problem.
        ProblemError: The problem folder is broken.
        StorageError: The database cannot be opened or written.
    """
    problem = load_problem(Path(settings.problem.dir), name=settings.problem.name)
    gc.freeze()  # what is there now stays: no collection need look at it again
    gc.enable()
    try:
        return asyncio.run(_run(settings, builder, output_dir, problem))
    except SandboxStartError as error:
        raise ConfigError(f"problem '{problem.name}': {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a run is made of before anything starts."""

    problem: Problem
    random: RandomSource
    limits: Limits
    stoppers: Sequence[Stopper]
    engine: EngineSettings
    sandbox: SandboxSettings
    strategy: EvolutionStrategy
    operator: MutationOperator
    storage: ProgramStorage


def _parts(settings: Settings, builder: Builder, problem: Problem) -> _Parts:
    """Build what is configured, and have the strategy check that it fits the problem."""
    engine = _engine_settings(problem, builder.node("engine"))
    limits = Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
    parts = _Parts(
        problem=problem,
        random=RandomSource(settings.seed),
        limits=limits,
        stoppers=standard_stoppers(
            limits,
            problem.metrics,
            generation_size=engine.generation_size,
            plateau=settings.plateau,
            calls_per_program=engine.calls_per_program,
        ),
        engine=engine,
        sandbox=_sandbox_for(problem, builder.node("sandbox")),
        strategy=builder.node("evolution_strategy"),
        operator=builder.node("mutation_operator"),
        storage=builder.node("program_storage"),
    )
    _refuse_strangers_code(parts)
    _refuse_strange_programs(parts)
    context = StrategyContext(
        metrics=problem.metrics,
        random=parts.random,
        behavior_keys=problem.settings.behavior_keys,
        generation_size=engine.generation_size,
    )
    try:
        parts.strategy.bind(context)
    except ValueError as error:
        raise ConfigError(f"evolution_strategy does not fit problem '{problem.name}': {error}") from error
    return parts


def _engine_settings(problem: Problem, engine: EngineSettings) -> EngineSettings:
    """The configured settings as far as they concern this problem: only a noisy one needs more than one look."""
    if problem.settings.noisy:
        return replace(engine, reevaluate_duplicates=True)
    return replace(engine, samples=1, confirmations=0)


def _sampled(evaluator: Evaluator, parts: _Parts, *, first_seed: int = 0) -> Evaluator:
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


def _refuse_strangers_code(parts: _Parts) -> None:
    """Without protection only numbers may change: what else an operator writes is nobody's the user knows."""
    if parts.sandbox.level == inline_runner.LEVEL and parts.operator.writes_code:
        raise ConfigError(
            f"sandbox=inline runs programs without protection, and mutation operator '{parts.operator.name}' writes "
            "code; leave operators that only change numbers (~operators.syntax_tree), or use sandbox=auto"
        )


def _refuse_strange_programs(parts: _Parts) -> None:
    """Somebody must be able to change the problem's programs."""
    language, known = parts.problem.language.name, parts.operator.languages
    if known and language not in known:
        raise ConfigError(
            f"problem '{parts.problem.name}' has programs in {language}, and mutation operator '{parts.operator.name}' "
            f"can only change {' and '.join(known)}; add language models (llm=...)"
        )


async def _run(settings: Settings, builder: Builder, output_dir: Path, problem: Problem) -> RunResult:
    """Start the processes, run the engine, and take everything down again whatever happens."""
    async with AsyncExitStack() as stack:
        builder.give("problem", problem)
        view: LiveView | PlainLines = builder.node("observe")
        stack.enter_context(logging_to(view, output_dir))
        parts = _parts(settings, builder, problem)
        processes = await stack.enter_async_context(
            problem_processes(problem, parts.sandbox, workers=parts.engine.max_evaluations_in_flight)
        )
        verifier = await stack.enter_async_context(
            exact_verifier(
                problem,
                context=processes.context,
                call_timeout_s=settings.stage_timeout,
                size=parts.engine.max_evaluations_in_flight,
            )
        )
        builder.give("program_server", processes.server)
        builder.give("validators", processes.workers)
        builder.give("program_storage", parts.storage)  # also for builders made anew, which would build another
        stack.callback(_close, builder.node("pipeline"))
        searchers = SearchWorkers(
            problem,
            size=parts.engine.max_mutations_in_flight,
            context=processes.context,
            call_timeout_s=settings.stage_timeout,
        )
        stack.push_async_callback(searchers.close)
        _bind_operator(parts, searchers)
        stack.push_async_callback(parts.operator.close)
        stack.push_async_callback(parts.storage.close)
        try:
            await parts.storage.open()
        except StorageError as error:
            raise ConfigError(f"program_storage: {error}") from error
        closing = ClosingPage(output_dir)
        reporters = [view, await _metrics_log(output_dir, parts), *_reporters(output_dir), closing]
        rescorer = _FreshSandbox(parts, builder, processes, call_timeout_s=settings.stage_timeout)
        engine = _engine(parts, builder, processes, reporters, verifier=verifier, rescorer=rescorer)
        with interruptible(engine):
            report = await engine.run()
    closing.show()
    return _result(report, problem)


def _result(report: RunReport, problem: Problem) -> RunResult:
    best, rescored, primary = report.progress.best, report.rescored, problem.metrics.primary_key
    return RunResult(
        status=_status(report),
        best_fitness=None if best is None else problem.metrics.fitness(best.metrics),
        rescored_fitness=None if rescored is None else rescored.get(primary),
        error=report.fault or ("" if best is not None else "no program kept the problem's rules"),
    )


def _bind_operator(parts: _Parts, searchers: SearchWorkers) -> None:
    parts.operator.bind(
        OperatorContext(
            metrics=parts.problem.metrics,
            takes_context=parts.problem.has_context,
            deterministic=parts.engine.deterministic,
            # What a harness or a driver returns is evidence of a run, not the program's answer.
            search=searchers if parts.problem.returns_its_answer else None,
        )
    )


def _engine(
    parts: _Parts,
    builder: Builder,
    processes: ProblemProcesses,
    listeners: Sequence[Listener],
    *,
    verifier: Verifier | None,
    rescorer: Evaluator,
) -> EvolutionEngine:
    return EvolutionEngine(
        strategy=parts.strategy,
        operator=parts.operator,
        evaluator=_sampled(builder.node("pipeline"), parts),
        rescorer=rescorer,
        verifier=verifier,
        storage=parts.storage,
        random=parts.random,
        metrics=parts.problem.metrics,
        problem=parts.problem.name,
        limits=parts.limits,
        stoppers=parts.stoppers,
        settings=parts.engine,
        listeners=listeners,
        initial_programs=_initial_programs(parts.problem, parts.random),
        notes=[*_notes(), *processes.notes],
    )


def _sandbox_for(problem: Problem, sandbox: SandboxSettings) -> SandboxSettings:
    """The configured sandbox, with the processes and threads that ``problem.yaml`` asks for."""
    if {"threads", "processes"} & problem.allow:
        return replace(sandbox, processes=max(sandbox.processes, ALLOWED_PROCESSES))
    return sandbox


def _status(report: RunReport) -> ExitStatus:
    if report.stop_reason == "interrupted":
        return ExitStatus.INTERRUPTED
    if report.fault:
        return ExitStatus.FAULT
    return ExitStatus.ENDED if report.progress.best is not None else ExitStatus.NO_VALID_PROGRAM


def _initial_programs(problem: Problem, random: RandomSource) -> list[Program]:
    programs = []
    for number, initial in zip(
        range(-1, -len(problem.initial_programs) - 1, -1), problem.initial_programs, strict=True
    ):
        programs.append(
            Program(
                id=random.program_id(number),
                files=dict(initial.files),
                entry=initial.entry,
                syntax_hash=files_hash(initial.files),
                number=number,
                operator="initial",
                mutations_applied=[f"initial program {initial.name}"],
            )
        )
    return programs


class _FreshSandbox:
    """Runs a program under a server of its own, started for it and gone afterwards; what it returned is verified in a
    process of the same kind, where the problem has exact verification."""

    def __init__(self, parts: _Parts, builder: Builder, processes: ProblemProcesses, *, call_timeout_s: float) -> None:
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
            evaluator = _sampled(_rescoring(pipeline), parts, first_seed=parts.engine.calls_per_program)
            try:
                evaluation = await evaluator.evaluate(program)
            finally:
                _close(pipeline)
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


def _close(pipeline: object) -> None:
    """Let go of what a pipeline holds open; one of a user's own may hold nothing."""
    if isinstance(pipeline, Pipeline):
        pipeline.close()


def _reporters(output_dir: Path) -> list[Listener]:
    return [
        FailureLog(),
        BestProgramFile(folder=output_dir),
        BestArtifacts(folder=output_dir),
        PopulationHistory(folder=output_dir),
        SummaryFile(folder=output_dir, kernels=kernels.BACKEND),
    ]


async def _metrics_log(output_dir: Path, parts: _Parts) -> Listener:
    """The log of metrics, brought in line with what an earlier session of this run committed."""
    log = MetricsLog(folder=output_dir)
    settled = (ProgramState.COMPLETED, ProgramState.EVOLVING, ProgramState.DISCARDED)
    await log.rewrite(parts.storage.programs(states=settled), parts.problem.metrics)
    return log


def _notes() -> list[str]:
    kernel_note = kernels.backend_note()
    return [] if kernel_note is None else [kernel_note]
