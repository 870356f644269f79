"""Differential evolution and particle swarms against pygmo and evosax: CPU time of an evaluation.

    python benchmarks/bench_swarm.py [--functions rastrigin ...] [--generations 500] [--seeds 7]

Functions of 30 variables, compiled on every side but in the lines "numpy fitness", and populations of 100. Ours and
peers take turns, seed by seed, in one process; CPU time is counted, the median of the seeds, and beside it stands the
median of the best values: speed without it means little. evosax computes with 32 bits, as by default, and without
bounds; its first call, which compiles, is not counted. Whether ours is worse at equal evaluations is asked by
``bench_optimize_quality.py swarm``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from quality.swarm import CLASSIC, MEMBERS, NAMES, VARIABLES, evolution, evosax, pygmo, swarm

from gigaevo.optimize import DifferentialEvolution, ParticleSwarm, functions

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigaevo.optimize import Optimizer


def rastrigin(x: np.ndarray) -> np.ndarray:
    """As a user writes it."""
    return 10.0 * x.shape[1] + np.sum(x * x - 10.0 * np.cos(2.0 * np.pi * x), axis=1)


def in_numpy(kind: type[Optimizer], generations: int, seed: int, **keywords: object) -> float:
    """Ours on a fitness of arrays."""
    space = functions.rastrigin.genotype(VARIABLES)
    search = kind(space, population_size=MEMBERS, seed=seed, **keywords)  # type: ignore[arg-type]
    return search.run(rastrigin, vectorized=True, generations=generations).best_fitness


def lines(name: str, generations: int) -> list[tuple[str, Callable[[int], float], dict[str, Callable[[int], float]]]]:
    """A title, ours and the peers of each line; all are functions of a seed."""
    own = {"ftol": 0.0, "xtol": 0.0}
    classic = partial(pygmo, "de", name, generations, variant=7, F=0.5, CR=0.9, **own)
    adaptive = {f"pygmo {kind}": partial(pygmo, kind, name, generations, **own) for kind in ("sade", "de1220")}
    global_swarms = {
        "evosax PSO": partial(evosax, name, generations),
        "pygmo pso": partial(pygmo, "pso", name, generations, neighb_type=1),
    }
    found = [
        ("DE rand/1", partial(evolution, name, generations, **CLASSIC), {"pygmo de": classic}),
        ("SHADE", partial(evolution, name, generations), adaptive),
        ("PSO global", partial(swarm, name, generations, topology="global"), global_swarms),
        ("PSO ring", partial(swarm, name, generations), {"pygmo pso": partial(pygmo, "pso", name, generations)}),
    ]
    if name == "rastrigin":
        fitness = {"numpy fitness alone": partial(only_fitness, generations)}
        found.append(
            ("DE rand/1, numpy fitness", partial(in_numpy, DifferentialEvolution, generations, **CLASSIC), fitness)
        )
        found.append(("PSO ring, numpy fitness", partial(in_numpy, ParticleSwarm, generations), fitness))
    return found


def only_fitness(generations: int, seed: int) -> float:
    """As many evaluations without any search."""
    genomes = np.random.default_rng(seed).uniform(-5.12, 5.12, (MEMBERS, VARIABLES))
    return min(float(rastrigin(genomes).min()) for _ in range(generations))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", nargs="+", choices=NAMES, default=list(NAMES[1:]))
    parser.add_argument("--generations", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=7)
    chosen = parser.parse_args()
    evaluations = chosen.generations * MEMBERS
    for name in chosen.functions:
        for title, ours, peers in lines(name, chosen.generations):
            contestants = {"ours": ours, **peers}
            for search in contestants.values():
                search(0)  # what is compiled or imported at first
            spent: dict[str, list[float]] = {label: [] for label in contestants}
            values: dict[str, list[float]] = {label: [] for label in contestants}
            for seed in range(chosen.seeds):
                for label, search in contestants.items():
                    began = time.process_time()
                    values[label].append(search(seed))
                    spent[label].append(time.process_time() - began)
            for label in contestants:
                nanoseconds = statistics.median(spent[label]) / evaluations * 1e9
                best = statistics.median(values[label])
                line = f"{name:10} {title:25} {label:20} {nanoseconds:6.0f} ns  best {best:.3g}"
                if label != "ours":
                    line += f"  {statistics.median(spent[label]) / statistics.median(spent['ours']):.2f}x ours"
                print(line, flush=True)


if __name__ == "__main__":
    main()
