"""What listeners hear of a search among numbers: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from gigaevo.evolution.engine.events import Limits

if TYPE_CHECKING:
    from gigaevo.programs import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchInfo:
    """What is known before the first generation.

    Attributes:
        problem: Name of the problem.
        metrics: Its metrics.
        algorithm: Class of the optimizer.
        genes: Genes of a genome.
        objectives: Metrics that a genome is judged by.
        seed: The run's seed.
        limits: Its budgets.
        notes: Lines the user should see once.
        resumed_generations: Generations of an earlier session; 0 for a new run.
    """

    problem: str
    metrics: Metrics
    algorithm: str
    genes: int
    objectives: Sequence[str]
    seed: int
    limits: Limits
    notes: Sequence[str] = ()
    resumed_generations: int = 0


_COUNTERS = ("generation", "evaluations", "best")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchProgress:
    """Where the search stands.

    Attributes:
        generation: Steps that were made.
        evaluations: Fitness values that there were.
        invalid: How many of them were no finite number.
        elapsed_s: Wall-clock seconds of search so far, sessions before a resume included.
        evaluations_per_s: Of this session.
        best: Primary metric of the best so far; None before there is one.
        genome: The best genome as JSON values; None where there is none, or several objectives.
        numbers: What the algorithm tells of its population, by name.
    """

    generation: int
    evaluations: int
    invalid: int
    elapsed_s: float
    evaluations_per_s: float
    best: float | None
    genome: Any
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def told(self) -> dict[str, float]:
        """The numbers that have no attribute of their own."""
        return {name: value for name, value in self.numbers.items() if name not in _COUNTERS}

    def used(self) -> dict[str, float]:
        """What is used up, by the names of limits."""
        return {
            "max_seconds": self.elapsed_s,
            "max_evaluations": self.evaluations,
            "max_generations": self.generation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """How a search ended.

    Attributes:
        progress: Where it stood at the end.
        stop_reason: As of other runs, or what the algorithm says where it can go no further.
        metrics: Of the best genome, or of the whole front: the primary metric, and what the problem reports.
        elites: Records of the best genome, of the Pareto front or of the archive, the best first.
        fault: Why the search could not go on, in one line; empty where it ended as it should.
    """

    progress: SearchProgress
    stop_reason: str
    metrics: Mapping[str, float]
    elites: Sequence[Mapping[str, Any]]
    fault: str = ""


class SearchListener(Protocol):
    """Hears what happens, between two generations."""

    def on_start(self, info: SearchInfo) -> None:
        """The search begins or goes on."""

    def on_generation(self, progress: SearchProgress) -> None:
        """A generation of which a line is kept has ended: each of the first hundred, then about each hundredth part
        more, whatever the time they take."""

    def on_look(self, progress: SearchProgress) -> None:
        """Some time has gone by; for what is shown to people."""

    def on_stop(self, report: SearchReport) -> None:
        """The search is over."""
