"""Problem folders: finding, reading and checking them, without running anything they contain."""

from gigaevo.problems.errors import ProblemError
from gigaevo.problems.listing import ProblemListing, list_problems
from gigaevo.problems.loader import load_problem
from gigaevo.problems.numeric_problem import NumericProblem, is_numeric, load_numeric_problem
from gigaevo.problems.problem import InitialProgram, Problem
from gigaevo.problems.settings import ProblemSettings, SandboxNeeds
from gigaevo.problems.workload import Workload

__all__ = [
    "InitialProgram",
    "NumericProblem",
    "Problem",
    "ProblemError",
    "ProblemListing",
    "ProblemSettings",
    "SandboxNeeds",
    "Workload",
    "is_numeric",
    "list_problems",
    "load_numeric_problem",
    "load_problem",
]
