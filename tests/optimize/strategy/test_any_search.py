"""Whatever is put together runs, keeps its promises, and is the same run natively and in Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.optimize import (
    BinaryGenotype,
    ListGenotype,
    MultiListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
    functions,
)
from gigaevo.optimize.strategy import (
    CountTrue,
    CrossoverClone,
    CrossoverMultiPoint,
    CrossoverRejuvenate,
    CrossoverSingleGene,
    CrossoverUniform,
    Evolve,
    ExtensionMassDeduplication,
    ExtensionMassDegeneration,
    ExtensionMassExtinction,
    ExtensionMassGenesis,
    FitnessOrdering,
    MutateMultiGene,
    MutateMultiGeneRange,
    MutateSingleGene,
    MutateSingleGeneDynamic,
    MutationType,
    SelectElite,
    SelectTournament,
    SumGenes,
)
from tests.optimize.strategy.searches import Watcher

RATES = st.sampled_from([0.0, 0.02, 0.3, 0.7, 1.0])


def rugged(genes: Any) -> float | None:
    """A score of any genes; a few are invalid."""
    code = hash(tuple(genes.tolist())) % 97
    return None if code < 9 else float(code)


SPACES: list[tuple[Any, Any, bool]] = [
    (BinaryGenotype(1), CountTrue(), True),
    (BinaryGenotype(67), CountTrue(), True),
    (ListGenotype(3, [4, 5]), rugged, True),
    (MultiListGenotype([[1], [1, 2], [3, 4, 5]]), rugged, True),
    (RangeGenotype(4, (-1, 1)), functions.sphere, True),
    (RangeGenotype(4, (2, 2)), SumGenes(), True),
    (
        MultiRangeGenotype(
            [(0, 1), (-3, 9), (5, 5)],
            mutation_types=[MutationType.step(0.3), MutationType.discrete(), MutationType.range(1)],
        ),
        SumGenes(),
        True,
    ),
    (UniqueGenotype(range(6)), functions.queens, False),
    (MultiUniqueGenotype([[1], [2, 3], [4, 5, 6]]), rugged, False),
]
SELECTIONS = st.builds(SelectElite, RATES, RATES) | st.builds(SelectTournament, RATES, RATES, st.integers(1, 5))
MUTATIONS = (
    st.builds(MutateSingleGene, RATES)
    | st.builds(MutateMultiGene, st.integers(1, 9), RATES)
    | st.builds(MutateMultiGeneRange, st.tuples(st.integers(1, 2), st.integers(2, 5)), RATES)
    | st.builds(MutateSingleGeneDynamic, RATES, st.integers(1, 9))
)
EXTENSIONS = st.none() | st.sampled_from(
    [
        ExtensionMassExtinction(5, 0.2, 0.1),
        ExtensionMassGenesis(5),
        ExtensionMassDegeneration(5, 2, 0.1),
        ExtensionMassDeduplication(5),
    ]
)


@st.composite
def searches(draw: st.DrawFn) -> dict[str, Any]:
    genotype, fitness, exchanges = draw(st.sampled_from(SPACES))
    least = fitness in (functions.sphere, functions.queens)
    crossovers = st.builds(CrossoverClone, RATES) | st.builds(CrossoverRejuvenate, RATES)
    if exchanges:
        crossovers |= st.builds(CrossoverUniform, RATES, RATES) | st.builds(CrossoverSingleGene, RATES, RATES)
        if genotype.genes_size > 1:
            crossovers |= st.builds(CrossoverMultiPoint, RATES, RATES, st.just(1))
    return {
        "genotype": genotype,
        "fitness": fitness,
        "select": draw(SELECTIONS),
        "crossover": draw(crossovers),
        "mutate": draw(MUTATIONS),
        "extension": draw(EXTENSIONS),
        "fitness_ordering": FitnessOrdering.MINIMIZE if least else draw(st.sampled_from(FitnessOrdering)),
        "target_population_size": draw(st.integers(1, 12)),
        "max_chromosome_age": draw(st.none() | st.integers(1, 4)),
        "max_stale_generations": draw(st.none() | st.integers(1, 6)),
        "max_generations": draw(st.integers(1, 12)),
        "replace_on_equal_fitness": draw(st.booleans()),
        "fitness_cache": draw(st.none() | st.integers(1, 20)),
        "seed": draw(st.integers(0, 99)),
    }


@given(searches())
@settings(deadline=None, max_examples=150)
def test_any_search_keeps_its_promises(told: dict[str, Any]) -> None:
    best: list[float] = []
    seen: list[float] = []

    class Checks(Watcher):
        def on_new_generation(self, strategy: Any) -> None:
            assert 1 <= len(strategy.state.population) <= told["target_population_size"]

        def on_generation_complete(self, strategy: Any) -> None:
            population = strategy.state.population
            assert not np.isnan(population.merits).any()
            assert sorted(population.pool.order.tolist()) == list(range(len(population.pool.order)))
            seen.append(float(population.merits.max()))
            best.append(strategy.state.progress.best_merit)

    evolve = Evolve(**told, reporter=Checks()).call()
    assert best == sorted(best)
    assert all(reached >= there for reached, there in zip(best, seen, strict=True))
    state = evolve.state
    assert state.stop_reason in {"max_generations", "max_stale_generations"}
    told["genotype"].encode(evolve.space.decode(state.population.genes))  # raises where a chromosome is none
    if evolve.best_genes is not None:
        merit = state.progress.best_merit
        row = evolve.space.encode(evolve.best_genes[None])
        evaluation = type(evolve._evaluation)(evolve.space, told["fitness"], told["fitness_ordering"].sign)
        assert evaluation.merits_of(row)[0] == merit or abs(evaluation.merits_of(row)[0] - merit) < 1e-9
    again = Evolve(**told).call().state
    assert again.population.genes.tolist() == state.population.genes.tolist()
    assert again.stream.state.tolist() == state.stream.state.tolist()
    assert (again.evaluations, again.best_generation) == (state.evaluations, state.best_generation)
