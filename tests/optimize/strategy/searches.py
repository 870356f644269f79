"""Searches that several tests begin."""

from __future__ import annotations

from typing import Any

from gigaevo.optimize import BinaryGenotype
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverUniform,
    Evolve,
    MutateSingleGene,
    SelectElite,
    StrategyReporter,
)


def one_max(genes_size: int = 40, **told: Any) -> Evolve:
    """Many true genes, by 20 chromosomes for 30 generations unless told otherwise."""
    default: dict[str, Any] = {
        "select": SelectElite(0.5, 0.02),
        "crossover": CrossoverUniform(0.7, 0.8),
        "mutate": MutateSingleGene(0.2),
        "target_population_size": 20,
        "seed": 1,
    }
    if not {"target_fitness_score", "max_stale_generations", "max_generations"} & told.keys():
        default["max_generations"] = 30
    return Evolve(BinaryGenotype(genes_size), told.pop("fitness", CountTrue()), **(default | told))


class RaisesOnce:
    """The sum of the genes, but for one call.

    Args:
        at: Which call raises, from 1.
    """

    def __init__(self, at: int) -> None:
        self.at = at
        self.calls = 0

    def __call__(self, genes: Any) -> float:
        self.calls += 1
        if self.calls == self.at:
            raise OSError("no licence left")
        return float(genes.sum())


class Watcher(StrategyReporter):
    """Keeps the generations in Python, and does no more."""

    def on_generation_complete(self, strategy: Any) -> None:
        """A hook of its own."""
