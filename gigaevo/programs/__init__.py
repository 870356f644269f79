"""What evolves: programs, their states, failures, metrics and syntax."""

from gigaevo.programs.failure import ErrorKind, ProgramError
from gigaevo.programs.genome import CodeGenome, Phenotype
from gigaevo.programs.metrics import RUN_METRICS, Metrics, MetricSpec
from gigaevo.programs.program import Cost, Program
from gigaevo.programs.state import IllegalTransition, ProgramState

__all__ = [
    "RUN_METRICS",
    "CodeGenome",
    "Cost",
    "ErrorKind",
    "IllegalTransition",
    "MetricSpec",
    "Metrics",
    "Phenotype",
    "Program",
    "ProgramError",
    "ProgramState",
]
