"""CMA-ES against evosax, pygmo and pycma: CPU time of an evaluation, and what equal evaluations reach.

    python benchmarks/bench_cma.py [--peers evosax pygmo cma] [--functions sphere ...] [--population 14 100]

Functions of 30 variables that are compiled on every side but pycma's, which gets a population at once, as does "ours,
numpy"; pygmo has no sphere, and gets one in Python. Everybody begins at a random place, with a standard deviation of
0.2 of the range: what ours does by default (in the middle of the ranges, and keeping the bounds); the peers have no
bounds, as by default. Ours and peers take turns, seed by seed, in one process, and CPU time is counted: the median of
the seeds. Quality is the median of the best values; p is the chance of ranks this bad if ours were as good
(Mann-Whitney, one-sided; what tells against us is below 0.05 divided by the number of functions). A search that ended
in NaN counts as infinite. evosax computes with 32 bits, as by default; its first call, which compiles, is not counted.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from quality.jax_functions import of_a_population

from gigaevo.optimize import CMAES, functions

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLES = 30
NAMES = ("sphere", "rosenbrock", "ackley", "rastrigin")
SIGMA = 0.2


def box(name: str) -> tuple[float, float]:
    native = functions.by_name(name)
    return native.lower, native.upper


def ours(name: str, population: int, evaluations: int, seed: int, *, native: bool) -> float:
    """On the compiled function, or on one of arrays in numpy."""
    function = functions.by_name(name)
    search = CMAES(function.genotype(VARIABLES), population_size=population, seed=seed)
    fitness = function if native else in_numpy(name)
    return search.run(fitness, vectorized=not native, evaluations=evaluations).best_fitness


def in_numpy(name: str) -> Callable[[Any], Any]:
    """The function of a population, shape (n, variables)."""
    return {
        "sphere": lambda x: np.sum(x * x, axis=1),
        "rosenbrock": lambda x: np.sum(100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2, axis=1),
        "ackley": lambda x: (
            20.0
            + np.e
            - 20.0 * np.exp(-0.2 * np.sqrt(np.mean(x * x, axis=1)))
            - np.exp(np.mean(np.cos(2.0 * np.pi * x), axis=1))
        ),
        "rastrigin": lambda x: 10.0 * x.shape[1] + np.sum(x * x - 10.0 * np.cos(2.0 * np.pi * x), axis=1),
    }[name]


@cache
def evosax_search(name: str, population: int, generations: int) -> Callable[[int], float]:
    """A compiled search by evosax, of a seed."""
    import jax
    import jax.numpy as jnp
    from evosax.algorithms import CMA_ES

    low, high = box(name)
    value = of_a_population(name)
    strategy = CMA_ES(population_size=population, solution=jnp.zeros(VARIABLES))
    parameters = strategy.default_params.replace(std_init=SIGMA * (high - low))

    def run(key: Any) -> Any:
        state = strategy.init(key, jax.random.uniform(key, (VARIABLES,), minval=low, maxval=high), parameters)

        def generation(state: Any, key: Any) -> tuple[Any, Any]:
            first, second = jax.random.split(key)
            samples, state = strategy.ask(first, state, parameters)
            values = value(samples)
            state, _ = strategy.tell(second, samples, values, state, parameters)
            return state, jnp.nanmin(values)

        return jnp.nanmin(jax.lax.scan(generation, state, jax.random.split(key, generations))[1])

    compiled = jax.jit(run)
    compiled(jax.random.key(0)).block_until_ready()
    return lambda seed: float(compiled(jax.random.key(seed)))


def evosax(name: str, population: int, evaluations: int, seed: int) -> float:
    return evosax_search(name, population, evaluations // population)(seed)


def pygmo(name: str, population: int, evaluations: int, seed: int) -> float:
    import pygmo as pg

    class Sphere:
        def fitness(self, x: Any) -> list[float]:
            return [float(x @ x)]

        def get_bounds(self) -> tuple[list[float], list[float]]:
            low, high = box("sphere")
            return [low] * VARIABLES, [high] * VARIABLES

    problem = pg.problem(Sphere() if name == "sphere" else getattr(pg, name)(VARIABLES))
    algorithm = pg.algorithm(pg.cmaes(gen=evaluations // population - 1, sigma0=SIGMA, ftol=0.0, xtol=0.0, seed=seed))
    return float(algorithm.evolve(pg.population(problem, population, seed=seed)).champion_f[0])


def cma(name: str, population: int, evaluations: int, seed: int) -> float:
    import cma as pycma

    low, high = box(name)
    start = np.random.default_rng(seed).uniform(low, high, VARIABLES)
    options = {"popsize": population, "seed": seed + 1, "verbose": -9, "maxfevals": evaluations, "tolfun": 1e-12}
    search, fitness = pycma.CMAEvolutionStrategy(start, SIGMA * (high - low), options), in_numpy(name)
    while not search.stop():
        samples = search.ask()
        search.tell(samples, fitness(np.array(samples)).tolist())
    return float(search.result.fbest)


PEERS = {"evosax": evosax, "pygmo": pygmo, "cma": cma}


def measured(search: Callable[[], float]) -> tuple[float, float]:
    """CPU seconds and the best value."""
    began = time.process_time()
    value = search()
    return time.process_time() - began, value if np.isfinite(value) else np.inf


def chance(mine: list[float], theirs: list[float]) -> float:
    """Of ranks as bad as ``mine`` if both were drawn alike."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(mine, theirs, alternative="greater").pvalue)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), default=["evosax", "pygmo"])
    parser.add_argument("--functions", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--population", nargs="+", type=int, default=[14, 100])
    parser.add_argument("--evaluations", type=int, nargs="+", default=[10_000, 40_000], help="one for each population")
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    for population, evaluations in zip(chosen.population, chosen.evaluations, strict=True):
        for name in chosen.functions:
            searches: dict[str, Callable[[int], float]] = {
                "ours": partial(ours, name, population, evaluations, native=True),
                "ours, numpy": partial(ours, name, population, evaluations, native=False),
                **{peer: partial(PEERS[peer], name, population, evaluations) for peer in chosen.peers},
            }
            for search in searches.values():
                search(0)  # what is compiled or imported at first
            found: dict[str, list[tuple[float, float]]] = {label: [] for label in searches}
            for seed in range(chosen.seeds):
                for label, search in searches.items():
                    found[label].append(measured(partial(search, seed)))
            for label, runs in found.items():
                nanoseconds = statistics.median(seconds for seconds, _ in runs) / evaluations * 1e9
                values = [value for _, value in runs]
                line = f"{name:11} {population:4} x {evaluations // population:4}  {label:12} {nanoseconds:8.0f} ns"
                line += f"  median {statistics.median(values):.3g}"
                if label != "ours":
                    ratio = nanoseconds / (statistics.median(s for s, _ in found["ours"]) / evaluations * 1e9)
                    line += f"  {ratio:.1f}x ours"
                if label in PEERS:
                    line += f"  p {chance([value for _, value in found['ours']], values):.3f}"
                print(line, flush=True)


if __name__ == "__main__":
    main()
