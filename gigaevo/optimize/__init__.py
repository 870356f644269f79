"""Evolutionary algorithms on numbers, bits and permutations, on compiled kernels.

    from gigaevo.optimize import RangeGenotype, DifferentialEvolution, functions

    search = DifferentialEvolution(RangeGenotype(30, (-5.12, 5.12)), seed=1)
    print(search.run(functions.rastrigin, evaluations=100_000, target=1e-8))

Names are imported from their modules when they are first asked for; ``__init__.pyi`` tells type checkers the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "search.answers": ("Batch",),
    "parameter_search.backtesting": (
        "BacktestResult",
        "Context",
        "Quote",
        "backtest",
        "quotes",
    ),
    "quality_diversity.cma_emitter": ("CMAEmitter",),
    "algorithms.cma_es": ("CMAES",),
    "populations.convergence": (
        "ConvergenceState",
        "GenerationStats",
        "SigmaState",
        "adapt_mutation_sigma",
        "check_convergence",
        "compute_generation_stats",
        "population_diversity",
    ),
    "quality_diversity.cvt_archive": (
        "CVTArchive",
        "spread_centroids",
    ),
    "algorithms.differential_evolution": ("DifferentialEvolution",),
    "operators.discrete": (
        "BitFlip",
        "Inversion",
        "MatchedCrossover",
        "OrderCrossover",
        "RandomReset",
        "Scramble",
        "Swap",
    ),
    "quality_diversity.emitters": (
        "Emitter",
        "FlipEmitter",
        "GaussianEmitter",
        "IsoLineEmitter",
        "LearningEmitter",
    ),
    "search.fitness": ("FitnessError",),
    "algorithms.genetic_algorithm": ("GeneticAlgorithm",),
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
    "quality_diversity.grid_archive": ("GridArchive",),
    "local.basin_hopping": (
        "SearchResult",
        "local_search",
    ),
    "local.trials": (
        "BudgetSpent",
        "Score",
    ),
    "quality_diversity.map_elites": ("MAPElites",),
    "populations.migration": (
        "IslandConfig",
        "MigrationTopology",
        "island_migrate",
        "island_selection_methods",
    ),
    "parameter_search.multi_objective_search": (
        "ParetoResult",
        "evolve_nsga2",
    ),
    "operators.mutation_types": ("MutationType",),
    "algorithms.nsga2": ("NSGA2",),
    "operators.base": (
        "Crossover",
        "Mutation",
        "Selection",
    ),
    "search.optimizer": ("Optimizer",),
    "parameter_search.search": (
        "evolve",
        "evolve_islands",
    ),
    "parameter_search.parameters": (
        "EvolutionConfig",
        "EvolutionResult",
        "Individual",
        "ParamBound",
    ),
    "populations.pareto": (
        "Nsga2Selection",
        "crowding_distance_assign",
        "hypervolume",
        "non_dominated_sort",
        "nsga2_select",
        "pareto_front",
    ),
    "algorithms.particle_swarm": ("ParticleSwarm",),
    "search.result": ("Result",),
    "operators.selection": (
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
    "search.stops": (
        "MaxEvaluations",
        "MaxGenerations",
        "MaxSeconds",
        "Stale",
        "Stop",
        "Target",
    ),
    "strategy": (
        "Chromosome",
        "CountTrue",
        "Countdown",
        "CrossoverClone",
        "CrossoverMultiGene",
        "CrossoverMultiPoint",
        "CrossoverRejuvenate",
        "CrossoverSingleGene",
        "CrossoverSinglePoint",
        "CrossoverUniform",
        "Evolve",
        "EvolveReporterDuration",
        "EvolveReporterSimple",
        "ExtensionMassDeduplication",
        "ExtensionMassDegeneration",
        "ExtensionMassExtinction",
        "ExtensionMassGenesis",
        "FitnessCache",
        "FitnessOrdering",
        "HillClimb",
        "HillClimbVariant",
        "MutateMultiGene",
        "MutateMultiGeneDynamic",
        "MutateMultiGeneRange",
        "MutateSingleGene",
        "MutateSingleGeneDynamic",
        "Permutate",
        "SelectElite",
        "SelectTournament",
        "StrategyReporter",
        "SumGenes",
        "Zero",
    ),
    "operators.variation": (
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
    "quality_diversity.vector_archive": (
        "ArchiveStats",
        "Elites",
        "VectorArchive",
    ),
    "parameter_search.walk_forward": ("WalkForward",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["functions", *_HOME]


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
