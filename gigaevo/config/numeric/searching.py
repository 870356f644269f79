"""What a run needs of a search: all optimizers are one, and the Evolve strategy by an adapter."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from gigaevo.optimize.genotypes import MultiUniqueGenotype, UniqueGenotype
from gigaevo.optimize.search import checkpoint
from gigaevo.optimize.search.fitness import Evaluator, FitnessError, NativeFitness
from gigaevo.optimize.strategy import CrossoverClone, CrossoverUniform, Evolve, FitnessOrdering
from gigaevo.optimize.strategy.endings import Endings

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.search.stops import Stop
    from gigaevo.optimize.strategy import Crossover, Extension, Mutate, Select


class Ended(Protocol):
    """What comes of a slice."""

    @property
    def reason(self) -> str:
        """What ended it."""


class Searching(Protocol):
    """A search that goes on where it ended; see ``gigaevo.optimize.search.optimizer.Optimizer``, which is one."""

    genotype: Genotype
    objectives: int
    behaviors: int

    def run(self, fitness: Any, *, stop: Stop, vectorized: bool, executor: Executor | None) -> Ended: ...
    def save(self, path: Path | str) -> None: ...
    def numbers(self) -> dict[str, float]: ...

    @property
    def generation(self) -> int: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def invalid(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def best_merit(self) -> float: ...
    @property
    def best_fitness(self) -> float: ...
    @property
    def best_genome(self) -> NDArray[Any] | None: ...


@dataclass(frozen=True)
class Reason:
    """What ended a slice of the strategy."""

    reason: str


class EvolveSearch:
    """The Evolve strategy as a search in slices. It ends between generations, so ``max_evaluations`` may be passed by
    one of them.

    Args:
        genotype: The search space.
        maximize: Whether a larger fitness is better.
        seed: The one source of randomness.
        select: Who stays.
        crossover: How offspring come from parents; None: by exchange of half of the genes, of permutations by copies.
        mutate: How often offspring change and in how many genes.
        extension: What happens when the population lost its diversity.
        target_population_size: Chromosomes after selection.
        max_chromosome_age: Generations after which a chromosome dies; None: never.
        fitness_cache: Scores that are remembered, the last asked for; None: none are.
        replace_on_equal_fitness: Whether a chromosome of the best score takes the place of the best.

    Raises:
        ValueError: An argument is out of its range, or the parts do not fit one another.
    """

    objectives, behaviors = 1, 0

    def __init__(
        self,
        genotype: Genotype,
        *,
        maximize: bool,
        seed: int,
        select: Select,
        mutate: Mutate,
        crossover: Crossover | None = None,
        extension: Extension | None = None,
        target_population_size: int = 100,
        max_chromosome_age: int | None = None,
        fitness_cache: int | None = None,
        replace_on_equal_fitness: bool = False,
    ) -> None:
        if not isinstance(maximize, bool):
            raise ValueError(f"maximize is {maximize!r}, expected True or False")
        self.genotype = genotype
        self._strategy = Evolve(
            genotype,
            self._scores,
            select=select,
            crossover=_fitting_crossover(genotype) if crossover is None else crossover,
            mutate=mutate,
            extension=extension,
            fitness_ordering=FitnessOrdering.MAXIMIZE if maximize else FitnessOrdering.MINIMIZE,
            vectorized=True,
            target_population_size=target_population_size,
            max_chromosome_age=max_chromosome_age,
            fitness_cache=fitness_cache,
            replace_on_equal_fitness=replace_on_equal_fitness,
            max_generations=1,
            seed=seed,
        )
        self._evaluate: Evaluator | None = None
        self._seconds = 0.0
        self._began_at: float | None = None
        self.invalid = 0

    def run(self, fitness: Any, *, stop: Stop, vectorized: bool, executor: Executor | None) -> Reason:
        """See ``Optimizer.run``."""
        strategy = self._strategy
        if isinstance(fitness, NativeFitness):
            strategy.fitness, strategy.vectorized = fitness, False
        else:
            self._evaluate = Evaluator(fitness, vectorized=vectorized, executor=executor)
        self._began_at = time.monotonic()
        try:
            while True:
                reason = stop.reason(self) if self._begun else None
                if reason is not None:
                    return Reason(reason)
                until = self.generation + stop.horizon(self)
                strategy.endings = Endings(target_fitness_score=stop.target, max_generations=until)
                strategy.resume() if self._begun else strategy.call()
        except FitnessError as error:  # of our own evaluator, told of by that of the strategy
            own = error.__cause__ if isinstance(error.__cause__, FitnessError) else error
            raise own from own.__cause__
        finally:
            self._seconds, self._began_at = self.seconds, None

    def save(self, path: Path | str) -> None:
        """Write all that the search depends on."""
        state = self._strategy.state if self._begun else None
        checkpoint.save({"state": state, "seconds": self.seconds, "invalid": self.invalid}, path)

    def restored(self, path: Path | str) -> Self:
        """This search where another was saved to ``path``.

        Raises:
            ValueError: The file is no checkpoint of such a search.
        """
        kept = checkpoint.load(path)
        if not isinstance(kept, dict) or "state" not in kept:
            raise ValueError(f"{path} holds a {type(kept).__name__}, expected the Evolve strategy")
        self._strategy._state = kept["state"]
        self._seconds, self.invalid = kept["seconds"], kept["invalid"]
        return self

    def numbers(self) -> dict[str, float]:
        """Where the search stands."""
        merits = self._strategy.state.population.merits
        valid = merits[np.isfinite(merits)]
        mean = float(self._sign * valid.mean()) if valid.size else float("nan")
        return {
            "generation": self.generation,
            "evaluations": self.evaluations,
            "best": self.best_fitness,
            "mean": mean,
            "population": float(len(merits)),
        }

    @property
    def generation(self) -> int:
        """Generations that were made; the start population is none."""
        return self._strategy.state.current_generation if self._begun else 0

    @property
    def evaluations(self) -> int:
        """Chromosomes whose fitness was calculated."""
        return self._strategy.state.evaluations if self._begun else 0

    @property
    def stale_generations(self) -> int:
        """Generations since the best became better."""
        return self._strategy.state.stale_generations if self._begun else 0

    @property
    def seconds(self) -> float:
        """Wall-clock time in ``run``, all runs together."""
        return self._seconds if self._began_at is None else self._seconds + time.monotonic() - self._began_at

    @property
    def best_merit(self) -> float:
        """The best score, turned so that larger is better."""
        return float(self._strategy.state.progress.best_merit) if self._begun else -np.inf

    @property
    def best_fitness(self) -> float:
        """The best score; NaN before there is one."""
        score = self._strategy.best_fitness_score
        return float("nan") if score is None else float(score)

    @property
    def best_genome(self) -> NDArray[Any] | None:
        """Genes of the best chromosome."""
        return self._strategy.best_genes if self._begun else None

    @property
    def batch_size(self) -> int:
        """Most evaluations of a generation."""
        return self._strategy.target_population_size

    def merit_of(self, fitness: float) -> float:
        """``fitness`` turned so that larger is better."""
        return self._sign * fitness

    @property
    def _sign(self) -> float:
        return self._strategy.fitness_ordering.sign

    @property
    def _begun(self) -> bool:
        return self._strategy._state is not None

    def _scores(self, genomes: NDArray[Any]) -> NDArray[np.float64]:
        assert self._evaluate is not None  # nothing is evaluated outside of ``run``
        scores, _ = self._evaluate(genomes)
        self.invalid += int(np.count_nonzero(~np.isfinite(scores)))
        return scores


def _fitting_crossover(genotype: Genotype) -> Crossover:
    if isinstance(genotype, (UniqueGenotype, MultiUniqueGenotype)):
        return CrossoverClone(0.7)
    return CrossoverUniform(0.7, 0.8)
