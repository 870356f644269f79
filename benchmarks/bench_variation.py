"""Variation kernels and random numbers against pymoo and numpy: CPU time, one process, taking turns.

Each figure is the median over ``--repeats`` of the CPU time of a call, divided by the genes of the parents (for
crossovers: by their pairs) or the numbers drawn. Beside the speed stands what must agree on both sides: the mean
distance of a child's gene from its parent's, or the standard deviation of what is drawn.

    pip install -e ".[peers]"
    python benchmarks/bench_variation.py
    python benchmarks/bench_variation.py --rows 100 10000
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
from alternating import alternate
from pymoo.operators.crossover.sbx import SBX, cross_sbx
from pymoo.operators.mutation.pm import mut_pm

from gigaevo.kernels.twins import random_numpy, variation_numpy

try:
    from gigaevo.kernels.compiled import _random, _variation
except ImportError as error:
    raise SystemExit(f"the kernels are not compiled ({error}); run: python setup.py build_ext --inplace") from None

Array = np.ndarray[Any, np.dtype[Any]]
Make = Callable[[], Array]

GENES = 30
LOWER, UPPER = np.full(GENES, -5.12), np.full(GENES, 5.12)
BOUNDS = {"lower": LOWER, "upper": UPPER}


def heading(title: str, quality: str) -> None:
    print(
        f"\n{title:<44}{'peer':>10}{'cython':>10}{'twin':>10}{'cython':>10}{'twin':>9}   {quality}: peer, cython, twin"
    )


def line(name: str, items: int, contestants: list[Make], quality: Callable[[Array], float], repeats: int) -> None:
    """Print the figures of the peer, ours and the twin."""
    figures = [figure / items for figure in alternate(contestants, repeats)]
    qualities = "  ".join(f"{quality(call()):.4f}" for call in contestants)
    times = "".join(f"{figure:>10.2f}" for figure in figures)
    print(
        f"{name:<44}{times}{figures[0] / figures[1]:>9.1f}x{figures[0] / figures[2]:>8.1f}x   {qualities}", flush=True
    )


def pymoo_sbx(a: Array, b: Array, rng: np.random.Generator, eta: float) -> Make:
    """The function behind pymoo's operator, with its defaults."""
    parents, etas, exchange = np.stack([a, b]), np.full((len(a), 1), eta), np.full((len(a), 1), 0.5)
    return lambda: np.concatenate(cross_sbx(parents, LOWER, UPPER, etas, 0.5, exchange, random_state=rng))


def pymoo_sbx_operator(a: Array, b: Array, rng: np.random.Generator) -> Make:
    """The operator as its algorithms call it, without the objects around the vectors."""
    operator, parents, problem = SBX(), np.stack([a, b]), SimpleNamespace(xl=LOWER, xu=UPPER)
    return lambda: np.concatenate(operator._do(problem, parents, random_state=rng))


def pymoo_polynomial(genomes: Array, rng: np.random.Generator, rate: float) -> Make:
    etas, rates = np.full(len(genomes), 20.0), np.full(len(genomes), rate)
    return lambda: mut_pm(genomes, LOWER, UPPER, etas, rates, False, random_state=rng)


def numpy_gaussian(genomes: Array, rng: np.random.Generator, rate: float) -> Make:
    """Normals for the genes that are hit only: faster than for all, but for rates near to 1."""
    sigma = 0.1 * (UPPER - LOWER)

    def sparse() -> Array:
        mutants, hit = genomes.copy(), rng.random(genomes.shape) < rate
        mutants[hit] += rng.standard_normal(np.count_nonzero(hit)) * np.broadcast_to(sigma, genomes.shape)[hit]
        return np.clip(mutants, LOWER, UPPER, out=mutants)

    def dense() -> Array:
        mutants = genomes + rng.standard_normal(genomes.shape) * sigma
        return np.clip(mutants, LOWER, UPPER, out=mutants)

    return dense if rate == 1.0 else sparse


def numpy_uniform(a: Array, b: Array, rng: np.random.Generator) -> Make:
    def exchange() -> Array:
        taken = rng.random(a.shape) < 0.5
        return np.concatenate([np.where(taken, b, a), np.where(taken, a, b)])

    return exchange


def crossovers(rows: int, repeats: int) -> None:
    rng = np.random.default_rng(1)
    stream, slow = (module.RandomStream(np.random.SeedSequence(1)) for module in (_random, random_numpy))
    a, b = (LOWER + rng.random((rows, GENES)) * (UPPER - LOWER) for _ in range(2))
    parents, out = np.concatenate([a, b]), np.empty((2 * rows, GENES))

    def distance(children: Array) -> float:
        return float(np.minimum(np.abs(children[:rows] - a), np.abs(children[:rows] - b)).mean())

    def exchanged(children: Array) -> float:
        return float((children != parents).mean())

    heading(f"crossover of {rows:,} pairs, ns a pair of genes", "distance or share")
    for eta in (15.0, 15.5):
        calls = [
            pymoo_sbx(a, b, rng, eta),
            partial(_variation.sbx, a, b, stream, **BOUNDS, eta=eta, pair_rate=1.0, out=out),
            partial(variation_numpy.sbx, a, b, slow, **BOUNDS, eta=eta, pair_rate=1.0, out=out),
        ]
        line(f"SBX, eta {eta}, half of the genes; pymoo", a.size, calls, distance, repeats)
    calls[0] = pymoo_sbx_operator(a, b, rng)
    calls[1:] = [
        partial(_variation.sbx, a, b, stream, **BOUNDS, pair_rate=1.0, out=out),
        partial(variation_numpy.sbx, a, b, slow, **BOUNDS, pair_rate=1.0, out=out),
    ]
    line("SBX; pymoo's operator", a.size, calls, distance, repeats)
    calls = [
        numpy_uniform(a, b, rng),
        partial(_variation.uniform, a, b, stream, out=out),
        partial(variation_numpy.uniform, a, b, slow, out=out),
    ]
    line("uniform; numpy", a.size, calls, exchanged, repeats)


def mutations(rows: int, repeats: int) -> None:
    rng = np.random.default_rng(2)
    stream, slow = (module.RandomStream(np.random.SeedSequence(2)) for module in (_random, random_numpy))
    genomes = LOWER + rng.random((rows, GENES)) * (UPPER - LOWER)
    out = np.empty_like(genomes)

    def distance(mutants: Array) -> float:
        return float(np.abs(mutants - genomes).mean())

    heading(f"mutation of {rows:,} genomes, ns a gene", "distance")
    for rate in (1.0 / GENES, 0.1, 1.0):
        calls = [
            pymoo_polynomial(genomes, rng, rate),
            partial(_variation.polynomial, genomes, stream, **BOUNDS, gene_rate=rate, out=out),
            partial(variation_numpy.polynomial, genomes, slow, **BOUNDS, gene_rate=rate, out=out),
        ]
        line(f"polynomial, rate {rate:.3f}; pymoo", genomes.size, calls, distance, repeats)
    for rate in (0.1, 1.0):
        calls = [
            numpy_gaussian(genomes, rng, rate),
            partial(_variation.gaussian, genomes, stream, **BOUNDS, gene_rate=rate, out=out),
            partial(variation_numpy.gaussian, genomes, slow, **BOUNDS, gene_rate=rate, out=out),
        ]
        line(f"Gaussian, rate {rate:.3f}; numpy", genomes.size, calls, distance, repeats)


def numbers(count: int, repeats: int) -> None:
    rng, fast = np.random.default_rng(3), np.random.Generator(np.random.SFC64(3))
    stream, slow = (module.RandomStream(np.random.SeedSequence(3)) for module in (_random, random_numpy))

    def deviation(drawn: Array) -> float:
        return float(drawn.std())

    heading(f"{count:,} random numbers, ns each", "deviation")
    for name, peer, ours in [
        ("normals; numpy PCG64", partial(rng.standard_normal, count), "normals"),
        ("normals; numpy SFC64", partial(fast.standard_normal, count), "normals"),
        ("uniforms; numpy PCG64", partial(rng.random, count), "uniforms"),
        ("uniforms; numpy SFC64", partial(fast.random, count), "uniforms"),
    ]:
        calls = [peer, partial(getattr(stream, ours), count), partial(getattr(slow, ours), count)]
        line(name, count, calls, deviation, repeats)
    calls = [partial(rng.integers, 1000, size=count), partial(stream.integers, count, 1000)]
    calls.append(partial(slow.integers, count, 1000))
    line("integers below 1,000; numpy", count, calls, deviation, repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000], help="pairs, or genomes")
    parser.add_argument("--repeats", type=int, default=31)
    options = parser.parse_args()
    print(f"{platform.machine()}, python {platform.python_version()}, numpy {np.__version__}, pymoo {version('pymoo')}")
    for rows in options.rows:
        crossovers(rows, options.repeats)
        mutations(rows, options.repeats)
    numbers(10_000, options.repeats)


if __name__ == "__main__":
    main()
