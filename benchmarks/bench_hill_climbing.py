"""Whether diversity is paid for with progress: the default algorithm against greedy hill climbing, same operator.

    python benchmarks/bench_hill_climbing.py                        # 2 problems, 10 seeds, 1000 mutants each
    python benchmarks/bench_hill_climbing.py --algorithm multi_island --seeds 30

The operator moves one of a program's 24 constants by Gaussian noise. The strategy is the one that ``config/`` composes;
it is asked for a parent and offered the child, here in the process and one at a time. Hill climbing makes each child
from the best program so far, and the random numbers of mutant k are the same for both. ``climbing/smooth`` should end
within 0.2 % of hill climbing, ``climbing/rugged`` ahead of it. Fitness is 1 at the lowest point of either.

``climbing.jitter.JitterMutation`` is the same operator for a run of programs in the sandbox, from this folder:

    python ../run.py problem.dir=climbing/rugged mutation=jitter --config-dir climbing/config max_mutants=1000
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from climbing.jitter import jittered
from hydra import compose, initialize_config_dir
from loguru import logger

from gigaevo.config.builder import Builder
from gigaevo.config.resolvers import register_resolvers
from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import EvolutionStrategy, StrategyContext
from gigaevo.problems import Problem, load_problem
from gigaevo.programs import Program, ProgramState
from gigaevo.programs.syntax import analyse

BENCHMARKS = Path(__file__).resolve().parent
Validate = Callable[[Any], dict[str, float]]


def validator(problem: Problem) -> Validate:
    """``validate`` of a folder of ours: trusted, and so called here."""
    spec = importlib.util.spec_from_file_location(problem.name, problem.validate_path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    validate: Validate = module.validate
    return validate


def evaluated(source: str, validate: Validate, *, number: int, parent: Program | None = None) -> Program:
    """A program with the metrics that a run would give it."""
    scope: dict[str, Any] = {}
    exec(source, scope)  # our own initial program with other numbers
    facts = analyse(source)
    metrics = validate(scope["entrypoint"]()) | {
        "lines": float(facts.lines),
        "ast_nodes": float(facts.ast_nodes),
        "cyclomatic_complexity": float(facts.cyclomatic_complexity),
        "complexity_score": float(facts.complexity_score),
        "complexity": float(facts.complexity_score),
        "paradigm": float(facts.paradigm),
        "wall_time_s": 0.0,
        "cpu_time_s": 0.0,
        "runtime": 0.0,
        "peak_memory_mb": 0.0,
    }
    return Program(
        id=f"p{number}",
        source=source,
        number=number,
        state=ProgramState.COMPLETED,
        parents=[] if parent is None else [parent.id],
        generation=0 if parent is None else parent.generation + 1,
        operator="initial" if parent is None else "jitter",
        metrics=metrics,
    )


def strategy_of(overrides: Sequence[str]) -> EvolutionStrategy:
    """A new strategy, as the configuration has it."""
    register_resolvers()
    with initialize_config_dir(str(BENCHMARKS.parent / "config"), version_base="1.3"):
        strategy: EvolutionStrategy = Builder(compose("config", list(overrides))).node("evolution_strategy")
    return strategy


def hill_climbing(problem: Problem, random: RandomSource, *, mutants: int, scale: float) -> float:
    """Fitness of the best program where each child is made from the best so far and must be better."""
    validate = validator(problem)
    best = evaluated(problem.initial_programs[0].source, validate, number=-1)
    for number in range(mutants):
        source = jittered(best.source, random.derive("jitter", number), scale)
        assert source is not None
        child = evaluated(source, validate, number=number, parent=best)
        if child.metrics["fitness"] > best.metrics["fitness"]:
            best = child
    return best.metrics["fitness"]


async def evolution(
    problem: Problem, random: RandomSource, strategy: EvolutionStrategy, *, mutants: int, scale: float
) -> float:
    """Fitness of the best program where the strategy says from which program each child is made."""
    validate = validator(problem)
    strategy.bind(StrategyContext(metrics=problem.metrics, random=random, behavior_keys=problem.settings.behavior_keys))
    random.proposal = -1
    first = evaluated(problem.initial_programs[0].source, validate, number=-1)
    await strategy.add(first)
    best = first.metrics["fitness"]
    for number in range(mutants):
        random.proposal = number
        (parent,) = await strategy.select_elites(1)
        source = jittered(parent.source, random.derive("jitter", number), scale)
        assert source is not None
        child = evaluated(source, validate, number=number, parent=parent)
        await strategy.add(child)
        strategy.drain_events()
        best = max(best, child.metrics["fitness"])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", nargs="+", default=["smooth", "rugged"])
    parser.add_argument("--algorithm", default="single_island")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--scale", type=float, default=0.1, help="standard deviation of the noise")
    parser.add_argument("overrides", nargs="*", help="further settings of the configuration, key=value")
    options = parser.parse_args()
    logger.remove()  # an island that a run would find fault with is what is being looked at here
    print(
        f"{options.mutants} mutants, {options.seeds} seeds, noise of {options.scale:g}, algorithm {options.algorithm}"
    )
    for name in options.problems:
        problem = load_problem(BENCHMARKS / "climbing" / name)
        started = time.process_time()
        climbed, evolved = [], []
        for seed in range(options.seeds):
            how = {"mutants": options.mutants, "scale": options.scale}
            climbed.append(hill_climbing(problem, RandomSource(seed), **how))
            strategy = strategy_of([f"algorithm={options.algorithm}", *options.overrides])
            evolved.append(asyncio.run(evolution(problem, RandomSource(seed), strategy, **how)))
        hill, ours = statistics.median(climbed), statistics.median(evolved)
        won = sum(one > other for one, other in zip(evolved, climbed, strict=True))
        print(
            f"{name:8s} hill climbing {hill:.6f}, {options.algorithm} {ours:.6f}: {100 * (ours / hill - 1):+.3f} %, "
            f"ahead in {won} of {options.seeds} seeds   ({time.process_time() - started:.0f} s of CPU)",
            flush=True,
        )


if __name__ == "__main__":
    main()
