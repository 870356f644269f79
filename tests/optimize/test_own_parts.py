"""A class of a user's own that was made from one of ours: what it has put in the place of ours is heard everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import (
    CMAES,
    BinaryGenotype,
    DifferentialEvolution,
    GeneticAlgorithm,
    ParticleSwarm,
    RangeGenotype,
    UniqueGenotype,
    functions,
)
from gigaevo.optimize.search.native import BitFunction, Queens, RealFunction
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverClone,
    CrossoverUniform,
    Evolve,
    HillClimb,
    HillClimbVariant,
    MutateSingleGene,
    SelectElite,
    SelectTournament,
    SumGenes,
)

SEEN: list[int] = []  # chromosomes, or genomes, that a method of these classes was given


class Shifted:
    """Values that are others than those of the function beside it."""

    def evaluate(self, genomes: Any) -> Any:
        SEEN.append(len(genomes))
        return super().evaluate(genomes) - 1.0  # type: ignore[misc]


class Sphere(Shifted, RealFunction):
    pass


class Ones(Shifted, BitFunction):
    pass


class Board(Shifted, Queens):
    pass


class Counted(Shifted, CountTrue):
    pass


class Summed(Shifted, SumGenes):
    pass


class Elite(SelectElite):
    def __call__(self, population: Any, target_population_size: int, stream: RandomStream) -> None:
        SEEN.append(len(population))
        super().__call__(population, target_population_size, stream)


class Winners(SelectTournament):
    def __call__(self, population: Any, target_population_size: int, stream: RandomStream) -> None:
        SEEN.append(len(population))
        super().__call__(population, target_population_size, stream)


class Crossed(CrossoverUniform):
    def __call__(self, population: Any, space: Any, stream: RandomStream) -> int:
        SEEN.append(len(population))
        return super().__call__(population, space, stream)


class Cooling(MutateSingleGene):
    def probability_now(self, before: float | None, cardinality: Callable[[], int]) -> float:
        SEEN.append(1)
        return 0.5 if before is None else 0.9 * before


SPACE, SPHERE = RangeGenotype(3, (-5.0, 5.0)), Sphere("sphere", -5.0, 5.0, best_gene=0.0)


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


@pytest.mark.parametrize(
    ("search", "fitness"),
    [
        (lambda: CMAES(SPACE, seed=1), SPHERE),
        (lambda: DifferentialEvolution(SPACE, seed=1), SPHERE),
        (lambda: ParticleSwarm(SPACE, seed=1), SPHERE),
        (lambda: GeneticAlgorithm(SPACE, seed=1), SPHERE),
        (lambda: GeneticAlgorithm(BinaryGenotype(20), maximize=True, seed=1), Ones("onemax")),
    ],
)
def test_an_optimizer_asks_a_native_function_whose_values_are_others_each_time(search: Any, fitness: Any) -> None:
    result = search().run(fitness, evaluations=500)
    assert sum(SEEN) == result.evaluations == 500
    assert result.best_fitness == fitness.evaluate(result.best_genome[None])[0]


@pytest.mark.parametrize(
    ("genotype", "fitness"),
    [
        (BinaryGenotype(20), Counted()),
        (BinaryGenotype(20), Ones("onemax")),
        (BinaryGenotype(20), Summed()),
        (SPACE, SPHERE),
        (UniqueGenotype(range(6)), Board()),
    ],
)
@pytest.mark.parametrize("kind", ["evolve", *HillClimbVariant])
def test_a_strategy_asks_a_native_function_whose_values_are_others_each_time(
    genotype: Any, fitness: Any, kind: str | HillClimbVariant
) -> None:
    told: dict[str, Any] = {
        "fitness_ordering": "maximize" if fitness.maximize else "minimize",
        "max_generations": 20,
        "seed": 1,
    }
    if isinstance(kind, HillClimbVariant):
        search: Any = HillClimb(genotype, fitness, variant=kind, **told)
    else:
        parts = {"select": SelectElite(0.5, 0.0), "crossover": CrossoverClone(0.5), "mutate": MutateSingleGene(0.5)}
        search = Evolve(genotype, fitness, **parts, **told)
    search.call()
    assert sum(SEEN) == search.state.evaluations > 1
    assert search.best_fitness_score == fitness.evaluate(np.array([search.best_genes]))[0]


@pytest.mark.parametrize(
    "part",
    [
        {"select": Elite(0.5, 0.02)},
        {"select": Winners(0.5, 0.02, 3)},
        {"crossover": Crossed(0.7, 0.8)},
        {"mutate": Cooling(0.2)},
    ],
)
def test_a_part_that_does_something_of_its_own_is_asked_in_each_generation(part: dict[str, Any]) -> None:
    parts = {"select": SelectElite(0.5, 0.02), "crossover": CrossoverUniform(0.7, 0.8), "mutate": MutateSingleGene(0.2)}
    Evolve(BinaryGenotype(40), CountTrue(), **(parts | part), max_generations=30, seed=1).call()
    assert len(SEEN) == 30


class Decades(RangeGenotype):
    """Genes that are exponents of ten."""

    def decode(self, codes: Any) -> Any:
        return 10.0**codes


@pytest.mark.parametrize("kind", [CMAES, DifferentialEvolution, ParticleSwarm, GeneticAlgorithm])
def test_a_native_function_is_given_what_a_genotype_makes_of_codes(kind: Any) -> None:
    result = kind(Decades(3, (-2.0, 1.0)), seed=1).run(functions.sphere, evaluations=2_000)
    assert result.best_fitness == functions.sphere(result.best_genome) >= 3e-4


def test_so_it_is_in_a_strategy() -> None:
    parts = {"select": SelectElite(0.5, 0.0), "crossover": CrossoverClone(0.5), "mutate": MutateSingleGene(0.5)}
    told: dict[str, Any] = {"fitness_ordering": "minimize", "max_generations": 50, "seed": 1}
    search = Evolve(Decades(3, (-2.0, 1.0)), functions.sphere, **parts, **told).call()
    assert search.best_fitness_score == functions.sphere(search.best_genes) >= 3e-4


def test_what_adds_nothing_to_ours_is_what_ours_is() -> None:
    class Named(RealFunction):
        """A name of its own, and nothing else."""

    plain, named = functions.sphere, Named("sphere", -5.0, 5.0, best_gene=0.0)
    found = [DifferentialEvolution(SPACE, seed=1).run(fitness, evaluations=1_000) for fitness in (plain, named)]
    assert found[0].best_fitness == found[1].best_fitness
