"""A search in slices: between two of them lines are written, checkpoints kept, and people told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gigaevo.observe.search_events import SearchProgress
from gigaevo.observe.search_files import generation_line
from gigaevo.optimize.search.stops import AnyOf, MaxEvaluations, MaxGenerations, MaxSeconds, Stale, Stop, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gigaevo.config.numeric.genotypes import GenomeForm
    from gigaevo.config.numeric.measure import Measure
    from gigaevo.config.numeric.searching import Searching
    from gigaevo.config.schema import NumericSettings
    from gigaevo.observe.search_events import SearchListener
    from gigaevo.optimize.search.stops import Progress
    from gigaevo.storage.base import SearchStorage

INTERRUPTED = "interrupted"
_PAUSE = "pause"  # the reason of a slice, which ends no search
_REASONS = {
    "evaluations": "max_evaluations",
    "generations": "max_generations",
    "seconds": "max_seconds",
    "target": "target_fitness",
    "stale": "plateau",
}
_LOOK_S = 0.25  # between two looks of people
_ALL_UP_TO = 100  # generations, of which each has a line
_FURTHER = 1.01  # then each is so many times the last
_SAVING_SHARE = 20  # times as long as a checkpoint took, until the next one


def next_line(generation: int) -> int:
    """The generation after ``generation`` of which a line is kept; the same ones in every run, resumed or not."""
    if generation < _ALL_UP_TO:
        return generation + 1
    line = _ALL_UP_TO
    while line <= generation:
        line = int(line * _FURTHER) + 1
    return line


@dataclass
class Slice(Stop):
    """Ends a slice of a search: at a generation, after some time, or when somebody wants it to end.

    Args:
        generation: At which it ends.
        until: By the monotonic clock.
        pace: Generations that surely do not take long, so that nobody need ask in between.
        interrupted: Whether the search shall end.
    """

    generation: int
    until: float
    pace: int
    interrupted: Callable[[], bool]

    def reason(self, search: Progress) -> str | None:
        over = search.generation >= self.generation or time.monotonic() >= self.until
        return _PAUSE if over or self.interrupted() else None

    def horizon(self, search: Progress) -> int:
        return max(1, min(self.pace, self.generation - search.generation))


def stops_of(settings: NumericSettings) -> list[Stop]:
    """What ends the search, by the everyday settings."""
    stops: list[Stop] = []
    if settings.max_evaluations is not None:
        stops.append(MaxEvaluations(settings.max_evaluations))
    if settings.max_generations is not None:
        stops.append(MaxGenerations(settings.max_generations))
    if settings.max_seconds is not None:
        stops.append(MaxSeconds(settings.max_seconds))
    if settings.target_fitness is not None:
        stops.append(Target(settings.target_fitness))
    if settings.plateau is not None:
        stops.append(Stale(settings.plateau))
    return stops


@dataclass
class Session:
    """One session of a search, from where the optimizer stands to the first stop.

    Args:
        optimizer: New, or from a checkpoint.
        fitness: What it calls.
        run_arguments: More for ``Optimizer.run``: ``vectorized``, ``executor``.
        stops: What ends it.
        measure: The primary metric.
        form: Of genomes.
        storage: Open.
        checkpoint: The file.
        checkpoint_s: Seconds between two checkpoints.
        listeners: Told between slices.
        interrupted: Whether somebody wants it to end.
    """

    optimizer: Searching
    fitness: Any
    run_arguments: dict[str, Any]
    stops: Sequence[Stop]
    measure: Measure
    form: GenomeForm
    storage: SearchStorage
    checkpoint: Path
    checkpoint_s: float
    listeners: Sequence[SearchListener]
    interrupted: Callable[[], bool]
    _lines: list[dict[str, Any]] = field(default_factory=list)
    _kept_at: float = field(default_factory=time.monotonic)
    _pause_s: float = 0.0

    def run(self) -> str:
        """Search until something ends it.

        Returns:
            The reason, in the words of all runs.

        Raises:
            FitnessError: The fitness function raised, or gave no fitness. What was found until then is kept.
        """
        optimizer, pace = self.optimizer, 1
        self._begun, self._evaluations_before = time.monotonic(), optimizer.evaluations
        self._pause_s = self.checkpoint_s
        due = next_line(optimizer.generation)
        while True:
            before, begun = optimizer.generation, time.monotonic()
            pause = Slice(due, begun + _LOOK_S, pace, self.interrupted)
            reason = optimizer.run(self.fitness, stop=AnyOf((*self.stops, pause)), **self.run_arguments).reason
            pace = self._pace(optimizer.generation - before, time.monotonic() - begun)
            if optimizer.generation >= due:
                self._line()
                due = next_line(optimizer.generation)
            if reason != _PAUSE:
                return _REASONS.get(reason, reason)
            if self.interrupted():
                return INTERRUPTED
            if time.monotonic() - begun >= _LOOK_S:
                self._tell(self.standing(), "on_look")
            if time.monotonic() - self._kept_at > self._pause_s:
                self.keep()

    def keep(self) -> None:
        """Make what was found so far durable. The checkpoint comes last: a search that goes on from the one before
        forgets rows that are newer, and could not make up for rows that are missing."""
        begun = time.monotonic()
        self.storage.keep(self._lines, self.measure.elites(self.optimizer, self.form))
        self.optimizer.save(self.checkpoint)
        self._lines.clear()
        self._kept_at = time.monotonic()
        self._pause_s = max(self.checkpoint_s, _SAVING_SHARE * (self._kept_at - begun))

    def standing(self) -> SearchProgress:
        """Where the search stands."""
        optimizer = self.optimizer
        genome = optimizer.best_genome if optimizer.objectives == 1 else None
        passed = time.monotonic() - self._begun
        made = optimizer.evaluations - self._evaluations_before
        return SearchProgress(
            generation=optimizer.generation,
            evaluations=optimizer.evaluations,
            invalid=optimizer.invalid,
            elapsed_s=optimizer.seconds,
            evaluations_per_s=made / passed if passed > 0 else 0.0,
            best=self.measure.of(optimizer),
            genome=None if genome is None else self.form.plain(genome),
            numbers=optimizer.numbers() if optimizer.generation else {},
        )

    def _line(self) -> None:
        progress = self.standing()
        self._lines.append(generation_line(progress))
        self._tell(progress, "on_generation")

    def _tell(self, progress: SearchProgress, what: str) -> None:
        for listener in self.listeners:
            getattr(listener, what)(progress)

    @staticmethod
    def _pace(generations: int, seconds: float) -> int:
        """Generations that took a tenth of the time between two looks."""
        return 1 if seconds <= 0 else max(1, int(0.1 * _LOOK_S * generations / seconds))
