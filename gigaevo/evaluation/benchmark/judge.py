"""A judge of speed for the arena."""

from __future__ import annotations

from gigaevo.evaluation.benchmark.runner import ParallelBenchmarkRunner
from gigaevo.problems import Workload
from gigaevo.programs import Program


class BenchmarkJudge:
    """The faster program wins a match; programs that do not differ tie. Each match is a benchmark of its own.

    Args:
        runner: Measures.
        workload: What programs are timed on.
    """

    def __init__(self, runner: ParallelBenchmarkRunner, workload: Workload) -> None:
        self.runner = runner
        self.workload = workload

    async def __call__(self, one: Program, other: Program, /) -> Program | None:
        winner = (await self.runner.compare(one, other, self.workload)).winner
        return {one.id: one, other.id: other}.get(winner) if winner is not None else None
