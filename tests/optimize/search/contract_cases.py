"""The optimizers that keep the contract: a line of ``CASES`` for each algorithm and each of its modes.

A new optimizer is added here, and ``test_contract`` says whether it keeps what ``Optimizer`` promises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gigaevo.optimize import (
    CMAES,
    NSGA2,
    BinaryGenotype,
    CMAEmitter,
    CVTArchive,
    DifferentialEvolution,
    FlipEmitter,
    GaussianEmitter,
    GeneticAlgorithm,
    GridArchive,
    IsoLineEmitter,
    ListGenotype,
    MAPElites,
    MultiRangeGenotype,
    Optimizer,
    ParticleSwarm,
    RangeGenotype,
    UniqueGenotype,
    VectorArchive,
)
from gigaevo.optimize.genotypes import Genotype

Evaluated = tuple[np.ndarray, np.ndarray | None]


def sphere(genomes: np.ndarray) -> Evaluated:
    """Squared distance from (0.5, 0.5, ...): every value is finite, and hardly any is there twice."""
    return ((genomes - 0.5) ** 2).sum(axis=1), None


def two_spheres(genomes: np.ndarray) -> Evaluated:
    """Squared distances from two points: every value is finite, and many candidates are of one front."""
    return np.stack([((genomes - place) ** 2).sum(axis=1) for place in (0.0, 0.5)], axis=1), None


def halves(genomes: np.ndarray) -> Evaluated:
    """Zeros in the first half of the bits, ones in the other."""
    middle = genomes.shape[1] // 2
    return np.stack([(~genomes[:, :middle]).sum(axis=1), genomes[:, middle:].sum(axis=1)], axis=1).astype(float), None


def unlike(genomes: np.ndarray) -> Evaluated:
    """How far from the weighed sum of 40: of bits, numbers from a list or an order."""
    weights = np.arange(1.0, genomes.shape[1] + 1.0) ** 2  # whole numbers: sums are exact in any order
    return np.abs(genomes.astype(np.float64) @ weights - 40.0), None


def described(genomes: np.ndarray) -> Evaluated:
    """The same distance, and as behaviour how two halves of the genome are."""
    middle = max(1, genomes.shape[1] // 2)
    return ((genomes - 0.5) ** 2).sum(axis=1), np.stack([genomes[:, :middle].mean(1), genomes[:, -1]], axis=1)


def weighed(genomes: np.ndarray) -> Evaluated:
    """The weight of the bits that are set, each heavier than the one before, and how many are set in either half."""
    bits = genomes.astype(np.float64)
    halves = np.stack([bits[:, :10].mean(axis=1), bits[:, 10:].mean(axis=1)], axis=1)
    return bits @ np.arange(1.0, bits.shape[1] + 1.0), halves


@dataclass(frozen=True)
class Case:
    """An optimizer and a small problem that it is run on.

    Attributes:
        name: Of the test.
        kind: Makes the optimizer, of a genotype and keywords.
        space: The genotype.
        evaluate: Fitness of genomes, shape (n,) or (n, objectives), to be minimised, and behaviours of shape
            (n, behaviors) or None.
        keywords: What ``kind`` is given beside ``seed``, ``maximize`` and ``initial``.
        size: The keyword of the population size.
        smallest: The least population size it accepts.
        numbers_only: Whether genotypes of other things than numbers between bounds are refused.
        founders: Whether initial genomes are the first candidates.
        improves: Whether the best is better after 30 generations than among the founders.
    """

    name: str
    kind: Callable[..., Optimizer]
    space: Genotype = field(default_factory=lambda: RangeGenotype(5, (-2.0, 3.0)))
    evaluate: Callable[[np.ndarray], Evaluated] = sphere
    keywords: dict[str, Any] = field(default_factory=dict)
    size: str = "population_size"
    smallest: int = 1
    numbers_only: bool = False
    founders: bool = True
    improves: bool = True

    def make(self, seed: Any = 7, space: Any = None, **keywords: Any) -> Optimizer:
        """The optimizer; ``keywords`` go before those of the case."""
        return self.kind(self.space if space is None else space, seed=seed, **{**self.keywords, **keywords})

    def fitness(self, genomes: np.ndarray) -> Any:
        """As a vectorised fitness function."""
        values, behaviors = self.evaluate(genomes)
        return values if behaviors is None else (values, behaviors)

    def one(self, genome: np.ndarray) -> Any:
        """As a fitness function of one genome."""
        values, behaviors = self.evaluate(genome[None])
        return values[0] if behaviors is None else (values[0], behaviors[0])


MIXED = MultiRangeGenotype([(-2.0, 3.0), (-3.0, 4.0), (0.0, 0.0), (-1e-3, 1e3)], integer=[False, True, False, True])
evolution = partial(Case, kind=DifferentialEvolution, numbers_only=True)
swarm = partial(Case, kind=ParticleSwarm, numbers_only=True)
genetic = partial(Case, kind=GeneticAlgorithm)
fronts = partial(Case, kind=NSGA2, evaluate=two_spheres)


def map_elites(
    space: Any, archive: Callable[[], VectorArchive], *, maximize: Any = False, **keywords: Any
) -> MAPElites:
    """MAP-Elites with an archive of its own."""
    return MAPElites(space, archive(), maximize=maximize, **keywords)


def quality_diversity(name: str, archive: Callable[[], VectorArchive], **keywords: Any) -> Case:
    """A case of MAP-Elites; ``keywords`` are those of the search, but for the names of what a case has."""
    keywords = {"batch_size": 20, **keywords}
    of_case = {name: keywords.pop(name) for name in ("space", "evaluate", "smallest") if name in keywords}
    made = {"evaluate": described, **of_case}
    return Case(name, partial(map_elites, archive=archive), size="batch_size", keywords=keywords, **made)


def plane(**options: Any) -> Callable[[], VectorArchive]:
    return partial(GridArchive, [10, 10], [(-2.0, 3.0), (-2.0, 3.0)], **options)


CASES = [
    evolution("de_rand_1", smallest=4, keywords={"population_size": 20, "strategy": "rand/1"}),
    evolution("de_best_1", smallest=3, keywords={"population_size": 12, "strategy": "best/1", "weight": (0.4, 0.9)}),
    evolution("de_current_to_best_1", smallest=3, keywords={"population_size": 12, "strategy": "current-to-best/1"}),
    evolution("de_rand_to_best_1", smallest=4, keywords={"population_size": 12, "strategy": "rand-to-best/1"}),
    evolution("de_rand_2", smallest=6, keywords={"population_size": 20, "strategy": "rand/2", "weight": 0.3}),
    evolution(
        "de_best_2", smallest=5, keywords={"population_size": 20, "strategy": "best/2", "crossover": "exponential"}
    ),
    evolution("de_mixed", smallest=4, space=MIXED, keywords={"population_size": 20, "strategy": "rand/1"}),
    evolution("shade", smallest=3, keywords={"population_size": 20, "strategy": "shade"}),
    evolution(
        "shade_mixed", smallest=3, space=MIXED, keywords={"population_size": 20, "strategy": "shade", "memory_size": 5}
    ),
    swarm("pso_global", keywords={"population_size": 20, "topology": "global"}),
    swarm("pso_ring", keywords={"population_size": 20, "topology": "ring"}),
    swarm("pso_mixed", space=MIXED, keywords={"population_size": 20, "topology": "ring", "neighbors": 30}),
    Case("cma_es", CMAES, numbers_only=True, smallest=2, founders=False, keywords={"population_size": 12}),
    Case(
        "cma_es_mixed",
        CMAES,
        space=MIXED,
        numbers_only=True,
        smallest=2,
        founders=False,
        keywords={"population_size": 12},
    ),
    genetic("ga", keywords={"population_size": 20}),
    genetic("ga_mixed", space=MIXED, keywords={"population_size": 21, "selection": "rank"}),
    genetic("ga_ucb1", keywords={"population_size": 20, "selection": "ucb1"}),
    genetic("ga_generational", keywords={"population_size": 20, "survival": "generational", "elite_count": 3}),
    genetic("ga_adaptive", keywords={"population_size": 20, "adaptive_mutation": True}),
    genetic("ga_bits", space=BinaryGenotype(12), evaluate=unlike, keywords={"population_size": 20}),
    genetic("ga_list", space=ListGenotype(9, [0, 1, 2]), evaluate=unlike, keywords={"population_size": 20}),
    genetic("ga_order", space=UniqueGenotype(range(9)), evaluate=unlike, keywords={"population_size": 20}),
    fronts("nsga2", keywords={"population_size": 20}),
    fronts("nsga2_mixed", space=MIXED, keywords={"population_size": 21, "eliminate_duplicates": False}),
    fronts("nsga2_bits", space=BinaryGenotype(12), evaluate=halves, keywords={"population_size": 8}),
    fronts("nsga2_reference", keywords={"population_size": 10, "reference": [9.0, 9.0]}),
    quality_diversity("map_elites", plane()),
    quality_diversity("map_elites_mixed", plane(elites_per_cell=3), space=MIXED),
    quality_diversity(
        "map_elites_cvt",
        partial(CVTArchive, 30, [(-2.0, 3.0), (-2.0, 3.0)], samples=300, seed=1),
        emitters=GaussianEmitter(0.2),
        parents="curiosity",
    ),
    quality_diversity("map_elites_cma", plane(), emitters=CMAEmitter(0.2)),
    quality_diversity(
        "map_elites_many_mixed",
        plane(elites_per_cell=2),
        space=MIXED,
        smallest=3,
        emitters=[CMAEmitter(0.1, population_size=6), IsoLineEmitter(0.1), CMAEmitter(0.3)],
        parents="curiosity",
    ),
    quality_diversity(
        "map_elites_bits",
        partial(GridArchive, [11, 11], [(0.0, 1.0), (0.0, 1.0)]),
        space=BinaryGenotype(20),
        evaluate=weighed,
        smallest=2,
        emitters=[FlipEmitter(), FlipEmitter(0.2)],
    ),
]
