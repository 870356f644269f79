"""What a run is made of before anything starts, checked against the problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gigaevo.config.builder import Builder
from gigaevo.config.errors import ConfigError
from gigaevo.config.schema import Settings
from gigaevo.evaluation.sandbox import inline_runner
from gigaevo.evaluation.sandbox.settings import SandboxSettings
from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.evolution.engine.stoppers import Stopper, standard_stoppers
from gigaevo.evolution.mutation.base import MutationOperator
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy, StrategyContext
from gigaevo.evolution.strategies.parent_gate import ParentGate
from gigaevo.problems import Problem
from gigaevo.storage.base import ProgramStorage

ALLOWED_PROCESSES = 64  # processes and threads of a program whose problem allows them


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a run is made of, beside its processes and language models."""

    problem: Problem
    random: RandomSource
    limits: Limits
    stoppers: Sequence[Stopper]
    engine: EngineSettings
    sandbox: SandboxSettings
    strategy: EvolutionStrategy
    operator: MutationOperator
    storage: ProgramStorage


def build_parts(settings: Settings, builder: Builder, problem: Problem) -> Parts:
    """Build what is configured, and have the strategy check that it fits the problem.

    Args:
        settings: Everyday settings.
        builder: Has been given what the configuration may refer to.
        problem: A checked problem.

    Raises:
        ConfigError: Something cannot be built, or does not fit the problem.
    """
    engine = _engine_settings(problem, builder.node("engine"))
    limits = Limits(**{name: getattr(settings, name) for name in Limits.__dataclass_fields__})
    parts = Parts(
        problem=problem,
        random=RandomSource(settings.seed),
        limits=limits,
        stoppers=standard_stoppers(
            limits,
            problem.metrics,
            generation_size=engine.generation_size,
            plateau=settings.plateau,
            calls_per_program=engine.calls_per_program,
            stop_at_limit=settings.budget.when_spent == "stop",
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
        parent_gate=_parent_gate(settings, problem),
    )
    try:
        parts.strategy.bind(context)
    except ValueError as error:
        raise ConfigError(f"evolution_strategy does not fit problem '{problem.name}': {error}") from error
    return parts


def _parent_gate(settings: Settings, problem: Problem) -> ParentGate | None:
    parents = settings.parents
    if parents.top_fraction is None and not parents.require:
        return None
    try:
        return ParentGate(
            metrics=problem.metrics, top_fraction=parents.top_fraction or 1.0, require=parents.require or {}
        )
    except ValueError as error:
        raise ConfigError(f"problem '{problem.name}': {error}") from error


def _engine_settings(problem: Problem, engine: EngineSettings) -> EngineSettings:
    """The configured settings as far as they concern this problem: only a noisy one needs more than one look."""
    if problem.settings.noisy:
        return replace(engine, reevaluate_duplicates=True)
    return replace(engine, samples=1, confirmations=0)


def _refuse_strangers_code(parts: Parts) -> None:
    """Without protection only numbers may change: what else an operator writes is nobody's the user knows."""
    if parts.sandbox.level == inline_runner.LEVEL and parts.operator.writes_code:
        raise ConfigError(
            f"sandbox=inline runs programs without protection, and mutation operator '{parts.operator.name}' writes "
            "code; leave operators that only change numbers (~operators.syntax_tree), or use sandbox=auto"
        )


def _refuse_strange_programs(parts: Parts) -> None:
    """Somebody must be able to change the problem's programs."""
    language, known = parts.problem.language.name, parts.operator.languages
    if known and language not in known:
        raise ConfigError(
            f"problem '{parts.problem.name}' has programs in {language}, and mutation operator '{parts.operator.name}' "
            f"can only change {' and '.join(known)}; add language models (llm=...)"
        )


def _sandbox_for(problem: Problem, sandbox: SandboxSettings) -> SandboxSettings:
    """The configured sandbox, with the processes and threads that ``problem.yaml`` asks for."""
    if {"threads", "processes"} & problem.allow:
        return replace(sandbox, processes=max(sandbox.processes, ALLOWED_PROCESSES))
    return sandbox
