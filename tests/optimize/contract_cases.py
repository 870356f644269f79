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
    DifferentialEvolution,
    MultiRangeGenotype,
    Optimizer,
    ParticleSwarm,
    RangeGenotype,
)
from gigaevo.optimize.genotypes import Genotype

Evaluated = tuple[np.ndarray, np.ndarray | None]


def sphere(genomes: np.ndarray) -> Evaluated:
    """Squared distance from (0.5, 0.5, ...): every value is finite, and hardly any is there twice."""
    return ((genomes - 0.5) ** 2).sum(axis=1), None


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
        smallest: The least population size it accepts.
        numbers_only: Whether genotypes of other things than numbers between bounds are refused.
        improves: Whether the best is better after 30 generations than among the founders.
    """

    name: str
    kind: Callable[..., Optimizer]
    space: Genotype = field(default_factory=lambda: RangeGenotype(5, (-2.0, 3.0)))
    evaluate: Callable[[np.ndarray], Evaluated] = sphere
    keywords: dict[str, Any] = field(default_factory=dict)
    smallest: int = 1
    numbers_only: bool = False
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

CASES = [
    evolution("de_rand_1", smallest=4, keywords={"population_size": 20}),
    evolution("de_best_1", smallest=3, keywords={"population_size": 12, "strategy": "best/1", "weight": (0.4, 0.9)}),
    evolution("de_current_to_best_1", smallest=3, keywords={"population_size": 12, "strategy": "current-to-best/1"}),
    evolution("de_rand_to_best_1", smallest=4, keywords={"population_size": 12, "strategy": "rand-to-best/1"}),
    evolution("de_rand_2", smallest=6, keywords={"population_size": 20, "strategy": "rand/2", "weight": 0.3}),
    evolution(
        "de_best_2", smallest=5, keywords={"population_size": 20, "strategy": "best/2", "crossover": "exponential"}
    ),
    evolution("de_mixed", smallest=4, space=MIXED, keywords={"population_size": 20}),
    evolution("shade", smallest=3, keywords={"population_size": 20, "strategy": "shade"}),
    evolution(
        "shade_mixed", smallest=3, space=MIXED, keywords={"population_size": 20, "strategy": "shade", "memory_size": 5}
    ),
    swarm("pso_global", keywords={"population_size": 20}),
    swarm("pso_ring", keywords={"population_size": 20, "topology": "ring"}),
    swarm("pso_mixed", space=MIXED, keywords={"population_size": 20, "topology": "ring", "neighbors": 30}),
]
