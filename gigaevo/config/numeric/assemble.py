"""The wiring of a search among numbers: from checked settings and a builder to an optimizer and its listeners."""

from __future__ import annotations

import gc
from concurrent.futures import BrokenExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo import kernels
from gigaevo.config.errors import ConfigError, one_line
from gigaevo.config.numeric.beginning import check_beginning, keep_beginning
from gigaevo.config.numeric.fitness_code import (
    check_native,
    fault_of,
    fitness_of,
    importable,
    report_of,
)
from gigaevo.config.numeric.genotypes import GenomeForm, genotype_of
from gigaevo.config.numeric.measure import Measure
from gigaevo.config.numeric.processes import evaluators, interruptible
from gigaevo.config.numeric.searching import EvolveSearch, Searching
from gigaevo.config.numeric.session import INTERRUPTED, Session, stops_of
from gigaevo.config.result import ExitStatus, RunResult
from gigaevo.config.terminal import logging_to
from gigaevo.evolution.engine.errors import EngineError
from gigaevo.evolution.engine.events import Limits
from gigaevo.observe.search_events import SearchInfo, SearchReport
from gigaevo.observe.search_files import BestGenomeFile, GenerationLog, SearchSummaryFile
from gigaevo.observe.search_page import print_search
from gigaevo.optimize.search.fitness import FitnessError, NativeFitness
from gigaevo.optimize.search.optimizer import Optimizer
from gigaevo.problems import NumericProblem, ProblemError, load_numeric_problem
from gigaevo.storage.base import SearchStorage, StorageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigaevo.config.builder import Builder
    from gigaevo.config.schema import NumericSettings
    from gigaevo.observe.search_events import SearchListener

CHECKPOINT = "checkpoint.npz"


def execute_search(settings: NumericSettings, builder: Builder, output_dir: Path) -> RunResult:
    """Run, or continue, a search to its end.

    Args:
        settings: Checked everyday settings.
        builder: Makes the objects of the configuration.
        output_dir: The run's folder; it exists.

    Returns:
        How it ended.

    Raises:
        ConfigError: Something in the configuration cannot be built, or does not fit the problem.
        ProblemError: The problem folder is broken.
        EngineError: What was found cannot be written down.
    """
    problem = load_numeric_problem(Path(settings.problem.dir), name=settings.problem.name)
    gc.freeze()  # what is there now stays: no collection need look at it again
    gc.enable()
    with ExitStack() as stack:
        stack.enter_context(importable(problem.folder))
        view = builder.node("observe")
        stack.enter_context(logging_to(view, output_dir))
        genotype = genotype_of(problem.genotype)
        form, measure = GenomeForm.of(problem.genotype, genotype), Measure(problem)
        give_problem(builder, problem, genotype)
        optimizer = _optimizer(builder, problem)
        fitness = fitness_of(problem, form, behaviors=optimizer.behaviors > 0)
        if isinstance(fitness, NativeFitness):
            check_native(fitness, problem, genotype)
        executor = stack.enter_context(evaluators(_workers(settings, problem, fitness)))
        storage = _storage(builder, stack)  # from here on no other process writes to the folder
        if settings.resume is not None and (output_dir / CHECKPOINT).is_file():
            check_beginning(problem, output_dir)
            optimizer = _resumed(optimizer, output_dir / CHECKPOINT)
        else:
            keep_beginning(problem, output_dir)
        _rewind(storage, optimizer.generation)
        _check_checkpoints(optimizer, output_dir / CHECKPOINT)
        listeners = [
            view,
            GenerationLog(folder=output_dir),
            BestGenomeFile(folder=output_dir),
            SearchSummaryFile(folder=output_dir, kernels=kernels.BACKEND),
        ]
        session = Session(
            optimizer=optimizer,
            fitness=fitness,
            run_arguments={"vectorized": problem.fitness.batch, "executor": executor},
            stops=stops_of(settings),
            measure=measure,
            form=form,
            storage=storage,
            checkpoint=output_dir / CHECKPOINT,
            checkpoint_s=settings.checkpoint_s,
            listeners=listeners,
            interrupted=stack.enter_context(interruptible(output_dir)),
        )
        info = _info(settings, problem, optimizer)
        try:
            report = _searched(session, info, problem, listeners)
        except (StorageError, OSError) as error:
            told = f"{one_line(error)}; with that mended, the run goes on from its last checkpoint"
            raise EngineError(f"{told}: python run.py resume={output_dir}") from error
        except MemoryError as error:
            raise EngineError(f"the search does not fit into memory: {one_line(error)}") from error
    print_search(info, report, folder=output_dir)
    return _result(report)


def give_problem(builder: Builder, problem: NumericProblem, genotype: Any) -> None:
    """Let an optimizer be built that refers to what is known of the problem."""
    several = len(problem.objectives) > 1
    builder.give("problem", problem)
    builder.give("genotype", genotype)
    builder.give("maximize", list(problem.maximize) if several else problem.maximize[0])
    builder.give("objectives", len(problem.objectives))
    builder.give("reference", problem.reference)
    builder.give("worst_fitness", problem.worst_fitness)
    builder.give("behavior_bounds", [list(bounds) for bounds in problem.behavior_bounds])


def _optimizer(builder: Builder, problem: NumericProblem) -> Optimizer | EvolveSearch:
    """The optimizer that is configured, at its beginning.

    Raises:
        ConfigError: It is none, or does not fit the problem.
    """
    try:
        optimizer = builder.node("optimizer")
    except ConfigError as error:
        if not any(word in str(error) for word in ("Genotype", "objectives", "maximize", "reference", "behavior")):
            raise
        if problem.behavior_keys and any(word in str(error) for word in ("MAPElites works on", "a grid has at most")):
            told = "choose an algorithm that takes the fitness alone, such as algorithm=ga"
            raise ConfigError(f"{error}; {told}") from error
        count = len(problem.objectives)
        has = f"a genotype of kind {problem.genotype.kind} and {count} objective{'s' * (count > 1)}"
        raise ConfigError(f"{error}; problem '{problem.name}' has {has}, for which algorithm=auto chooses") from error
    except MemoryError as error:
        raise ConfigError(f"optimizer does not fit into memory: {one_line(error)}") from error
    if not isinstance(optimizer, (Optimizer, EvolveSearch)):
        raise ConfigError(f"optimizer is a {type(optimizer).__name__}; it must be an Optimizer of gigaevo.optimize")
    name, wanted = name_of(optimizer), len(problem.objectives)
    if optimizer.objectives != wanted:
        if wanted == 1:
            raise ConfigError(
                f"{name} is for several objectives, and problem '{problem.name}' has one; choose algorithm=auto, or "
                "name objectives in problem.yaml"
            )
        raise ConfigError(
            f"{name} is for one objective, and problem '{problem.name}' has {wanted}; choose algorithm=nsga2"
        )
    if optimizer.behaviors not in (0, len(problem.behavior_keys)):
        raise ConfigError(
            f"{name} wants {optimizer.behaviors} behaviours, and problem '{problem.name}' has "
            f"{len(problem.behavior_keys)} (behavior_keys in problem.yaml)"
        )
    return optimizer


def _resumed(optimizer: Optimizer | EvolveSearch, checkpoint: Path) -> Optimizer | EvolveSearch:
    """The optimizer where its checkpoint left it.

    Raises:
        ConfigError: The checkpoint cannot be read.
    """
    try:
        return optimizer.restored(checkpoint) if isinstance(optimizer, EvolveSearch) else optimizer.load(checkpoint)
    except (ValueError, OSError) as error:
        raise ConfigError(str(error)) from error


def name_of(optimizer: Searching) -> str:
    """What people call the algorithm."""
    return "Evolve" if isinstance(optimizer, EvolveSearch) else type(optimizer).__name__


def _check_checkpoints(optimizer: Searching, path: Path) -> None:
    """Keep the beginning, so that a search that cannot be kept is refused before it costs anything."""
    try:
        optimizer.save(path)
    except (TypeError, OSError) as error:
        raise ConfigError(f"optimizer ({type(optimizer).__name__}): no checkpoint can be made: {error}") from error


def _workers(settings: NumericSettings, problem: NumericProblem, fitness: object) -> int:
    compiled = isinstance(fitness, NativeFitness)
    if settings.workers and (problem.fitness.batch or compiled):
        what = "is compiled" if compiled else "takes all genomes at once"
        raise ConfigError(f"workers={settings.workers}: the fitness of problem '{problem.name}' {what}; set workers=0")
    return settings.workers


def _storage(builder: Builder, stack: ExitStack) -> SearchStorage:
    storage: SearchStorage = builder.node("search_storage")
    stack.callback(storage.close)
    try:
        storage.open()
    except StorageError as error:
        raise ConfigError(f"search_storage: {error}") from error
    return storage


def _rewind(storage: SearchStorage, generation: int) -> None:
    """Let the storage forget what the search does not know of.

    Raises:
        ConfigError: It cannot be written to.
    """
    try:
        storage.rewind(generation)
    except StorageError as error:
        raise ConfigError(f"search_storage: {error}") from error


def _info(settings: NumericSettings, problem: NumericProblem, optimizer: Searching) -> SearchInfo:
    limits = {name: getattr(settings, name, None) for name in Limits.__dataclass_fields__}
    note = kernels.backend_note()
    return SearchInfo(
        problem=problem.name,
        metrics=problem.metrics,
        algorithm=name_of(optimizer),
        genes=optimizer.genotype.genes_size,
        objectives=problem.objectives,
        seed=settings.seed,
        limits=Limits(**limits),
        notes=[] if note is None else [note],
        resumed_generations=optimizer.generation,
    )


def _searched(
    session: Session, info: SearchInfo, problem: NumericProblem, listeners: Sequence[SearchListener]
) -> SearchReport:
    """Search, keep what was found whatever happens, and tell the listeners."""
    for listener in listeners:
        listener.on_start(info)
    fault = ""
    try:
        reason = session.run()
    except BaseException as error:
        if not _is_of_the_fitness(error):
            raise
        # what it waits for may be interrupted before it is: a process that it started, or one that evaluates
        reason = INTERRUPTED if session.interrupted() else "fitness_fault"
        fault = str(fault_of(error, problem))
    session.keep()
    progress = session.standing()
    primary = problem.metrics.primary_key
    metrics = {} if progress.best is None else {primary: progress.best}
    genome = session.optimizer.best_genome
    if problem.fitness.reports and genome is not None and not fault and len(problem.objectives) == 1:
        try:
            metrics |= {
                key: value for key, value in report_of(problem, session.form.given(genome)).items() if key != primary
            }
        except ProblemError as error:
            reason, fault = "fitness_fault", str(error)
    elites = session.measure.elites(session.optimizer, session.form)
    report = SearchReport(progress=progress, stop_reason=reason, metrics=metrics, elites=elites, fault=fault)
    for listener in listeners:
        listener.on_stop(report)
    return report


def _is_of_the_fitness(error: BaseException) -> bool:
    """Whether it is the fitness function that raised. It alone raises what is no ``Exception``, such as a panic of a
    compiled extension."""
    if isinstance(error, (FitnessError, BrokenExecutor)):
        return True
    return not isinstance(error, (Exception, KeyboardInterrupt))


def _result(report: SearchReport) -> RunResult:
    error = report.fault or ("" if report.progress.best is not None else "no genome had a finite fitness")
    if report.stop_reason == INTERRUPTED:
        status = ExitStatus.INTERRUPTED
    elif report.fault:
        status = ExitStatus.FAULT
    else:
        status = ExitStatus.ENDED if report.progress.best is not None else ExitStatus.NO_VALID_PROGRAM
    return RunResult(status=status, best_fitness=report.progress.best, error=error)
