"""Many runs of one strategy: independent ones, and a last one that begins with what they found."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import is_count
from gigaevo.optimize.seeds import child_of
from gigaevo.optimize.strategy.executors import executor_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigaevo.optimize.strategy.population import Chromosome
    from gigaevo.optimize.strategy.strategy import Strategy


@dataclass(frozen=True)
class Repeated:
    """What several runs found.

    Attributes:
        best: The run with the best score; of equals the first, and the last one of ``call_speciated`` before all.
        runs: All runs that count, in their order: none behind the first that reached the target.
        executor: Where they were made: "serial", "processes" or "threads".
    """

    best: Strategy
    runs: list[Strategy]
    executor: str

    @property
    def others(self) -> list[Strategy]:
        """All runs but the best."""
        return [run for run in self.runs if run is not self.best]

    @property
    def best_genes(self) -> Any:
        """Genes of the best run; None where no chromosome is valid."""
        return self.best.best_genes

    @property
    def best_fitness_score(self) -> float | None:
        """Score of the best run; None where no chromosome is valid."""
        return self.best.best_fitness_score

    @property
    def best_chromosome(self) -> Chromosome | None:
        """The best chromosome of the best run; None where none is valid."""
        return self.best.best_chromosome

    @property
    def best_generation(self) -> int:
        """Generation of the best run in which its best score was found."""
        return self.best.best_generation

    def best_genes_and_fitness_score(self) -> tuple[Any, float | None]:
        """``best_genes`` and ``best_fitness_score``."""
        return self.best.best_genes_and_fitness_score()

    def __repr__(self) -> str:
        return f"Repeated(best_fitness_score={self.best.best_fitness_score}, runs={len(self.runs)}, {self.executor})"


def call_repeatedly(strategy: Strategy, times: int, *, parallel: bool = False, workers: int | None = None) -> Repeated:
    """See ``Strategy.call_repeatedly`` and ``Strategy.call_par_repeatedly``."""
    children = [strategy.with_seed(seed) for seed in _seeds(strategy, times)[:times]]
    if not parallel:
        return _gathered("serial", (child.call() for child in children))
    with executor_for(children[0], workers) as executor:
        kind = "processes" if isinstance(executor, ProcessPoolExecutor) else "threads"
        futures = [executor.submit(_called, child) for child in children]
        try:
            return _gathered(kind, (future.result() for future in futures))
        finally:
            for future in futures:
                future.cancel()


def call_speciated(strategy: Strategy, times: int, *, parallel: bool = False, workers: int | None = None) -> Repeated:
    """See ``Strategy.call_speciated`` and ``Strategy.call_par_speciated``."""
    species = call_repeatedly(strategy, times, parallel=parallel, workers=workers)
    valid = [run.state.progress.best_genes for run in species.runs if run.best_fitness_score is not None]
    if species.best.reached_target or not valid:
        return species
    last = strategy.with_seed(_seeds(strategy, times)[times], np.stack(valid)).call()
    return Repeated(last, [*species.runs, last], species.executor)


def _seeds(strategy: Strategy, times: int) -> list[np.random.SeedSequence]:
    """A seed for each of ``times`` runs and for one more."""
    if not is_count(times):
        raise ValueError(f"times is {times!r}, expected a number of runs from 1")
    return child_of(strategy._seed, 1).spawn(times + 1)


def _gathered(executor: str, runs: Iterator[Strategy]) -> Repeated:
    """Runs up to the first that reached the target, and the best of them."""
    kept: list[Strategy] = []
    for run in runs:
        kept.append(run)
        if run.reached_target:
            break
    best = max(kept, key=lambda run: run.state.progress.best_merit)
    return Repeated(best, kept, executor)


def _called(strategy: Strategy) -> Strategy:
    return strategy.call()
