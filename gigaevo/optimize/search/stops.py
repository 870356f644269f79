"""When a search ends. Stops are values: ``MaxEvaluations(10_000) | Target(0.1)``, ``Stale(50) & MaxSeconds(60)``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gigaevo.optimize.arguments import check_number, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATIONS_A_LOOK = 16  # of a native loop between two looks at the clock
ENDLESS = 2**62  # generations or evaluations: as many as one likes


class Progress(Protocol):
    """What a stop may look at."""

    @property
    def generation(self) -> int:
        """Steps that the algorithm has made."""

    @property
    def evaluations(self) -> int:
        """Fitness values that it was told."""

    @property
    def stale_generations(self) -> int:
        """Steps since the best fitness became better."""

    @property
    def seconds(self) -> float:
        """Wall-clock time in ``run``, all runs together."""

    @property
    def best_merit(self) -> float:
        """The best fitness so far, turned so that larger is better; minus infinity before there is one."""

    @property
    def batch_size(self) -> int:
        """Evaluations of a step."""

    def merit_of(self, fitness: float) -> float:
        """``fitness`` turned so that larger is better."""


class Stop(ABC):
    """A condition that ends a search."""

    @abstractmethod
    def reason(self, search: Progress) -> str | None:
        """Why the search ends here, in a word or two; None while it goes on."""

    def evaluations_left(self, search: Progress) -> int:
        """Evaluations after which it surely ends the search."""
        return ENDLESS

    def horizon(self, search: Progress) -> int:
        """Generations that may pass until ``reason`` has to be asked again, at least 1.

        A stop at a fitness need not be asked in between: algorithms look at ``target`` in each generation.
        """
        return 1

    def used(self, search: Progress) -> float | None:
        """Which share of what it allows is used up, 0 to 1; None where that cannot be told."""
        return None

    @property
    def target(self) -> float | None:
        """A fitness at which it ends the search."""
        return None

    def __or__(self, other: Stop) -> Stop:
        return AnyOf((self, other))

    def __and__(self, other: Stop) -> Stop:
        return AllOf((self, other))


@dataclass(frozen=True)
class MaxEvaluations(Stop):
    """After ``evaluations`` fitness values, above 0 and finite; the last batch is cut to measure.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    evaluations: int

    def __post_init__(self) -> None:
        check_limit("evaluations", self.evaluations)

    def reason(self, search: Progress) -> str | None:
        return "evaluations" if search.evaluations >= self.evaluations else None

    def evaluations_left(self, search: Progress) -> int:
        return max(0, int(self.evaluations) - search.evaluations)

    def horizon(self, search: Progress) -> int:
        return max(1, self.evaluations_left(search) // search.batch_size)

    def used(self, search: Progress) -> float | None:
        return min(1.0, search.evaluations / self.evaluations)


@dataclass(frozen=True)
class MaxGenerations(Stop):
    """After ``generations`` steps of the algorithm, above 0 and finite.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    generations: int

    def __post_init__(self) -> None:
        check_limit("generations", self.generations)

    def reason(self, search: Progress) -> str | None:
        return "generations" if search.generation >= self.generations else None

    def horizon(self, search: Progress) -> int:
        return max(1, int(self.generations) - search.generation)

    def used(self, search: Progress) -> float | None:
        return min(1.0, search.generation / self.generations)


@dataclass(frozen=True)
class MaxSeconds(Stop):
    """After ``seconds`` of wall-clock time in ``run``, above 0; looked at between generations.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    seconds: float

    def __post_init__(self) -> None:
        check_positive("seconds", self.seconds)

    def reason(self, search: Progress) -> str | None:
        return "seconds" if search.seconds >= self.seconds else None

    def horizon(self, search: Progress) -> int:
        return GENERATIONS_A_LOOK

    def used(self, search: Progress) -> float | None:
        return min(1.0, search.seconds / self.seconds)


@dataclass(frozen=True)
class Target(Stop):
    """When the best fitness is ``fitness`` or better, a finite number in the direction of the search.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    fitness: float

    def __post_init__(self) -> None:
        check_number("target", self.fitness)

    def reason(self, search: Progress) -> str | None:
        return "target" if search.best_merit >= search.merit_of(self.fitness) else None

    def horizon(self, search: Progress) -> int:
        return ENDLESS

    @property
    def target(self) -> float | None:
        return self.fitness


@dataclass(frozen=True)
class Stale(Stop):
    """After ``generations`` steps in a row without a better best fitness, above 0 and finite.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    generations: int

    def __post_init__(self) -> None:
        check_limit("stale", self.generations)

    def reason(self, search: Progress) -> str | None:
        return "stale" if search.stale_generations >= self.generations else None

    def horizon(self, search: Progress) -> int:
        return max(1, int(self.generations) - search.stale_generations)


@dataclass(frozen=True)
class AnyOf(Stop):
    """When the first of ``stops`` would end the search."""

    stops: tuple[Stop, ...]

    def reason(self, search: Progress) -> str | None:
        for stop in self.stops:
            reason = stop.reason(search)
            if reason is not None:
                return reason
        return None

    def evaluations_left(self, search: Progress) -> int:
        return min((stop.evaluations_left(search) for stop in self.stops), default=ENDLESS)

    def horizon(self, search: Progress) -> int:
        if sum(stop.target is not None for stop in self.stops) > 1:
            return 1
        return min((stop.horizon(search) for stop in self.stops), default=ENDLESS)

    def used(self, search: Progress) -> float | None:
        return max((share for share in shares(self.stops, search) if share is not None), default=None)

    @property
    def target(self) -> float | None:
        targets = [stop.target for stop in self.stops if stop.target is not None]
        return targets[0] if len(targets) == 1 else None


@dataclass(frozen=True)
class AllOf(Stop):
    """When every one of ``stops`` would end the search; the reason names them all."""

    stops: tuple[Stop, ...]

    def reason(self, search: Progress) -> str | None:
        reasons = [stop.reason(search) for stop in self.stops]
        return None if None in reasons else " and ".join(reason for reason in reasons if reason)

    def evaluations_left(self, search: Progress) -> int:
        return max((stop.evaluations_left(search) for stop in self.stops), default=ENDLESS)

    def used(self, search: Progress) -> float | None:
        known = [share for share in shares(self.stops, search) if share is not None]
        return min(known) if len(known) == len(self.stops) else None


def shares(stops: tuple[Stop, ...], search: Progress) -> list[float | None]:
    """Which share of what it allows is used up, of each stop."""
    return [stop.used(search) for stop in stops]


def first_of(
    *,
    evaluations: float | None = None,
    generations: float | None = None,
    seconds: float | None = None,
    target: float | None = None,
    stale: float | None = None,
    stop: Stop | None = None,
) -> Stop | None:
    """The stop that ends a search at the first of these; None where nothing is given.

    Raises:
        ValueError: A limit is out of its range.
        TypeError: ``stop`` is no ``Stop``.
    """
    if stop is not None and not isinstance(stop, Stop):
        raise TypeError(f"stop is {stop!r}, expected a Stop such as Target(0.1) | Stale(50); a function is a callback")
    limits: tuple[tuple[Callable[[Any], Stop], float | None], ...] = (
        (MaxEvaluations, evaluations),
        (MaxGenerations, generations),
        (MaxSeconds, seconds),
        (Target, target),
        (Stale, stale),
    )
    stops: list[Stop] = [kind(limit) for kind, limit in limits if limit is not None]
    if stop is not None:
        stops.append(stop)
    return AnyOf(tuple(stops)) if len(stops) > 1 else stops[0] if stops else None


def check_positive(name: str, value: float) -> None:
    """Raise ValueError if ``value`` is not a number above 0."""
    if not is_number(value) or not value > 0:
        raise ValueError(f"{name} is {value!r}, expected a number above 0")


def check_limit(name: str, value: float) -> None:
    """Raise ValueError if ``value`` is not a whole number above 0; 1e6 is one."""
    check_positive(name, value)
    if math.isinf(value):
        raise ValueError(f"{name} is {value!r}, expected a finite number; for no limit leave it out")
    if value != int(value):
        raise ValueError(f"{name} is {value!r}, expected a whole number above 0")
