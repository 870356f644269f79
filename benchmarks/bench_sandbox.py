"""What one program costs: CPU of engine, fork server, child and validator together; start-up; memory.

Run as ``python benchmarks/bench_sandbox.py [programs] [in flight]``. Needs psutil. Figures are CPU time, so that other
work on the machine disturbs them less.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import psutil

from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.evaluation.sandbox.workers import TrustedWorkers

MAIN = "main.py"
PROGRAM = "def entrypoint():\n    return [[{0}.5, 0.25], [0.5, 0.75]]\n"
VALIDATE = "import numpy as np\ndef validate(output):\n    return {'fitness': float(np.asarray(output).sum())}\n"


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of the children it has reaped."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def own_cpu() -> float:
    """CPU seconds of this process, in microsecond resolution."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(programs: int, in_flight: int, folder: Path) -> None:
    """Print every figure for ``programs`` programs, ``in_flight`` at a time."""
    workers = TrustedWorkers(problem_dir=folder, size=1, primary_key="fitness")
    server = ForkServer(problem_dir=folder, has_context_file=False, limits=Limits(wall_time_s=20, memory_mb=512))
    before = own_cpu()
    await workers.start()
    await server.start()
    assert server.pid is not None
    pids = {"fork server": server.pid, "validator": workers.pids[0]}
    for name, pid in pids.items():
        print(
            f"start-up {name:12} {cpu_of(pid):6.3f} CPU-s, PSS {psutil.Process(pid).memory_full_info().pss >> 20} MiB"
        )
    print(f"start-up {'this process':12} {own_cpu() - before:6.3f} CPU-s")

    slots = asyncio.Semaphore(in_flight)
    children = 0.0

    async def one(number: int) -> None:
        nonlocal children
        async with slots:
            outcome = await server.run({MAIN: PROGRAM.format(number)}, MAIN)
            assert outcome.output is not None
            children += outcome.cpu_time_s
            verdict = await workers.validate(outcome.output, timeout_s=20)
            assert verdict.error is None

    await asyncio.gather(*(one(number) for number in range(20)))
    children = 0.0
    base = {"engine": own_cpu(), **{name: cpu_of(pid) for name, pid in pids.items()}}
    started = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(programs)))
    wall = time.perf_counter() - started
    spent = {"engine": own_cpu(), **{name: cpu_of(pid) for name, pid in pids.items()}}
    print(f"{programs} programs, {in_flight} in flight: {programs / wall:.0f} programs/s")
    total = 0.0
    for name, seconds in spent.items():
        share = (seconds - base[name]) / programs * 1000
        total += share
        print(f"  {name:12} {share:6.2f} CPU-ms a program" + (" (children included)" if name == "fork server" else ""))
    print(f"  {'children':12} {children / programs * 1000:6.2f} CPU-ms a program (of the fork server's)")
    print(f"  {'all':12} {total:6.2f} CPU-ms a program")
    print(f"PSS afterwards: fork server {psutil.Process(server.pid).memory_full_info().pss >> 20} MiB")
    await server.close()
    await workers.close()


def main() -> None:
    """Read the arguments and measure."""
    programs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    in_flight = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "validate.py").write_text(VALIDATE, encoding="utf-8")
        asyncio.run(measure(programs, in_flight, Path(folder)))


if __name__ == "__main__":
    main()
