"""What is given in the place of an argument and is something else: the error names the argument, in one line."""

from __future__ import annotations

from typing import Any

import pytest

import gigaevo.optimize as hz

OBJECTIVES = [[3.0, 1.0], [1.0, 3.0]]
POPULATION = [[0.1, 0.2], [0.3, 0.4]]
SQUARE = [(0.0, 1.0), (0.0, 1.0)]
PIPELINE = [lambda context: []]
# Each function with arguments that will do, of which those named are replaced in turns.
CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "epsilon_greedy_select": ({"fitnesses": [0.1, 0.5], "epsilon": 0.1}, "epsilon"),
    "nsga2_select": ({"objectives": OBJECTIVES, "n_select": 1}, "n_select"),
    "island_migrate": ({"islands": [POPULATION], "fitnesses": [[1.0, 2.0]], "config": None}, "islands fitnesses"),
    "check_convergence": (
        {
            "best_fitness": 1.5,
            "diversity": 0.3,
            "prev_best_fitness": 1.4,
            "gens_without_improvement": 0,
            "patience": 20,
            "min_improvement": 1e-4,
            "diversity_threshold": 0.01,
        },
        "best_fitness diversity prev_best_fitness gens_without_improvement patience min_improvement "
        "diversity_threshold",
    ),
    "adapt_mutation_sigma": (
        {
            "current_sigma": 0.1,
            "success_count": 3,
            "total_count": 10,
            "target_success_rate": 0.2,
            "adaptation_factor": 1.5,
            "sigma_min": 1e-6,
            "sigma_max": 1.0,
        },
        "current_sigma success_count total_count target_success_rate adaptation_factor sigma_min sigma_max",
    ),
    "population_diversity": ({"population": POPULATION}, "population"),
    "compute_generation_stats": ({"generation": 1, "fitnesses": [1.0, 2.0]}, "fitnesses"),
    "EvolutionConfig": (
        {"pop_size": 50, "mutation_rate": 0.1, "crossover_rate": 0.7, "sigma": 0.1},
        "pop_size mutation_rate crossover_rate sigma",
    ),
    "ParamBound": ({"name": "spread", "min_val": 0.0, "max_val": 1.0, "is_discrete": False}, "is_discrete"),
    "WalkForward": ({"n_windows": 3, "gap": 0, "anchored": False}, "n_windows gap anchored"),
    "backtest": (
        {"data": [1.0, 2.0], "pipeline": PIPELINE, "capital": 100.0, "fee": 0.0, "periods_per_year": 252.0},
        "data capital fee periods_per_year",
    ),
    "quotes": ({"fair": 1.0, "spread": 0.1, "size": 1}, "fair spread size"),
    "RangeGenotype": ({"genes_size": 3, "allele_range": (0.0, 1.0), "integer": False}, "genes_size integer"),
    "MultiRangeGenotype": ({"allele_ranges": [(0.0, 1.0)], "integer": False}, "allele_ranges integer"),
    "MultiListGenotype": ({"allele_lists": [[1, 2]]}, "allele_lists"),
    "MultiUniqueGenotype": ({"allele_lists": [[1, 2]]}, "allele_lists"),
    "GridArchive": ({"dims": [4, 4], "ranges": SQUARE, "binning": "linear"}, "dims ranges binning"),
    "CVTArchive": ({"centroids": 4, "ranges": SQUARE, "samples": 50, "seed": 1}, "ranges samples"),
    "CMAEmitter": ({"sigma": 0.1}, "sigma"),
    "EpsilonGreedy": ({"epsilon": 0.1}, "epsilon"),
    "Roulette": ({"floor": 1e-6}, "floor"),
    "Ucb1": ({"exploration": 1.0}, "exploration"),
    "SumGenes": ({"precision": 0.1}, "precision"),
    "SelectElite": ({"replacement_rate": 0.5, "elitism_rate": 0.02}, "replacement_rate elitism_rate"),
    "GeneticAlgorithm": ({"genotype": ([0.0], [1.0]), "selection": "rank"}, "selection"),
    "DifferentialEvolution": ({"genotype": ([0.0], [1.0]), "strategy": "rand/1"}, "strategy"),
}
WRONG = [object(), 1j, float("nan"), -1.5, {"a": 1}]
# These may be any number, or NaN where none is known yet.
ANY_NUMBER = {"best_fitness", "prev_best_fitness", "diversity"}


def rows() -> list[Any]:
    found = []
    for name, (_, arguments) in CALLS.items():
        for argument in arguments.split():
            for wrong in WRONG:
                fits = isinstance(wrong, float) and (argument in ANY_NUMBER or (argument == "fair" and wrong < 0.0))
                if not fits:
                    found.append(pytest.param(name, argument, wrong, id=f"{name}-{argument}-{type(wrong).__name__}"))
    return found


@pytest.mark.parametrize(("name", "argument", "wrong"), rows())
def test_what_is_something_else_is_named(name: str, argument: str, wrong: Any) -> None:
    given, _ = CALLS[name]
    getattr(hz, name)(**given)
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(hz, name)(**{**given, argument: wrong})
    told = str(caught.value)
    assert argument in told
    assert "\n" not in told


def test_a_mutation_type_is_no_text() -> None:
    with pytest.raises(ValueError, match=r"the mutation type of gene 0 is 'step', expected one such as"):
        hz.RangeGenotype(3, (0.0, 1.0), mutation_type="step")  # type: ignore[arg-type]


def test_a_start_population_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"^seed_genes_list: genomes has shape \(1, 3\), expected \(n, 4\)"):
        hz.HillClimb(hz.BinaryGenotype(4), hz.CountTrue(), max_generations=1, seed_genes_list=[[True] * 3])


SPACE: dict[str, Any] = {"genotype": ([0.0], [1.0])}
BITS: dict[str, Any] = {"genotype": hz.BinaryGenotype(4), "fitness": hz.CountTrue()}
TRADING: dict[str, Any] = {
    "data": [1.0, 2.0, 3.0],
    "pipeline_factory": lambda params: PIPELINE,
    "param_bounds": [{"name": "size", "min": 1, "max": 2}],
    "pop_size": 8,
    "generations": 1,
}
TRADE_OFF = [{"metric": "total_return", "direction": "maximize"}, {"metric": "max_drawdown", "direction": "minimize"}]
TRUTHS: list[tuple[str, dict[str, Any], str]] = [
    ("GeneticAlgorithm", SPACE, "adaptive_mutation eliminate_duplicates"),
    ("NSGA2", SPACE, "eliminate_duplicates"),
    ("CMAES", SPACE, "active"),
    ("HillClimb", {**BITS, "max_generations": 1}, "vectorized par_fitness replace_on_equal_fitness"),
    ("Permutate", BITS, "vectorized par_fitness replace_on_equal_fitness"),
    ("evolve", TRADING, "early_stopping adaptive_mutation"),
    ("evolve_islands", TRADING, "early_stopping adaptive_mutation"),
    ("evolve_nsga2", {**TRADING, "objectives": TRADE_OFF}, "early_stopping"),
]


@pytest.mark.parametrize(
    ("name", "given", "argument"),
    [(name, given, argument) for name, given, arguments in TRUTHS for argument in arguments.split()],
)
def test_a_text_is_no_word_of_truth(name: str, given: dict[str, Any], argument: str) -> None:
    getattr(hz, name)(**given, **{argument: False})
    with pytest.raises(ValueError, match=f"^{argument} is 'false', expected True or False$"):
        getattr(hz, name)(**given, **{argument: "false"})


@pytest.mark.parametrize("argument", ["vectorized", "progress", "history"])
def test_a_text_is_no_word_of_truth_of_a_run(argument: str) -> None:
    with pytest.raises(ValueError, match=f"^{argument} is 'false', expected True or False$"):
        hz.ParticleSwarm(([0.0], [1.0])).run(lambda genome: 0.0, generations=1, **{argument: "false"})  # type: ignore[arg-type]
