"""Optimisation of vectors of numbers by their scores alone."""

from gigaevo.optimize.basin_hopping import SearchResult, local_search
from gigaevo.optimize.trials import BudgetSpent, Score

__all__ = ["BudgetSpent", "Score", "SearchResult", "local_search"]
