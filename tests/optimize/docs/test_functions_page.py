"""``docs/optimize_functions.md`` says what is true of the functions and operators."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gigaevo.optimize as hz

PAGE = (Path(__file__).parents[3] / "docs" / "optimize_functions.md").read_text()
FUNCTIONS: list[Callable[..., Any]] = [
    hz.tournament_select,
    hz.roulette_select,
    hz.rank_select,
    hz.uniform_select,
    hz.epsilon_greedy_select,
    hz.ucb1_select,
    hz.gaussian_mutate,
    hz.uniform_crossover,
    hz.init_population,
    hz.non_dominated_sort,
    hz.pareto_front,
    hz.crowding_distance_assign,
    hz.nsga2_select,
    hz.hypervolume,
    hz.check_convergence,
    hz.adapt_mutation_sigma,
    hz.population_diversity,
    hz.compute_generation_stats,
    hz.island_migrate,
    hz.island_selection_methods,
]
PARTS: list[Any] = [
    hz.Tournament,
    hz.Roulette,
    hz.RankSelection,
    hz.UniformSelection,
    hz.EpsilonGreedy,
    hz.Ucb1,
    hz.SBX,
    hz.UniformCrossover,
    hz.OnePoint,
    hz.TwoPoint,
    hz.BlendCrossover,
    hz.ArithmeticCrossover,
    hz.PolynomialMutation,
    hz.GaussianMutation,
]


def shown(default: Any) -> str:
    """A default as the page writes it: whole floats without a point."""
    return f"{default:g}" if isinstance(default, float) and default >= 1.0 else str(default)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_have_the_arguments_and_defaults_of_the_page(function: Callable[..., Any]):
    arguments = [
        name if argument.default is argument.empty else f"{name}={shown(argument.default)}"
        for name, argument in inspect.signature(function).parameters.items()
    ]
    assert f"| `{function.__name__}` | `{', '.join(arguments)}` |" in PAGE


@pytest.mark.parametrize("part", PARTS)
def test_parts_have_the_parameters_and_defaults_of_the_page(part: Any):
    fields = ", ".join(f"{field.name}={shown(field.default)}" for field in dataclasses.fields(part))
    assert f"`{part.__name__}({fields})`" in PAGE
