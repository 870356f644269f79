"""How good the default settings get offline: the best program of each run, and the median over seeds.

    python benchmarks/bench_quality.py                                   # 2 problems, seeds 0 to 2, five minutes each
    python benchmarks/bench_quality.py --problems toy_example --seconds 60

Runs go one after the other: the default settings use every core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def summary_of_run(problem: str, seed: int, seconds: float, extra: list[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        subprocess.run(
            [
                sys.executable,
                "run.py",
                f"problem.name={problem}",
                f"seed={seed}",
                f"max_seconds={seconds:g}",
                f"hydra.run.dir={out}",
                *extra,
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        loaded: dict[str, object] = json.loads((out / "summary.json").read_text())
        return loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=["heilbron", "circle_packing"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("extra", nargs="*", help="further settings, key=value")
    options = parser.parse_args()
    for problem in options.problems:
        reached = []
        for seed in options.seeds:
            result = summary_of_run(problem, seed, options.seconds, options.extra)
            best = result["best"]
            assert isinstance(best, dict)
            reached.append(best["metrics"]["fitness"])
            counts = result["counts"]
            assert isinstance(counts, dict)
            print(
                f"{problem} seed {seed}: {reached[-1]:.10g} by {best['operator']}, {counts['mutants']} mutants, "
                f"{result['validate_calls']} validate calls",
                flush=True,
            )
        print(f"{problem} median {statistics.median(reached):.10g}", flush=True)


if __name__ == "__main__":
    main()
