"""When a run is over: pure functions of its books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.ledger import OTHER, Ledger
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
    """So many proposals in a row gave no new program: there is nothing left to find this way. Where most of them had no
    child at all, for reasons that operators gave a name, the reason is ``"no_child"``: then something is in the way
    (no language model answers, no answer is a program), which ``Ledger.reasons`` tells."""

    proposals: int = 1000

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        if ledger.barren < self.proposals:
            return None
        named = sum(count for kind, count in ledger.barren_kinds.items() if kind != OTHER)
        return "no_child" if 2 * named > ledger.barren else "exhausted"


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A budget of an operator's own is used up (``NoChild.limit``); its name is the reason."""

    def __call__(self, ledger: Ledger) -> str | None:
        """See the class."""
        return ledger.limit or None


def standard_stoppers(
    limits: Limits,
    metrics: Metrics,
    *,
    generation_size: int,
    plateau: int | None,
    calls_per_program: int = 1,
    stop_at_limit: bool = False,
) -> Sequence[Stopper]:
    """The stoppers that a run's limits ask for. Time is not among them: a clock is no fact of the books.

    Args:
        limits: The limits.
        metrics: The problem's metrics.
        generation_size: Mutants in a generation.
        plateau: Mutants without a better one after which to stop; None for any number.
        calls_per_program: Most calls of ``validate`` that the evaluation of one program takes.
        stop_at_limit: Whether the run is over when a budget of an operator's own is used up.
    """
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
    if stop_at_limit:
        stoppers.append(LimitReached())
    stoppers.append(Exhausted())
    return stoppers
