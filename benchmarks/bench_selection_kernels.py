"""Selection kernels against the ways to say it in numpy, and DEAP: CPU time, one process, taking turns.

Each figure is the median over ``--repeats`` of the CPU time of a call, divided by the picks. Where numpy has several
ways, each has its line; *trick* are those that use what is known of the distribution, and are rarely written. The mean
merit of what is picked stands beside the speed: merits are 0 to 1, so it is 0.5 without selection, and both sides must
agree.

    pip install -e ".[peers]"
    python benchmarks/bench_selection_kernels.py
    python benchmarks/bench_selection_kernels.py --sizes 100 1000000
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
from alternating import alternate
from deap import tools

from gigaevo.kernels.twins import random_numpy, selection_numpy

try:
    from gigaevo.kernels.compiled import _random, _selection
except ImportError as error:
    raise SystemExit(f"the kernels are not compiled ({error}); run: python setup.py build_ext --inplace") from None

Array = np.ndarray[Any, np.dtype[Any]]
Pick = Callable[[], Array]

FLOOR = 1e-6
DEAP_LIMIT = 1000  # candidates up to which DEAP takes part: its roulette costs that many steps a pick


def numpy_tournaments(merits: Array, rng: np.random.Generator, size: int) -> Iterator[tuple[str, Pick]]:
    n = len(merits)

    def table() -> Array:
        drawn = rng.integers(n, size=(n, size))
        return drawn[np.arange(n), merits[drawn].argmax(axis=1)]

    def folded() -> Array:
        drawn = rng.integers(n, size=(size, n), dtype=np.int32)
        best = drawn[0]
        for other in drawn[1:]:
            best = np.where(merits[other] > merits[best], other, best)
        return best

    def sorted_first() -> Array:
        return merits.argsort()[rng.integers(n, size=(size, n), dtype=np.int32).max(axis=0)]

    yield "argmax of a table", table
    yield "trick: 32 bits, folded", folded
    yield "trick: greatest rank drawn", sorted_first


def numpy_roulettes(merits: Array, rng: np.random.Generator) -> Iterator[tuple[str, Pick]]:
    n = len(merits)

    def weights() -> Array:
        return (merits - merits.min()) / (merits.max() - merits.min()) + FLOOR

    def choice() -> Array:
        shares = weights()
        return rng.choice(n, n, p=shares / shares.sum())

    def search() -> Array:
        ends = np.cumsum(weights())
        return np.searchsorted(ends, rng.random(n) * ends[-1])

    def sorted_search() -> Array:
        ends, drawn = np.cumsum(weights()), rng.random(n)
        drawn.sort()
        picked = np.searchsorted(ends, drawn * ends[-1])
        rng.shuffle(picked)
        return picked

    yield "choice(p=)", choice
    yield "searchsorted of cumsum", search
    yield "trick: searched in order", sorted_search


def numpy_ranks(merits: Array, rng: np.random.Generator) -> Iterator[tuple[str, Pick]]:
    n = len(merits)
    pairs = n * (n + 1) / 2

    def choice() -> Array:
        return merits.argsort()[rng.choice(n, n, p=np.arange(1, n + 1) / pairs)]

    def search() -> Array:
        return merits.argsort()[np.searchsorted(np.cumsum(np.arange(1, n + 1)), rng.random(n) * pairs, side="right")]

    def closed_form() -> Array:
        ranks = (np.sqrt(1.0 + 8.0 * pairs * rng.random(n)) - 1.0) / 2.0
        return merits.argsort()[np.minimum(ranks.astype(np.int64), n - 1)]

    yield "choice(p=)", choice
    yield "searchsorted of cumsum", search
    yield "trick: closed form", closed_form


class Individual(list[int]):
    """What DEAP selects."""

    def __init__(self, row: int, fitness: Fitness) -> None:
        super().__init__([row])
        self.fitness = fitness


class Fitness:
    """As slim as DEAP's selections allow, so that they are measured and not the bookkeeping."""

    __slots__ = ("merit",)

    def __init__(self, merit: float) -> None:
        self.merit = merit

    @property
    def values(self) -> tuple[float]:
        return (self.merit,)

    def __lt__(self, other: Fitness) -> bool:
        return self.merit < other.merit

    def __gt__(self, other: Fitness) -> bool:
        return self.merit > other.merit


def deap_call(select: Callable[..., list[Individual]], merits: Array, *own: int) -> Pick:
    population = [Individual(row, Fitness(merit)) for row, merit in enumerate(merits.tolist())]
    return lambda: np.array([one[0] for one in select(population, len(population), *own)])


def table_of(title: str, merits: Array, contestants: list[tuple[str, Pick]], repeats: int) -> None:
    """Print the figures of contestants; the first is ours."""
    figures = alternate([call for _, call in contestants], repeats)
    print(f"\n{title:<34}{'ns a pick':>12}{'against ours':>14}{'mean merit':>12}")
    for (name, call), figure in zip(contestants, figures, strict=True):
        mean = np.mean([merits[call()].mean() for _ in range(3)])
        print(f"  {name:<32}{figure / len(merits):>12.1f}{figure / figures[0]:>13.1f}x{mean:>12.3f}", flush=True)


def measure(n: int, repeats: int) -> None:
    """All methods, picking as many as there are."""
    rng = np.random.default_rng(0)
    stream, slow = (module.RandomStream(np.random.SeedSequence(0)) for module in (_random, random_numpy))
    merits = rng.random(n)
    of = f"{n:,} of {n:,}"
    for size in (2, 3, 7):
        contestants: list[tuple[str, Pick]] = [
            ("cython", lambda size=size: _selection.tournament(merits, n, size, stream)),
            ("twin", lambda size=size: selection_numpy.tournament(merits, n, size, slow)),
            *numpy_tournaments(merits, rng, size),
        ]
        if n <= DEAP_LIMIT:
            contestants.append(("DEAP", deap_call(tools.selTournament, merits, size)))
        table_of(f"tournament of {size}, {of}", merits, contestants, repeats)
    contestants = [
        ("cython", lambda: _selection.roulette(merits, n, stream)),
        ("twin", lambda: selection_numpy.roulette(merits, n, slow)),
        *numpy_roulettes(merits, rng),
    ]
    if n <= DEAP_LIMIT:
        contestants.append(("DEAP", deap_call(tools.selRoulette, merits)))
    table_of(f"roulette, {of}", merits, contestants, repeats)
    contestants = [
        ("cython", lambda: _selection.rank(merits, n, stream)),
        ("twin", lambda: selection_numpy.rank(merits, n, slow)),
        *numpy_ranks(merits, rng),
    ]
    table_of(f"rank, {of}", merits, contestants, repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 10_000], help="candidates, and picks")
    parser.add_argument("--repeats", type=int, default=31)
    options = parser.parse_args()
    print(f"{platform.machine()}, python {platform.python_version()}, numpy {np.__version__}, deap {version('deap')}")
    for n in options.sizes:
        measure(n, options.repeats)


if __name__ == "__main__":
    main()
