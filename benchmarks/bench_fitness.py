"""What fitness in every dimension costs for each initial program of ``sorting``, and what it says of them.

python benchmarks/bench_fitness.py [repeats]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

from gigaevo.evaluation.fitness import Exercise, FitnessEvaluator
from gigaevo.evaluation.fitness.anatomy import Anatomy
from gigaevo.evaluation.fitness.evaluator import read_text
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.problems import load_problem
from gigaevo.programs.genome import Phenotype

PROBLEM = load_problem(Path(__file__).parents[1] / "problems" / "sorting")


async def main(repeats: int) -> None:
    """Print a line for each program: milliseconds for its text, CPU and wall seconds for all, verdicts."""
    server = ForkServer(problem_dir=PROBLEM.folder, has_context_file=True, limits=Limits(wall_time_s=20.0))
    await server.start()
    benchmark = (PROBLEM.folder / "benchmark.py").read_text()
    print(f"{'program':20} {'text ms':>8} {'grows':>6} {'CPU s':>7} {'wall s':>7} {'overall':>8}  O(n log n)")
    try:
        for seed in PROBLEM.initial_programs:
            started = time.process_time()
            read_text(Anatomy(seed.source))
            text_ms = 1000 * (time.process_time() - started)
            for grows in (False, True):
                genome = PROBLEM.genome if grows else None
                evaluator = FitnessEvaluator(exercise=Exercise(server=server, benchmark=benchmark), genome=genome)
                cpu_s, wall_s = [], []
                for _ in range(repeats):
                    started = time.perf_counter()
                    found = await evaluator.assess(Phenotype(implementation=seed.source))
                    wall_s.append(time.perf_counter() - started)
                    cpu_s.append(found.cost_cpu_s)
                law = found.targets["time_complexity"].as_data() if grows else {"verdict": ""}
                print(
                    f"{seed.name:20} {text_ms:8.1f} {grows!s:>6} {statistics.median(cpu_s):7.3f} "
                    f"{statistics.median(wall_s):7.3f} {found.metrics['overall_fitness']:8.3f}  "
                    f"{law['verdict']} {law.get('found', '')}"
                )
    finally:
        await server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
