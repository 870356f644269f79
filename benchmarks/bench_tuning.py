"""What differences between programs add to the mutation of marked constants, in one process.

    python benchmarks/bench_tuning.py [--problems round ...] [--children 300] [--seeds 20]

A program has six constants with marked ranges; its score is a function of them, which is not run but computed here.
Each child is made from one of the five best programs, and four are always under way, as in a run. Printed are the
medians of the best values, which are to be small, with and without differential steps (``constants`` makes one
mutation in four of marked constants one, where a family is known), and the CPU milliseconds of a child.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections import deque
from unittest.mock import patch

import numpy as np

from gigaevo.evolution.mutation import constants
from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, OperatorContext
from gigaevo.evolution.mutation.families import places_of
from gigaevo.evolution.mutation.tuning import marked_literals
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState

CONSTANTS = 6
BEST, UNDER_WAY = 5, 4
TURN = np.linalg.qr(np.random.default_rng(5).normal(size=(CONSTANTS, CONSTANTS)))[0]
CENTRE = np.linspace(0.3, 0.75, CONSTANTS)
METRICS = Metrics({"loss": MetricSpec(description="", is_primary=True, higher_is_better=False)})


def valley(places):
    """Rosenbrock's function."""
    x = 4.0 * places - 2.0
    return float(np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2))


def rugged(places):
    """Rastrigin's function."""
    x = 6.0 * (places - CENTRE)
    return float(np.sum(10.0 + x * x - 10.0 * np.cos(2.0 * np.pi * x)))


PROBLEMS = {
    "round": lambda places: float(np.sum((places - CENTRE) ** 2)),
    "turned": lambda places: float(np.sum((TURN @ (places - CENTRE)) ** 2 * 10.0 ** np.linspace(0.0, 3.0, CONSTANTS))),
    "valley": valley,
    "rugged": rugged,
}


def program(number: int, source: str, fitness) -> Program:
    """A program that was evaluated."""
    loss = fitness(np.array(places_of(marked_literals(source))))
    return Program(id=str(number), source=source, state=ProgramState.COMPLETED, metrics={"loss": loss})


async def run(fitness, seed: int, children: int) -> tuple[float, float]:
    """The best loss, and CPU milliseconds of a child."""
    rng = np.random.default_rng(seed)
    operator = constants.ConstantsMutation()
    operator.bind(OperatorContext(metrics=METRICS, takes_context=False, search=None))
    lines = [f"C{i} = {10.0 * place!r}  # tune: 0 .. 10\n" for i, place in enumerate(rng.random(CONSTANTS))]
    known = [program(0, "".join(lines) + "\n\ndef entrypoint():\n    return C0\n", fitness)]
    operator.observe(known[0])
    under_way: deque[tuple[Program, MutationContext, Mutation]] = deque()
    spent = 0.0
    for number in range(1, children + 1):
        best = sorted(known, key=lambda each: each.metrics["loss"])[:BEST]
        parent = best[int(rng.integers(len(best)))]
        context = MutationContext(rng=rng, parameters=operator.parameters(), observed=len(known))
        began = time.process_time()
        child = await operator.mutate([parent], context)
        spent += time.process_time() - began
        if isinstance(child, Mutation):
            under_way.append((parent, context, child))
        if len(under_way) > UNDER_WAY:
            parent, context, child = under_way.popleft()
            known.append(program(number, child.source, fitness))
            operator.observe(known[-1])
            improved = known[-1].metrics["loss"] < parent.metrics["loss"]
            outcome = "accepted" if improved else "rejected"
            operator.credit(
                Credit(operator="constants", parameters=context.parameters, outcome=outcome, improved=improved)
            )
    return min(each.metrics["loss"] for each in known), spent / children * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--children", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    for name in chosen.problems:
        for share in (0.0, constants._DIFFERENTIAL):
            with patch.object(constants, "_DIFFERENTIAL", share):
                runs = [asyncio.run(run(PROBLEMS[name], seed, chosen.children)) for seed in range(chosen.seeds)]
            losses = [loss for loss, _ in runs]
            milliseconds = statistics.median(cpu for _, cpu in runs)
            label = "with differences" if share else "without"
            print(f"{name:7} {label:17} median {statistics.median(losses):.3g}, {milliseconds:.2f} ms", flush=True)


if __name__ == "__main__":
    main()
