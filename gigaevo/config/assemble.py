"""The wiring of a run: from checked settings and a builder to an engine, its processes and its listeners."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from loguru import logger

from gigaevo import kernels
from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.processes import ProblemProcesses, SearchWorkers, problem_processes
from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.schema import Settings
from gigaevo.evaluation.base import Evaluation
from gigaevo.evaluation.sandbox.limits import Limits as ProgramLimits
from gigaevo.evaluation.sandbox.limits import missing_protections
from gigaevo.evaluation.sandbox.process import SandboxStartError
from gigaevo.evolution.engine.children import files_hash
from gigaevo.evolution.engine.core import EvolutionEngine
from gigaevo.evolution.engine.events import Limits, Listener, RunInfo, RunReport
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import standard_stoppers
from gigaevo.evolution.mutation.base import OperatorContext
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.observe import (
    BestProgramFile,
    InitialProgramWarnings,
    LiveView,
    MetricsLog,
    PlainLines,
    SummaryFile,
    print_summary,
)
from gigaevo.problems import Problem, load_problem
from gigaevo.programs import Program, ProgramState
from gigaevo.programs.program import MAIN_FILE
from gigaevo.storage.base import ProgramStorage, StorageError

LOG_FILE = "run.log"


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
    try:
        return asyncio.run(_run(settings, builder, output_dir, problem))
    except SandboxStartError as error:
        raise ConfigError(f"problem '{problem.name}': {error}") from error


async def _run(settings: Settings, builder: Builder, output_dir: Path, problem: Problem) -> RunResult:
    random = RandomSource(settings.seed)
    program_limits: ProgramLimits = builder.node("sandbox")
    engine_settings: EngineSettings = builder.node("engine")
    if problem.settings.noisy:
        engine_settings = replace(engine_settings, reevaluate_duplicates=True)
    strategy = builder.node("evolution_strategy")
    operator = builder.node("mutation_operator")
    storage: ProgramStorage = builder.node("program_storage")
    limits = Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
    try:
        strategy.bind(
            StrategyContext(
                metrics=problem.metrics,
                random=random,
                behavior_keys=problem.settings.behavior_keys,
                generation_size=engine_settings.generation_size,
            )
        )
    except ValueError as error:
        raise ConfigError(f"evolution_strategy does not fit problem '{problem.name}': {error}") from error

    async with AsyncExitStack() as stack:
        view: LiveView | PlainLines = builder.node("observe")
        stack.enter_context(_logging(view, output_dir))
        processes = await stack.enter_async_context(
            problem_processes(problem, program_limits, workers=engine_settings.max_evaluations_in_flight)
        )
        searchers = SearchWorkers(
            problem,
            size=engine_settings.max_mutations_in_flight,
            context=processes.context,
            call_timeout_s=settings.stage_timeout,
        )
        stack.push_async_callback(searchers.close)
        operator.bind(
            OperatorContext(
                metrics=problem.metrics,
                takes_context=problem.has_context,
                deterministic=engine_settings.deterministic,
                # What a harness returns is evidence of a run, not the program's answer.
                search=None if problem.has_harness else searchers,
            )
        )
        stack.push_async_callback(operator.close)
        builder.give("program_server", processes.server)
        builder.give("validators", processes.workers)
        pipeline = builder.node("pipeline")
        stack.push_async_callback(storage.close)
        try:
            await storage.open()
        except StorageError as error:
            raise ConfigError(f"program_storage: {error}") from error
        closing = _Closing()
        engine = EvolutionEngine(
            strategy=strategy,
            operator=operator,
            evaluator=pipeline,
            rescorer=_FreshSandbox(problem, program_limits, builder, processes),
            storage=storage,
            random=random,
            metrics=problem.metrics,
            problem=problem.name,
            limits=limits,
            stoppers=standard_stoppers(
                limits, problem.metrics, generation_size=engine_settings.generation_size, plateau=settings.plateau
            ),
            settings=engine_settings,
            listeners=[view, await _metrics_log(output_dir, storage, problem), *_reporters(output_dir), closing],
            initial_programs=_initial_programs(problem, random),
            notes=[*_notes(), *processes.notes],
        )
        with _interruptible(engine):
            report = await engine.run()
    assert closing.info is not None
    print_summary(closing.info, report, folder=output_dir)
    best = report.progress.best
    return RunResult(
        status=_status(report),
        best_fitness=None if best is None else problem.metrics.fitness(best.metrics),
    )


def _status(report: RunReport) -> ExitStatus:
    if report.stop_reason == "interrupted":
        return ExitStatus.INTERRUPTED
    return ExitStatus.ENDED if report.progress.best is not None else ExitStatus.NO_VALID_PROGRAM


def _initial_programs(problem: Problem, random: RandomSource) -> list[Program]:
    programs = []
    for number, initial in zip(
        range(-1, -len(problem.initial_programs) - 1, -1), problem.initial_programs, strict=True
    ):
        files = {MAIN_FILE: initial.source}
        programs.append(
            Program(
                id=random.program_id(number),
                files=files,
                entry=MAIN_FILE,
                syntax_hash=files_hash(files),
                number=number,
                operator="initial",
                mutations_applied=[f"initial program {initial.name}"],
            )
        )
    return programs


class _FreshSandbox:
    """Evaluates in processes of its own, started for one program and gone afterwards."""

    def __init__(self, problem: Problem, limits: ProgramLimits, builder: Builder, processes: ProblemProcesses) -> None:
        self._problem = problem
        self._limits = limits
        self._builder = builder
        self._context = processes.context

    async def evaluate(self, program: Program) -> Evaluation:
        """See ``gigaevo.evaluation.base.Evaluator``."""
        async with problem_processes(self._problem, self._limits, workers=1, context=self._context) as fresh:
            given = {"program_server": fresh.server, "validators": fresh.workers}
            pipeline = self._builder.anew(given=given).node("pipeline")
            evaluation: Evaluation = await pipeline.evaluate(program)
            return evaluation


# What the user sees


class _Closing:
    """Keeps what the run was announced with, for the page that is printed at its end."""

    def __init__(self) -> None:
        self.info: RunInfo | None = None

    def on_start(self, info: RunInfo) -> None:
        self.info = info

    def on_program(self, *_: object) -> None: ...

    def on_stop(self, *_: object) -> None: ...


def _reporters(output_dir: Path) -> list[Listener]:
    return [
        InitialProgramWarnings(),
        BestProgramFile(folder=output_dir),
        SummaryFile(folder=output_dir, kernels=kernels.BACKEND),
    ]


async def _metrics_log(output_dir: Path, storage: ProgramStorage, problem: Problem) -> Listener:
    """The log of metrics, brought in line with what an earlier session of this run committed."""
    log = MetricsLog(folder=output_dir)
    settled = (ProgramState.COMPLETED, ProgramState.EVOLVING, ProgramState.DISCARDED)
    await log.rewrite(storage.programs(states=settled), problem.metrics)
    return log


def _notes() -> list[str]:
    kernel_note = kernels.backend_note()
    return [*([] if kernel_note is None else [kernel_note]), *missing_protections()]


@contextmanager
def _logging(view: LiveView | PlainLines, output_dir: Path) -> Iterator[None]:
    """Log to the run's folder, and to people: past the live view where there is one."""
    logger.remove()
    sink = view.write if isinstance(view, LiveView) else sys.stderr
    logger.add(sink, level="INFO", format="{time:HH:mm:ss} {level: <7} {message}", colorize=False)
    logger.add(output_dir / LOG_FILE, level="DEBUG", encoding="utf-8")
    try:
        yield
    finally:
        if isinstance(view, LiveView):
            view.close()
        logger.remove()


@contextmanager
def _interruptible(engine: EvolutionEngine) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) ends the run cleanly, the second at once; what is committed stays either way."""
    loop = asyncio.get_running_loop()
    asked = False

    def interrupt() -> None:
        nonlocal asked
        if asked:
            # Storage needs no goodbye: what was acknowledged is on disk. Children die with this process.
            os._exit(ExitStatus.INTERRUPTED)
        asked = True
        logger.warning("stopping; press Ctrl-C again to stop at once")
        engine.request_stop("interrupted")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
