"""The Python of the optimizer document, run as it is printed, with ``gigaevo.optimize`` in the place of its package.

The blocks lie in ``document_blocks`` under the line and the heading they have there. The evolutions are the document's,
sizes and all; what it leaves to the reader is a market of 60 ticks and a strategy.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gigaevo.optimize

BLOCKS = sorted((Path(__file__).parent / "document_blocks").glob("*.txt"))


def prices(ticks: int = 60) -> list[float]:
    """A price that comes back to a half."""
    rng, price, found = np.random.default_rng(7), 0.5, []
    for _ in range(ticks):
        price += 0.3 * (0.5 - price) + 0.04 * rng.normal()
        found.append(float(price))
    return found


def strategy(spread: float, window: int = 5, size: int = 1) -> Any:
    """Quotes around a moving average."""

    def step(context: Any) -> Any:
        return gigaevo.optimize.quotes(context.feed.prices[-window:].mean(), spread, size)

    return step


def ran(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """The names that a block leaves, and what it printed."""
    monkeypatch.setitem(sys.modules, "horizon", gigaevo.optimize)
    [path] = [path for path in BLOCKS if path.stem.endswith(f"_{name}")]
    hz = gigaevo.optimize
    left: dict[str, Any] = {
        "hz": hz,
        "my_strategy_factory": strategy,
        "historical_data": prices(),
        "my_historical_data": prices(),
        "objectives": [[3.0, 1.0], [1.0, 3.0], [2.0, 2.0], [1.0, 1.0]],
        "population": [[0.0, 0.0], [3.0, 4.0]],
    }
    for island in "abcd":
        left[f"pop_{island}"] = [[float(ord(island) + gene)] for gene in range(3)]
        left[f"fits_{island}"] = [0.1, 0.3, 0.2]
    if name == "multi_objective_sharpe_vs_drawdown":
        left["make_strategy"] = lambda params: strategy(params["spread"], params["window"], params["size"])
    if name == "island_model_with_diverse_selection":
        left["make_strategy"] = lambda params: strategy(params["spread"], size=params["size"])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(path.read_text(), path.name, "exec"), left)
    return left, printed.getvalue()


QUICK = [path.stem.split("_", 1)[1] for path in BLOCKS[:23]]


@pytest.mark.parametrize("name", QUICK)
def test_a_short_block_runs_as_it_is_printed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(name, monkeypatch)


@pytest.mark.parametrize("name", ["tournament_select", "roulette_select", "rank_select", "uniform_select"])
def test_a_selection_gives_as_many_indices_as_it_was_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    selected = ran(name, monkeypatch)[0]["selected"]
    assert len(selected) == 10
    assert {type(index) for index in selected} == {int}
    assert selected == ran(name, monkeypatch)[0]["selected"]


def test_ucb1_takes_the_one_that_was_hardly_ever_selected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran("ucb1_select", monkeypatch)[0]["selected"][0] == 2


def test_epsilon_greedy_takes_the_best_most_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ran("epsilon_greedy_select", monkeypatch)[0]["selected"].count(2) >= 7


def test_operators_give_genomes_within_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    mutated = ran("gaussian_mutate", monkeypatch)[0]["mutated"]
    assert len(mutated) == 3
    assert all(0.0 <= gene <= 1.0 for gene in mutated)
    assert mutated[2] == round(mutated[2]) or mutated[2] == 0.5
    assert set(ran("uniform_crossover", monkeypatch)[0]["child"]) <= {0.0, 1.0}
    population = ran("init_population", monkeypatch)[0]["population"]
    assert len(population) == 50
    assert all(0.0 <= a <= 1.0 and 10.0 <= b <= 100.0 and b == round(b) for a, b in population)


def test_fronts_are_those_that_the_document_writes_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fronts = ran("non_dominated_sort", monkeypatch)[0]["fronts"]
    assert [list(front) for front in fronts] == [[0, 1, 2], [3]]
    distances = ran("crowding_distance_assign", monkeypatch)[0]["distances"]
    assert list(distances) == [float("inf"), float("inf"), 1.0]
    result = ran("nsga2_select", monkeypatch)[0]["result"]
    assert sorted(result.selected_indices) == [0, 1, 2]
    assert list(result["pareto_front_indices"]) == [0, 1, 2]
    assert list(ran("pareto_front", monkeypatch)[0]["front"]) == [0, 1, 2]


def test_islands_migrate_and_choose_their_methods_as_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    after = ran("island_migrate", monkeypatch)[0]["new_islands"]
    assert [len(island) for island in after] == [3, 3, 3, 3]
    assert [98.0] in after[0] and [101.0] in after[0]  # the own best, and the best of the last island
    methods = ran("island_selection_methods", monkeypatch)[0]["methods"]
    assert str([method.name for method in methods]) == "['RouletteWheel', 'Rank', 'Ucb1', 'EpsilonGreedy']"


def test_states_and_statistics_are_printed_as_they_stand_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ran("check_convergence", monkeypatch)[0]["state"].converged
    assert ran("adapt_mutation_sigma", monkeypatch)[1] == "New sigma: 0.1500\n"
    assert ran("population_diversity", monkeypatch)[0]["diversity"] == 2.5
    assert "Best: 0.8" in ran("compute_generation_stats", monkeypatch)[1]


def test_evolve_reports_its_best(monkeypatch: pytest.MonkeyPatch) -> None:
    left, printed = ran("evolve", monkeypatch)
    assert printed == f"Best fitness: {left['result'].best_fitness:.4f}\n"


def test_evolve_nsga2_prints_its_front_in_the_users_own_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    left, printed = ran("evolve_nsga2", monkeypatch)
    front = left["result"]["pareto_front"]
    assert len(printed.splitlines()) == len(front) > 0
    assert all(solution["objectives"]["max_drawdown"] >= 0.0 for solution in front)


def test_evolve_islands_names_its_three_best(monkeypatch: pytest.MonkeyPatch) -> None:
    left, printed = ran("evolve_islands", monkeypatch)
    result = left["result"]
    assert result["best_params"] == result["top_strategies"][0]["params"]
    assert len(printed.splitlines()) == 2 + min(3, len(result["top_strategies"]))


def test_the_example_of_market_making(monkeypatch: pytest.MonkeyPatch) -> None:
    left, printed = ran("optimize_market_making_parameters", monkeypatch)
    spread, size = left["result"].best_genome
    assert 0.01 <= spread <= 0.15
    assert size == int(size)
    assert printed == f"Optimal spread: {spread:.4f}\nOptimal size: {int(size)}\n"
    again, _ = ran("optimize_market_making_parameters", monkeypatch)
    assert again["result"].best_genome == [spread, size]  # it is seeded


def test_the_example_of_two_objectives_has_a_front_in_which_none_dominates_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front = ran("multi_objective_sharpe_vs_drawdown", monkeypatch)[0]["result"]["pareto_front"]
    points = [(one["objectives"]["sharpe_ratio"], -one["objectives"]["max_drawdown"]) for one in front]
    for point in points:
        assert not any(other != point and other[0] >= point[0] and other[1] >= point[1] for other in points)


def test_the_example_of_islands_finds_what_is_best_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    left, printed = ran("island_model_with_diverse_selection", monkeypatch)
    result = left["result"]
    assert printed == f"Best fitness: {result['best_fitness']:.4f}\n"
    trained = [one["train_fitness"] for one in result["top_strategies"]]
    assert trained == sorted(trained, reverse=True)
