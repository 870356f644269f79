"""One population or several islands of them, generation by generation, until they stall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.algorithms.genetic_algorithm import GeneticAlgorithm
from gigaevo.optimize.arguments import check_number, is_true
from gigaevo.optimize.operators.selection import selection_of
from gigaevo.optimize.operators.variation import GaussianMutation, UniformCrossover
from gigaevo.optimize.parameter_search.pipeline_fitness import Once
from gigaevo.optimize.populations.convergence import check_convergence, compute_generation_stats
from gigaevo.optimize.populations.migration import migrated
from gigaevo.optimize.search.fitness import Evaluator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import MultiRangeGenotype
    from gigaevo.optimize.operators.selection import SelectionMethod
    from gigaevo.optimize.parameter_search.parameters import EvolutionConfig
    from gigaevo.optimize.populations.convergence import GenerationStats
    from gigaevo.optimize.populations.migration import IslandConfig

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Patience:
    """When a search has stalled: the arguments of ``check_convergence``."""

    generations: int = 20
    min_improvement: float = 1e-4
    diversity_threshold: float = 0.01


@dataclass(frozen=True)
class Trained:
    """Where a search ended.

    Attributes:
        genomes: All islands' populations, shape (n, genes_size).
        merits: Their fitness, larger is better, minus infinity where invalid.
        generations: That were made.
        evaluations: Fitness values that were asked for.
        converged: Whether it stalled or collapsed.
        reason: What ended it, in words.
        sigma: Mutation strength at the end, the mean over the islands.
        history: Statistics of each generation.
    """

    genomes: Floats
    merits: Floats
    generations: int
    evaluations: int
    converged: bool
    reason: str
    sigma: float
    history: list[GenerationStats] = field(default_factory=list)

    def top(self, n: int) -> Iterator[tuple[Floats, float]]:
        """The ``n`` best genomes that differ from one another, and their fitness; NaN where invalid."""
        seen: set[bytes] = set()
        for row in np.argsort(-self.merits, kind="stable"):
            genome = self.genomes[row]
            if genome.tobytes() not in seen and len(seen) < n:
                seen.add(genome.tobytes())
                yield genome, float(self.merits[row]) if np.isfinite(self.merits[row]) else float("nan")


@dataclass(frozen=True)
class PopulationSearch:
    """How to search.

    Args:
        genotype: The parameters.
        config: Rates and sizes; ``pop_size`` is that of all islands together.
        methods: The selection method of each island.
        islands: How they exchange genomes.
        epsilon: Of epsilon-greedy selection.
        adaptive_mutation: Whether mutation strengths follow the 1/5 rule.
        patience: When to end early; None: never.
        callback: Told the statistics of each generation; True ends the search.
        executor: Evaluates in parallel, if given.
    """

    genotype: MultiRangeGenotype
    config: EvolutionConfig
    methods: list[SelectionMethod]
    islands: IslandConfig
    epsilon: float = 0.1
    adaptive_mutation: bool = False
    patience: Patience | None = None
    callback: Callable[[GenerationStats], object] | None = None
    executor: Executor | None = None

    def __post_init__(self) -> None:
        least = 2 * len(self.methods)
        if self.config.pop_size < least:
            raise ValueError(f"pop_size is {self.config.pop_size}, expected {least} or more: two for each island")
        check_number("epsilon", self.epsilon, 0.0, 1.0)
        if self.patience is not None:  # the rest of its range is checked where it is used
            check_convergence(0.0, 1.0, 0.0, 0, self.patience.generations)

    def train(self, fitness: Callable[[Floats], Any], seed: np.random.SeedSequence) -> Trained:
        """Search for the parameters of the largest fitness."""
        populations = self._populations(seed)
        evaluate = Evaluator(fitness, executor=None if self.executor is None else Once(self.executor))
        history: list[GenerationStats] = []
        best, stale, converged, reason = -np.inf, 0, False, "generations"
        for generation in range(1, self.config.generations + 1):
            for population in populations:
                population.step(evaluate, population.population_size, 1, np.inf)
            if generation % self.islands.migration_interval == 0 and len(populations) > 1:
                self._migrate(populations)
            stats = self._stats(generation, populations)
            history.append(stats)
            if self.callback is not None and is_true(self.callback(stats)):
                reason = "callback"
                break
            reached = max(population.best_merit for population in populations)
            if self.patience is not None:
                state = check_convergence(
                    reached,
                    stats.diversity,
                    best,
                    stale,
                    self.patience.generations,
                    self.patience.min_improvement,
                    self.patience.diversity_threshold,
                )
                stale, converged = state.gens_without_improvement, state.converged
                if converged:
                    reason = state.reason
                    break
            best = reached
        return self._trained(populations, history, converged, reason)

    def _populations(self, seed: np.random.SeedSequence) -> list[GeneticAlgorithm]:
        """A population for each island, of about equal sizes."""
        config = self.config
        share, more = divmod(config.pop_size, len(self.methods))
        found = []
        for island, (method, child) in enumerate(zip(self.methods, seed.spawn(len(self.methods)), strict=True)):
            size = share + (island < more)
            found.append(
                GeneticAlgorithm(
                    self.genotype,
                    population_size=size,
                    selection=selection_of(method, tournament_size=config.tournament_size, epsilon=self.epsilon),
                    crossover=UniformCrossover(rate=0.5, pair_rate=config.crossover_rate),
                    mutation=GaussianMutation(sigma=config.sigma, rate=config.mutation_rate),
                    survival="generational",
                    elite_count=min(config.elite_count, size - 1),
                    adaptive_mutation=self.adaptive_mutation,
                    maximize=True,
                    seed=child,
                )
            )
        return found

    def _migrate(self, populations: list[GeneticAlgorithm]) -> None:
        codes, merits = zip(*(population.population for population in populations), strict=True)
        for population, (genomes, theirs) in zip(populations, migrated(codes, merits, self.islands), strict=True):
            population.replace(genomes, theirs)

    def _stats(self, generation: int, populations: list[GeneticAlgorithm]) -> GenerationStats:
        """Statistics of all islands; the diversity is that of parameters as shares of their ranges."""
        codes, merits = _together(populations)
        return compute_generation_stats(generation, merits, self.genotype.shares(codes))

    def _trained(
        self, populations: list[GeneticAlgorithm], history: list[GenerationStats], converged: bool, reason: str
    ) -> Trained:
        codes, merits = _together(populations)
        return Trained(
            codes,
            merits,
            len(history),
            sum(population.evaluations for population in populations),
            converged,
            reason,
            float(np.mean([_sigma(population) for population in populations])),
            history,
        )


def _sigma(population: GeneticAlgorithm) -> float:
    mutation: Any = population.mutation
    return float(mutation.sigma)


def _together(populations: list[GeneticAlgorithm]) -> tuple[Floats, Floats]:
    codes, merits = zip(*(population.population for population in populations), strict=True)
    return np.concatenate(codes), np.concatenate(merits)
