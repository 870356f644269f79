"""Everything a configuration names, under one import path."""

from __future__ import annotations

from gigaevo.evolution.strategies.adaptive_islands import AdaptiveMultiIsland
from gigaevo.evolution.strategies.base import (
    ArchiveEvent,
    EvolutionStrategy,
    IslandMetrics,
    StrategyContext,
    StrategyFault,
    StrategyMetrics,
)
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace, BinningType
from gigaevo.evolution.strategies.cvt_space import CVTBehaviorSpace
from gigaevo.evolution.strategies.elite_selectors import (
    BoltzmannEliteSelector,
    BracketTournamentEliteSelector,
    EliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    NoveltyEliteSelector,
    RandomEliteSelector,
    RankEliteSelector,
    ScalarTournamentEliteSelector,
    UCB1EliteSelector,
)
from gigaevo.evolution.strategies.hierarchical_islands import HierarchicalMultiIsland
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.island_reset import IslandReset
from gigaevo.evolution.strategies.migrant_selectors import (
    DiverseMigrantSelector,
    MigrantSelector,
    RandomMigrantSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.migration_policy import (
    AdaptiveMigrationPolicy,
    AggressiveMigrationPolicy,
    ConservativeMigrationPolicy,
    FixedMigrationPolicy,
    MigrationPolicy,
)
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.mutant_router import (
    AdaptiveMutantRouter,
    BehaviorAwareMutantRouter,
    FitnessAwareMutantRouter,
    MutantRouter,
    RandomMutantRouter,
    RoundRobinMutantRouter,
)
from gigaevo.evolution.strategies.patient_walk import PatientWalk
from gigaevo.evolution.strategies.program_space import ProgramBehaviorSpace
from gigaevo.evolution.strategies.removers import (
    AgeArchiveRemover,
    ArchiveRemover,
    DiversityArchiveRemover,
    FitnessArchiveRemover,
)
from gigaevo.evolution.strategies.selectors import (
    ArchiveSelector,
    ParetoArchiveSelector,
    ScalarArchiveSelector,
    SumArchiveSelector,
)
from gigaevo.evolution.strategies.topology import (
    EdgeListTopology,
    FullyConnectedTopology,
    RandomTopology,
    RingTopology,
    Topology,
)
from gigaevo.evolution.strategies.unstructured_space import UnstructuredBehaviorSpace

__all__ = [
    "AdaptiveMigrationPolicy",
    "AdaptiveMultiIsland",
    "AdaptiveMutantRouter",
    "AgeArchiveRemover",
    "AggressiveMigrationPolicy",
    "ArchiveEvent",
    "ArchiveRemover",
    "ArchiveSelector",
    "BehaviorAwareMutantRouter",
    "BehaviorSpace",
    "BinningType",
    "BoltzmannEliteSelector",
    "BracketTournamentEliteSelector",
    "CVTBehaviorSpace",
    "ConservativeMigrationPolicy",
    "DiverseMigrantSelector",
    "DiversityArchiveRemover",
    "EdgeListTopology",
    "EliteSelector",
    "EpsilonGreedyEliteSelector",
    "EvolutionStrategy",
    "FitnessArchiveRemover",
    "FitnessAwareMutantRouter",
    "FitnessProportionalEliteSelector",
    "FixedMigrationPolicy",
    "FullyConnectedTopology",
    "HierarchicalMultiIsland",
    "Island",
    "IslandConfig",
    "IslandMetrics",
    "IslandReset",
    "MapElitesMultiIsland",
    "MigrantSelector",
    "Migration",
    "MigrationPolicy",
    "MutantRouter",
    "NoveltyEliteSelector",
    "ParetoArchiveSelector",
    "PatientWalk",
    "ProgramBehaviorSpace",
    "RandomEliteSelector",
    "RandomMigrantSelector",
    "RandomMutantRouter",
    "RandomTopology",
    "RankEliteSelector",
    "RingTopology",
    "RoundRobinMutantRouter",
    "ScalarArchiveSelector",
    "ScalarTournamentEliteSelector",
    "StrategyContext",
    "StrategyFault",
    "StrategyMetrics",
    "SumArchiveSelector",
    "TopFitnessMigrantSelector",
    "Topology",
    "UCB1EliteSelector",
    "UnstructuredBehaviorSpace",
]
