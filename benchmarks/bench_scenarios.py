"""Whether evolution without a language model beats the initial programs of the two scenarios, in fresh runs.

    python benchmarks/bench_scenarios.py                                       # both, five minutes of evolution each
    python benchmarks/bench_scenarios.py --problems data_pipeline --seconds 60 --rounds 9
    python benchmarks/bench_scenarios.py --problems data_pipeline --program best_program.py    # no evolution

After the evolution the best program and all initial programs are driven in rounds, in random order within each.
Printed for each initial program: its median cost, the median over the rounds of the cost of the best program relative
to it, and a 95 % bootstrap interval of that median. Better means: every answer right in every round, and an interval
below 1.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gigaevo.evaluation.driven_runner import DrivenRunner
from gigaevo.evaluation.sandbox import wire
from gigaevo.evaluation.sandbox.client import ForkServer
from gigaevo.evaluation.sandbox.limits import Limits
from gigaevo.problems import Problem, load_problem

ROOT = Path(__file__).resolve().parent.parent
BEST = "best"
PROCESSES = 16  # and threads of a program, where its problem allows them


def evolved(problem: str, seconds: float, seed: int, settings: list[str]) -> tuple[str, str]:
    """Source of the best program of one run, and the run in a line."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "run.py", f"problem.name={problem}", f"seed={seed}", f"max_seconds={seconds:g}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*command, f"hydra.run.dir={out}", *settings], cwd=ROOT, check=True, **quiet)
        summary = json.loads((out / "summary.json").read_text())
        line = f"{summary['counts']['mutants']} mutants, best {summary['best']['metrics']['fitness']:.4f}"
        return (out / "best_program.py").read_text(), f"{line} by {summary['best']['operator']}"


async def fresh_costs(problem: Problem, programs: Mapping[str, str], rounds: int, seed: int) -> dict[str, list[float]]:
    """The cost of each program in each round; infinite where an answer was wrong or missing."""
    assert problem.driver is not None
    server = ForkServer(
        problem_dir=problem.folder,
        preload=problem.preload,
        has_context_file=problem.has_context,
        limits=Limits(wall_time_s=60, processes=PROCESSES),
        allow=problem.settings.sandbox.allow,
        hidden=problem.settings.hidden,
    )
    runner = DrivenRunner(server, driver=problem.driver)
    validate = validator_of(problem)
    order = random.Random(seed)
    costs: dict[str, list[float]] = {name: [] for name in programs}
    try:
        for number in range(rounds + 1):
            for name in order.sample(sorted(programs), len(programs)):
                outcome = await runner.run({"main.py": programs[name]}, "main.py")
                scored = None if outcome.error else validate(wire.decode(outcome.output or ""))
                if number:  # the first round warms up
                    right = scored is not None and scored["validity"] == 1.0
                    costs[name].append(scored["cost"] if right else float("inf"))  # type: ignore[index]
    finally:
        await server.close()
    return costs


def validator_of(problem: Problem) -> Callable[[Any], dict[str, float]]:
    """The ``validate`` of a shipped problem; it is ours, so it may run here."""
    spec = importlib.util.spec_from_file_location(f"validate_{problem.name}", problem.validate_path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.validate  # type: ignore[no-any-return]


def median_ratio(best: list[float], other: list[float], seed: int) -> tuple[float, float, float]:
    """Median over the rounds of best / other, and its 95 % bootstrap interval."""
    ratios = np.array([a / b if np.isfinite(b) else 0.0 for a, b in zip(best, other, strict=True)])
    drawn = np.random.default_rng(seed).choice(ratios, (4000, len(ratios)))
    low, high = np.quantile(np.median(drawn, axis=1), (0.025, 0.975), method="nearest")
    return float(np.median(ratios)), float(low), float(high)


def report(problem: Problem, costs: Mapping[str, list[float]], seed: int) -> bool:
    """Print the table; whether the best program beats every other one."""
    best = costs[BEST]
    right = all(np.isfinite(best))
    print(f"{'program':16} {'cost':>8} {'best / it':>10} {'95 % interval':>18}")
    print(f"{BEST:16} {statistics.median(best):8.3f} {'':10} {'' if right else 'not always right':>18}")
    beaten = right
    for name in sorted(set(costs) - {BEST}):
        ratio, low, high = median_ratio(best, costs[name], seed)
        beaten = beaten and high < 1.0
        interval = f"[{low:.3f}, {high:.3f}]"
        print(f"{name:16} {statistics.median(costs[name]):8.3f} {ratio:10.3f} {interval:>18}")
    print(
        f"{problem.name}: the best program {'beats' if beaten else 'DOES NOT BEAT'} every initial program", flush=True
    )
    return beaten


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=["data_pipeline", "api_endpoint"])
    parser.add_argument("--seconds", type=float, default=300, help="of evolution")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=15, help="fresh runs of each program")
    parser.add_argument("--program", type=Path, help="compare this program instead of evolving one")
    parser.add_argument("settings", nargs="*", help="further settings of the run, key=value")
    options = parser.parse_args()
    won = []
    for name in options.problems:
        problem = load_problem(ROOT / "problems" / name)
        if options.program:
            source, line = options.program.read_text(), str(options.program)
        else:
            source, line = evolved(name, options.seconds, options.seed, options.settings)
        print(f"{name}, seed {options.seed}: {line}", flush=True)
        programs = {BEST: source, **{seed.name: seed.source for seed in problem.initial_programs}}
        costs = asyncio.run(fresh_costs(problem, programs, options.rounds, options.seed))
        won.append(report(problem, costs, options.seed))
    sys.exit(0 if all(won) else 1)


if __name__ == "__main__":
    main()
