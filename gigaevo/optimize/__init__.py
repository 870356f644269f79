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
    "answers": ("Batch",),
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
        "LearningEmitter",
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
    "mutation_types": ("MutationType",),
    "nsga2": ("NSGA2",),
    "operators": (
        "Crossover",
        "Mutation",
        "Selection",
    ),
    "optimizer": ("Optimizer",),
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
