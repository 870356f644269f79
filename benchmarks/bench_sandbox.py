"""What one trivial program costs at each level: CPU of engine, warm server and child together, scoring left out.

Run as ``python benchmarks/bench_sandbox.py [--programs 100] [--rounds 5]``. Needs psutil. It preloads numpy and
scipy. The levels take turns, so that other work on the machine disturbs all alike; figures are medians of rounds.
Beside them: CPU of the start, memory of the warm server, and what it grew by over all programs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from gigaevo.evaluation.sandbox.client import ForkServer, SandboxStartError
from gigaevo.evaluation.sandbox.levels import LEVELS
from gigaevo.evaluation.sandbox.limits import Limits

MAIN = "main.py"
PROGRAM = "def entrypoint():\n    return [[{0}.5, 0.25], [0.5, 0.75]]\n"
PRELOAD = ("numpy", "scipy.optimize", "scipy.linalg")


@dataclass
class Costs:
    """CPU milliseconds a program, a figure for each round."""

    engine: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    child: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Medians of the parts and of their sum."""
        parts = [statistics.median(figures) for figures in (self.engine, self.server, self.child)]
        whole = statistics.median(map(sum, zip(self.engine, self.server, self.child, strict=True)))
        engine, server, child = parts
        return f"{whole:6.2f} (engine {engine:.2f}, server {server:.2f}, child {child:.2f})"


def cpu_of(pid: int) -> float:
    """CPU seconds of a process, its children left out."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def own_cpu() -> float:
    """CPU seconds of this process, in microsecond resolution."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory_of(pid: int) -> float:
    """Memory of a process in MiB, shared pages by their share."""
    return float(psutil.Process(pid).memory_full_info().pss) / (1 << 20)


def resident(pid: int) -> float:
    """Resident memory of a process in MiB. Unlike the other figure it does not move when other processes end."""
    return float(psutil.Process(pid).memory_info().rss) / (1 << 20)


async def round_of(server: ForkServer, programs: int, costs: Costs) -> None:
    """Run ``programs`` programs, one after the other, and note what they cost."""
    assert server.pid is not None
    engine, own, children = own_cpu(), cpu_of(server.pid), 0.0
    for number in range(programs):
        outcome = await server.run({MAIN: PROGRAM.format(number)}, MAIN)
        assert outcome.output is not None, outcome.error
        children += outcome.cpu_time_s
    costs.engine.append((own_cpu() - engine) / programs * 1000)
    costs.server.append((cpu_of(server.pid) - own) / programs * 1000)
    costs.child.append(children / programs * 1000)


async def measure(programs: int, rounds: int, folder: Path) -> None:
    """Print a line for each level that the machine offers."""
    servers: dict[str, ForkServer] = {}
    for level in LEVELS:
        server = ForkServer(
            problem_dir=folder,
            preload=PRELOAD,
            has_context_file=False,
            limits=Limits(wall_time_s=20, memory_mb=512),
            level=level,
        )
        try:
            await server.start()
        except SandboxStartError as error:
            print(f"{level:9} {error}")
            continue
        assert server.pid is not None
        servers[level] = server
        print(f"{level:9} start {cpu_of(server.pid):.2f} CPU-s, memory {memory_of(server.pid):.1f} MiB")
        await round_of(server, 20, Costs())
    costs = {level: Costs() for level in servers}
    before = {level: resident(server.pid or 0) for level, server in servers.items()}
    for _ in range(rounds):
        for level, server in servers.items():
            await round_of(server, programs, costs[level])
    for level, server in servers.items():
        grown = resident(server.pid or 0) - before[level]
        print(f"{level:9} {costs[level].line()} CPU-ms a program; grew by {grown:.2f} MiB in {programs * rounds}")
        await server.close()


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=100, help="programs in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each level")
    arguments = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # as a problem folder is; a closed one is read by a capability
        (folder / "validate.py").write_text("def validate(output):\n    return {'fitness': 1.0}\n", encoding="utf-8")
        asyncio.run(measure(arguments.programs, arguments.rounds, folder))


if __name__ == "__main__":
    main()
