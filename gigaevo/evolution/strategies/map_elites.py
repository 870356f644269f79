"""Everything a configuration names, under one import path."""

from __future__ import annotations

from gigaevo.evolution.strategies.base import ArchiveEvent, EvolutionStrategy, StrategyContext, StrategyMetrics
from gigaevo.evolution.strategies.behavior_space import BehaviorSpace, BinningType
from gigaevo.evolution.strategies.elite_selectors import (
    EliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    RandomEliteSelector,
    ScalarTournamentEliteSelector,
)
from gigaevo.evolution.strategies.island import Island, IslandConfig
from gigaevo.evolution.strategies.migrant_selectors import (
    MigrantSelector,
    RandomMigrantSelector,
    TopFitnessMigrantSelector,
)
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.evolution.strategies.mutant_router import MutantRouter, RandomMutantRouter
from gigaevo.evolution.strategies.program_space import ProgramBehaviorSpace
from gigaevo.evolution.strategies.removers import ArchiveRemover, FitnessArchiveRemover
from gigaevo.evolution.strategies.selectors import ArchiveSelector, ScalarArchiveSelector, SumArchiveSelector

__all__ = [
    "ArchiveEvent",
    "ArchiveRemover",
    "ArchiveSelector",
    "BehaviorSpace",
    "BinningType",
    "EliteSelector",
    "EpsilonGreedyEliteSelector",
    "EvolutionStrategy",
    "FitnessArchiveRemover",
    "FitnessProportionalEliteSelector",
    "Island",
    "IslandConfig",
    "MapElitesMultiIsland",
    "MigrantSelector",
    "MutantRouter",
    "ProgramBehaviorSpace",
    "RandomEliteSelector",
    "RandomMigrantSelector",
    "RandomMutantRouter",
    "ScalarArchiveSelector",
    "ScalarTournamentEliteSelector",
    "StrategyContext",
    "StrategyMetrics",
    "SumArchiveSelector",
    "TopFitnessMigrantSelector",
]
