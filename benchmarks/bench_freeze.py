"""What repeated freezing makes of a weak seed, in one process.

    python benchmarks/bench_freeze.py [--problems heilbron ...] [--designs climb ...] [--seeds 3] [--evaluations 400000]

Each run begins with the output of one of a shipped problem's initial programs and freezes the best output again and
again, as evolution does with its best elite. Printed are the best scores after given numbers of evaluations, one for
each seed, the median at the end and the CPU seconds of a run. The designs:

    climb   as shipped: hops, quasi-Newton climbs on the penalised objective, repair
    blind   as shipped, but invalid outputs come without any number: rows and CMA-ES take turns
    rows    the (1+1)-ES on single rows alone, feasibility rules
    cma     CMA-ES alone with feasibility rules and restarts
    anneal  simulated annealing on single rows among valid outputs
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import math
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from gigaevo.evaluation import search_job
from gigaevo.evaluation.sandbox import wire
from gigaevo.evolution.mutation.base import Credit, Mutation, MutationContext, OperatorContext
from gigaevo.evolution.mutation.freeze import FreezeMutation
from gigaevo.optimize import BudgetSpent, SearchResult, local_search
from gigaevo.optimize.local.basin_hopping import units
from gigaevo.optimize.local.cma_search import cma_search
from gigaevo.optimize.local.rows import row_search
from gigaevo.optimize.local.trials import Trials
from gigaevo.problems import load_problem
from gigaevo.programs import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PROBLEMS = Path(__file__).resolve().parent.parent / "problems"
NUMERIC = ["toy_example", "heilbron", "circle_packing", "min_max_distance"]
MARKS = [0.05, 0.25, 0.5, 1.0]
OUTPUT_BYTES = 1 << 20


def rows_only(score, start, *, groups, evaluations, step, rng):
    """``row_search`` with the face of ``local_search``."""
    unit = units(start, groups)

    def search(trials, first):
        row_search(
            lambda z: trials(z * unit), start / unit, first, groups=groups, evaluations=evaluations, step=step, rng=rng
        )

    return finished(score, start, evaluations, search)


def cma_only(score, start, *, groups, evaluations, step, rng):
    """``cma_search`` with the face of ``local_search``, restarted from the best point when it has converged."""
    unit = units(start, groups)

    def search(trials, _):
        while True:
            cma_search(lambda z: trials(z * unit), trials.best / unit, evaluations=evaluations, step=step, rng=rng)

    return finished(score, start, evaluations, search)


def annealing(score, start, *, groups, evaluations, step, rng):
    """Simulated annealing with the face of ``local_search``: one row moves at a time, invalid points are refused."""
    unit = units(start, groups)

    def search(trials, first):
        x, here = start / unit, first
        while True:
            heat = 1.0 - trials.spent / evaluations
            group = groups[int(rng.integers(len(groups)))]
            point = x.copy()
            point[group] += step * heat * rng.normal(size=group.stop - group.start)
            there = trials(point * unit)
            loss = here.objective - there.objective
            temperature = 1e-3 * heat * abs(first.objective)
            if there.feasible and (loss <= 0.0 or rng.random() < math.exp(-loss / max(temperature, 1e-300))):
                x, here = point, there

    return finished(score, start, evaluations, search)


def finished(score, start, evaluations, search):
    """What ``search`` found with its evaluations."""
    trials = Trials(score, evaluations)
    first = trials(start)
    try:
        search(trials, first)
    except BudgetSpent:
        pass
    return SearchResult(trials.best, trials.best_score, first, trials.spent)


DESIGNS: dict[str, Callable[..., SearchResult]] = {
    "climb": local_search,
    "blind": local_search,
    "rows": rows_only,
    "cma": cma_only,
    "anneal": annealing,
}


class SearchHere:
    """The numeric search without its process."""

    def __init__(self, validate: Callable[[Any], dict[str, float]], *, blind: bool) -> None:
        self._validate = validate
        self._blind = blind

    def judged(self, output: Any) -> tuple[dict[str, float], str | None]:
        """Metrics and error, as the worker that holds the validator gives them."""
        try:
            metrics = self._validate(output)
        except ValueError as error:
            return {}, str(error)
        return ({"is_valid": 0.0} if self._blind and metrics["is_valid"] < 0.5 else metrics), None

    async def search(self, output: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """As ``NumericSearch``."""
        return search_job.run_search(self.judged, wire.decode(output), dict(request))


def output_of(source: str) -> Any:
    """What a program returns; only for programs of our own."""
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return namespace["entrypoint"]()


def imported(folder: Path, name: str) -> Any:
    """A module of a problem folder."""
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


async def run(problem: str, design: str, seed: int, evaluations: int) -> tuple[list[float], float]:
    """Freeze the best again and again; the scores at ``MARKS`` and the CPU seconds."""
    folder = PROBLEMS / problem
    if (folder / "helper.py").exists():
        imported(folder, "helper")
    known = load_problem(folder)
    search = SearchHere(imported(folder, "validate").validate, blind=design == "blind")
    operator = FreezeMutation()
    operator.bind(OperatorContext(metrics=known.metrics, takes_context=False, deterministic=True, search=search))
    seeds = sorted((folder / "initial_programs").glob("*.py"))
    output = output_of(seeds[seed % len(seeds)].read_text())
    best, reached, spent, number = math.nan, [], 0, 0
    began = time.process_time()
    with patch.object(search_job, "local_search", DESIGNS[design]):
        while spent < evaluations:
            parent = Program(id=str(number), source="", output=wire.encode(output, max_bytes=OUTPUT_BYTES))
            context = MutationContext(
                rng=np.random.default_rng([seed, number]),
                parameters=operator.parameters(),
                evaluations=operator.max_evaluations,
            )
            child = await operator.mutate([parent], context)
            number += 1
            spent += child.cost.validate_calls
            if isinstance(child, Mutation):
                output = output_of(child.source)
                best = search.judged(output)[0][known.metrics.primary_key]
            improved = isinstance(child, Mutation)
            operator.credit(
                Credit(
                    operator="freeze",
                    parameters=context.parameters,
                    outcome="accepted" if improved else "none",
                    improved=improved,
                )
            )
            while len(reached) < len(MARKS) and spent >= MARKS[len(reached)] * evaluations:
                reached.append(best)
    return reached, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", choices=NUMERIC, default=NUMERIC)
    parser.add_argument("--designs", nargs="+", choices=list(DESIGNS), default=["climb"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=400_000)
    chosen = parser.parse_args()
    for problem in chosen.problems:
        for design in chosen.designs:
            runs = [asyncio.run(run(problem, design, seed, chosen.evaluations)) for seed in range(chosen.seeds)]
            for share, scores in zip(MARKS, zip(*(reached for reached, _ in runs), strict=True), strict=True):
                shown = "  ".join(f"{score:.7g}" for score in scores)
                print(f"{problem:17} {design:7} {share * chosen.evaluations:9.0f} evaluations: {shown}")
            last = statistics.median(reached[-1] for reached, _ in runs)
            seconds = statistics.median(cpu for _, cpu in runs)
            print(f"{problem:17} {design:7} median {last:.7g}, {seconds:.1f} CPU s a run", flush=True)


if __name__ == "__main__":
    main()
