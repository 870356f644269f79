"""Evolutionary algorithms on numbers, bits and permutations, on compiled kernels.

    from gigaevo.optimize import RangeGenotype, DifferentialEvolution, functions

    search = DifferentialEvolution(RangeGenotype(30, (-5.12, 5.12)), seed=1)
    print(search.run(functions.rastrigin, evaluations=100_000, target=1e-8))

Names are imported from their modules when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gigaevo.optimize import functions
    from gigaevo.optimize.backtesting import BacktestResult, Context, Quote, backtest, quotes
    from gigaevo.optimize.cma_emitter import CMAEmitter
    from gigaevo.optimize.cma_es import CMAES
    from gigaevo.optimize.convergence import (
        ConvergenceState,
        GenerationStats,
        SigmaState,
        adapt_mutation_sigma,
        check_convergence,
        compute_generation_stats,
        population_diversity,
    )
    from gigaevo.optimize.cvt_archive import CVTArchive, spread_centroids
    from gigaevo.optimize.differential_evolution import DifferentialEvolution
    from gigaevo.optimize.discrete import (
        BitFlip,
        Inversion,
        MatchedCrossover,
        OrderCrossover,
        RandomReset,
        Scramble,
        Swap,
    )
    from gigaevo.optimize.emitters import Emitter, FlipEmitter, GaussianEmitter, IsoLineEmitter
    from gigaevo.optimize.fitness import FitnessError
    from gigaevo.optimize.genetic_algorithm import GeneticAlgorithm
    from gigaevo.optimize.genotypes import (
        BinaryGenotype,
        Genotype,
        ListGenotype,
        MultiListGenotype,
        MultiRangeGenotype,
        MultiUniqueGenotype,
        RangeGenotype,
        UniqueGenotype,
    )
    from gigaevo.optimize.grid_archive import GridArchive
    from gigaevo.optimize.local.basin_hopping import SearchResult, local_search
    from gigaevo.optimize.local.trials import BudgetSpent, Score
    from gigaevo.optimize.map_elites import MAPElites
    from gigaevo.optimize.migration import IslandConfig, MigrationTopology, island_migrate, island_selection_methods
    from gigaevo.optimize.multi_objective_search import ParetoResult, evolve_nsga2
    from gigaevo.optimize.nsga2 import NSGA2
    from gigaevo.optimize.operators import Crossover, Mutation, Selection
    from gigaevo.optimize.optimizer import Batch, Optimizer
    from gigaevo.optimize.parameter_search import evolve, evolve_islands
    from gigaevo.optimize.parameters import EvolutionConfig, EvolutionResult, Individual, ParamBound
    from gigaevo.optimize.pareto import (
        Nsga2Selection,
        crowding_distance_assign,
        hypervolume,
        non_dominated_sort,
        nsga2_select,
        pareto_front,
    )
    from gigaevo.optimize.particle_swarm import ParticleSwarm
    from gigaevo.optimize.result import Result
    from gigaevo.optimize.selection import (
        EpsilonGreedy,
        RankSelection,
        Roulette,
        SelectionMethod,
        Tournament,
        Ucb1,
        UniformSelection,
        epsilon_greedy_select,
        rank_select,
        roulette_select,
        tournament_select,
        ucb1_select,
        uniform_select,
    )
    from gigaevo.optimize.stops import MaxEvaluations, MaxGenerations, MaxSeconds, Stale, Stop, Target
    from gigaevo.optimize.variation import (
        SBX,
        ArithmeticCrossover,
        BlendCrossover,
        GaussianMutation,
        OnePoint,
        PolynomialMutation,
        TwoPoint,
        UniformCrossover,
        gaussian_mutate,
        init_population,
        uniform_crossover,
    )
    from gigaevo.optimize.vector_archive import ArchiveStats, Elites, VectorArchive
    from gigaevo.optimize.walk_forward import WalkForward

_HOMES = {
    "backtesting": (
        "BacktestResult",
        "Context",
        "Quote",
        "backtest",
        "quotes",
    ),
    "cma_emitter": ("CMAEmitter",),
    "cma_es": ("CMAES",),
    "convergence": (
        "ConvergenceState",
        "GenerationStats",
        "SigmaState",
        "adapt_mutation_sigma",
        "check_convergence",
        "compute_generation_stats",
        "population_diversity",
    ),
    "cvt_archive": (
        "CVTArchive",
        "spread_centroids",
    ),
    "differential_evolution": ("DifferentialEvolution",),
    "discrete": (
        "BitFlip",
        "Inversion",
        "MatchedCrossover",
        "OrderCrossover",
        "RandomReset",
        "Scramble",
        "Swap",
    ),
    "emitters": (
        "Emitter",
        "FlipEmitter",
        "GaussianEmitter",
        "IsoLineEmitter",
    ),
    "fitness": ("FitnessError",),
    "genetic_algorithm": ("GeneticAlgorithm",),
    "genotypes": (
        "BinaryGenotype",
        "Genotype",
        "ListGenotype",
        "MultiListGenotype",
        "MultiRangeGenotype",
        "MultiUniqueGenotype",
        "RangeGenotype",
        "UniqueGenotype",
    ),
    "grid_archive": ("GridArchive",),
    "local.basin_hopping": (
        "SearchResult",
        "local_search",
    ),
    "local.trials": (
        "BudgetSpent",
        "Score",
    ),
    "map_elites": ("MAPElites",),
    "migration": (
        "IslandConfig",
        "MigrationTopology",
        "island_migrate",
        "island_selection_methods",
    ),
    "multi_objective_search": (
        "ParetoResult",
        "evolve_nsga2",
    ),
    "nsga2": ("NSGA2",),
    "operators": (
        "Crossover",
        "Mutation",
        "Selection",
    ),
    "optimizer": (
        "Batch",
        "Optimizer",
    ),
    "parameter_search": (
        "evolve",
        "evolve_islands",
    ),
    "parameters": (
        "EvolutionConfig",
        "EvolutionResult",
        "Individual",
        "ParamBound",
    ),
    "pareto": (
        "Nsga2Selection",
        "crowding_distance_assign",
        "hypervolume",
        "non_dominated_sort",
        "nsga2_select",
        "pareto_front",
    ),
    "particle_swarm": ("ParticleSwarm",),
    "result": ("Result",),
    "selection": (
        "EpsilonGreedy",
        "RankSelection",
        "Roulette",
        "SelectionMethod",
        "Tournament",
        "Ucb1",
        "UniformSelection",
        "epsilon_greedy_select",
        "rank_select",
        "roulette_select",
        "tournament_select",
        "ucb1_select",
        "uniform_select",
    ),
    "stops": (
        "MaxEvaluations",
        "MaxGenerations",
        "MaxSeconds",
        "Stale",
        "Stop",
        "Target",
    ),
    "variation": (
        "ArithmeticCrossover",
        "BlendCrossover",
        "GaussianMutation",
        "OnePoint",
        "PolynomialMutation",
        "SBX",
        "TwoPoint",
        "UniformCrossover",
        "gaussian_mutate",
        "init_population",
        "uniform_crossover",
    ),
    "vector_archive": (
        "ArchiveStats",
        "Elites",
        "VectorArchive",
    ),
    "walk_forward": ("WalkForward",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "functions":
        return import_module("gigaevo.optimize.functions")
    if name not in _HOME:
        raise AttributeError(f"module 'gigaevo.optimize' has no attribute {name!r}")
    found = getattr(import_module(f"gigaevo.optimize.{_HOME[name]}"), name)
    globals()[name] = found  # the next time it is found at once
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "CMAES",
    "NSGA2",
    "SBX",
    "ArchiveStats",
    "ArithmeticCrossover",
    "BacktestResult",
    "Batch",
    "BinaryGenotype",
    "BitFlip",
    "BlendCrossover",
    "BudgetSpent",
    "CMAEmitter",
    "CVTArchive",
    "Context",
    "ConvergenceState",
    "Crossover",
    "DifferentialEvolution",
    "Elites",
    "Emitter",
    "EpsilonGreedy",
    "EvolutionConfig",
    "EvolutionResult",
    "FitnessError",
    "FlipEmitter",
    "GaussianEmitter",
    "GaussianMutation",
    "GenerationStats",
    "GeneticAlgorithm",
    "Genotype",
    "GridArchive",
    "Individual",
    "Inversion",
    "IslandConfig",
    "IsoLineEmitter",
    "ListGenotype",
    "MAPElites",
    "MatchedCrossover",
    "MaxEvaluations",
    "MaxGenerations",
    "MaxSeconds",
    "MigrationTopology",
    "MultiListGenotype",
    "MultiRangeGenotype",
    "MultiUniqueGenotype",
    "Mutation",
    "Nsga2Selection",
    "OnePoint",
    "Optimizer",
    "OrderCrossover",
    "ParamBound",
    "ParetoResult",
    "ParticleSwarm",
    "PolynomialMutation",
    "Quote",
    "RandomReset",
    "RangeGenotype",
    "RankSelection",
    "Result",
    "Roulette",
    "Score",
    "Scramble",
    "SearchResult",
    "Selection",
    "SelectionMethod",
    "SigmaState",
    "Stale",
    "Stop",
    "Swap",
    "Target",
    "Tournament",
    "TwoPoint",
    "Ucb1",
    "UniformCrossover",
    "UniformSelection",
    "UniqueGenotype",
    "VectorArchive",
    "WalkForward",
    "adapt_mutation_sigma",
    "backtest",
    "check_convergence",
    "compute_generation_stats",
    "crowding_distance_assign",
    "epsilon_greedy_select",
    "evolve",
    "evolve_islands",
    "evolve_nsga2",
    "functions",
    "gaussian_mutate",
    "hypervolume",
    "init_population",
    "island_migrate",
    "island_selection_methods",
    "local_search",
    "non_dominated_sort",
    "nsga2_select",
    "pareto_front",
    "population_diversity",
    "quotes",
    "rank_select",
    "roulette_select",
    "spread_centroids",
    "tournament_select",
    "ucb1_select",
    "uniform_crossover",
    "uniform_select",
]
