"""Binning and archive kernels against pyribs' GridArchive: CPU time, one process, the runs alternating.

Each figure is the median over ``--repeats`` of the CPU time a call takes, divided by the items of the call. The
archives hold 10-dimensional solutions on a grid of 10,000 cells: two axes of 100, or where it says 4-D four of 10.
*drift*: objectives rise, so that about a third of each batch is inserted. *saturated*: nothing is. The quality reached
is compared too: both sides must end with the same cells and objectives.

    pip install -e ".[bench]"
    python benchmarks/bench_kernels.py
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count, repeat
from types import ModuleType
from typing import Any

import numpy as np
from ribs.archives import GridArchive

from gigaevo.kernels import Binning, archive_numpy, grid_numpy

try:
    from gigaevo.kernels import _archive, _grid
except ImportError as error:
    raise SystemExit(f"the kernels are not compiled ({error}); run: python setup.py build_ext --inplace") from None

Array = np.ndarray[Any, np.dtype[Any]]

PLANE, HYPERCUBE = (100, 100), (10, 10, 10, 10)  # cells of each axis; both have as many in all
SOLUTION_DIM = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: nanoseconds of CPU time an item, of each contestant."""

    name: str
    pyribs: float
    cython: float
    numpy: float

    def __str__(self) -> str:
        ratios = f"{self.pyribs / self.cython:>9.1f}x {self.pyribs / self.numpy:>9.1f}x"
        return f"{self.name:<28} {self.pyribs:>10.1f} {self.cython:>10.1f} {self.numpy:>10.1f} {ratios}"


def cpu_ns(call: Callable[[], object], calls: int) -> float:
    """CPU time of one call, as the mean over ``calls`` of them."""
    start = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - start) / calls


def alternate(contestants: list[tuple[Callable[[], object], int]], repeats: int) -> list[float]:
    """Median CPU time a call of each contestant, given with its calls a repeat; they take turns."""
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(repeats):
        for times, (call, calls) in zip(taken, contestants, strict=True):
            times.append(cpu_ns(call, calls))
    return [statistics.median(times) for times in taken]


def pyribs_archive(sides: tuple[int, ...]) -> GridArchive:
    return GridArchive(solution_dim=SOLUTION_DIM, dims=sides, ranges=[(0.0, 1.0)] * len(sides))


class Ours:
    """Binning and archive of one implementation, together what pyribs' archive does."""

    def __init__(self, grid: ModuleType, archive: ModuleType, sides: tuple[int, ...]) -> None:
        axes = len(sides)
        self.grid = grid
        self.axes = np.zeros(axes), np.ones(axes), np.array(sides), np.full(axes, Binning.LINEAR, dtype=np.uint8)
        self.sides = sides
        self.elites = archive.EliteArchive(math.prod(sides), behavior_dim=axes, solution_dim=SOLUTION_DIM)

    def index_of(self, behaviors: Array) -> Array:
        return self.grid.bin_grid(behaviors, *self.axes)[0]

    def add(self, solutions: Array, objectives: Array, behaviors: Array) -> None:
        cells = self.index_of(behaviors)
        self.elites.add(cells, objectives, cells, behaviors, solutions)

    def add_single(self, solution: Array, objective: float, behavior: Array) -> None:
        cell = 0
        for side, position in zip(self.sides, self.grid.bin_point(behavior, *self.axes), strict=True):
            cell = cell * side + position
        self.elites.add_one(cell, objective, 0, behavior, solution)


def contestants(sides: tuple[int, ...] = PLANE) -> tuple[GridArchive, Ours, Ours]:
    return pyribs_archive(sides), Ours(_grid, _archive, sides), Ours(grid_numpy, archive_numpy, sides)


def random_behaviors(rng: np.random.Generator, n: int, sides: tuple[int, ...] = PLANE) -> Array:
    """Points (n, axes) off the edges of cells, where pyribs rounds in its own way."""
    shape = (n, len(sides))
    return (rng.integers(sides, size=shape) + rng.uniform(0.01, 0.99, shape)) / sides


def bench_binning(rng: np.random.Generator, repeats: int) -> Row:
    points = random_behaviors(rng, 10_000)
    calls = [(partial(side.index_of, points), 5) for side in contestants()]
    return Row("bin 10k points", *(spent / len(points) for spent in alternate(calls, repeats)))


def bench_batches(
    rng: np.random.Generator, repeats: int, size: int, rising: bool, name: str, sides: tuple[int, ...] = PLANE
) -> Row:
    """``rising`` objectives improve a third of a batch; else the archive is saturated."""
    cells = math.prod(sides)
    drift = 0.3 * size / cells if rising else 0.0  # of the mean a batch, in standard deviations
    contesting = contestants(sides)
    taken: tuple[list[float], ...] = ([], [], [])
    filling = 4 * cells // size
    for batch in range(filling + repeats):
        solutions, behaviors = rng.random((size, SOLUTION_DIM)), random_behaviors(rng, size, sides)
        late = drift * batch if drift or batch < filling else -100.0
        objectives = rng.standard_normal(size) + late
        for side, spent in zip(contesting, taken, strict=True):
            nanoseconds = cpu_ns(partial(side.add, solutions, objectives, behaviors), 1)
            if batch >= filling:
                spent.append(nanoseconds / size)
    check_same_elites(*contesting)
    return Row(name, *map(statistics.median, taken))


def bench_single(rng: np.random.Generator, repeats: int, improving: bool, name: str) -> Row:
    """One item again and again into one cell; every one of them is inserted if ``improving``."""
    solution, behavior = rng.random(SOLUTION_DIM), random_behaviors(rng, 1)[0]
    rising = count() if improving else repeat(0)

    def offer(side: GridArchive | Ours) -> Callable[[], object]:
        return lambda: side.add_single(solution, float(next(rising)), behavior)

    peer, compiled, twin = contestants()
    return Row(name, *alternate([(offer(peer), 50), (offer(compiled), 2000), (offer(twin), 50)], repeats))


def bench_add_one(rng: np.random.Generator, repeats: int) -> Row:
    """``add_one`` alone, as the engine calls it, which knows the cell."""
    solution, behavior = rng.random(SOLUTION_DIM), random_behaviors(rng, 1)[0]
    peer, compiled, twin = contestants()
    item = (5, 1.0, 0, behavior, solution)
    calls = [
        (partial(peer.add_single, solution, 1.0, behavior), 50),
        (partial(compiled.elites.add_one, *item), 2000),
        (partial(twin.elites.add_one, *item), 50),
    ]
    return Row("add one, cell known", *alternate(calls, repeats))


def check_same_elites(peer: GridArchive, *ours: Ours) -> None:
    """Stop unless all hold the same cells with the same objectives."""
    data = peer.data(["index", "objective"])
    expected = dict(zip(data["index"].tolist(), data["objective"].tolist(), strict=True))
    for side in ours:
        if dict(zip(side.elites.cells.tolist(), side.elites.objectives.tolist(), strict=True)) != expected:
            raise SystemExit("the archives differ: a figure of speed would mean nothing")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the kernels with pyribs, in CPU time.")
    parser.add_argument("--repeats", type=int, default=41, help="timings per figure, of which the median counts")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, repeats = np.random.default_rng(options.seed), options.repeats
    print(f"pyribs {version('ribs')}, numpy {np.__version__}, {platform.machine()}; ns of CPU time an item")
    print(f"{'':<28} {'pyribs':>10} {'cython':>10} {'numpy':>10} {'p/cython':>10} {'p/numpy':>10}")
    print(bench_binning(rng, repeats))
    for size, label in ((1_000, "1k"), (10_000, "10k")):
        print(bench_batches(rng, repeats, size, True, f"bin and add {label}, drift"))
        print(bench_batches(rng, repeats, size, False, f"bin and add {label}, saturated"))
    print(bench_batches(rng, repeats, 10_000, True, "bin and add 10k, 4-D, drift", HYPERCUBE))
    print(bench_batches(rng, repeats, 10_000, False, "bin and add 10k, 4-D, sat.", HYPERCUBE))
    print(bench_single(rng, repeats, True, "bin and add one, improving"))
    print(bench_single(rng, repeats, False, "bin and add one, rejected"))
    print(bench_add_one(rng, repeats))


if __name__ == "__main__":
    main()
