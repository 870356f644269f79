"""Benchmarks side by side: programs timed in turns, in isolated processes, and told apart by a stated rule."""

from gigaevo.evaluation.benchmark.judge import BenchmarkJudge
from gigaevo.evaluation.benchmark.result import BenchmarkResult, Comparison, Timing, compare
from gigaevo.evaluation.benchmark.runner import BenchmarkError, ParallelBenchmarkRunner
from gigaevo.problems import Workload

__all__ = [
    "BenchmarkError",
    "BenchmarkJudge",
    "BenchmarkResult",
    "Comparison",
    "ParallelBenchmarkRunner",
    "Timing",
    "Workload",
    "compare",
]
