"""What listeners hear of a run: plain values, already durable when they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from gigaevo.programs import Metrics, Program

if TYPE_CHECKING:
    from gigaevo.evolution.strategies.base import StrategyMetrics


class Outcome(StrEnum):
    """What became of a program."""

    ACCEPTED = "accepted"  # an archive keeps it
    REJECTED = "rejected"  # valid, and no archive keeps it
    PRUNED = "pruned"  # it was not worth its score: a cheap stage showed that before it was measured
    FAILED = "failed"  # it has an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The run's budgets; None where there is no limit.

    Attributes:
        max_generations: Generations of ``generation_size`` mutants.
        max_mutants: Children submitted to evaluation.
        max_evaluations: Calls of ``validate``.
        max_seconds: Wall-clock seconds of the search, sessions before a resume included.
        target_fitness: Primary metric at which the run may end.
    """

    max_generations: int | None = None
    max_mutants: int | None = None
    max_evaluations: int | None = None
    max_seconds: float | None = None
    target_fitness: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What is known before the first program.

    Attributes:
        problem: Name of the problem.
        metrics: Its metrics.
        seed: The run's seed.
        limits: Its budgets.
        notes: Lines the user should see once: kernels in use, protections that are missing, warnings.
        resumed_mutants: Mutants that an earlier session of this run had submitted; 0 for a new run.
        resumed_evaluated: Programs whose evaluation ended there; 0 for a new run.
    """

    problem: str
    metrics: Metrics
    seed: int
    limits: Limits
    notes: Sequence[str] = ()
    resumed_mutants: int = 0
    resumed_evaluated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the run stands.

    Attributes:
        mutants: Children submitted to evaluation so far.
        evaluated: Programs whose evaluation ended, initial programs included.
        generation: ``mutants // generation_size``.
        validate_calls: Calls of ``validate`` so far.
        elapsed_s: Wall-clock seconds of search so far.
        best: The best valid program so far; None before there is one.
        outcomes: Evaluated programs by outcome.
        failures: Failed programs by kind of error.
        operators: By operator: proposals, and how many ended in each way (``Credit.outcome``, ``improved``); ``usd``
            and ``tokens`` where it asked a language model.
        duplicates: Children that were not evaluated because an equal program was known.
        population: How the archives stand, each island by itself; ``population.to_dict()`` has it in flat numbers.
        programs_per_s: Programs evaluated per second of search, this session.
        verification: What exact verification said of the best (``Verification`` as JSON values); None where the problem
            has none.
        leaks: Ids of the first programs that the validator let through and exact verification did not.
        cached: Stages whose result was there already: how often, by stage.
        skipped: Stages that programs were not worth: how often, by stage.
        reasons: Proposals without a child, by the reason.
        models: By language model: proposals it was asked for, and how many ended in each way.
        spending: What language models were paid, as their client says it in JSON values; None where none is used.
    """

    mutants: int
    evaluated: int
    generation: int
    validate_calls: int
    elapsed_s: float
    best: Program | None
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    operators: Mapping[str, Mapping[str, float]]
    duplicates: int
    population: StrategyMetrics
    programs_per_s: float
    verification: Mapping[str, Any] | None = None
    leaks: Sequence[str] = ()
    cached: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    spending: Mapping[str, Any] | None = None

    @property
    def coverage(self) -> float:
        """Occupied cells as a share of all, in [0, 1]."""
        return self.population.coverage

    @property
    def qd_score(self) -> float:
        """Quality-diversity score of the archives."""
        return self.population.qd_score

    @property
    def elites(self) -> int:
        """Programs that archives hold."""
        return self.population.total_programs


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a run ended.

    Attributes:
        progress: Where it stood at the end.
        stop_reason: ``"max_mutants"``, ``"max_seconds"``, ``"target_fitness"``, ``"plateau"``, ``"exhausted"``,
            ``"no_child"``, ``"budget.usd"``, ``"interrupted"``, ``"no_valid_program"``, ``"strategy_fault"``, ...
        rescored: Metrics of the best program, evaluated once more in a fresh sandbox; None where there is no best.
        lineage_depth: Longest line of parents from the best program to an initial one.
        time_split: Seconds by activity: mutation, waiting, evaluation, storage, framework.
        verification: What exact verification said of it in fresh processes, as JSON values; None where the problem has
            none, or the program failed this time.
        fault: Why the run could not go on, in one line; empty where it ended as it should.
    """

    progress: Progress
    stop_reason: str
    rescored: Mapping[str, float] | None
    lineage_depth: int
    time_split: Mapping[str, float]
    verification: Mapping[str, Any] | None = None
    fault: str = ""


class Listener(Protocol):
    """Hears what happens. Called in the engine's loop: must return at once. One that raises is reported once and left
    out from then on; it never stops a run."""

    def on_start(self, info: RunInfo) -> None:
        """The run begins or goes on."""

    def on_program(self, program: Program, outcome: Outcome, progress: Progress) -> None:
        """A program's evaluation ended and its place is decided."""

    def on_stop(self, report: RunReport) -> None:
        """The run is over."""
