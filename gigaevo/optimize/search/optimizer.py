"""The shape that all optimizers share: ask and tell underneath, ``run`` on top."""

from __future__ import annotations

from abc import abstractmethod
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from gigaevo.optimize.arguments import check_truths, check_whole
from gigaevo.optimize.search.answers import Answers, Batch, ids_of, values_of
from gigaevo.optimize.search.fitness import Evaluator
from gigaevo.optimize.search.interrupts import held_back
from gigaevo.optimize.search.result import Result
from gigaevo.optimize.search.search_state import SearchState
from gigaevo.optimize.search.stops import AnyOf, first_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.fitness import NativeFitness
    from gigaevo.optimize.search.stops import Stop
    from gigaevo.optimize.seeds import Seed

    Codes: TypeAlias = NDArray[Any]
    Merits: TypeAlias = NDArray[np.float64]
    # What an algorithm wants to know again of candidates when they are told: arrays of one row each.
    Memo: TypeAlias = tuple[NDArray[Any], ...]


TURN = 0.05  # seconds, after which the clock and checkpoints are looked at
# Genes evaluated on a native function before the same: tenths of a second.
NATIVE_SLICE = 2**26


class Optimizer(SearchState):
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
        initial: Genomes to begin with, shape (n, genes_size), at most as many as there are founders; the rest of the
            first population is random.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

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
        super().__init__(genotype, maximize, seed)
        check_whole("population_size", population_size)
        self.population_size = int(population_size)
        self._initial = None if initial is None else self._encoded(initial)
        self._answers = Answers()
        self._founders = 0

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

        Raises:
            ValueError: ``n`` is no whole number from 1.
        """
        if n is not None:
            check_whole("n", n)
        propose = self._propose if self._founded else self._random
        codes, memo = propose(self._step_size if n is None else n)
        ids = self._answers.expect(codes, memo)
        genomes = self.genotype.decode(codes)
        return Batch(genomes.copy() if genomes is codes or genomes.base is not None else genomes, ids)

    def tell(self, batch: Batch | ArrayLike, fitness: ArrayLike, behaviors: ArrayLike | None = None) -> None:
        """What came of candidates.

        Args:
            batch: What ``ask`` gave, a part of it, or its ids. Each candidate once.
            fitness: Shape (n,), or (n, objectives), in the user's direction; NaN and infinities: invalid. Of one
                candidate a number will do, or (objectives,).
            behaviors: Behaviour descriptors of shape (n, behaviors) where the search has some; (behaviors,) of one.

        Raises:
            ValueError: A shape does not fit, or an id was never asked or is told a second time. Nothing is taken then.
        """
        ids = batch.ids if isinstance(batch, Batch) else ids_of(batch)
        shape = (len(ids),) if self.objectives == 1 else (len(ids), self.objectives)
        values = values_of("fitness", fitness, shape)
        if (behaviors is not None) != bool(self.behaviors):
            raise ValueError(
                f"behaviors must {'be given' if self.behaviors else 'not be given'} to {type(self).__name__}"
            )
        described = None if behaviors is None else values_of("behaviors", behaviors, (len(ids), self.behaviors))
        codes, memo = self._answers.take(ids)
        if len(codes):
            self._take(codes, values, memo if described is None else (*memo, described))

    def forget(self, batch: Batch | ArrayLike) -> None:
        """Candidates that will never be told, so that they need not be remembered.

        Raises:
            ValueError: One was never asked, or was told or forgotten before. Nothing is forgotten then.
        """
        self._answers.take(batch.ids if isinstance(batch, Batch) else ids_of(batch))

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
        whole = first_of(
            evaluations=evaluations, generations=generations, seconds=seconds, target=target, stale=stale, stop=stop
        )
        if whole is None and callback is None:
            raise ValueError(
                "nothing would end the search: give evaluations, generations, seconds, target, stale or stop"
            )
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is {callback!r}, expected a function of the optimizer")
        check_truths(vectorized=vectorized, progress=progress, history=history)
        if checkpoint is not None:
            self._check_checkpoint(checkpoint)
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
        from gigaevo.optimize.search.runner import search

        return search(
            self, evaluate, whole or AnyOf(()), callback, progress=progress, history=history, checkpoint=checkpoint
        )

    def step(self, evaluate: Evaluator, limit: int, alone: int, target: float) -> None:
        """One turn of ``run``: a generation, or more while nobody needs to be asked and they are fast.

        Args:
            evaluate: The fitness.
            limit: Evaluations that may be made, at least 1.
            alone: Generations for which nobody needs to be asked, at least 1.
            target: Merit at which to come back.
        """
        if not self._founded:
            alone = 1  # the first population opens the way for native loops
        elif alone > 1 and evaluate.native is not None and not self._answers.waiting:
            most = max(1, NATIVE_SLICE // (self.batch_size * self.genotype.genes_size))
            generations = min(alone, limit // self.batch_size, most)
            if generations > 0:
                with held_back():
                    is_made = self._advance(evaluate.native, generations, target)
                if is_made:
                    return
        propose = self._propose if self._founded else self._random
        founders, ends = self._founders, monotonic() + TURN
        while True:
            n = min(self._step_size - self._answers.waiting, limit)  # a restart may be of another size
            codes, memo = propose(n)
            try:
                values, behaviors = evaluate(self.genotype.decode(codes))
            except BaseException:
                self._founders = founders  # the initial genomes among them come again
                raise
            self._take(codes, values, memo if behaviors is None else (*memo, behaviors))
            limit -= n
            alone -= 1
            if alone < 1 or limit < 1 or self._best_merit >= target or self.converged() or monotonic() > ends:
                return

    def result(self, reason: str = "running") -> Result:
        """What was found so far."""
        codes, merits = self._at_hand()
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
        """Write all that the search depends on to ``path``, whole or not at all; ``load`` goes on from there.

        Raises:
            TypeError: Something in it is no data, such as a part of the user's own.
            OSError: The file cannot be written.
        """
        from gigaevo.optimize.search.checkpoint import save

        save(self, path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """The optimizer that was saved to ``path``.

        Raises:
            ValueError: The file is no checkpoint, or one of another kind of optimizer.
            OSError: It cannot be read.
        """
        from gigaevo.optimize.search.checkpoint import load

        found = load(path)
        if not isinstance(found, cls):
            raise ValueError(f"{path} holds a {type(found).__name__}, expected a {cls.__name__}")
        return found

    def _check_checkpoint(self, path: Path | str) -> None:
        """Raise now what saving to ``path`` would raise after a minute."""
        from gigaevo.optimize.search.checkpoint import check

        check(self, path)

    # Inside

    def _encoded(self, initial: ArrayLike) -> Codes:
        """The codes of ``initial``."""
        try:
            codes = self.genotype.encode(initial)
        except ValueError as error:
            raise ValueError(f"initial: {error}") from None
        if self._has_founders and len(codes) > self.population_size:
            raise ValueError(
                f"initial has {len(codes)} genomes, expected at most population_size, which is {self.population_size}"
            )
        return codes

    @property
    def _founded(self) -> bool:
        """Whether candidates are the algorithm's by now, and not founders."""
        return self._founders < 0 or not self._has_founders

    @property
    def _step_size(self) -> int:
        """Answers that make the next step."""
        return self.batch_size if self._founded else self.population_size

    def _random(self, n: int) -> tuple[Codes, Memo]:
        """The next ``n`` founders: the initial genomes first."""
        codes = self.genotype.random(n, self._stream)
        if self._initial is not None and self._founders < len(self._initial):
            given = self._initial[self._founders : self._founders + n]
            codes[: len(given)] = given
        self._founders += n
        return codes, self._blank_memo(n)

    def _take(self, codes: Codes, values: Merits, memo: Memo) -> None:
        """Answers in the order in which they were told: steps are made as far as they go."""
        merits = self._merits(values, codes)
        if self._answers.waiting or len(codes) != self._step_size:
            self._answers.add(codes, merits, memo)
            while self._answers.waiting >= self._step_size:
                self._step(*self._answers.next(self._step_size))
        else:
            self._step(codes, merits, memo)

    def _step(self, codes: Codes, merits: Merits, memo: Memo) -> None:
        if self._founded:
            self._absorb(codes, merits, memo)
        else:
            self._founders = -1
            self._found(codes, merits, memo)
        self._generation += 1

    def _at_hand(self) -> tuple[Codes, Merits]:
        """The population; and what was told after its last step, where nothing else would tell of it."""
        codes, merits = self.population
        unseen = self.objectives > 1 or not (len(codes) or self.behaviors)
        waiting = self._answers.peek() if unseen else None
        if waiting is None:
            return codes, merits
        return np.concatenate((codes, waiting[0])), np.concatenate((merits, waiting[1]))

    def _front(self, merits: Merits) -> NDArray[np.int64]:
        """Rows of ``merits`` that no other one dominates."""
        return np.array([merits.argmax()] if len(merits) and np.isfinite(merits).any() else [], np.int64)
