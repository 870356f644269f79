"""What evolution adds: the default algorithm against `best_of_n` at the same number of `validate` calls.

    python benchmarks/bench_control.py                         # 5 problems, 5 seeds, 1500 calls
    python benchmarks/bench_control.py --problems heilbron --calls 3000

Both arms mutate with the same operators (constants and syntax tree; `freeze` is off) and start from the same programs.
The control arm mutates initial programs only. Prints the median best of each arm and every single result.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from omegaconf import OmegaConf

ROOT = Path(__file__).resolve().parent.parent
ARMS = ("single_island", "best_of_n")


def best_of_run(problem: str, arm: str, seed: int, calls: int) -> float:
    """Primary metric of the best program of one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        subprocess.run(
            [
                sys.executable,
                "run.py",
                f"problem.name={problem}",
                f"algorithm={arm}",
                "mutation=no_freeze",
                f"seed={seed}",
                f"max_evaluations={calls}",
                "max_seconds=null",
                "engine.max_mutations_in_flight=1",
                "engine.max_evaluations_in_flight=1",
                f"hydra.run.dir={out}",
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return float(json.loads((out / "summary.json").read_text())["best"]["metrics"]["fitness"])


def higher_is_better(problem: str) -> bool:
    specs = OmegaConf.load(ROOT / "problems" / problem / "metrics.yaml").specs
    return bool(next(spec.higher_is_better for spec in specs.values() if spec.get("is_primary")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = sorted(path.parent.name for path in (ROOT / "problems").glob("*/metrics.yaml"))
    parser.add_argument("--problems", nargs="+", default=every)
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2, help="runs side by side")
    options = parser.parse_args()
    print(f"{options.calls} validate calls, {options.seeds} seeds, freeze off")
    with ThreadPoolExecutor(options.workers) as pool:
        jobs = {
            (problem, arm): [
                pool.submit(best_of_run, problem, arm, seed, options.calls) for seed in range(options.seeds)
            ]
            for problem in options.problems
            for arm in ARMS
        }
        for problem in options.problems:
            medians = {}
            for arm in ARMS:
                results = [job.result() for job in jobs[problem, arm]]
                medians[arm] = statistics.median(results)
                shown = " ".join(f"{result:.6g}" for result in results)
                print(f"{problem:18s} {arm:14s} median {medians[arm]:.6g}   ({shown})", flush=True)
            evolved, control = (medians[arm] for arm in ARMS)
            won = evolved > control if higher_is_better(problem) else evolved < control
            print(f"{problem:18s} evolution {'beats' if won else 'DOES NOT BEAT'} the control arm", flush=True)


if __name__ == "__main__":
    main()
