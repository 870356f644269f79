"""All that the optimizers and their kernels are measured against: one script after the other, about half an hour.

    pip install -e ".[peers]"
    python benchmarks/bench_against_peers.py            # or some of them: --only archives pareto

Each script takes turns between ours and a peer in one process and prints CPU time, its medians, and what was reached.
On a machine with other work, ratios are what to go by.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS: dict[str, list[str]] = {
    "archives": ["bench_archive_peers.py"],
    "selection": ["bench_selection_kernels.py", "--sizes", "10000"],
    "variation": ["bench_variation.py"],
    "pareto": ["bench_pareto.py"],
    "genetic": ["bench_genetic.py"],
    "strategy": ["bench_evolve.py"],
    "swarm": ["bench_swarm.py", "--seeds", "5"],
    "cma": ["bench_cma.py", "--seeds", "7"],
    "map_elites": ["bench_map_elites.py"],
    "quality": ["bench_optimize_quality.py"],
}
# Idle threads of BLAS burn CPU time that would be counted.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SCRIPTS), default=list(SCRIPTS))
    chosen = parser.parse_args().only
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(HERE.parent)}
    for name in chosen:
        script, *options = SCRIPTS[name]
        print(f"\n## {name}: python benchmarks/{script} {' '.join(options)}", flush=True)
        begin = time.monotonic()
        done = subprocess.run([sys.executable, str(HERE / script), *options], env=environment)
        if done.returncode:
            sys.exit(f"{script} ended with {done.returncode}")
        print(f"({time.monotonic() - begin:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
