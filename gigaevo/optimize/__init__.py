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
    from gigaevo.optimize.basin_hopping import SearchResult, local_search
    from gigaevo.optimize.fitness import FitnessError
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
    from gigaevo.optimize.optimizer import Batch, Optimizer
    from gigaevo.optimize.result import Result
    from gigaevo.optimize.stops import MaxEvaluations, MaxGenerations, MaxSeconds, Stale, Stop, Target
    from gigaevo.optimize.trials import BudgetSpent, Score

_HOMES = {
    "basin_hopping": ("SearchResult", "local_search"),
    "fitness": ("FitnessError",),
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
    "optimizer": ("Batch", "Optimizer"),
    "result": ("Result",),
    "stops": ("MaxEvaluations", "MaxGenerations", "MaxSeconds", "Stale", "Stop", "Target"),
    "trials": ("BudgetSpent", "Score"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gigaevo.optimize' has no attribute {name!r}")
    found = getattr(import_module(f"gigaevo.optimize.{_HOME[name]}"), name)
    globals()[name] = found  # the next time it is found at once
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "Batch",
    "BinaryGenotype",
    "BudgetSpent",
    "FitnessError",
    "Genotype",
    "ListGenotype",
    "MaxEvaluations",
    "MaxGenerations",
    "MaxSeconds",
    "MultiListGenotype",
    "MultiRangeGenotype",
    "MultiUniqueGenotype",
    "Optimizer",
    "RangeGenotype",
    "Result",
    "Score",
    "SearchResult",
    "Stale",
    "Stop",
    "Target",
    "UniqueGenotype",
    "local_search",
]
