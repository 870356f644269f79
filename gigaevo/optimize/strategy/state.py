"""Where a strategy stands."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy_laws import Pool, Progress
from gigaevo.optimize.strategy.population import Population

if TYPE_CHECKING:
    from gigaevo.kernels.random import RandomStream


@dataclass(repr=False)
class StrategyState:
    """All that the rest of a run depends on; it can be saved between generations.

    Attributes:
        population: The chromosomes; of a hill climb, the one it stands on and the one it tries.
        progress: Generations, evaluations and the best so far.
        stream: Where random numbers come from.
        search: What it is the state of.
        scale: Which mutation distance is in force, from 0.
        scale_generation: Generations at this scale.
        mutation_probability: Of the last generation; None before the first.
        population_cardinality: Chromosomes that differed when it was last counted, just after selection; None if never.
        durations: Seconds of wall clock by what was done: ``select``, ``extension``, ``crossover``, ``mutate``,
            ``fitness``; a native loop counts as ``native``.
        extension_events: How often an extension was carried out.
        stop_reason: What ended the run: the name of the argument, or "reporter"; None while it goes on.
    """

    population: Population
    progress: Progress
    stream: RandomStream
    search: str
    scale: int = 0
    scale_generation: int = 0
    mutation_probability: float | None = None
    population_cardinality: int | None = None
    durations: dict[str, float] = field(default_factory=dict)
    extension_events: int = 0
    stop_reason: str | None = None

    @classmethod
    def begun(cls, population: Population, stream: RandomStream, search: str) -> StrategyState:
        """The state of a run whose population has not been looked at yet."""
        best_genes = population.pool.genes[population.members[0]].copy()
        return cls(population, Progress(population.size, 0, 0, 0, -np.inf, best_genes, 0), stream, search)

    def __repr__(self) -> str:
        scale = f", at scale {self.scale}" if self.scale else ""
        return (
            f"StrategyState(generation {self.current_generation}, {len(self.population)} chromosomes, "
            f"best_merit={self.progress.best_merit:.6g} in generation {self.best_generation}, stale for "
            f"{self.stale_generations}{scale}, {self.evaluations} evaluations, stop_reason={self.stop_reason!r})"
        )

    @property
    def current_generation(self) -> int:
        """Generations made; 0 is the start population."""
        return self.progress.generation

    @property
    def stale_generations(self) -> int:
        """Generations since the best score became better, or the scale changed."""
        return self.progress.stale_generations

    @property
    def best_generation(self) -> int:
        """Generation in which the best score was found."""
        return self.progress.best_generation

    @property
    def evaluations(self) -> int:
        """Chromosomes whose fitness was calculated."""
        return self.progress.evaluations

    def note_best(self, *, replace_on_equal: bool) -> str | None:
        """Take the best of the population as the best so far if it is.

        Returns:
            The hook of reporters that is to hear of it, None if the best stays.
        """
        progress, population = self.progress, self.population
        progress.size = population.size
        row = population.best_row(last=replace_on_equal)
        merit = float(population.pool.merits[row])
        if merit > progress.best_merit:
            progress.best_generation, progress.stale_generations = progress.generation, 0
            hook = "on_new_best_chromosome"
        else:
            progress.stale_generations += progress.generation > 0
            if not (replace_on_equal and merit == progress.best_merit > -np.inf):
                return None
            hook = "on_new_best_chromosome_equal_fitness"
        progress.best_merit = merit
        progress.best_genes = population.pool.genes[row].copy()
        return hook

    def add_duration(self, action: str, begun: float) -> None:
        """Add the seconds since ``begun``, of ``time.perf_counter``, to ``durations``."""
        self.durations[action] = self.durations.get(action, 0.0) + time.perf_counter() - begun

    def __getstate__(self) -> dict[str, Any]:
        """As plain data, for pickles and checkpoints."""
        state = dict(self.__dict__)
        state["population"] = {"size": self.population.size, "pool": tuple(self.population.pool)}
        state["progress"] = dict(vars(self.progress))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        population = Population.__new__(Population)
        population.size = state["population"]["size"]
        population.pool = Pool(*state["population"]["pool"])
        self.__dict__.update(state, population=population, progress=Progress(**state["progress"]))
