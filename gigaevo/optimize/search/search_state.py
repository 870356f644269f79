"""What a search knows of itself: how far it is, the best it found, which way is better."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from gigaevo.kernels.advances import Task
from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.genotypes import as_genotype
from gigaevo.optimize.scaling import mean
from gigaevo.optimize.search.history import History
from gigaevo.optimize.seeds import seed_sequence, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Advance
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.seeds import Seed

    Codes: TypeAlias = NDArray[Any]
    Merits: TypeAlias = NDArray[np.float64]


class SearchState(ABC):
    """Counters, clock, history and best of a search, and the direction in which it goes.

    Args:
        genotype: The search space, or a pair of arrays (lower, upper).
        maximize: Whether a larger fitness is better; one word for each objective where there are several.
        seed: The one source of randomness; None: another search each time.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    objectives = 1

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        maximize: bool | Sequence[bool],
        seed: Seed,
    ) -> None:
        self.genotype = as_genotype(genotype)
        self._signs = signs(maximize, self.objectives)
        self.maximize = bool(self._signs[0] > 0.0) if self.objectives == 1 else maximize
        self._seed = seed_sequence(seed)
        self._stream = RandomStream(self._seed.spawn(1)[0])
        self._generation = 0
        self._evaluations = 0
        self._invalid = 0
        self._best_merit = -np.inf
        self._best_code: Codes | None = None
        self._best_generation = 0
        self._seconds = 0.0
        self._begun: float | None = None
        self._history = History()

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Answers that make a step."""

    @property
    @abstractmethod
    def population(self) -> tuple[Codes, Merits]:
        """Codes and merits of what is kept; maybe not to be changed."""

    @property
    def generation(self) -> int:
        """Steps that were made."""
        return self._generation

    @property
    def evaluations(self) -> int:
        """Fitness values that were told."""
        return self._evaluations

    @property
    def invalid(self) -> int:
        """How many of them were no finite number."""
        return self._invalid

    @property
    def stale_generations(self) -> int:
        """Steps since the best fitness became better."""
        return self._generation - self._best_generation

    @property
    def seconds(self) -> float:
        """Wall-clock time in ``run``, all runs together."""
        return self._seconds if self._begun is None else self._seconds + time.monotonic() - self._begun

    @property
    def best_merit(self) -> float:
        """The best fitness, turned so that larger is better; minus infinity before there is one."""
        return self._best_merit

    @property
    def best_fitness(self) -> float:
        """The best fitness so far, in the user's direction; NaN before there is one."""
        return float(self._signs[0] * self._best_merit) if self._best_code is not None else float("nan")

    @property
    def best_genome(self) -> NDArray[Any] | None:
        """The genome of the best fitness; the first that had it."""
        return None if self._best_code is None else self.genotype.decode(self._best_code[None])[0].copy()

    @property
    def seed(self) -> int | list[int] | None:
        """What the search was seeded with."""
        return shown(self._seed)

    def merit_of(self, fitness: float) -> float:
        """``fitness`` turned so that larger is better."""
        return float(self._signs[0] * fitness)

    def begin(self) -> None:
        """A run begins: the clock goes."""
        self._begun = time.monotonic()

    def end(self) -> None:
        """A run ends: the clock stands."""
        self._seconds, self._begun = self.seconds, None

    def __getstate__(self) -> dict[str, Any]:
        """All attributes, the clock standing: the one that goes means nothing to another process or machine."""
        return {**self.__dict__, "_seconds": self.seconds, "_begun": None}

    def record(self) -> None:
        """Add a line to the history."""
        self._history.add(**self.numbers())

    def numbers(self) -> dict[str, float]:
        """Where the search stands: a line of the history, for those who keep one of their own."""
        _, merits = self.population
        line = {"generation": self._generation, "evaluations": self._evaluations}
        return {**line, **self._numbers(self._fitness_of(merits))}

    def __repr__(self) -> str:
        found = f"best_fitness={self.best_fitness:.6g}, " if self.objectives == 1 else ""
        return f"{type(self).__name__}({self.genotype!r}, {found}evaluations={self._evaluations}, seed={self.seed})"

    def _merits(self, values: Merits, codes: Codes) -> Merits:
        """Merits of values, counted; the best is noted. NaN and infinities become minus infinity."""
        self._evaluations += len(values)
        if not len(values):
            return values
        merits: Merits = values * (self._signs if self.objectives > 1 else self._signs[0])
        row = int(merits.argmax())  # of a NaN, where there is one
        if math.isfinite(merits.item(row)) and math.isfinite(merits.item(merits.argmin())):
            if self.objectives == 1:
                self._note_best(merits.item(row), codes[row])
            return merits
        sound = np.isfinite(merits).reshape(len(merits), -1).all(axis=1)
        merits[~sound] = -np.inf
        self._invalid += int(len(merits) - np.count_nonzero(sound))
        if self.objectives == 1:
            row = int(merits.argmax())
            self._note_best(float(merits[row]), codes[row])
        return merits

    def _note_best(self, merit: float, code: Codes) -> None:
        if merit > self._best_merit:
            self._best_merit = merit
            self._best_code = code.copy()
            self._best_generation = self._generation + 1

    def _task(self, function: int, generations: int, target: float) -> Task:
        """What a loop on a native function of numbers is told."""
        best_code = np.empty(self.genotype.genes_size)
        return Task(function, self._signs[0], generations, target, self._best_merit, best_code)

    def _note_advance(self, made: Advance, code: Codes) -> None:
        """Count what a loop on a native function did; ``code`` is of its best candidate."""
        if made.best_generation:
            self._best_merit, self._best_code = made.best_merit, code
            self._best_generation = self._generation + made.best_generation
        self._generation += made.generations
        self._evaluations += made.generations * self.batch_size
        self._invalid += made.invalid

    def _fitness_of(self, merits: Merits) -> Merits:
        """Merits in the user's direction; NaN where invalid."""
        fitness = merits * (self._signs if merits.ndim > 1 else self._signs[0])
        fitness[np.isneginf(merits)] = np.nan
        return fitness

    def _numbers(self, fitness: Merits) -> dict[str, float]:
        """What the history tells of a population, beside the counters."""
        if self.objectives > 1:
            return {}
        valid = fitness[~np.isnan(fitness)]
        return {"best": self.best_fitness, "mean": mean(valid)}


def signs(maximize: bool | Sequence[bool], objectives: int) -> Merits:
    """1 for each objective that is maximised, -1 for each that is minimised.

    Raises:
        ValueError: It is not one word, or one for each objective.
    """
    given: Any = maximize
    words = list(given) if hasattr(given, "__len__") else [given] * objectives
    if len(words) != objectives or not all(isinstance(word, (bool, np.bool_)) for word in words):
        raise ValueError(
            f"maximize is {maximize!r}, expected True or False" + (f", or {objectives} of them" * (objectives > 1))
        )
    return np.where(words, 1.0, -1.0)
