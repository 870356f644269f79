"""What ``Evolve`` and ``HillClimb`` share: a loop of generations with a best chromosome, endings and reporters."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gigaevo.kernels.random import RandomStream
from gigaevo.kernels.strategy_laws import Goal
from gigaevo.optimize.arguments import brief, check_truths
from gigaevo.optimize.genotypes import as_genotype
from gigaevo.optimize.search import checkpoint
from gigaevo.optimize.seeds import child_of, seed_sequence, shown
from gigaevo.optimize.strategy.endings import Endings
from gigaevo.optimize.strategy.evaluation import Evaluation
from gigaevo.optimize.strategy.executors import fitness_executor
from gigaevo.optimize.strategy.fitness_cache import FitnessCache
from gigaevo.optimize.strategy.gene_space import gene_space
from gigaevo.optimize.strategy.ordering import FitnessOrdering
from gigaevo.optimize.strategy.population import Chromosome
from gigaevo.optimize.strategy.repeated import call_repeatedly, call_speciated
from gigaevo.optimize.strategy.reporters import StrategyReporter, watches_generations
from gigaevo.optimize.strategy.state import StrategyState

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.seeds import Seed
    from gigaevo.optimize.strategy.population import Population
    from gigaevo.optimize.strategy.repeated import Repeated

NATIVE_EVALUATIONS = 1_000_000  # of one native call, so that Ctrl-C is heard


class Strategy(ABC):
    """A search by generations, begun by ``call``.

    Args:
        genotype: The search space.
        fitness: Of the genes of one chromosome, shape (genes_size,), which it may not change; None, NaN and infinities
            mean that the chromosome is invalid. Or a native one (``CountTrue``, ``gigaevo.optimize.functions``).
        fitness_ordering: Whether scores are to be large or small; its words "maximize" and "minimize" will do.
        vectorized: Whether ``fitness`` takes all chromosomes at once, shape (n, genes_size).
        target_fitness_score: See ``Endings``.
        valid_fitness_score: See ``Endings``.
        max_stale_generations: See ``Endings``.
        max_generations: See ``Endings``.
        replace_on_equal_fitness: Whether a chromosome of the best score takes the place of the best: the last in the
            population, where offspring are.
        fitness_cache: Scores that are remembered, the last asked for; None: none are.
        par_fitness: Whether chromosomes are evaluated in parallel: in processes if ``fitness`` can be pickled, else in
            threads. The result is the same. Native and vectorized functions are called as ever.
        reporter: Who is told how it gets on, and may stop it.
        seed: The one source of randomness; None: another search for each object.
        seed_genes_list: Genes of the start population, shape (n, genes_size), repeated until it is full; None: random.

    Attributes:
        state: Where the run stands, since ``call``.
        fitness_cache: The cache of this run, None if there is none.

    Raises:
        ValueError: An argument is out of its range; the message names it.
    """

    def __init__(
        self,
        genotype: Genotype,
        fitness: Any,
        *,
        fitness_ordering: FitnessOrdering | str,
        vectorized: bool,
        endings: Endings,
        replace_on_equal_fitness: bool,
        fitness_cache: int | None,
        par_fitness: bool,
        reporter: StrategyReporter | None,
        seed: Seed,
        seed_genes_list: ArrayLike | None,
    ) -> None:
        check_truths(vectorized=vectorized, replace_on_equal_fitness=replace_on_equal_fitness, par_fitness=par_fitness)
        self.genotype = as_genotype(genotype)
        self.space = gene_space(self.genotype)
        self.fitness = fitness
        self.fitness_ordering = FitnessOrdering.of(fitness_ordering)
        self.vectorized = vectorized
        self.endings = endings
        self.replace_on_equal_fitness = replace_on_equal_fitness
        self.fitness_cache = None if fitness_cache is None else FitnessCache(fitness_cache)
        self.par_fitness = par_fitness
        if reporter is not None and not isinstance(reporter, StrategyReporter):
            raise TypeError(f"reporter is {reporter!r}, expected an object of a StrategyReporter, or None")
        self.reporter = reporter
        self._seed = seed_sequence(seed)
        self._founders = None if seed_genes_list is None else self._encoded(seed_genes_list)
        self._state: StrategyState | None = None
        self._evaluation = self._new_evaluation()

    def _encoded(self, seed_genes_list: ArrayLike) -> NDArray[Any]:
        """Rows of the start population."""
        given: Any = list(seed_genes_list) if isinstance(seed_genes_list, Iterator) else seed_genes_list
        if given.shape[:1] == (0,) if isinstance(given, np.ndarray) else isinstance(given, (list, tuple)) and not given:
            raise ValueError("seed_genes_list is empty, expected at least one chromosome, or None")
        try:
            return self.space.encode(given)
        except ValueError as error:
            raise ValueError(f"seed_genes_list: {error}") from None

    # What a strategy fills in

    @abstractmethod
    def _start_population(self, stream: RandomStream) -> Population:
        """The population of generation 0."""

    @abstractmethod
    def _generation(self) -> None:
        """Make one generation."""

    def _run_natively(self) -> bool:
        """Make generations without the interpreter, if that can be done; whether it was."""
        return False

    # Calling

    def call(self) -> Self:
        """Run from the beginning to the end; the same seed gives the same run."""
        self._state = None
        is_unwanted = self._report("on_enter")
        stream = RandomStream(child_of(self._seed, 0))
        if self.fitness_cache is not None:
            self.fitness_cache = FitnessCache(self.fitness_cache.size)
        with self._evaluating():
            population = self._start_population(stream)
            self._state = StrategyState.begun(population, stream, self._search)
            self._state.stop_reason = "reporter" if is_unwanted else None
            self._evaluate()
            self._report("on_start")
            self._loop()
        return self

    def resume(self) -> Self:
        """Go on where the run stands: after ``load``, after a reporter stopped it, or after the fitness raised.

        Raises:
            RuntimeError: Nothing was begun.
        """
        self.state.stop_reason = None
        with self._evaluating():
            if len(self.state.population.unknown()):  # of a generation that was broken off
                self._evaluate()
                self._shrink_scale()
                self._report("on_generation_complete" if self.state.current_generation else "on_start")
            self._loop()
        return self

    def call_repeatedly(self, times: int) -> Repeated:
        """Independent runs one after the other, each with a seed of its own; the first to reach the target is the last.

        Args:
            times: Runs at most, at least 1.
        """
        return call_repeatedly(self, times)

    def call_par_repeatedly(self, times: int, *, workers: int | None = None) -> Repeated:
        """``call_repeatedly`` with runs side by side, and the same result.

        Runs are made in processes if the strategy can be pickled with its fitness and reporter, else in threads;
        ``Repeated.executor`` says which. A fitness should not keep state: each process has its own.

        Args:
            times: Runs at most, at least 1.
            workers: Runs at a time; None: one for each processor.
        """
        return call_repeatedly(self, times, parallel=True, workers=workers)

    def call_speciated(self, times: int) -> Repeated:
        """Independent runs, whose best chromosomes are then the start population of a last one.

        Where a run reaches the target no more are made.

        Args:
            times: Runs before the last one, at least 1.
        """
        return call_speciated(self, times)

    def call_par_speciated(self, times: int, *, workers: int | None = None) -> Repeated:
        """``call_speciated`` with runs side by side; see ``call_par_repeatedly``."""
        return call_speciated(self, times, parallel=True, workers=workers)

    def with_seed(self, seed: np.random.SeedSequence, founders: NDArray[Any] | None = None) -> Self:
        """The same search, not begun, with another seed and maybe other rows to begin with."""
        other = copy.copy(self)
        other._seed = seed
        other._state = None
        if founders is not None:
            other._founders = founders
        return other

    # What was found

    @property
    def state(self) -> StrategyState:
        """Where the run stands.

        Raises:
            RuntimeError: Nothing was begun.
        """
        if self._state is None:
            raise RuntimeError(f"this {type(self).__name__} has not been run: call .call() first")
        return self._state

    @property
    def best_genes(self) -> NDArray[Any] | None:
        """Genes of the best score, shape (genes_size,); None before there is a valid chromosome."""
        if self.best_fitness_score is None:
            return None
        genes: NDArray[Any] = self.space.decode(self.state.progress.best_genes[None])[0].copy()
        return genes

    @property
    def best_fitness_score(self) -> float | None:
        """The best score; None before there is a valid chromosome."""
        return None if self._state is None else self.score_of(self._state.progress.best_merit)

    def best_genes_and_fitness_score(self) -> tuple[NDArray[Any] | None, float | None]:
        """``best_genes`` and ``best_fitness_score``, called as in the strategy document."""
        return self.best_genes, self.best_fitness_score

    @property
    def best_chromosome(self) -> Chromosome | None:
        """The best chromosome; None before there is a valid one."""
        genes = self.best_genes
        return None if genes is None else Chromosome(genes, self.best_fitness_score)

    @property
    def best_generation(self) -> int:
        """Generation in which the best score was found."""
        return self.state.best_generation

    @property
    def stop_reason(self) -> str | None:
        """What ended the run: the name of the argument, or "reporter"."""
        return self.state.stop_reason

    @property
    def reached_target(self) -> bool:
        """Whether the best score is as good as the target, and valid."""
        return self.endings.reached_target(self.state.progress.best_merit, self.fitness_ordering)

    @property
    def seed(self) -> int | list[int] | None:
        """What the search was seeded with."""
        return shown(self._seed)

    @property
    def chromosomes(self) -> list[Chromosome]:
        """The population as the user sees it, in its order."""
        population = self.state.population
        members = zip(
            self.space.decode(population.genes), population.merits.tolist(), population.ages.tolist(), strict=True
        )
        return [Chromosome(genes, self.score_of(merit), age) for genes, merit, age in members]

    def score_of(self, merit: float) -> float | None:
        """The score of a merit; None where it is invalid or unknown."""
        return self.fitness_ordering.sign * merit + 0.0 if np.isfinite(merit) else None

    def _shown(self, parts: list[str]) -> str:
        """The search in lines: its own ``parts``, what else was told, and what was found."""
        told = {name: value for name, value in vars(self.endings).items() if value is not None}
        lines = [
            brief(self.genotype),
            brief(self.fitness),
            *parts,
            f"fitness_ordering={self.fitness_ordering.value}",
            *(f"{name}={value!r}" for name, value in told.items()),
            f"seed={self.seed}",
        ]
        if self.fitness_cache is not None:
            lines.insert(-1, f"fitness_cache={self.fitness_cache.size}")
        if self._state is not None:
            lines.append(
                f"best_fitness_score={self.best_fitness_score} in generation {self.best_generation} of "
                f"{self._state.current_generation}, ended by {self._state.stop_reason!r}"
            )
        return f"{type(self).__name__}(\n    " + ",\n    ".join(lines) + "\n)"

    # Keeping

    def save(self, path: Path | str) -> None:
        """Write where the run stands; only data, nothing that could be executed."""
        checkpoint.save(self.state, path)

    def load(self, path: Path | str) -> Self:
        """Stand where a run of the same search stood when it was saved; ``resume`` goes on.

        Raises:
            ValueError: The file is no such checkpoint.
        """
        state = checkpoint.load(path)
        there = state.search if isinstance(state, StrategyState) else f"a {type(state).__name__}"
        if there != self._search:
            raise ValueError(f"{path} holds {there}, expected {self._search}")
        genes = state.population.genes
        try:
            fits = bool((self.space.encode(self.space.decode(genes)) == genes).all())
        except (ValueError, IndexError):
            fits = False
        if not fits:
            raise ValueError(f"{path} holds {there}, but of genes that are none of {brief(self.genotype)}")
        self._state = state
        return self

    @property
    def _search(self) -> str:
        """What is searched and how, as far as a state must fit."""
        return f"the state of {type(self).__name__} on {type(self.genotype).__name__} of {self.space.genes_size} genes"

    # The loop

    def _loop(self) -> None:
        state = self.state
        while True:
            if state.stop_reason is None:
                state.stop_reason = self._reason()
            if state.stop_reason is not None:
                break
            if not self._run_natively():
                self._generation()
        self._report("on_finish")
        self._report("on_exit")

    def _reason(self) -> str | None:
        last_scale = self.state.scale + 1 >= self.space.scales
        return self.endings.reason(self.state.progress, self.fitness_ordering, last_scale=last_scale)

    def _evaluate(self) -> None:
        """Find unknown merits and the best."""
        state = self.state
        begun = perf_counter()
        state.progress.evaluations += self._evaluation(state.population)
        state.add_duration("fitness", begun)
        hook = state.note_best(replace_on_equal=self.replace_on_equal_fitness)
        if hook is not None:
            self._report(hook)

    def _shrink_scale(self) -> None:
        """Go to the next mutation distance when the search is stale, and let it be fresh again."""
        state, stale = self.state, self.endings.max_stale_generations
        if stale is None or state.scale + 1 >= self.space.scales or state.stale_generations < stale:
            return
        state.scale += 1
        state.scale_generation = state.progress.stale_generations = 0

    def _goal(self, batch_size: int) -> Goal | None:
        """When kernels that make whole generations come back; None where a reporter hears of each generation.

        Args:
            batch_size: About as many evaluations make a generation.
        """
        if self.reporter is not None and watches_generations(self.reporter):
            return None
        state, endings = self.state, self.endings
        is_last = state.scale + 1 >= self.space.scales
        stale = endings.max_stale_generations or 0
        return Goal(
            target_merit=endings.target_merit(self.fitness_ordering),
            valid_merit=endings.valid_merit(self.fitness_ordering),
            max_generations=endings.max_generations or 0,
            max_stale_generations=stale if is_last else 0,
            stale_break=0 if is_last else stale,
            last_generation=state.progress.generation + max(1, NATIVE_EVALUATIONS // batch_size),
            replace_on_equal=self.replace_on_equal_fitness,
        )

    def _report(self, hook: str) -> bool:
        """Let the reporter hear of it; whether it stops the run."""
        is_stop = self.reporter is not None and getattr(self.reporter, hook)(self) is True
        if is_stop and self._state is not None and self._state.stop_reason is None:
            self._state.stop_reason = "reporter"
        return is_stop

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """For the time of a run: how merits are found, with an executor if the fitness is called in parallel."""
        with fitness_executor(self.fitness, parallel=self.par_fitness, vectorized=self.vectorized) as executor:
            self._evaluation = self._new_evaluation(executor)
            try:
                yield
            finally:
                self._evaluation = self._new_evaluation()

    def _new_evaluation(self, executor: Executor | None = None) -> Evaluation:
        return Evaluation(
            self.space,
            self.fitness,
            self.fitness_ordering.sign,
            vectorized=self.vectorized,
            cache=self.fitness_cache,
            executor=executor,
        )
