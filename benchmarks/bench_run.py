"""What a mutant costs: CPU of all processes per mutant, its growth over a run, start-up CPU, and memory (PSS).

    python benchmarks/bench_run.py                  # 500, 1500, 4000 and 5000 mutants
    python benchmarks/bench_run.py --repeats 3

An operator that makes unique children of `toy_example` at next to no cost stands in for the real ones, so that what is
measured is everything else: selection, journal, fork, limits, validation, archive.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


def command(mutants: int, folder: Path, *extra: str) -> list[str]:
    return [
        sys.executable,
        str(ROOT / "run.py"),
        "--config-dir",
        str(ROOT / "benchmarks" / "config"),
        "problem.name=toy_example",
        "mutation=unique",
        f"max_mutants={mutants}",
        "max_seconds=null",
        f"hydra.run.dir={folder}",
        *extra,
    ]


def tree_pss_mb(process: psutil.Process) -> float:
    """Proportional memory of a process and all its descendants, in MiB."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def measure(mutants: int) -> tuple[float, float]:
    """CPU seconds of all processes of one run, and the greatest PSS seen (sampled four times a second)."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = subprocess.Popen(
            command(mutants, Path(folder) / "run"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        peak = 0.0
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.25):
                try:
                    peak = max(peak, tree_pss_mb(psutil.Process(child.pid)))
                except psutil.Error:
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        status = child.wait()
        done.set()
        watcher.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status != 0:
        sys.exit(f"a run of {mutants} mutants ended with status {status}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 500, 1500, 4000, 5000])
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    cpu: dict[int, float] = {}
    for mutants in options.lengths:
        runs = [measure(mutants) for _ in range(options.repeats)]
        cpu[mutants] = statistics.median(seconds for seconds, _ in runs)
        print(
            f"{mutants:6d} mutants: {cpu[mutants]:7.2f} CPU-s, {max(pss for _, pss in runs):6.1f} MiB PSS", flush=True
        )
    lengths = sorted(cpu)

    def marginal(start: int, end: int) -> float:
        return 1000 * (cpu[end] - cpu[start]) / (end - start)

    if 500 in cpu and 5000 in cpu:
        print(f"marginal, 500 to 5000: {marginal(500, 5000):.2f} ms CPU per mutant")
    if {500, 1500, 4000, 5000} <= set(lengths):
        first, last = marginal(500, 1500), marginal(4000, 5000)
        print(f"first thousand {first:.2f} ms, last thousand {last:.2f} ms: ratio {last / first:.3f}")


if __name__ == "__main__":
    main()
