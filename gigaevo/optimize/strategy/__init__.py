"""The Evolve strategy and its companions: hill climbing and exhaustive permutation.

from gigaevo.optimize import BinaryGenotype
from gigaevo.optimize.strategy import CountTrue, CrossoverUniform, Evolve, MutateSingleGene, SelectElite

evolve = Evolve(
    BinaryGenotype(100),
    CountTrue(),
    select=SelectElite(0.5, 0.02),
    crossover=CrossoverUniform(0.7, 0.8),
    mutate=MutateSingleGene(0.2),
    target_fitness_score=100,
)
genes, score = evolve.call().best_genes_and_fitness_score()
"""

from gigaevo.optimize.operators.mutation_types import MutationType
from gigaevo.optimize.strategy.crossover import (
    Crossover,
    CrossoverClone,
    CrossoverMultiGene,
    CrossoverMultiPoint,
    CrossoverRejuvenate,
    CrossoverSingleGene,
    CrossoverSinglePoint,
    CrossoverUniform,
)
from gigaevo.optimize.strategy.evolve import Evolve
from gigaevo.optimize.strategy.extensions import (
    Extension,
    ExtensionMassDeduplication,
    ExtensionMassDegeneration,
    ExtensionMassExtinction,
    ExtensionMassGenesis,
)
from gigaevo.optimize.strategy.fitness_cache import FitnessCache
from gigaevo.optimize.strategy.hill_climb import HillClimb, HillClimbVariant
from gigaevo.optimize.strategy.mutate import (
    Mutate,
    MutateMultiGene,
    MutateMultiGeneDynamic,
    MutateMultiGeneRange,
    MutateSingleGene,
    MutateSingleGeneDynamic,
)
from gigaevo.optimize.strategy.ordering import FitnessOrdering
from gigaevo.optimize.strategy.permutate import Permutate
from gigaevo.optimize.strategy.placeholders import Countdown, CountTrue, SumGenes, Zero
from gigaevo.optimize.strategy.population import Chromosome, Population
from gigaevo.optimize.strategy.repeated import Repeated
from gigaevo.optimize.strategy.reporters import EvolveReporterDuration, EvolveReporterSimple, StrategyReporter
from gigaevo.optimize.strategy.select import Select, SelectElite, SelectTournament
from gigaevo.optimize.strategy.state import StrategyState

__all__ = [
    "Chromosome",
    "CountTrue",
    "Countdown",
    "Crossover",
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
    "Extension",
    "ExtensionMassDeduplication",
    "ExtensionMassDegeneration",
    "ExtensionMassExtinction",
    "ExtensionMassGenesis",
    "FitnessCache",
    "FitnessOrdering",
    "HillClimb",
    "HillClimbVariant",
    "Mutate",
    "MutateMultiGene",
    "MutateMultiGeneDynamic",
    "MutateMultiGeneRange",
    "MutateSingleGene",
    "MutateSingleGeneDynamic",
    "MutationType",
    "Permutate",
    "Population",
    "Repeated",
    "Select",
    "SelectElite",
    "SelectTournament",
    "StrategyReporter",
    "StrategyState",
    "SumGenes",
    "Zero",
]
