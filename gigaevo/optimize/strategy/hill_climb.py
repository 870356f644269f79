"""Hill climbing: one chromosome that moves to better neighbours."""

from __future__ import annotations

from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy import climb, climb_steepest
from gigaevo.optimize.search.interrupts import held_back
from gigaevo.optimize.strategy.endings import Endings
from gigaevo.optimize.strategy.gene_space import NumberSpace
from gigaevo.optimize.strategy.neighbours import neighbours
from gigaevo.optimize.strategy.ordering import FitnessOrdering
from gigaevo.optimize.strategy.population import Population
from gigaevo.optimize.strategy.strategy import Strategy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.seeds import Seed
    from gigaevo.optimize.strategy.reporters import StrategyReporter


class HillClimbVariant(Enum):
    """Where a climber looks.

    Attributes:
        STOCHASTIC: At one random neighbour a generation.
        STEEPEST_ASCENT: At all neighbours; it moves to the best of them if that is better.
    """

    STOCHASTIC = "stochastic"
    STEEPEST_ASCENT = "steepest_ascent"


class HillClimb(Strategy):
    """A search by one chromosome that moves to a neighbour when that is better.

    A neighbour has one gene changed by the law of the genotype, or two swapped; see ``neighbours``.

    Args:
        genotype: See ``Strategy``, like all that is not named here.
        fitness: See ``Strategy``.
        variant: Where it looks.
        replace_on_equal_fitness: Whether it also moves to neighbours of the same score; a steepest ascent then draws
            one of the best by chance.
        seed_genes_list: Chromosomes of which one, drawn by chance, is where it begins.

    Raises:
        ValueError: An argument is out of its range, or nothing ends the search.
    """

    def __init__(
        self,
        genotype: Genotype,
        fitness: Any,
        *,
        variant: HillClimbVariant | str = HillClimbVariant.STOCHASTIC,
        fitness_ordering: FitnessOrdering | str = FitnessOrdering.MAXIMIZE,
        vectorized: bool = False,
        fitness_cache: int | None = None,
        par_fitness: bool = False,
        target_fitness_score: float | None = None,
        valid_fitness_score: float | None = None,
        max_stale_generations: int | None = None,
        max_generations: int | None = None,
        replace_on_equal_fitness: bool = False,
        reporter: StrategyReporter | None = None,
        seed: Seed = None,
        seed_genes_list: ArrayLike | None = None,
    ) -> None:
        super().__init__(
            genotype,
            fitness,
            fitness_ordering=fitness_ordering,
            vectorized=vectorized,
            endings=Endings(target_fitness_score, valid_fitness_score, max_stale_generations, max_generations),
            replace_on_equal_fitness=replace_on_equal_fitness,
            fitness_cache=fitness_cache,
            par_fitness=par_fitness,
            reporter=reporter,
            seed=seed,
            seed_genes_list=seed_genes_list,
        )
        try:
            self.variant = HillClimbVariant(variant)
        except ValueError:
            words = " or ".join(repr(known.value) for known in HillClimbVariant)
            raise ValueError(f"variant is {variant!r}, expected a HillClimbVariant, or {words}") from None

    def __repr__(self) -> str:
        return self._shown([f"variant={self.variant.value}"])

    def _start_population(self, stream: RandomStream) -> Population:
        if self._founders is None:
            return Population(self.space.random(1, stream), 2)
        chosen = int(stream.integers(1, len(self._founders))[0])
        return Population(self._founders[chosen : chosen + 1], 2)

    def _run_natively(self) -> bool:
        scoring, is_steepest = self._evaluation.scoring, self.variant is HillClimbVariant.STEEPEST_ASCENT
        if scoring is None or (is_steepest and isinstance(self.space, NumberSpace)):
            return False
        goal = self._goal(self.space.genes_size if is_steepest else 1)
        if goal is None:
            return False
        state = self.state
        generation = state.progress.generation
        state.progress.size = 1
        begun = perf_counter()
        mutation = self.space.mutation(1.0, (1, 1), state.scale)
        run = climb_steepest if is_steepest else climb
        with held_back():
            run(state.population.pool, state.progress, mutation, self.space.genes_size, scoring, goal, state.stream)
            state.add_duration("native", begun)
            state.scale_generation += state.progress.generation - generation
            self._shrink_scale()
        return True

    def _generation(self) -> None:
        state = self.state
        state.progress.generation += 1
        state.scale_generation += 1
        words = state.stream.state
        try:
            self._report("on_new_generation")
            if self.variant is HillClimbVariant.STOCHASTIC:
                self._try_neighbour()
            else:
                self._try_neighbours()
        except BaseException:  # the generation is made anew by ``resume``, of the same numbers
            state.progress.generation -= 1
            state.scale_generation -= 1
            state.stream.state = words
            raise
        self._shrink_scale()
        self._report("on_generation_complete")

    def _try_neighbour(self) -> None:
        state = self.state
        population = state.population
        pool = population.pool
        stand, trial = pool.order.tolist()
        pool.genes[trial], pool.merits[trial] = pool.genes[stand], pool.merits[stand]
        population.size = 2
        begun = perf_counter()
        self.space.mutate(population, 1, 1.0, (1, 1), state.scale, state.stream)
        state.add_duration("mutate", begun)
        merit = pool.merits[stand]
        try:
            self._evaluate()
        finally:
            population.size = 1
        if self._moves(float(pool.merits[trial]), float(merit)):
            pool.order[:] = trial, stand

    def _try_neighbours(self) -> None:
        state = self.state
        population, stream = state.population, state.stream
        row = population.members[0]
        rows = neighbours(self.space, population.pool.genes[row], state.scale, stream)
        if not len(rows):
            state.progress.stale_generations += 1
            return
        if self.replace_on_equal_fitness:
            rows = rows[stream.permutation(len(rows))]
        state.population = around = Population(rows)
        try:
            self._evaluate()
        finally:
            state.population = population
        best = around.best_row(last=self.replace_on_equal_fitness)
        if self._moves(float(around.pool.merits[best]), float(population.pool.merits[row])):
            population.pool.genes[row] = around.pool.genes[best]
            population.pool.merits[row] = around.pool.merits[best]

    def _moves(self, merit: float, present: float) -> bool:
        """Whether the climber goes there; from an invalid place it goes anywhere."""
        return merit > present or present == -np.inf or (self.replace_on_equal_fitness and merit == present)
