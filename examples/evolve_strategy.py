"""The example of the strategy document: the least true values among 100, with every part of the strategy at work.

python examples/evolve_strategy.py
"""

from __future__ import annotations

from gigaevo.optimize import BinaryGenotype
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverUniform,
    Evolve,
    EvolveReporterSimple,
    ExtensionMassExtinction,
    FitnessOrdering,
    MutateSingleGene,
    SelectElite,
)


def main() -> None:
    """Search, and say what was found."""
    evolve = Evolve(
        # The search space: 100 boolean genes.
        BinaryGenotype(100),
        # Count the true values, natively.
        CountTrue(),
        # Line up by fitness, replace half by offspring, let the best 2 % pass before.
        select=SelectElite(0.5, 0.02),
        # When only 10 chromosomes differ after selection, let 10 % survive.
        extension=ExtensionMassExtinction(10, 0.1, 0.02),
        # 70 % of the parents have offspring, 80 % of the pairs exchange each gene with probability 1/2.
        crossover=CrossoverUniform(0.7, 0.8),
        # 20 % of the offspring have one gene changed.
        mutate=MutateSingleGene(0.2),
        fitness_ordering=FitnessOrdering.MINIMIZE,  # aim for the least true values
        fitness_cache=1000,  # remember the scores of the last 1000 chromosomes
        par_fitness=True,  # would matter for a fitness in Python
        target_population_size=100,
        target_fitness_score=0,  # ends the search
        valid_fitness_score=10,  # nothing ends it before
        max_stale_generations=1000,
        max_generations=1_000_000,
        max_chromosome_age=10,
        reporter=EvolveReporterSimple(100),
        replace_on_equal_fitness=True,
        seed=0,
    ).call()

    # It's all about the best genes after all.
    best_genes, best_fitness_score = evolve.best_genes_and_fitness_score()
    assert best_genes is not None
    assert best_genes.tolist() == [False] * 100
    assert best_fitness_score == 0
    print(evolve)


if __name__ == "__main__":
    main()
