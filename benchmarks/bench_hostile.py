"""What hostile programs cost the next one, and what containing programs costs at all.

    python benchmarks/bench_hostile.py                            # everything, at the strongest level
    python benchmarks/bench_hostile.py --level landlock --repeats 10 --only "bomb|fifo"
    python benchmarks/bench_hostile.py --costs                    # only CPU per trivial program, and memory

For each hostile program, 30 times: the hostile one, an honest one, another honest one. The ratio is that of the medians
of the CPU times of the honest ones that came first to those that came second; 1.10 is the most that is allowed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import statistics
import sys
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gigaevo.evaluation.sandbox.client import ForkServer, SandboxStartError
from gigaevo.evaluation.sandbox.limits import Limits
from tests.hostile.arena import Arena, Unavailable
from tests.hostile.catalogue import ALL
from tests.hostile.hostile import EVERYWHERE, Hostile

MAIN = "main.py"
TRIVIAL = {MAIN: "def entrypoint():\n    return [[0.5, 0.25], [0.5, 0.75]]\n"}
HONEST = {
    MAIN: """
import numpy
def entrypoint():
    a = numpy.arange(10000.0).reshape(100, 100) / 1e4 + numpy.eye(100)
    total = 0.0
    for _ in range(20):
        total += float(numpy.linalg.inv(a)[0, 0])
    return total + sum(i * i for i in range(60_000))
"""
}
ALLOWED_RATIO, ALLOWED_MS, ALLOWED_MB = 1.10, 8.0, 1.0


def tree(pid: int) -> list[psutil.Process]:
    """A server with whatever else it consists of."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def cpu_of(pid: int) -> float:
    """CPU seconds of a server, and of the programs that it has reaped."""
    total = 0.0
    for process in tree(pid):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(pid: int) -> float:
    """MiB that belong to the server alone."""
    return float(sum(process.memory_full_info().uss for process in tree(pid)) / 2**20)


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def costs(level: str, problem: Path, programs: int = 300) -> None:
    """Print what trivial programs cost at ``level``."""
    server = ForkServer(
        problem_dir=problem,
        preload=("scipy.optimize", "scipy.linalg"),
        has_context_file=False,
        limits=Limits(wall_time_s=20),
        level=level,
    )
    try:
        await server.start()
    except SandboxStartError as error:
        print(f"  {level:<9} not on this machine: {error}")
        return
    for _ in range(20):
        await server.run(TRIVIAL, MAIN)
    assert server.pid is not None
    spent, engine, mine = cpu_of(server.pid), own_cpu(), []
    for _ in range(programs):
        outcome = await server.run(TRIVIAL, MAIN)
        mine.append(outcome.cpu_time_s * 1000)
    each = (cpu_of(server.pid) - spent) / programs * 1000
    engine = (own_cpu() - engine) / programs * 1000
    before = memory_mb(server.pid)
    for _ in range(100):
        await server.run(TRIVIAL, MAIN)
    grown = memory_mb(server.pid) - before
    flag = "" if each + engine <= ALLOWED_MS and grown < ALLOWED_MB else "   <-- too much"
    print(
        f"  {level:<9} {each + engine:6.2f} CPU-ms a program (engine {engine:.2f}, its own process "
        f"{statistics.median(mine):.2f}); 100 programs grow the server by {grown:+.2f} MiB from {before:.1f}{flag}"
    )
    await server.close()


async def ratio(arena: Arena, hostile: Hostile, level: str, repeats: int) -> float:
    """CPU time of an honest program after ``hostile``, relative to one after an honest one."""
    post = await arena.post(level, hostile.allow)
    first: list[float] = []
    second: list[float] = []
    for _ in range(repeats):
        await arena.trial(hostile, post)
        for times in (first, second):
            outcome = await post.server.run(HONEST, MAIN)
            assert outcome.error is None, outcome.error
            times.append(outcome.cpu_time_s)
    arena.surroundings.arrived()
    return float(statistics.median(first) / statistics.median(second))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--level", default="strict", choices=EVERYWHERE)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--only", default="", help="a pattern that the name must have")
    parser.add_argument("--costs", action="store_true", help="skip the hostile programs")
    options = parser.parse_args()
    arena = Arena()
    print("cost of a trivial program, numpy and scipy preloaded, one at a time")
    for level in EVERYWHERE:
        await costs(level, arena.surroundings.problem)
    chosen = [hostile for hostile in ALL if options.level in hostile.levels and re.search(options.only, hostile.name)]
    if not options.costs:
        print(f"\nthe next program's CPU time, medians of {options.repeats}, level {options.level}")
        ratios = []
        for hostile in chosen:
            try:
                ratios.append(await ratio(arena, hostile, options.level, options.repeats))
            except Unavailable as error:
                print(f"level {options.level} is not on this machine: {error}")
                break
            flag = "   <-- too much" if ratios[-1] > ALLOWED_RATIO else ""
            print(f"  {ratios[-1]:5.3f}  {hostile.name}{flag}", flush=True)
        if ratios:
            over = sum(value > ALLOWED_RATIO for value in ratios)
            median, most = statistics.median(ratios), max(ratios)
            print(f"{len(ratios)} programs: median {median:.3f}, largest {most:.3f}, {over} over {ALLOWED_RATIO}")
    await arena.close()


if __name__ == "__main__":
    asyncio.run(main())
