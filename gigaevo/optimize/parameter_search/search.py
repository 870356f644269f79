"""Parameters of strategies by evolution: ``evolve`` and ``evolve_islands`` of the optimizer document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief, check_truths, is_count
from gigaevo.optimize.operators.selection import method_of
from gigaevo.optimize.parameter_search.backtesting import backtest as event_loop
from gigaevo.optimize.parameter_search.parameters import (
    EvolutionConfig,
    EvolutionResult,
    WindowResult,
    genotype_of,
    params_of,
)
from gigaevo.optimize.parameter_search.pipeline_fitness import PipelineFitness, sharpe
from gigaevo.optimize.parameter_search.population_search import Patience, PopulationSearch
from gigaevo.optimize.parameter_search.walk_forward import WalkForward, Window, check_fraction, part_of, split, ticks_of
from gigaevo.optimize.populations.migration import IslandConfig, MigrationTopology, island_selection_methods
from gigaevo.optimize.scaling import mean
from gigaevo.optimize.search.fitness import Evaluator
from gigaevo.optimize.seeds import seed_sequence, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from gigaevo.optimize.operators.selection import SelectionMethod
    from gigaevo.optimize.parameter_search.parameters import ParamBound
    from gigaevo.optimize.parameter_search.population_search import Trained
    from gigaevo.optimize.populations.convergence import GenerationStats
    from gigaevo.optimize.seeds import Seed

TOP = 10  # strategies in a result


def evolve(
    data: Any,
    pipeline_factory: Callable[[dict[str, Any]], Any],
    param_bounds: Sequence[ParamBound | Mapping[str, Any]],
    pop_size: int = 50,
    generations: int = 100,
    selection: SelectionMethod | str = "tournament",
    early_stopping: bool = True,
    patience: int = 20,
    adaptive_mutation: bool = False,
    epsilon: float = 0.1,
    fraction_train: float = 0.7,
    fitness_fn: Callable[[Any], float] | None = None,
    *,
    seed: Seed = None,
    backtest: Callable[[Any, Any], Any] = event_loop,
    walk_forward: WalkForward | None = None,
    config: EvolutionConfig | None = None,
    callback: Callable[[GenerationStats], object] | None = None,
    executor: Executor | None = None,
) -> EvolutionResult:
    """Evolve the parameters of a strategy on the first part of the data, and judge them on the rest.

    Args:
        data: What the backtest takes, in order of time: a sequence, an array, a data frame or columns by name.
        pipeline_factory: Makes a pipeline of parameters by name; whole numbers come as ``int``.
        param_bounds: ``ParamBound`` or dictionaries with ``name``, ``min``, ``max`` and perhaps ``discrete``.
        pop_size: Individuals, at least 2.
        generations: At most, the random first one included.
        selection: "tournament", "roulette", "rank", "ucb1", "epsilon_greedy" or "uniform".
        early_stopping: Whether to end when evolution has stalled or the population has collapsed.
        patience: Generations in a row without an improvement that end it.
        adaptive_mutation: Whether the mutation strength follows Rechenberg's 1/5 rule.
        epsilon: Chance of epsilon-greedy selection to take anyone.
        fraction_train: Share of the data that is trained on, above 0; with 1.0 nothing is held out.
        fitness_fn: Makes a fitness, larger is better, of what the backtest returned; by default its ``sharpe_ratio``.
        seed: The one source of randomness; None: another search each time.
        backtest: Function of (data, pipeline) in place of our own.
        walk_forward: Windows, each trained on and judged for itself, in place of the one cut at ``fraction_train``.
        config: Rates and sizes; its ``pop_size`` and ``generations`` take the place of the arguments.
        callback: Told the statistics of each generation; True ends the search.
        executor: Tests parameters in parallel, if given; what it is sent must fit through it.

    Returns:
        What was found; its reported fitness is that of the held-out part.

    Raises:
        ValueError: An argument is out of its range; the message names it.
        FitnessError: The factory, the backtest or the fitness function raised; the message names the parameters.
    """
    check_truths(early_stopping=early_stopping, adaptive_mutation=adaptive_mutation)
    _check_parts(walk_forward, config, callback)
    elite_count = min(2, pop_size - 1) if is_count(pop_size) else 0
    config = config or EvolutionConfig(pop_size=pop_size, generations=generations, elite_count=elite_count)
    method = method_of(selection)
    search = PopulationSearch(
        genotype_of(param_bounds),
        config,
        [method],
        IslandConfig(n_islands=1),
        epsilon=epsilon,
        adaptive_mutation=adaptive_mutation,
        patience=Patience(patience) if early_stopping else None,
        callback=callback,
        executor=executor,
    )
    task = _Task(data, pipeline_factory, search, backtest, sharpe if fitness_fn is None else fitness_fn)
    return task.result(_windows(data, fraction_train, walk_forward), seed)


def evolve_islands(
    data: Any,
    pipeline_factory: Callable[[dict[str, Any]], Any],
    param_bounds: Sequence[ParamBound | Mapping[str, Any]],
    n_islands: int = 4,
    migration_interval: int = 5,
    migration_count: int = 2,
    topology: MigrationTopology | str = "ring",
    pop_size: int = 100,
    generations: int = 200,
    early_stopping: bool = True,
    patience: int = 20,
    adaptive_mutation: bool = False,
    epsilon: float = 0.1,
    fraction_train: float = 0.7,
    fitness_fn: Callable[[Any], float] | None = None,
    *,
    seed: Seed = None,
    backtest: Callable[[Any, Any], Any] = event_loop,
    walk_forward: WalkForward | None = None,
    config: EvolutionConfig | None = None,
    selection_methods: Sequence[SelectionMethod | str] | None = None,
    callback: Callable[[GenerationStats], object] | None = None,
    executor: Executor | None = None,
) -> EvolutionResult:
    """``evolve`` with several populations, which select differently and send one another their best.

    Args:
        data: As for ``evolve``, and so are all arguments that are not named here.
        pipeline_factory: As for ``evolve``.
        param_bounds: As for ``evolve``.
        n_islands: Populations.
        migration_interval: Generations between migrations.
        migration_count: Genomes that an island sends to each that it sends to.
        topology: "ring" or "fully_connected".
        pop_size: Individuals of all islands together, at least 2 for each.
        generations: At most, the random first one included.
        selection_methods: One for each island; by default those of ``island_selection_methods``.

    Returns:
        What was found; ``top_strategies`` are the best of all islands.

    Raises:
        ValueError: An argument is out of its range; the message names it.
        FitnessError: The factory, the backtest or the fitness function raised; the message names the parameters.
    """
    check_truths(early_stopping=early_stopping, adaptive_mutation=adaptive_mutation)
    _check_parts(walk_forward, config, callback)
    config = config or EvolutionConfig(pop_size=pop_size, generations=generations)
    islands = IslandConfig(n_islands, migration_interval, migration_count, MigrationTopology.of(topology))
    given = island_selection_methods(n_islands) if selection_methods is None else selection_methods
    methods = [method_of(method) for method in given]
    if len(methods) != n_islands:
        raise ValueError(f"selection_methods has {len(methods)} entries, expected n_islands ({n_islands})")
    search = PopulationSearch(
        genotype_of(param_bounds),
        config,
        methods,
        islands,
        epsilon=epsilon,
        adaptive_mutation=adaptive_mutation,
        patience=Patience(patience) if early_stopping else None,
        callback=callback,
        executor=executor,
    )
    task = _Task(data, pipeline_factory, search, backtest, sharpe if fitness_fn is None else fitness_fn)
    return task.result(_windows(data, fraction_train, walk_forward), seed)


def _check_parts(walk_forward: Any, config: Any, callback: Any) -> None:
    """Raise TypeError if one of them is given and is something else."""
    for name, given, kind in (("walk_forward", walk_forward, WalkForward), ("config", config, EvolutionConfig)):
        if not (given is None or isinstance(given, kind)):
            raise TypeError(f"{name} is {brief(given)}, expected a {kind.__name__} or None")
    if not (callback is None or callable(callback)):
        raise TypeError(f"callback is {brief(callback)}, expected a function of the statistics of a generation")


def _windows(data: Any, fraction_train: float, walk_forward: WalkForward | None) -> list[Window]:
    """What is trained on and what is held out; an empty test part where nothing is."""
    check_fraction(fraction_train)
    ticks = ticks_of(data)
    if walk_forward is not None:
        return walk_forward.windows(ticks)
    cut = ticks_of(split(data, fraction_train)[0])
    return [Window((0, cut), (cut, ticks))]


@dataclass(frozen=True)
class _Task:
    """What is optimised, and how."""

    data: Any
    pipeline_factory: Callable[[dict[str, Any]], Any]
    search: PopulationSearch
    backtest: Callable[[Any, Any], Any]
    measure: Callable[[Any], Any]

    def result(self, windows: list[Window], seed: Seed) -> EvolutionResult:
        """Train on each window, judge on what it holds out, and report the last one's parameters."""
        root = seed_sequence(seed)
        found: list[WindowResult] = []
        trained: list[Trained] = []
        tops: list[dict[str, Any]] = []
        for window, child in zip(windows, root.spawn(len(windows)), strict=True):
            training = self.search.train(self._fitness(window.train), child)
            tops = self._judged(training, window)
            first = tops[0]
            found.append(WindowResult(window, first["params"], first["train_fitness"], first["fitness"]))
            trained.append(training)
        last = trained[-1]
        return EvolutionResult(
            best_genome=[float(value) for value in tops[0]["params"].values()],
            best_params=tops[0]["params"],
            best_fitness=mean(np.array([one.fitness for one in found])),
            train_fitness=mean(np.array([one.train_fitness for one in found])),
            top_strategies=tops,
            generations=sum(training.generations for training in trained),
            evaluations=sum(training.evaluations for training in trained),
            converged=last.converged,
            reason=last.reason,
            sigma=last.sigma,
            history=[stats for training in trained for stats in training.history],
            windows=found if len(found) > 1 else [],
            seed=shown(root),
        )

    def _fitness(self, part: tuple[int, int]) -> PipelineFitness:
        genotype = self.search.genotype
        return PipelineFitness(part_of(self.data, *part), self.pipeline_factory, genotype, self.backtest, self.measure)

    def _judged(self, training: Trained, window: Window) -> list[dict[str, Any]]:
        """The best of training, with their fitness on the held-out part where there is one."""
        held_out = self._fitness(window.test) if window.test[0] < window.test[1] else None
        judge = Evaluator(held_out or sharpe)  # what is no fitness there is told of as in training
        strategies = []
        for genome, fitness in training.top(TOP):
            judged = fitness if held_out is None else judge(genome[None])[0].item()
            strategies.append(
                {
                    "params": params_of(self.search.genotype, genome),
                    "fitness": judged if math.isfinite(judged) else float("nan"),
                    "train_fitness": fitness,
                }
            )
        return strategies
