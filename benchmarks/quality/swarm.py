"""Differential evolution and swarms against pygmo's and evosax's: the best value of 30-D functions after 100,000
evaluations, with a population of 100.

Those that have the same rule at the peer are compared with the same settings; SHADE with the self-adaptive ones of
pygmo, which are jDE (``sade``) and iDE with a choice of mutations (``de1220``). Of pygmo's two swarms ``pso_gen`` makes
whole generations as ours does; in ``pso`` a particle follows what the ones before it have just found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from quality.jax_functions import of_a_population
from quality.pair import Pair

from gigaevo.optimize import DifferentialEvolution, ParticleSwarm, RangeGenotype, functions

VARIABLES = 30
MEMBERS = 100
GENERATIONS = 1000
# Those of pygmo, so that it can use its compiled functions.
BOUNDS = {"sphere": (-5.12, 5.12), "rastrigin": (-5.12, 5.12), "rosenbrock": (-5.0, 10.0), "ackley": (-15.0, 30.0)}
NAMES = tuple(BOUNDS)
CLASSIC = {"strategy": "rand/1", "weight": 0.5, "crossover_rate": 0.9}


def evolution(name: str, generations: int, seed: int, **keywords: Any) -> float:
    """The best value found by our differential evolution."""
    space = RangeGenotype(VARIABLES, BOUNDS[name])
    search = DifferentialEvolution(space, population_size=MEMBERS, seed=seed, **keywords)
    return search.run(functions.by_name(name), generations=generations).best_fitness


def swarm(name: str, generations: int, seed: int, **keywords: Any) -> float:
    """The best value found by our particle swarm."""
    space = RangeGenotype(VARIABLES, BOUNDS[name])
    search = ParticleSwarm(space, population_size=MEMBERS, seed=seed, **keywords)
    return search.run(functions.by_name(name), generations=generations).best_fitness


@cache
def pygmo_problem(name: str) -> Any:
    """The function as pygmo has it, compiled; the sphere, which it has not, in Python."""
    import pygmo

    class Sphere:
        def fitness(self, x: Any) -> list[float]:
            return [float(x @ x)]

        def get_bounds(self) -> tuple[list[float], list[float]]:
            low, high = BOUNDS[name]
            return [low] * VARIABLES, [high] * VARIABLES

    return pygmo.problem(Sphere() if name == "sphere" else getattr(pygmo, name)(VARIABLES))


def pygmo(algorithm: str, name: str, generations: int, seed: int, **keywords: Any) -> float:
    """The best value found by an algorithm of pygmo; the first population counts as a generation."""
    import pygmo as pg

    made = pg.algorithm(getattr(pg, algorithm)(gen=generations - 1, seed=seed + 1, **keywords))
    population = pg.population(pygmo_problem(name), MEMBERS, seed=seed + 1)
    return float(made.evolve(population).champion_f[0])


@cache
def evosax_search(name: str, generations: int) -> Callable[[int], float]:
    """A compiled particle swarm of evosax, with our constants, of a seed."""
    import jax
    import jax.numpy as jnp
    from evosax.algorithms import PSO

    low, high = BOUNDS[name]
    value = of_a_population(name)
    strategy = PSO(population_size=MEMBERS, solution=jnp.zeros(VARIABLES))
    parameters = strategy.default_params.replace(inertia_coeff=0.7298, cognitive_coeff=1.49618, social_coeff=1.49618)

    def run(key: Any) -> Any:
        places = jax.random.uniform(key, (MEMBERS, VARIABLES), minval=low, maxval=high)
        values = value(places)
        state = strategy.init(key, places, values, parameters)

        def generation(state: Any, key: Any) -> tuple[Any, Any]:
            first, second = jax.random.split(key)
            places, state = strategy.ask(first, state, parameters)
            values = value(places)
            state, _ = strategy.tell(second, places, values, state, parameters)
            return state, jnp.nanmin(values)

        later = jax.lax.scan(generation, state, jax.random.split(key, generations - 1))[1]
        return jnp.minimum(jnp.min(values), jnp.nanmin(later))

    compiled = jax.jit(run)
    compiled(jax.random.key(0)).block_until_ready()
    return lambda seed: float(compiled(jax.random.key(seed)))


def evosax(name: str, generations: int, seed: int) -> float:
    return evosax_search(name, generations)(seed)


def pairs(name: str) -> list[Pair]:
    """All pairs on one function."""
    own, end = {"ftol": 0.0, "xtol": 0.0}, GENERATIONS
    classic = partial(pygmo, "de", name, end, variant=7, F=0.5, CR=0.9, **own)
    wide = partial(swarm, name, end, topology="global")
    return [
        Pair(f"{name}, DE rand/1, pygmo de", partial(evolution, name, end, **CLASSIC), classic),
        Pair(f"{name}, SHADE, pygmo sade", partial(evolution, name, end), partial(pygmo, "sade", name, end, **own)),
        Pair(f"{name}, SHADE, pygmo de1220", partial(evolution, name, end), partial(pygmo, "de1220", name, end, **own)),
        Pair(f"{name}, PSO ring, pygmo pso", partial(swarm, name, end), partial(pygmo, "pso", name, end)),
        Pair(f"{name}, PSO global, pygmo pso_gen", wide, partial(pygmo, "pso_gen", name, end, neighb_type=1)),
        Pair(f"{name}, PSO global, evosax PSO", wide, partial(evosax, name, end)),
    ]


PAIRS = [pair for name in NAMES for pair in pairs(name)]
