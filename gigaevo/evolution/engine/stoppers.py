"""When a run is over: pure functions of its books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.ledger import Ledger
from gigaevo.programs import Metrics


class Stopper(Protocol):
    """Says whether the run is over. Asked before each proposal; must be cheap and change nothing."""

    def __call__(self, ledger: Ledger) -> str | None:
        """The reason to stop, one word; None to go on."""


@dataclass(frozen=True, slots=True)
class MaxMutants:
    """Enough children were submitted to evaluation."""

    limit: int
    reason: str = "max_mutants"

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        return self.reason if ledger.mutants >= self.limit else None


@dataclass(frozen=True, slots=True)
class MaxEvaluations:
    """Enough calls of ``validate`` were made: what is left would not suffice for one more program. Those of open
    proposals are waited for."""

    limit: int
    calls_per_program: int = 1

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        return "max_evaluations" if ledger.validate_calls + self.calls_per_program > self.limit else None


@dataclass(frozen=True, slots=True)
class TargetFitness:
    """The best program is as good as asked for."""

    target: float
    higher_is_better: bool

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        best = ledger.best_fitness
        if best is None:
            return None
        reached = best >= self.target if self.higher_is_better else best <= self.target
        return "target_fitness" if reached else None


@dataclass(frozen=True, slots=True)
class Plateau:
    """The best has not improved for so many mutants."""

    mutants: int

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        return "plateau" if ledger.stale >= self.mutants else None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """So many proposals in a row gave no new program: there is nothing left to find this way."""

    proposals: int = 1000

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        return "exhausted" if ledger.barren >= self.proposals else None


def standard_stoppers(
    limits: Limits, metrics: Metrics, *, generation_size: int, plateau: int | None, calls_per_program: int = 1
) -> Sequence[Stopper]:
    """The stoppers that a run's limits ask for. Time is not among them: a clock is no fact of the books."""
    stoppers: list[Stopper] = []
    if limits.target_fitness is not None:
        stoppers.append(TargetFitness(limits.target_fitness, metrics.primary.higher_is_better))
    if limits.max_mutants is not None:
        stoppers.append(MaxMutants(limits.max_mutants))
    if limits.max_generations is not None:
        stoppers.append(MaxMutants(limits.max_generations * generation_size, "max_generations"))
    if limits.max_evaluations is not None:
        stoppers.append(MaxEvaluations(limits.max_evaluations, calls_per_program))
    if plateau is not None:
        stoppers.append(Plateau(plateau))
    stoppers.append(Exhausted())
    return stoppers
