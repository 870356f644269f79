"""The wiring of a run: from checked settings and a builder to an engine, its processes and its listeners."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from gigaevo import kernels
from gigaevo.config.builder import Builder
from gigaevo.config.call_log import StoredAncestry
from gigaevo.config.dry_run import PROMPT_FILE, dry_run_report, write_example
from gigaevo.config.errors import ConfigError
from gigaevo.config.initial_programs import FOUNDERS, check_start, initial_programs
from gigaevo.config.language_models import RunModels, language_models
from gigaevo.config.parts import Parts, build_parts
from gigaevo.config.processes import ProblemProcesses, SearchWorkers, exact_verifier, problem_processes
from gigaevo.config.rescoring import FreshSandbox, close_pipeline, sampled
from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.schema import Settings
from gigaevo.config.terminal import ClosingPage, interruptible, logging_to
from gigaevo.evaluation.base import Evaluator, Verifier
from gigaevo.evaluation.sandbox.process import SandboxStartError
from gigaevo.evolution.engine.core import EvolutionEngine
from gigaevo.evolution.engine.events import Listener, RunReport
from gigaevo.evolution.mutation.base import OperatorContext, Task
from gigaevo.llm.prompts import PromptError
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
from gigaevo.problems.problem import ENTRYPOINT
from gigaevo.programs import Program, ProgramState
from gigaevo.storage.base import StorageError

PROMPTS = "prompts"  # folder of a problem's own prompt templates


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
    except PromptError as error:
        raise ConfigError(str(error)) from error


async def _run(settings: Settings, builder: Builder, output_dir: Path, problem: Problem) -> RunResult:
    """Start the processes, run the engine, and take everything down again whatever happens."""
    async with AsyncExitStack() as stack:
        builder.give("problem", problem)
        view: LiveView | PlainLines = builder.node("observe")
        stack.enter_context(logging_to(view, output_dir))
        check_start(problem, builder)
        models = await stack.enter_async_context(language_models(settings, builder))
        parts = build_parts(settings, builder, problem)
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
        _give_processes(builder, parts, processes, stack)
        task = task_of(problem)
        _bind_operator(parts, _searchers(settings, parts, processes, stack), task)
        if problem.without_start:
            builder.node(FOUNDERS).check(task)
        await _open_storage(parts, stack)
        if models is not None:
            await models.open(parts.storage, seed=settings.seed)
        closing = ClosingPage(output_dir)
        engine = _engine(
            parts,
            evaluator=sampled(builder.node("pipeline"), parts),
            rescorer=FreshSandbox(parts, builder, processes, call_timeout_s=settings.stage_timeout),
            verifier=verifier,
            listeners=[view, await _metrics_log(output_dir, parts), *_reporters(output_dir), closing],
            first=await initial_programs(parts, builder, task),
            notes=[*_notes(), *processes.notes, *_notes_of_models(models, problem, processes)],
            models=models,
        )
        with interruptible(engine):
            report = await engine.run()
        dry_run = await _dry_run(settings, builder, parts, models, report, output_dir)
    closing.show()
    sys.stdout.writelines(f"{line}\n" for line in dry_run)
    return _result(report, problem)


def _result(report: RunReport, problem: Problem) -> RunResult:
    best, rescored, primary = report.progress.best, report.rescored, problem.metrics.primary_key
    return RunResult(
        status=_status(report),
        best_fitness=None if best is None else problem.metrics.fitness(best.metrics),
        rescored_fitness=None if rescored is None else rescored.get(primary),
        error=report.fault or ("" if best is not None else "no program kept the problem's rules"),
    )


def _give_processes(builder: Builder, parts: Parts, processes: ProblemProcesses, stack: AsyncExitStack) -> None:
    """Let the pipeline be built."""
    builder.give("program_server", processes.server)
    builder.give("validators", processes.workers)
    builder.give("program_storage", parts.storage)  # also for builders made anew, which would build another
    stack.callback(close_pipeline, builder.node("pipeline"))


def _searchers(
    settings: Settings, parts: Parts, processes: ProblemProcesses, stack: AsyncExitStack
) -> SearchWorkers | None:
    """Who searches numbers for operators. What a harness or a driver returns is evidence of a run, not the program's
    answer: there is nothing to search then."""
    if not parts.problem.returns_its_answer:
        return None
    searchers = SearchWorkers(
        parts.problem,
        size=parts.engine.max_mutations_in_flight,
        context=processes.context,
        call_timeout_s=settings.stage_timeout,
    )
    stack.push_async_callback(searchers.close)
    return searchers


def _bind_operator(parts: Parts, searchers: SearchWorkers | None, task: Task) -> None:
    parts.operator.bind(
        OperatorContext(
            metrics=parts.problem.metrics,
            takes_context=parts.problem.has_context,
            deterministic=parts.engine.deterministic,
            search=searchers,
            task=task,
            ancestry=StoredAncestry(parts.storage),
            independent=parts.strategy.independent,
        )
    )


def task_of(problem: Problem) -> Task:
    """What programs of a problem are asked to do, for operators that can read."""
    prompts = problem.folder / PROMPTS
    return Task(
        description=problem.task_description,
        call=problem.call,
        entrypoint="" if problem.command else ENTRYPOINT,
        language=problem.language.name,
        editable=problem.settings.editable,
        prompt_artifacts=problem.settings.prompt_artifacts,
        prompts=prompts if prompts.is_dir() else None,
    )


async def _open_storage(parts: Parts, stack: AsyncExitStack) -> None:
    stack.push_async_callback(parts.operator.close)
    stack.push_async_callback(parts.storage.close)
    try:
        await parts.storage.open()
    except StorageError as error:
        raise ConfigError(f"program_storage: {error}") from error


def _engine(
    parts: Parts,
    *,
    evaluator: Evaluator,
    rescorer: Evaluator,
    verifier: Verifier | None,
    listeners: Sequence[Listener],
    first: Sequence[Program],
    notes: Sequence[str],
    models: RunModels | None,
) -> EvolutionEngine:
    return EvolutionEngine(
        strategy=parts.strategy,
        operator=parts.operator,
        evaluator=evaluator,
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
        initial_programs=first,
        notes=notes,
        spending=None if models is None else models.client.spending,
    )


async def _dry_run(
    settings: Settings,
    builder: Builder,
    parts: Parts,
    models: RunModels | None,
    report: RunReport,
    output_dir: Path,
) -> list[str]:
    """What to tell at the end of a dry run; nothing of any other run."""
    if models is None or not builder.has("stand_in"):
        return []
    lines = dry_run_report(
        models.client.spending(),
        mutants=report.progress.mutants,
        model=settings.model_name or "it",
        budget=settings.budget,
        limit=settings.max_mutants,
        priced=models.priced,
    )
    if await write_example(output_dir, parts.storage):
        lines.append(f"          one question, word for word: {output_dir / PROMPT_FILE}")
    return lines


def _status(report: RunReport) -> ExitStatus:
    if report.stop_reason == "interrupted":
        return ExitStatus.INTERRUPTED
    if report.fault:
        return ExitStatus.FAULT
    return ExitStatus.ENDED if report.progress.best is not None else ExitStatus.NO_VALID_PROGRAM


def _reporters(output_dir: Path) -> list[Listener]:
    return [
        FailureLog(),
        BestProgramFile(folder=output_dir),
        BestArtifacts(folder=output_dir),
        PopulationHistory(folder=output_dir),
        SummaryFile(folder=output_dir, kernels=kernels.BACKEND),
    ]


async def _metrics_log(output_dir: Path, parts: Parts) -> Listener:
    """The log of metrics, brought in line with what an earlier session of this run committed."""
    log = MetricsLog(folder=output_dir)
    settled = (ProgramState.COMPLETED, ProgramState.EVOLVING, ProgramState.DISCARDED)
    await log.rewrite(parts.storage.programs(states=settled), parts.problem.metrics)
    return log


def _notes_of_models(models: RunModels | None, problem: Problem, processes: ProblemProcesses) -> list[str]:
    return [] if models is None else models.notes(problem, processes.server.report.protections)


def _notes() -> list[str]:
    kernel_note = kernels.backend_note()
    return [] if kernel_note is None else [kernel_note]
