"""Choosing parents among many elites, and keeping what the choice needs: CPU time, one process, the runs alternating.

Three ways to choose among 100,000 elites: with the kernels (``EliteArchive.sample``, ``ValueRanking``,
``NeighborIndex``), which are kept up to date as elites change; by a scan of the objectives in numpy for each choice;
and with pyribs' GridArchive, whose ``sample_elites`` is uniform, so that most other laws there scan its ``data``.

    random         each elite as likely; the elites themselves are handed out and not their rows alone
    proportional   in proportion to the distance from the worst elite
    tournament     the best of three drawn uniformly
    rank           with a probability that rises linearly with the rank (what is slow without a ranking is to sort)
    insert         an elite is improved, and the order of all is known again
    novelty        an elite moves in a plane, and the mean distance of each to its 5 nearest others is known again;
                   the scan is a new k-d tree

Each figure is the median over ``--repeats`` of the CPU time a call takes. What the three draw is compared too: the mean
objective of the chosen must be the same within what chance explains. ``bench_archive_peers.py`` has the costs of adding
to an archive, one by one and in batches.

    pip install -e ".[bench]"
    python benchmarks/bench_selection.py
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from ribs.archives import GridArchive
from scipy.spatial import cKDTree

from gigaevo.kernels import BACKEND, EliteArchive, NeighborIndex, ValueRanking

Array = np.ndarray[Any, np.dtype[Any]]

SIDES = (400, 250)
ELITES = SIDES[0] * SIDES[1]
SOLUTION_DIM = 10
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: microseconds of CPU time a call, of each contestant; None where one has no such thing."""

    name: str
    kernels: float
    scan: float | None
    pyribs: float | None

    def __str__(self) -> str:
        peers = (self.scan, self.pyribs)
        times = "".join(f"{'-' if spent is None else format(spent, ',.1f'):>13}" for spent in (self.kernels, *peers))
        ratios = "".join(
            f"{'-' if spent is None else format(spent / self.kernels, ',.1f') + 'x':>12}" for spent in peers
        )
        return f"{self.name:<26}{times}{ratios}"


class Population:
    """The same elites in the kernels, in plain arrays, and in pyribs."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        cells = np.arange(ELITES)
        self.behaviors = (np.column_stack(np.unravel_index(cells, SIDES)) + 0.5) / SIDES
        self.objectives = rng.standard_normal(ELITES)
        solutions = rng.random((ELITES, SOLUTION_DIM))
        self.elites = EliteArchive(ELITES, behavior_dim=2, solution_dim=SOLUTION_DIM)
        self.elites.add(cells, self.objectives, cells, self.behaviors, solutions)
        self.ranking = ValueRanking(self.objectives)
        self.peer = GridArchive(solution_dim=SOLUTION_DIM, dims=SIDES, ranges=[(0.0, 1.0)] * 2)
        self.peer.add(solutions, self.objectives, self.behaviors)


def cpu_us(call: Callable[[], object], calls: int) -> float:
    """CPU time of one call, as the mean over ``calls`` of them."""
    start = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - start) / calls / 1000


def timed(name: str, repeats: int, *contestants: Callable[[], object] | None) -> Row:
    """Median CPU time a call of each contestant, kernels first; they take turns."""
    # As many calls a repeat as fill a millisecond, which the clock can tell from nothing.
    calls = [max(1, int(1000 / cpu_us(call, 3))) if call else 0 for call in contestants]
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(repeats):
        for times, call, count in zip(taken, contestants, calls, strict=True):
            if call:
                times.append(cpu_us(call, count))
    return Row(name, *(statistics.median(times) if times else None for times in taken))  # type: ignore[arg-type]


def check_alike(name: str, *drawn: Array) -> None:
    """Stop unless the mean objective of the chosen is the same, to five standard errors, whoever chose."""
    means = [chosen.mean() for chosen in drawn]
    error = max(chosen.std() / np.sqrt(len(chosen)) for chosen in drawn)
    if np.ptp(means) > 5.0 * np.sqrt(2.0) * error:
        raise SystemExit(f"{name}: the mean objectives {means} differ: a figure of speed would mean nothing")


def bench_random(population: Population, parents: int, repeats: int) -> Row:
    elites, objectives, rng = population.elites, population.objectives, population.rng

    def kernels() -> dict[str, Array]:
        rows = elites.sample(rng.random(parents))
        columns = {"objective": elites.objectives, "solution": elites.solutions, "measures": elites.behaviors}
        return {name: column[rows] for name, column in columns.items()}

    def scan() -> Array:
        return rng.integers(ELITES, size=parents)

    def pyribs() -> dict[str, Array]:
        return population.peer.sample_elites(parents)

    if parents > 1:
        check_alike("random", kernels()["objective"], objectives[scan()], pyribs()["objective"])
    return timed(f"random, {parents:,}", repeats, kernels, None, pyribs)


def bench_law(
    population: Population, name: str, repeats: int, kernels: Callable[[], Array], law: Callable[[Array], Array]
) -> Row:
    """A choice of rows by the kernels, and by a ``law`` that looks at all objectives."""

    def scan() -> Array:
        return law(population.objectives)

    def pyribs() -> Array:
        return law(population.peer.data("objective"))

    rows = kernels()
    if len(rows) > 1:
        objectives = population.objectives
        check_alike(name, objectives[rows], objectives[scan()], population.peer.data("objective")[pyribs()])
    return timed(f"{name}, {len(rows):,}", repeats, kernels, scan, pyribs)


def bench_proportional(population: Population, parents: int, repeats: int) -> Row:
    rng = population.rng

    def kernels() -> Array:
        return population.ranking.sample_proportional(rng.random(parents), higher_is_better=True)

    def law(objectives: Array) -> Array:
        cumulative = np.cumsum(objectives - objectives.min())
        return np.searchsorted(cumulative, rng.random(parents) * cumulative[-1], side="right")

    return bench_law(population, "proportional", repeats, kernels, law)


def bench_rank(population: Population, parents: int, repeats: int) -> Row:
    rng = population.rng

    def ranks() -> Array:
        """Of n ranks the r-th has probability (2 r + 1) / n**2."""
        return (ELITES * np.sqrt(rng.random(parents))).astype(np.int64)

    def kernels() -> Array:
        return population.ranking.rows_at(ranks())

    def law(objectives: Array) -> Array:
        return np.argsort(objectives)[ranks()]

    return bench_law(population, "rank", repeats, kernels, law)


def bench_tournament(population: Population, parents: int, repeats: int) -> Row:
    elites, objectives, rng = population.elites, population.objectives, population.rng

    def best(contestants: Array, values: Array) -> Array:
        return contestants[np.arange(parents), values.reshape(parents, 3).argmax(axis=1)]

    def kernels() -> Array:
        rows = elites.sample(rng.random(3 * parents))
        return best(rows.reshape(parents, 3), elites.objectives[rows])

    def scan() -> Array:
        rows = rng.integers(ELITES, size=3 * parents)
        return best(rows.reshape(parents, 3), objectives[rows])

    def pyribs() -> Array:
        drawn = population.peer.sample_elites(3 * parents)
        return best(drawn["objective"].reshape(parents, 3), drawn["objective"])

    if parents > 1:
        check_alike("tournament", objectives[kernels()], objectives[scan()], pyribs())
    return timed(f"tournament of 3, {parents:,}", repeats, kernels, scan, pyribs)


def bench_insert(population: Population, repeats: int) -> list[Row]:
    """An elite in the middle of the order is improved again and again."""
    elites, ranking, peer, rng = population.elites, population.ranking, population.peer, population.rng
    solution = rng.random(SOLUTION_DIM)
    objectives = population.objectives.copy()

    def improve(place: Callable[[int, float], object]) -> Callable[[], object]:
        def step() -> object:
            row = int(rng.integers(ELITES))
            objectives[row] += 1e-6
            return place(row, float(objectives[row]))

        return step

    def add(row: int, objective: float) -> None:
        elites.add_one(row, objective, row, population.behaviors[row], solution)

    def add_and_rank(row: int, objective: float) -> None:
        add(row, objective)
        ranking.replace(row, objective)

    def scan(_row: int, _objective: float) -> Array:
        return np.argsort(objectives)

    def add_to_pyribs(row: int, objective: float) -> None:
        peer.add_single(solution, objective, population.behaviors[row])

    def pyribs(row: int, objective: float) -> Array:
        add_to_pyribs(row, objective)
        return np.argsort(peer.data("objective"))

    return [
        timed("insert, no ranks", repeats, improve(add), None, improve(add_to_pyribs)),
        timed("insert and rank", repeats, improve(add_and_rank), improve(scan), improve(pyribs)),
    ]


def bench_novelty(population: Population, repeats: int) -> Row:
    rng = population.rng
    points = rng.random((ELITES, 2))
    index = NeighborIndex(points, NEAREST)

    def kernels() -> Array:
        row, point = int(rng.integers(ELITES)), rng.random(2)
        points[row] = point
        index.replace(row, point)
        return index.novelty

    def scan() -> Array:
        distances, _ = cKDTree(points).query(points, k=NEAREST + 1)
        return distances[:, 1:].mean(axis=1)

    if not np.allclose(kernels(), scan(), rtol=1e-12):
        raise SystemExit("novelty: the distances differ: a figure of speed would mean nothing")
    return timed("novelty, one moves", max(3, repeats // 4), kernels, scan, None)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare ways to choose parents among 100,000 elites, in CPU time.")
    parser.add_argument("--repeats", type=int, default=21, help="timings per figure, of which the median counts")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    repeats = options.repeats
    population = Population(np.random.default_rng(options.seed))
    print(f"{BACKEND} kernels, pyribs {version('ribs')}, numpy {np.__version__}, {platform.machine()}")
    print(f"{ELITES:,} elites; microseconds of CPU time a call")
    print(f"{'':<26}{'kernels':>13}{'scan':>13}{'pyribs':>13}{'scan/ours':>12}{'ribs/ours':>12}")
    for parents in (1000, 1):
        print(bench_random(population, parents, repeats))
        print(bench_proportional(population, parents, repeats))
        print(bench_tournament(population, parents, repeats))
        print(bench_rank(population, parents, repeats))
    for row in bench_insert(population, repeats):
        print(row)
    print(bench_novelty(population, repeats))


if __name__ == "__main__":
    main()
