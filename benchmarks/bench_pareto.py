"""Fronts, crowding, hypervolume and NSGA-II against moocore, pymoo and pygmo: CPU time, one process, taking turns.

Each figure is the median over ``--repeats`` of the CPU time of a call, or of a whole search. *cloud*:
objectives are drawn evenly; *front*: no row dominates another. What both sides find is compared: ranks must be equal,
hypervolumes agree to nine digits; of searches the median hypervolume beyond (1.1, 1.1) is printed beside the speed.

    pip install -e ".[peers]"
    python benchmarks/bench_pareto.py
    python benchmarks/bench_pareto.py --only search --repeats 5
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import moocore
import numpy as np
import pygmo
from alternating import alternate
from pymoo.algorithms.moo.nsga2 import NSGA2 as PymooNSGA2
from pymoo.core.problem import Problem
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.optimize import minimize

from gigaevo.kernels.hypervolume import hypervolume
from gigaevo.kernels.pareto import crowding, non_dominated_ranks, ranks_and_crowding
from gigaevo.kernels.twins import hypervolume_numpy, pareto_numpy
from gigaevo.optimize import NSGA2, functions

Array = np.ndarray[Any, np.dtype[Any]]

SORTED = ((200, 2), (2000, 2), (10_000, 2), (200, 3), (2000, 3), (10_000, 3), (1000, 5), (2000, 5), (10_000, 5))
REFERENCE = [1.1, 1.1]
GENES = 30


def population(n: int, m: int, kind: str) -> Array:
    """Objectives that are drawn from a cube, or lie on a sphere: larger is better."""
    rng = np.random.default_rng(n * m)
    rows = np.abs(rng.normal(size=(n, m))) if kind == "front" else rng.random((n, m))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True) if kind == "front" else rows


def heading(title: str, *columns: str) -> None:
    print(f"\n{title:<34}" + "".join(f"{column:>12}" for column in columns))


def line(name: str, ours: float, theirs: float, twin: float, items: int) -> None:
    """Nanoseconds an item, and ratios to the peer."""
    figures = "".join(f"{taken / items:>12.1f}" for taken in (theirs, ours, twin))
    print(f"{name:<34}{figures}{theirs / ours:>11.1f}x{theirs / twin:>11.1f}x", flush=True)


def sorts(repeats: int) -> None:
    heading("ranks, ns a row", "moocore", "cython", "numpy", "cython", "numpy")
    for n, m in SORTED:
        for kind in ("cloud", "front"):
            rows = population(n, m, kind)
            negated = -rows  # moocore minimises
            assert (non_dominated_ranks(rows) == moocore.pareto_rank(negated)).all()
            ours, theirs, twin = alternate(
                [
                    partial(non_dominated_ranks, rows),
                    partial(moocore.pareto_rank, negated),
                    partial(pareto_numpy.non_dominated_ranks, rows[:2000]),
                ],
                repeats,
            )
            line(f"{kind}, N={n}, M={m}", ours, theirs, twin if n <= 2000 else math.nan, n)


def crowds(repeats: int) -> None:
    heading("ranks and crowding, ns a row", "pygmo", "cython", "numpy", "cython", "numpy")
    for n, m in ((200, 2), (200, 3), (2000, 2)):
        rows = population(n, m, "cloud")
        ours, theirs, twin = alternate(
            [
                partial(ranks_and_crowding, rows),
                partial(pygmo_ranks_and_crowding, -rows),
                partial(pareto_numpy.ranks_and_crowding, rows),
            ],
            repeats,
        )
        line(f"cloud, N={n}, M={m}", ours, theirs, twin, n)
    heading("crowding of one front, ns a row", "pymoo", "cython", "numpy", "cython", "numpy")
    theirs_of = get_crowding_function("cd")
    for n, m in ((200, 2), (1000, 2), (1000, 3)):
        rows, everybody = population(n, m, "front"), np.arange(n)
        np.testing.assert_allclose(crowding(rows, everybody), theirs_of.do(-rows), rtol=1e-9)
        ours, theirs, twin = alternate(
            [
                partial(crowding, rows, everybody),
                partial(theirs_of.do, -rows),
                partial(pareto_numpy.crowding, rows, everybody),
            ],
            repeats,
        )
        line(f"N={n}, M={m}", ours, theirs, twin, n)


def pygmo_ranks_and_crowding(minimised: Array) -> None:
    fronts, *_ = pygmo.fast_non_dominated_sorting(minimised)
    for front in fronts:
        if len(front) > 1:  # it refuses one
            pygmo.crowding_distance(minimised[front])


def volumes(repeats: int) -> None:
    heading("hypervolume, us", "moocore", "cython", "numpy", "cython", "numpy")
    for n, m in ((100, 2), (1000, 2), (100, 3), (1000, 3), (100, 4), (100, 5), (100, 6)):
        rows, corner = population(n, m, "front"), np.zeros(m)
        np.testing.assert_allclose(hypervolume(rows, corner), moocore.hypervolume(-rows, ref=corner), rtol=1e-9)
        few = rows if m < 5 and n <= 100 else rows[:10]
        ours, theirs, twin = alternate(
            [
                partial(hypervolume, rows, corner),
                partial(moocore.hypervolume, -rows, ref=corner),
                partial(hypervolume_numpy.hypervolume, few, corner),
            ],
            repeats,
        )
        line(f"N={n}, M={m}", ours, theirs, twin if len(few) == n else math.nan, 1000)


def zdt1(genomes: Array) -> Array:
    first = genomes[:, 0]
    scale = 1.0 + 9.0 * genomes[:, 1:].mean(axis=1)
    return np.column_stack([first, scale * (1.0 - np.sqrt(first / scale))])


class Zdt1(Problem):  # type: ignore[misc]
    """For pymoo: the same numpy function."""

    def __init__(self) -> None:
        super().__init__(n_var=GENES, n_obj=2, xl=0.0, xu=1.0)

    def _evaluate(self, x: Array, out: dict[str, Array], *args: object, **kwargs: object) -> None:
        out["F"] = zdt1(x)


def searches(repeats: int) -> None:
    heading("NSGA-II, ZDT1 30-D", "evals/s", "us/gen", "hypervolume", "ours is")
    for size, generations in ((100, 250), (1000, 50)):
        contestants: dict[str, Callable[[int], Array]] = {
            f"ours, {name}": partial(ours_search, size, generations, fitness, own)
            for name, fitness, own in (
                ("native fitness", functions.zdt1, {}),
                ("numpy fitness", zdt1, {}),
                ("numpy, duplicates kept", zdt1, {"eliminate_duplicates": False}),
            )
        }
        contestants["pymoo, numpy fitness"] = partial(pymoo_search, size, generations, True)
        contestants["pymoo, numpy, duplicates kept"] = partial(pymoo_search, size, generations, False)
        contestants["pygmo, native fitness"] = partial(pygmo_search, size, generations)
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        reached: dict[str, list[float]] = {name: [] for name in contestants}
        for seed in range(1, repeats + 1):
            for name, search in contestants.items():
                start = time.process_time()
                found = search(seed)
                seconds[name].append(time.process_time() - start)
                reached[name].append(hypervolume(-found, [-1.1, -1.1]))
        medians = {name: statistics.median(taken) for name, taken in seconds.items()}
        for name, taken in medians.items():
            rival = "" if name.startswith("ours") else rival_ratio(name, taken, medians)
            figures = f"{size * generations / taken:>12,.0f}{taken / generations * 1e6:>12.0f}"
            print(
                f"{f'{size} x {generations}: {name}':<34}{figures}{statistics.median(reached[name]):>12.4f}{rival:>12}"
            )


def rival_ratio(name: str, taken: float, medians: dict[str, float]) -> str:
    """How much faster ours is with the same kind of fitness and the same duplicates."""
    return f"{taken / medians['ours' + name[5:]]:.1f}x"


def ours_search(size: int, generations: int, fitness: Any, own: dict[str, bool], seed: int) -> Array:
    search = NSGA2((np.zeros(GENES), np.ones(GENES)), population_size=size, seed=seed, **own)
    return search.run(fitness, generations=generations, vectorized=fitness is zdt1).fitness


def pymoo_search(size: int, generations: int, eliminate: bool, seed: int) -> Array:
    algorithm = PymooNSGA2(pop_size=size, eliminate_duplicates=eliminate)
    return np.array(minimize(Zdt1(), algorithm, ("n_gen", generations), seed=seed, verbose=False).pop.get("F"))


def pygmo_search(size: int, generations: int, seed: int) -> Array:
    problem = pygmo.problem(pygmo.zdt(prob_id=1, param=GENES))
    own = pygmo.nsga2(gen=generations - 1, cr=0.9, eta_c=15, m=1 / GENES, eta_m=20, seed=seed)
    return np.array(pygmo.algorithm(own).evolve(pygmo.population(problem, size, seed=seed)).get_f())


PARTS = {"sort": sorts, "crowding": crowds, "hypervolume": volumes, "search": searches}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--only", choices=sorted(PARTS), nargs="*", default=list(PARTS))
    arguments = parser.parse_args()
    peers = ", ".join(f"{name} {version(name)}" for name in ("moocore", "pymoo", "pygmo"))
    print(f"{platform.machine()}, python {platform.python_version()}, numpy {np.__version__}, {peers}")
    for part in arguments.only:
        PARTS[part](arguments.repeats)


if __name__ == "__main__":
    main()
