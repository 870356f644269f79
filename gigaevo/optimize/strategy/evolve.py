"""The Evolve strategy: a population that grows by offspring and is cut by selection."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.kernels.strategy import advance, drop_aged
from gigaevo.kernels.strategy_laws import Plan
from gigaevo.optimize.arguments import check_whole, keeps
from gigaevo.optimize.search.interrupts import held_back
from gigaevo.optimize.strategy.crossover import KernelCrossover
from gigaevo.optimize.strategy.endings import Endings
from gigaevo.optimize.strategy.mutate import FixedMutate
from gigaevo.optimize.strategy.ordering import FitnessOrdering
from gigaevo.optimize.strategy.population import Population
from gigaevo.optimize.strategy.select import SelectElite, SelectTournament
from gigaevo.optimize.strategy.strategy import Strategy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gigaevo.kernels.random import RandomStream
    from gigaevo.optimize.genotypes import Genotype
    from gigaevo.optimize.seeds import Seed
    from gigaevo.optimize.strategy.crossover import Crossover
    from gigaevo.optimize.strategy.extensions import Extension
    from gigaevo.optimize.strategy.mutate import Mutate
    from gigaevo.optimize.strategy.reporters import StrategyReporter
    from gigaevo.optimize.strategy.select import Select


class Evolve(Strategy):
    """A genetic algorithm by a written specification, the strategy document (``docs/evolve_strategy.md``).

    A generation: the aged die; ``select`` cuts the population and lines it up; ``extension`` acts if too few
    chromosomes differ; ``crossover`` adds offspring, so that the population grows; ``mutate`` changes some of them; the
    fitness of those that are new is calculated; the best is noted, and the conditions to end are looked at.

        evolve = Evolve(
            BinaryGenotype(100), CountTrue(),
            select=SelectElite(0.5, 0.02), crossover=CrossoverUniform(0.7, 0.8), mutate=MutateSingleGene(0.2),
            target_fitness_score=100, seed=1,
        )
        genes, score = evolve.call().best_genes_and_fitness_score()

    With a fitness that the kernels know (``CountTrue`` on bits, the functions of numbers and the queens of
    ``gigaevo.optimize.functions``) it runs without the interpreter, unless a reporter hears of generations or an
    extension, a cache or a dynamic mutation is asked for; the run is the same.

    Args:
        genotype: See ``Strategy``, like all that is not named here.
        fitness: See ``Strategy``.
        select: Who stays.
        crossover: How offspring come from parents.
        mutate: How often offspring change and in how many genes.
        extension: What happens when the population lost its diversity.
        target_population_size: Chromosomes after selection, at least 1.
        max_chromosome_age: Generations after which a chromosome dies, at least 1; None: never. If all had to, none
            does.

    Raises:
        ValueError: An argument is out of its range, parts do not fit one another, or nothing ends the search.
    """

    def __init__(
        self,
        genotype: Genotype,
        fitness: Any,
        *,
        select: Select,
        crossover: Crossover,
        mutate: Mutate,
        extension: Extension | None = None,
        fitness_ordering: FitnessOrdering | str = FitnessOrdering.MAXIMIZE,
        vectorized: bool = False,
        target_population_size: int = 100,
        fitness_cache: int | None = None,
        par_fitness: bool = False,
        target_fitness_score: float | None = None,
        valid_fitness_score: float | None = None,
        max_stale_generations: int | None = None,
        max_generations: int | None = None,
        max_chromosome_age: int | None = None,
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
        _check_part("select", select, "__call__")
        _check_part("crossover", crossover, "__call__", "check")
        _check_part("mutate", mutate, "probability_now", "numbers", "needs_cardinality")
        if extension is not None:
            _check_part("extension", extension, "__call__", "cardinality_threshold")
        crossover.check(self.space)
        check_whole("target_population_size", target_population_size)
        if max_chromosome_age is not None:
            check_whole("max_chromosome_age", max_chromosome_age)
        self.select, self.crossover, self.mutate, self.extension = select, crossover, mutate, extension
        self.target_population_size = target_population_size
        self.max_chromosome_age = max_chromosome_age

    def __repr__(self) -> str:
        names = ["select", "crossover", "mutate", "extension", "target_population_size", "max_chromosome_age"]
        return self._shown([f"{name}={getattr(self, name)!r}" for name in names if getattr(self, name) is not None])

    def _start_population(self, stream: RandomStream) -> Population:
        size = self.target_population_size
        if self._founders is None:
            rows = self.space.random(size, stream)
        else:
            rows = self._founders[np.arange(size) % len(self._founders)]
        return Population(rows, 2 * size)

    def _generation(self) -> None:
        state, space = self.state, self.space
        population, stream = state.population, state.stream
        state.progress.generation += 1
        state.scale_generation += 1
        begun = perf_counter()
        if self.max_chromosome_age is not None:
            population.size = drop_aged(population.pool, population.size, self.max_chromosome_age)
        self.select(population, self.target_population_size, stream)
        state.add_duration("select", begun)
        self._report("on_selection_complete")
        self._extend()
        before = state.mutation_probability
        state.mutation_probability = self.mutate.probability_now(before, self._count_cardinality)
        begun = perf_counter()
        first = self.crossover(population, space, stream)
        state.add_duration("crossover", begun)
        self._report("on_crossover_complete")
        begun = perf_counter()
        space.mutate(population, first, state.mutation_probability, self.mutate.numbers, state.scale, stream)
        state.add_duration("mutate", begun)
        self._report("on_mutation_complete")
        self._evaluate()
        self._shrink_scale()
        self._report("on_generation_complete")

    def _extend(self) -> None:
        """Report the new generation, then let the extension act if too few chromosomes differ."""
        state, extension = self.state, self.extension
        state.population_cardinality = None
        if extension is not None or self.mutate.needs_cardinality:
            state.population_cardinality = state.population.cardinality
        self._report("on_new_generation")
        if extension is None or state.population_cardinality is None:
            return
        is_full = state.population.size >= self.target_population_size
        if is_full and state.population_cardinality <= extension.cardinality_threshold:
            begun = perf_counter()
            extension(state, self.space)
            state.add_duration("extension", begun)
            state.extension_events += 1
            self._report("on_extension_event")

    def _count_cardinality(self) -> int:
        count = self.state.population_cardinality
        return self.state.population.cardinality if count is None else count

    def _run_natively(self) -> bool:
        plan = self._plan()
        if plan is None:
            return False
        state = self.state
        population, generation = state.population, state.progress.generation
        population.reserve(2 * self.target_population_size)
        state.progress.size = population.size
        begun = perf_counter()
        with held_back():
            advance(population.pool, state.progress, plan, state.stream)
            state.add_duration("native", begun)
            population.size = state.progress.size
            state.scale_generation += state.progress.generation - generation
            state.mutation_probability = plan.mutation.probability
            self._shrink_scale()
        return True

    def _plan(self) -> Plan | None:
        """The generations to come as kernels can make them; None where Python has a say in them."""
        select, crossover, mutate = self.select, self.crossover, self.mutate
        scoring = self._evaluation.scoring
        if (
            scoring is None
            or self.extension is not None
            or not (keeps(select, SelectElite, "__call__") or keeps(select, SelectTournament, "__call__"))
            or not keeps(crossover, KernelCrossover, "__call__")
            or not keeps(mutate, FixedMutate, "probability_now")
        ):
            return None
        goal = self._goal(self.target_population_size)
        if goal is None:
            return None
        return Plan(
            target_size=self.target_population_size,
            replacement_rate=select.replacement_rate,
            elitism_rate=select.elitism_rate,
            tournament_size=select.tournament_size if isinstance(select, SelectTournament) else 0,
            max_age=self.max_chromosome_age or 0,
            crossing=crossover.crossing(self.space),
            mutation=self.space.mutation(mutate.mutation_probability, mutate.numbers, self.state.scale),
            scoring=scoring,
            goal=goal,
        )


def _check_part(name: str, part: Any, *needed: str) -> None:
    """Raise TypeError if it is a class, or lacks what is needed."""
    if isinstance(part, type):
        raise TypeError(f"{name} is the class {part.__name__}, expected an object of it: {part.__name__}(...)")
    if any(not hasattr(part, attribute) for attribute in needed):
        raise TypeError(f"{name} is {part!r}, expected one of gigaevo.optimize.strategy")
