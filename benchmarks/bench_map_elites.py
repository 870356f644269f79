"""The MAP-Elites loop with iso-line variation against pyribs: CPU time, one process, the two taking turns.

Sphere of 10 genes in [-5.12, 5.12], fitness in numpy, on a grid of 100 x 100. Two behaviours: *genes*, the first two
genes; *sums*, the sums of both halves, of which the outer ones are hard to reach. Steps, bounds, batches and the first
random batch are the same on both sides. Printed are microseconds a batch for making, evaluating and telling it, all
that a search costs divided by its batches (median of the seeds), and coverage and QD-score (mean of the seeds), which
must match. *ask/tell* is our loop with the evaluation outside. What the fitness alone takes is in both.

    pip install -e ".[bench]"
    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_map_elites.py
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
from ribs.archives import GridArchive as PeerArchive
from ribs.emitters import IsoLineEmitter as PeerEmitter
from ribs.schedulers import Scheduler

from gigaevo.kernels import BACKEND
from gigaevo.optimize import GridArchive, IsoLineEmitter, MAPElites, RangeGenotype

Array = np.ndarray[Any, np.dtype[Any]]
Fitness = Callable[[Array], tuple[Array, Array]]

GENES, LIMIT, SIDE = 10, 5.12, 100
ISO, LINE = 0.01, 0.2  # the first as a part of the range
WORST = -GENES * LIMIT**2


def genes(genomes: Array) -> tuple[Array, Array]:
    return -np.einsum("ij,ij->i", genomes, genomes), genomes[:, :2]


def sums(genomes: Array) -> tuple[Array, Array]:
    return -np.einsum("ij,ij->i", genomes, genomes), genomes.reshape(-1, 2, GENES // 2).sum(axis=2)


BEHAVIORS: dict[str, tuple[Fitness, float]] = {"genes": (genes, LIMIT), "sums": (sums, GENES // 2 * LIMIT)}


class Outcome(NamedTuple):
    """CPU time of a search in microseconds a batch, and how well it filled the archive."""

    microseconds: float
    coverage: float
    qd_score: float


def peer_search(fitness: Fitness, reach: float, batch: int, evaluations: int, seed: int) -> Outcome:
    first = np.random.default_rng(seed).uniform(-LIMIT, LIMIT, (batch, GENES))
    start = time.process_time()
    archive = PeerArchive(
        solution_dim=GENES, dims=[SIDE, SIDE], ranges=[(-reach, reach)] * 2, qd_score_offset=WORST, seed=seed
    )
    emitter = PeerEmitter(
        archive,
        iso_sigma=ISO * 2 * LIMIT,
        line_sigma=LINE,
        initial_solutions=first,
        bounds=[(-LIMIT, LIMIT)] * GENES,
        batch_size=batch,
        seed=seed,
    )
    scheduler = Scheduler(archive, [emitter])
    for _ in range(evaluations // batch):
        scheduler.tell(*fitness(scheduler.ask()))
    spent = time.process_time() - start
    return Outcome(spent * 1e6 * batch / evaluations, float(archive.stats.coverage), float(archive.stats.qd_score))


def our_search(
    fitness: Fitness, reach: float, batch: int, evaluations: int, seed: int, *, by_hand: bool = False
) -> Outcome:
    start = time.process_time()
    archive = GridArchive([SIDE, SIDE], [(-reach, reach)] * 2, qd_score_offset=WORST)
    search = MAPElites(
        RangeGenotype(GENES, (-LIMIT, LIMIT)),
        archive,
        [IsoLineEmitter(ISO, LINE)],
        batch_size=batch,
        maximize=True,
        seed=seed,
    )
    if by_hand:
        for _ in range(evaluations // batch):
            asked = search.ask()
            search.tell(asked, *fitness(asked.genomes))
    else:
        search.run(fitness, vectorized=True, evaluations=evaluations)
    spent = time.process_time() - start
    return Outcome(spent * 1e6 * batch / evaluations, archive.coverage, archive.qd_score)


def fitness_alone(fitness: Fitness, batch: int) -> float:
    genomes = np.random.default_rng(0).uniform(-LIMIT, LIMIT, (batch, GENES))
    calls = max(10, 200_000 // batch)
    start = time.process_time()
    for _ in range(calls):
        fitness(genomes)
    return (time.process_time() - start) * 1e6 / calls


def compare(name: str, batch: int, evaluations: int, seeds: int) -> None:
    fitness, reach = BEHAVIORS[name]
    found: tuple[list[Outcome], list[Outcome], list[Outcome]] = ([], [], [])
    for seed in range(seeds):
        found[0].append(peer_search(fitness, reach, batch, evaluations, seed))
        found[1].append(our_search(fitness, reach, batch, evaluations, seed))
        found[2].append(our_search(fitness, reach, batch, evaluations, seed, by_hand=True))
    peer, ours, by_hand = (statistics.median(outcome.microseconds for outcome in side) for side in found)
    print(
        f"{name:<6} {batch:>6,} {evaluations:>10,} {peer:>9.1f} {ours:>8.1f} {by_hand:>9.1f} "
        f"{fitness_alone(fitness, batch):>8.1f} {peer / ours:>7.1f}x {peer / by_hand:>7.1f}x"
    )
    for side, outcomes in (("pyribs", found[0]), ("gigaevo", found[1])):
        coverage = statistics.fmean(outcome.coverage for outcome in outcomes)
        qd_score = statistics.fmean(outcome.qd_score for outcome in outcomes)
        print(f"       {side:<8} coverage {coverage:.4f}  QD-score {qd_score:,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare MAP-Elites with that of pyribs, in CPU time.")
    parser.add_argument("--seeds", type=int, default=7, help="searches of each side, of which the median counts")
    options = parser.parse_args()
    print(f"pyribs {version('ribs')}, numpy {np.__version__}, {platform.machine()}, {BACKEND}; us of CPU time a batch")
    print(f"{'':<6} {'batch':>6} {'evals':>10} {'pyribs':>9} {'run':>8} {'ask/tell':>9} {'fitness':>8} {'ratio':>8}")
    for name in BEHAVIORS:
        for batch, evaluations in ((100, 200_000), (1_000, 1_000_000), (10_000, 2_000_000)):
            compare(name, batch, evaluations, options.seeds)


if __name__ == "__main__":
    main()
