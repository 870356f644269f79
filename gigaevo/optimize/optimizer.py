"""The shape that all optimizers share: ask and tell underneath, ``run`` on top."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.answers import Answers
from gigaevo.optimize.fitness import Evaluator
from gigaevo.optimize.genotypes import as_genotype
from gigaevo.optimize.history import History
from gigaevo.optimize.result import Result
from gigaevo.optimize.seeds import seed_sequence, shown
from gigaevo.optimize.stops import AnyOf, MaxEvaluations, MaxGenerations, MaxSeconds, Stale, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.kernels.advances import Advance
    from gigaevo.optimize.fitness import NativeFitness
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.seeds import Seed
    from gigaevo.optimize.stops import Stop

    Codes: TypeAlias = NDArray[Any]
    Merits: TypeAlias = NDArray[np.float64]
    # What an algorithm wants to know again of candidates when they are told: arrays of one row each.
    Memo: TypeAlias = tuple[NDArray[Any], ...]


# Genes evaluated on a native function before a look at checkpoints and Ctrl-C: tenths of a second.
NATIVE_SLICE = 2**26


@dataclass(frozen=True)
class Batch:
    """Candidates that an optimizer asked to be evaluated.

    Attributes:
        genomes: Shape (n, genes_size); a copy, which may be written to.
        ids: What ``tell`` knows them by, int64 of shape (n,).
    """

    genomes: NDArray[Any]
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice | ArrayLike) -> Batch:
        """Some of them; one row gives a batch of one."""
        chosen = rows if isinstance(rows, slice) else np.atleast_1d(np.asarray(rows))
        return Batch(self.genomes[chosen], self.ids[chosen])


class Optimizer(ABC):
    """A search for the genome of the best fitness.

    With ``ask`` and ``tell`` the caller evaluates, when and where it likes: a batch may be told in parts, late, in any
    order. The algorithm makes a step whenever it holds ``batch_size`` answers, so that whole batches give exactly its
    generations, and an asynchronous evaluator its steady-state form. ``run`` does the same with a fitness function, and
    with the same seed finds the same. A second ``run`` goes on where the first ended.

    Args:
        genotype: The search space, or a pair of arrays (lower, upper).
        population_size: Candidates that are kept, at least 1.
        maximize: Whether a larger fitness is better; one word for each objective where there are several.
        seed: The one source of randomness; None: another search each time.
        initial: Genomes to begin with, shape (n, genes_size); the rest of the first population is random.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    objectives = 1
    behaviors = 0

    def __init__(
        self,
        genotype: Genotype | tuple[ArrayLike, ArrayLike],
        *,
        population_size: int,
        maximize: bool | Sequence[bool] = False,
        seed: Seed = None,
        initial: ArrayLike | None = None,
    ) -> None:
        self.genotype = as_genotype(genotype)
        if (
            isinstance(population_size, bool)
            or not isinstance(population_size, (int, np.integer))
            or population_size < 1
        ):
            raise ValueError(f"population_size is {population_size!r}, expected a whole number from 1")
        self.population_size = int(population_size)
        self.maximize = maximize
        self._signs = signs(maximize, self.objectives)
        self._seed = seed_sequence(seed)
        self._stream = RandomStream(self._seed.spawn(1)[0])
        self._initial = None if initial is None else self.genotype.encode(initial)
        self._answers = Answers()
        self._founders = 0
        self._generation = 0
        self._evaluations = 0
        self._invalid = 0
        self._best_merit = -np.inf
        self._best_code: Codes | None = None
        self._best_generation = 0
        self._seconds = 0.0
        self._begun: float | None = None
        self._history = History()

    # What an algorithm fills in

    @abstractmethod
    def _propose(self, n: int) -> tuple[Codes, Memo]:
        """Make ``n`` candidates from the population as it is."""

    @abstractmethod
    def _absorb(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        """Make a step with ``batch_size`` answers, in the order in which they were told.

        The arrays may be kept. Merits are of shape (n,), or (n, objectives): larger is better, minus infinity where a
        candidate is invalid. Of a quality-diversity search the behaviours are the last array of the memo.
        """

    @property
    @abstractmethod
    def population(self) -> tuple[Codes, Merits]:
        """Codes and merits of what is kept; maybe not to be changed."""

    @property
    def batch_size(self) -> int:
        """Answers that make a step."""
        return self.population_size

    def _blank_memo(self, n: int) -> Memo:
        """The memo of ``n`` founders."""
        return ()

    def _found(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        """Take the first ``population_size`` answers as the first population."""
        raise NotImplementedError

    @property
    def _has_founders(self) -> bool:
        """Whether the search begins with a random population."""
        return True

    def _advance(self, native: NativeFitness, generations: int, target: float) -> bool:
        """Make up to ``generations`` steps on a native function without coming back, at least one.

        It ends early in the generation that reaches the merit ``target``, and keeps the counters and the best true.

        Returns:
            False where the algorithm has no such way for this function.
        """
        return False

    def converged(self) -> str | None:
        """Why the algorithm itself can go no further, None while it can."""
        return None

    def _archive(self) -> Any:
        """The archive of a quality-diversity search, for the result."""
        return None

    # Ask and tell

    def ask(self, n: int | None = None) -> Batch:
        """Candidates to evaluate.

        Args:
            n: How many, at least 1; by default a whole step.

        Returns:
            As many; asked again, others.
        """
        if n is not None and n < 1:
            raise ValueError(f"n is {n}, expected 1 or more")
        codes, memo = self._next(self._step_size if n is None else n)
        ids = self._answers.expect(codes, memo)
        genomes = self.genotype.decode(codes)
        return Batch(genomes.copy() if genomes is codes or genomes.base is not None else genomes, ids)

    def tell(self, batch: Batch | ArrayLike, fitness: ArrayLike, behaviors: ArrayLike | None = None) -> None:
        """What came of candidates.

        Args:
            batch: What ``ask`` gave, a part of it, or its ids. Each candidate once.
            fitness: Shape (n,), or (n, objectives), in the user's direction; NaN and infinities: invalid.
            behaviors: Behaviour descriptors of shape (n, behaviors) where the search has some.

        Raises:
            ValueError: A shape does not fit, or an id was never asked or is told a second time. Nothing is taken then.
        """
        ids = np.atleast_1d(np.asarray(batch.ids if isinstance(batch, Batch) else batch, np.int64))
        values = np.array(fitness, np.float64)
        shape = (len(ids),) if self.objectives == 1 else (len(ids), self.objectives)
        if values.shape != shape:
            raise ValueError(f"fitness has shape {values.shape}, expected {shape}")
        if (behaviors is not None) != bool(self.behaviors):
            raise ValueError(
                f"behaviors must {'be given' if self.behaviors else 'not be given'} to {type(self).__name__}"
            )
        described = None if behaviors is None else np.array(behaviors, np.float64)
        if described is not None and described.shape != (len(ids), self.behaviors):
            raise ValueError(f"behaviors has shape {described.shape}, expected {(len(ids), self.behaviors)}")
        codes, memo = self._answers.take(ids)
        if self._answers.waiting or len(ids) != self._step_size:
            self._answers.add(codes, self._merits(values, codes), memo if described is None else (*memo, described))
            self._step_while_ready()
        else:
            self._take(codes, values, memo if described is None else (*memo, described))

    def forget(self, batch: Batch | ArrayLike) -> None:
        """Candidates that will never be told, so that they need not be remembered."""
        self._answers.take(np.atleast_1d(np.asarray(batch.ids if isinstance(batch, Batch) else batch, np.int64)))

    # Run

    def run(
        self,
        fitness: Callable[..., Any] | NativeFitness,
        *,
        evaluations: int | None = None,
        generations: int | None = None,
        seconds: float | None = None,
        target: float | None = None,
        stale: int | None = None,
        stop: Stop | None = None,
        vectorized: bool = False,
        executor: Executor | None = None,
        callback: Callable[[Self], object] | None = None,
        progress: bool = False,
        history: bool = False,
        checkpoint: Path | str | None = None,
    ) -> Result:
        """Search until a stop says so.

        Args:
            fitness: A function of one genome, or of all at once with ``vectorized``, or a native one.
            evaluations: End after so many fitness values; counted over all runs of this search, as are the others.
            generations: End after so many steps.
            seconds: End after so much wall-clock time.
            target: End when the best fitness is this or better.
            stale: End after so many steps without a better best fitness.
            stop: Any other condition; whichever holds first ends the search.
            vectorized: Whether ``fitness`` takes an array of shape (n, genes_size).
            executor: Evaluates genomes one by one in parallel.
            callback: Called after each step with this optimizer, which it must not change; True ends the search.
            progress: Whether to draw a progress bar on the terminal.
            history: Whether to keep a line of each step.
            checkpoint: File that the search is saved to, about once a minute and at the end.

        Returns:
            What was found. Ctrl-C ends the search as well, with the reason "interrupted".

        Raises:
            ValueError: There is nothing that would end the search, or the native function has the other direction.
            FitnessError: The fitness function raised or gave back no fitness. What was found until then is kept.
        """
        stops = [
            *([MaxEvaluations(evaluations)] if evaluations is not None else []),
            *([MaxGenerations(generations)] if generations is not None else []),
            *([MaxSeconds(seconds)] if seconds is not None else []),
            *([Target(target)] if target is not None else []),
            *([Stale(stale)] if stale is not None else []),
            *([stop] if stop is not None else []),
        ]
        if not stops and callback is None:
            raise ValueError(
                "nothing would end the search: give evaluations, generations, seconds, target, stale or stop"
            )
        evaluate = Evaluator(
            fitness,
            vectorized=vectorized,
            objectives=self.objectives,
            behaviors=self.behaviors,
            executor=executor,
        )
        if evaluate.native is not None and ((self._signs > 0.0) != evaluate.native.maximize).any():
            direction = "maximised" if evaluate.native.maximize else "minimised"
            raise ValueError(
                f"{evaluate.native.name} is {direction}, {type(self).__name__} is not: pass maximize="
                f"{evaluate.native.maximize}"
            )
        from gigaevo.optimize.runner import search

        whole: Stop = stops[0] if len(stops) == 1 else AnyOf(tuple(stops))
        return search(self, evaluate, whole, callback, progress=progress, history=history, checkpoint=checkpoint)

    def step(self, evaluate: Evaluator, limit: int, alone: int, target: float) -> None:
        """One turn of ``run``: usually one generation, at most ``limit`` evaluations.

        Args:
            evaluate: The fitness.
            limit: Evaluations that may be made, at least 1.
            alone: Generations for which nobody needs to be asked: native functions may use them up at once.
            target: Merit at which to come back.
        """
        if alone > 1 and evaluate.native is not None and not self._answers.waiting and self._founded:
            most = max(1, NATIVE_SLICE // (self.batch_size * self.genotype.genes_size))
            generations = min(alone, limit // self.batch_size, most)
            if generations > 0 and self._advance(evaluate.native, generations, target):
                return
        size = self._step_size - self._answers.waiting
        codes, memo = self._next(min(size, limit))
        values, behaviors = evaluate(self.genotype.decode(codes))
        if behaviors is not None:
            memo = (*memo, behaviors)
        if len(codes) == self._step_size:
            self._take(codes, values, memo)
        else:
            self._answers.add(codes, self._merits(values, codes), memo)
            self._step_while_ready()

    def result(self, reason: str = "running") -> Result:
        """What was found so far."""
        codes, merits = self.population
        fitness = self._fitness_of(merits)
        single = self.objectives == 1
        return Result(
            best_genome=self.best_genome if single else None,
            best_fitness=self.best_fitness if single else float("nan"),
            evaluations=self._evaluations,
            invalid=self._invalid,
            generations=self._generation,
            seconds=self.seconds,
            reason=reason,
            seed=self.seed,
            genomes=self.genotype.decode(codes).copy(),
            fitness=fitness,
            front=self._front(merits),
            history=self._history.arrays(),
            archive=self._archive(),
        )

    def save(self, path: Path | str) -> None:
        """Write all that the search depends on to ``path``, whole or not at all; ``load`` goes on from there."""
        from gigaevo.optimize.checkpoint import save

        save(self, path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The optimizer that was saved to ``path``.

        Raises:
            ValueError: The file is no checkpoint, or one of another kind of optimizer.
        """
        from gigaevo.optimize.checkpoint import load

        found = load(path)
        if not isinstance(found, cls):
            raise ValueError(f"{path} holds a {type(found).__name__}, expected a {cls.__name__}")
        return found

    def begin(self) -> None:
        """A run begins: the clock goes."""
        self._begun = time.monotonic()

    def end(self) -> None:
        """A run ends: the clock stands."""
        self._seconds, self._begun = self.seconds, None

    def record(self) -> None:
        """Add a line to the history."""
        self._history.add(**self.numbers())

    def numbers(self) -> dict[str, float]:
        """Where the search stands: a line of the history, for those who keep one of their own."""
        _, merits = self.population
        line = {"generation": self._generation, "evaluations": self._evaluations}
        return {**line, **self._numbers(self._fitness_of(merits))}

    # What one may look at

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

    def __repr__(self) -> str:
        found = f"best_fitness={self.best_fitness:.6g}, " if self.objectives == 1 else ""
        return f"{type(self).__name__}({self.genotype!r}, {found}evaluations={self._evaluations}, seed={self.seed})"

    # Inside

    @property
    def _founded(self) -> bool:
        return self._founders < 0 or not self._has_founders

    @property
    def _step_size(self) -> int:
        return self.batch_size if self._founded else self.population_size

    def _next(self, n: int) -> tuple[Codes, Memo]:
        if self._founded:
            return self._propose(n)
        codes = self.genotype.random(n, self._stream)
        if self._initial is not None and self._founders < len(self._initial):
            given = self._initial[self._founders : self._founders + n]
            codes[: len(given)] = given
        self._founders += n
        return codes, self._blank_memo(n)

    def _take(self, codes: Codes, values: Merits, memo: Memo) -> None:
        """A whole step at once."""
        self._step(codes, self._merits(values, codes), memo)

    def _step_while_ready(self) -> None:
        while self._answers.waiting >= self._step_size:
            self._step(*self._answers.next(self._step_size))

    def _step(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        if self._founded:
            self._absorb(codes, merits, memo)
        else:
            self._founders = -1
            self._found(codes, merits, memo)
        self._generation += 1

    def _merits(self, values: Merits, codes: Codes) -> Merits:
        """Merits of values, counted; the best is noted. NaN and infinities become minus infinity."""
        merits = values * self._signs if self.objectives > 1 else values * self._signs[0]
        sound = np.isfinite(merits)
        if not sound.all():
            sound = sound if merits.ndim == 1 else sound.all(axis=1)
            merits[~sound] = -np.inf
            self._invalid += int(len(merits) - np.count_nonzero(sound))
        self._evaluations += len(merits)
        if self.objectives == 1:
            row = int(merits.argmax())
            self._note_best(float(merits[row]), codes[row])
        return merits

    def _note_best(self, merit: float, code: Codes) -> None:
        if merit > self._best_merit:
            self._best_merit = merit
            self._best_code = code.copy()
            self._best_generation = self._generation + 1

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
        return {"best": self.best_fitness, "mean": float(valid.mean()) if valid.size else float("nan")}

    def _front(self, merits: Merits) -> NDArray[np.int64]:
        """Rows of the population that no other one dominates."""
        return np.array([merits.argmax()] if len(merits) and np.isfinite(merits).any() else [], np.int64)


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
