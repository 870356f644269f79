"""Values a run would tell its listeners, for the tests of this folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gigaevo.evolution.engine.events import Limits, Outcome, Progress, RunInfo, RunReport
from gigaevo.evolution.strategies.base import IslandMetrics, StrategyMetrics
from gigaevo.programs import Cost, ErrorKind, Metrics, MetricSpec, Program, ProgramError, ProgramState

HOSTILE = "[red]boom[/red] [/] \x1b[2J\x1b]0;owned\x07 \ud800 {0} <red> line\nbreak"

METRICS = Metrics(
    {
        "is_valid": MetricSpec(description="rules", decimals=0),
        "fitness": MetricSpec(description="area", is_primary=True, decimals=4),
        "error": MetricSpec(description="distance", higher_is_better=False, decimals=1, unit="mm"),
    }
)


def info(*, limits: Limits | None = None, notes: Sequence[str] = (), resumed_mutants: int = 0) -> RunInfo:
    return RunInfo(
        problem="heilbron",
        metrics=METRICS,
        seed=7,
        limits=limits or Limits(max_mutants=100, max_seconds=300.0),
        notes=notes,
        resumed_mutants=resumed_mutants,
    )


def valid(number: int, fitness: float, *, state: ProgramState = ProgramState.EVOLVING, **more: object) -> Program:
    return Program(
        id=f"id{number}",
        source=f"def entrypoint():\n    return {fitness}\n",
        state=state,
        number=number,
        operator="constants" if number >= 0 else "initial",
        parents=["id-1"] if number >= 0 else [],
        generation=int(number >= 0),
        metrics={"is_valid": 1.0, "fitness": fitness, "error": 1.25},
        cost=Cost(cpu_time_s=0.5, validate_calls=2),
        **more,
    )


def failed(number: int, message: str = HOSTILE, kind: ErrorKind = ErrorKind.EXCEPTION) -> Program:
    return Program(
        id=f"id{number}",
        source="def entrypoint():\n    raise ValueError\n",
        state=ProgramState.DISCARDED,
        number=number,
        operator="[bold]swap",
        error=ProgramError(kind=kind, message=message),
    )


Event = tuple[Program, Outcome, Progress]


def events(programs: Sequence[Program], *, seconds_each: float = 0.5) -> Iterator[Event]:
    """What an engine would tell of ``programs``, each ending ``seconds_each`` after the one before."""
    best: Program | None = None
    outcomes: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    operators: dict[str, Counter[str]] = {}
    for k, program in enumerate(programs, start=1):
        outcome = Outcome.REJECTED
        if program.error is not None:
            outcome = Outcome.FAILED
            failures[program.error.kind] += 1
        elif best is None or METRICS.is_better(program.metrics["fitness"], best.metrics["fitness"]):
            best, outcome = program, Outcome.ACCEPTED
        outcomes[outcome] += 1
        operators.setdefault(program.operator, Counter()).update(["proposals", outcome.value])
        yield (
            program,
            outcome,
            Progress(
                mutants=sum(p.number >= 0 for p in programs[:k]),
                evaluated=k,
                generation=0,
                validate_calls=2 * k,
                elapsed_s=k * seconds_each,
                best=best,
                outcomes=dict(outcomes),
                failures=dict(failures),
                operators={name: dict(counts) for name, counts in operators.items()},
                duplicates=3,
                population=population(outcomes[Outcome.ACCEPTED]),
                programs_per_s=4.25,
                cached={"run": 2},
                skipped={"deep": 1},
            ),
        )


def population(elites: int, *more: str, faults: int = 0) -> StrategyMetrics:
    """An island with so many elites, and ``more`` of the same."""
    island = IslandMetrics(size=elites, coverage=0.125, qd_score=1.5, best=0.2, mean=0.15, offered=8, kept=elites)
    islands = {"main": island} | dict.fromkeys(more, island)
    return StrategyMetrics(
        total_programs=elites * len(islands),
        coverage=0.125,
        qd_score=1.5,
        sizes={island_id: island.size for island_id, island in islands.items()},
        generation=3,
        islands=islands,
        acceptance={"constants": (8, 2)},
        migrants=(5, 2) if more else (0, 0),
        faults=faults,
    )


SPENDING = {
    "usd": 1.25,
    "prompt_tokens": 12000,
    "completion_tokens": 345,
    "calls": 21,
    "by_role": {"mutation": {"usd": 1.25, "prompt_tokens": 12000, "completion_tokens": 345, "calls": 21}},
    "by_model": {
        "vendor/[bold]big": {"usd": 1.25, "prompt_tokens": 12000, "completion_tokens": 345, "calls": 20},
        "small": {"usd": 0.0, "prompt_tokens": 0, "completion_tokens": 0, "calls": 1},
    },
    "troubles": {"server": 3},
}


def asked_models(progress: Progress) -> Progress:
    """The same where language models were asked."""
    return replace(
        progress,
        spending=SPENDING,
        models={"vendor/[bold]big": {"proposals": 9, "improved": 2, "accepted": 4, "usd": 1.0, "tokens": 12345}},
        reasons={"no code": 2, HOSTILE: 1},
    )


def report(told: Sequence[Event], *, stop_reason: str = "max_mutants", fault: str = "") -> RunReport:
    progress = told[-1][2]
    rescored = None if progress.best is None else {**progress.best.metrics, "fitness": 0.25}
    return RunReport(
        progress=progress,
        stop_reason=stop_reason,
        rescored=rescored,
        lineage_depth=0 if progress.best is None else 2,
        time_split={"mutation": 1.0, "evaluation": 2.0},
        fault=fault,
    )
