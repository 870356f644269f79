"""Archives of vectors against pyribs: CPU time, one process, the two taking turns.

Each figure is the median of ``--repeats`` timings of CPU time, divided by the items. Solutions have 10 numbers.
*Drift*: objectives rise, so that about a quarter of a batch is let in once the archive is full; *saturated*: next to
nothing is. Both must end with the same elites, else the script stops: a figure of speed would mean nothing.

    pip install -e ".[bench]"
    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_archive_peers.py
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from itertools import count, repeat
from typing import Any

import numpy as np
import ribs.archives as peers
from alternating import cpu_ns

from gigaevo.kernels import BACKEND
from gigaevo.optimize import CVTArchive, GridArchive

Array = np.ndarray[Any, np.dtype[Any]]

SOLUTION_DIM = 10
MEMORY_LIMIT_MB = 200  # of an archive of 10^8 cells with 100,000 elites


def alternate(repeats: int, *contestants: tuple[Callable[[], object], int]) -> list[float]:
    """Median CPU time a call of each contestant, given with its calls a repeat; they take turns."""
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(repeats):
        for times, (call, calls) in zip(taken, contestants, strict=True):
            times.append(cpu_ns(call, calls))
    return [statistics.median(times) for times in taken]


def report(name: str, peer: float, ours: float, note: str = "") -> None:
    print(f"{name:<44} {peer:>10.1f} {ours:>9.1f} {peer / ours:>8.1f}x  {note}", flush=True)


def grids(dims: Sequence[int]) -> tuple[peers.GridArchive, GridArchive]:
    ranges = [(0.0, 1.0)] * len(dims)
    return peers.GridArchive(solution_dim=SOLUTION_DIM, dims=dims, ranges=ranges), GridArchive(dims, ranges)


def random_behaviors(rng: np.random.Generator, n: int, dims: Sequence[int]) -> Array:
    """Points (n, axes) off the edges of cells, where pyribs rounds in its own way."""
    shape = (n, len(dims))
    return (rng.integers(dims, size=shape) + rng.uniform(0.01, 0.99, shape)) / np.array(dims)


def bench_grid_index(rng: np.random.Generator, repeats: int, dims: Sequence[int], n: int) -> None:
    peer, ours = grids(dims)
    points = random_behaviors(rng, n, dims)
    assert (peer.index_of(points) == ours.index_of(points)).all()
    calls = 100_000 // n
    spent = alternate(repeats, (partial(peer.index_of, points), calls), (partial(ours.index_of, points), 4 * calls))
    report(f"cell index, grid {len(dims)}-D, {n:,}", *(each / n for each in spent))


def bench_centroid_index(rng: np.random.Generator, repeats: int, d: int, centroids: int, n: int) -> None:
    where = rng.random((centroids, d))
    ranges = [(0.0, 1.0)] * d
    peer, ours = peers.CVTArchive(solution_dim=1, centroids=where, ranges=ranges), CVTArchive(where, ranges)
    points = rng.random((n, d))
    assert (peer.index_of(points) == ours.index_of(points)).all()
    calls = max(1, 10_000 // n)
    spent = alternate(repeats, (partial(peer.index_of, points), calls), (partial(ours.index_of, points), 4 * calls))
    report(f"cell index, {centroids:,} centroids {d}-D, {n:,}", *(each / n for each in spent))


def bench_add(
    rng: np.random.Generator, repeats: int, dims: Sequence[int], n: int, filling: int, rise: float, name: str
) -> None:
    """``rise``: of the mean objective while the archive is offered as many items as it has cells."""
    peer, ours = grids(dims)
    cells = ours.total_cells
    group = max(1, 4000 // n)  # batches a timing
    taken: tuple[list[float], list[float]] = ([], [])
    accepted = []
    for at in range(0, filling + repeats * group, group):
        batches = [
            (
                rng.random((n, SOLUTION_DIM)),
                rng.standard_normal(n) + rise * n / cells * (at + turn),
                random_behaviors(rng, n, dims),
            )
            for turn in range(group)
        ]
        spent = [cpu_ns(partial(add_all, archive, batches), 1) / n / group for archive in (peer, ours)]
        if at >= filling:
            for times, each in zip(taken, spent, strict=True):
                times.append(each)
            accepted.append(np.mean([np.isin(batch[1], ours.data().fitness).mean() for batch in batches[-1:]]))
    check_same_elites(peer, ours)
    note = f"{np.mean(accepted):.0%} of the last batches are elites, coverage {ours.coverage:.0%}"
    report(f"add {name}, {n:,}", statistics.median(taken[0]), statistics.median(taken[1]), note)


def add_all(archive: Any, batches: list[tuple[Array, Array, Array]]) -> None:
    for batch in batches:
        archive.add(*batch)


def bench_single(rng: np.random.Generator, repeats: int, improving: bool) -> None:
    """One item again and again into one cell."""
    solution, behavior = rng.random(SOLUTION_DIM), random_behaviors(rng, 1, [100, 100])[0]
    rising = count() if improving else repeat(0)
    peer, ours = grids([100, 100])

    def offer(archive: Any) -> Callable[[], object]:
        return lambda: archive.add_single(solution, float(next(rising)), behavior)

    spent = alternate(repeats, (offer(peer), 100), (offer(ours), 5000))
    report(f"add one at a time, {'let in' if improving else 'rejected'}", *spent)


def bench_sparse(rng: np.random.Generator) -> None:
    """A hundred million cells: pyribs would allocate them all, so it does not take part."""
    archive = GridArchive([100] * 4, [(0.0, 1.0)] * 4)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = []
    for _ in range(100):
        batch = rng.random((1000, SOLUTION_DIM)), rng.standard_normal(1000), rng.random((1000, 4))
        spent.append(cpu_ns(partial(archive.add, *batch), 1) / 1000)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEMORY_LIMIT_MB
    print(
        f"10^8 cells, batches of 1,000: {statistics.median(spent):.0f} ns an item, {len(archive):,} elites, "
        f"{grown:.0f} MB more"
    )


def check_same_elites(peer: peers.GridArchive, ours: GridArchive) -> None:
    """Stop unless both hold the same cells with the same objectives."""
    theirs, found = peer.data(["index", "objective"]), ours.data()
    expected = dict(zip(theirs["index"].tolist(), theirs["objective"].tolist(), strict=True))
    if dict(zip(found.cells.tolist(), found.fitness.tolist(), strict=True)) != expected:
        raise SystemExit("the archives differ: a figure of speed would mean nothing")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare archives with those of pyribs, in CPU time.")
    parser.add_argument("--repeats", type=int, default=31, help="timings per figure, of which the median counts")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, repeats = np.random.default_rng(options.seed), options.repeats
    print(f"pyribs {version('ribs')}, numpy {np.__version__}, {platform.machine()}, {BACKEND}; ns of CPU time an item")
    print(f"{'':<44} {'pyribs':>10} {'gigaevo':>9} {'ratio':>9}")
    bench_sparse(rng)  # first: what memory it takes would not be seen later
    for n in (1_000, 10_000):
        bench_grid_index(rng, repeats, [100, 100], n)
    bench_grid_index(rng, repeats, [10] * 4, 10_000)
    for n in (1_000, 10_000):
        bench_add(rng, repeats, [100, 100], n, 40_000 // n, 0.15, "100 x 100, drift")
    for n in (1_000, 10_000):
        bench_add(rng, repeats, [100, 100], n, 400_000 // n, 0.0, "100 x 100, saturated")
    bench_add(rng, repeats, [32] * 4, 1_000, 300, 0.15, "32^4, filling up")
    bench_single(rng, repeats, improving=True)
    bench_single(rng, repeats, improving=False)
    for d, centroids in ((2, 1_000), (2, 10_000), (4, 1_000)):
        for n in (1_000, 10_000):
            bench_centroid_index(rng, repeats, d, centroids, n)


if __name__ == "__main__":
    main()
