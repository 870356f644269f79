"""How often two programs are ranked rightly, and two equal ones told apart, by the default ``ParallelBenchmarkRunner``.

    python benchmarks/bench_ranking.py                    # 100 tries with 5 % between two programs, 100 with nothing
    python benchmarks/bench_ranking.py --tries 20 --turns 200000 --load 2
    python benchmarks/bench_ranking.py --workers 2        # sessions side by side: what they cost in precision

The programs are loops of integer arithmetic over a fresh list of numbers; the slower one takes more turns. The equal
pair differs in the names of its variables. Prints a line for each try with the ratio and its interval in per cent, and
at the end how many were right, wrong or undecided, the width of the intervals and the longest try. ``--load`` starts
processes that keep a processor busy and sweep through memory meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gigaevo.evaluation.benchmark import ParallelBenchmarkRunner, Workload
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.programs import Program

WORKLOAD = Workload(
    """
def make_input(size, rng):
    return rng.integers(0, 1000, size).tolist()

def check(input, answer):
    return type(answer) is int and 0 <= answer < 1000003
""",
    (64,),
)

TEXT = """
def entrypoint(items):
    total = 0
    for turn in range({turns}):
        total = (total * 31 + items[turn & 63]) % 1000003
    return total
"""

SWEEP = "import numpy\na = numpy.ones(4_000_000)\nwhile True:\n    a += a[::-1]\n    a *= 0.5\n    sum(range(100_000))"


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Other work on the machine."""
    others = [subprocess.Popen([sys.executable, "-c", SWEEP]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


async def tries(runner: ParallelBenchmarkRunner, slow: str, fast: str, count: int, label: str) -> None:
    """Compare ``slow`` and ``fast`` again and again, and print what was found."""
    verdicts, widths, durations = [], [], []
    for number in range(count):
        begun = time.monotonic()
        found = await runner.compare(Program(id="slow", source=slow), Program(id="fast", source=fast), WORKLOAD)
        durations.append(time.monotonic() - begun)
        low, high = (100 * (bound - 1) for bound in found.interval)
        verdicts.append(found.winner)
        widths.append((high - low) / 2)
        print(
            f"{label} {number + 1:3d}: {100 * (found.ratio - 1):+6.2f} % [{low:+6.2f}, {high:+6.2f}]"
            f"  {found.winner or 'no difference'}  {durations[-1]:.1f} s  load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    print(
        f"{label}: the slower one slower {verdicts.count('fast')}, faster {verdicts.count('slow')}, undecided "
        f"{verdicts.count(None)} of {count}; half width of the interval, median {statistics.median(widths):.2f} %, "
        f"most {max(widths):.2f} %; longest try {max(durations):.2f} s"
    )


async def measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "validate.py").write_text("def validate(output):\n    return {}\n")
        server = ForkServer(problem_dir=Path(folder), has_context_file=False, limits=Limits())
        await server.start()
        try:
            runner = ParallelBenchmarkRunner(
                server, seed=options.seed, seconds=options.seconds, max_workers=options.workers
            )
            fast = TEXT.format(turns=options.turns)
            slow = TEXT.format(turns=round(options.turns * (1 + options.percent / 100)))
            await tries(runner, slow, fast, options.tries, f"{options.percent:g} %")
            renamed = fast.replace("total", "accumulator").replace("items", "numbers")
            await tries(runner, renamed, fast, options.tries, "equal")
        finally:
            await server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--percent", type=float, default=5.0, help="how much slower the slower program is")
    parser.add_argument("--turns", type=int, default=20_000, help="of the faster program's loop")
    parser.add_argument("--seconds", type=float, default=2.1, help="for each program; the default of the runner")
    parser.add_argument("--workers", type=int, default=None, help="sessions side by side")
    parser.add_argument("--load", type=int, default=0, help="busy processes beside")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with busy(options.load):
        asyncio.run(measure(options))


if __name__ == "__main__":
    main()
