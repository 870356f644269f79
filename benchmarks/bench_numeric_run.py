"""What ``python run.py`` costs beside the search: CPU seconds of whole processes, and of the library alone in one.

    python benchmarks/bench_numeric_run.py --evaluations 10000000 --rounds 3

The library's process imports and searches as the run does, without configuration, files and checkpoints. Both take
turns, and so do processes that only start (100 evaluations); the ratio is that of the medians beside their starts.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LIBRARY = """
from gigaevo.optimize import {name}, RangeGenotype, functions
search = {name}(RangeGenotype(30, (-5.12, 5.12)), {arguments}, seed=0)
search.run(functions.rastrigin, evaluations={evaluations}, seconds=300.0)
"""
ALGORITHMS = {
    "de": ("DifferentialEvolution", "strategy='shade'"),
    "pso": ("ParticleSwarm", "topology='ring'"),
    "ga": ("GeneticAlgorithm", "crossover_rate=0.9"),
}


def cpu_s(command: list[str]) -> float:
    """CPU seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_s(algorithm: str, evaluations: int) -> float:
    """CPU seconds of a run through the command line."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["problem.name=rastrigin", f"algorithm={algorithm}", f"max_evaluations={evaluations}"]
        return cpu_s([sys.executable, "run.py", *arguments, f"hydra.run.dir={folder}/out"])


def library_s(algorithm: str, evaluations: int) -> float:
    """CPU seconds of the same search in Python."""
    name, arguments = ALGORITHMS[algorithm]
    program = LIBRARY.format(name=name, arguments=arguments, evaluations=evaluations)
    return cpu_s([sys.executable, "-c", program])


def main() -> None:
    """Print a line for each algorithm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluations", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for algorithm in ALGORITHMS:
        rounds = [
            [measure(algorithm, n) for measure in (run_s, library_s) for n in (given.evaluations, 100)]
            for _ in range(given.rounds)
        ]
        run, start, library, bare = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"{algorithm}: run.py {run:.2f} s CPU, {start:.2f} s of it the start; the library {library:.2f} s, "
            f"{bare:.2f} s of it; beside the starts {(run - start) / (library - bare):.2f}x"
        )


if __name__ == "__main__":
    main()
