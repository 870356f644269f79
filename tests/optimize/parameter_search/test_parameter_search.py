"""``evolve`` and ``evolve_islands``: trained on the past, judged on what came after, and ended for a reason."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from gigaevo.optimize import (
    EvolutionConfig,
    FitnessError,
    ParamBound,
    WalkForward,
    evolve,
    evolve_islands,
    evolve_nsga2,
)
from gigaevo.optimize.populations.convergence import GenerationStats
from tests.optimize.parameter_search.markets import BOUNDS, Report, as_pipeline, compare

DATA = [4.0] * 70 + [5.0] * 30


def searched(**changes: Any) -> Any:
    options: dict[str, Any] = {"pop_size": 30, "generations": 60, "seed": 3, "backtest": compare, **changes}
    return evolve(DATA, as_pipeline, BOUNDS, **options)


def islands(**changes: Any) -> Any:
    options: dict[str, Any] = {"pop_size": 40, "generations": 60, "seed": 3, "backtest": compare, **changes}
    return evolve_islands(DATA, as_pipeline, BOUNDS, **options)


@pytest.mark.parametrize("selection", ["tournament", "roulette", "rank", "ucb1", "epsilon_greedy", "uniform"])
def test_each_selection_comes_near_the_best_of_the_training_part(selection: str) -> None:
    result = searched(selection=selection, early_stopping=False, adaptive_mutation=True)
    first = result.history[0].best_fitness
    assert result.train_fitness > max(first, -2.5)


def test_what_is_reported_is_the_fitness_on_the_held_out_part() -> None:
    result = searched(early_stopping=False)
    level, size = result.best_params["level"], result.best_params["size"]
    assert result.best_fitness == -abs(level - 5.0) - abs(size - 7)
    assert result.train_fitness == -abs(level - 4.0) - abs(size - 7)
    assert result.best_genome == [level, float(size)]
    assert result["best_fitness"] == result.top_strategies[0]["fitness"] == result.best_fitness


def test_training_never_sees_what_comes_after() -> None:
    seen: set[tuple[float, ...]] = set()

    def watched(data: Any, pipeline: Any) -> Report:
        seen.add(tuple(data))
        return compare(data, pipeline)

    searched(backtest=watched, generations=5)
    assert seen == {tuple(DATA[:70]), tuple(DATA[70:])}


def test_with_nothing_held_out_both_fitnesses_are_one() -> None:
    result = searched(fraction_train=1.0)
    assert result.best_fitness == result.train_fitness


def test_each_window_is_trained_and_judged_for_itself() -> None:
    data = [1.0] * 50 + [3.0] * 25 + [6.0] * 25
    result = evolve(
        data,
        as_pipeline,
        BOUNDS,
        pop_size=30,
        generations=60,
        early_stopping=False,
        seed=1,
        backtest=compare,
        walk_forward=WalkForward(2, fraction_train=2 / 3),
    )
    first, second = result.windows
    assert (first.window.train, first.window.test) == ((0, 50), (50, 75))
    assert first.best_params["level"] == pytest.approx(1.0, abs=0.3)
    assert first.fitness == pytest.approx(-2.0, abs=0.4)
    assert second.best_params["level"] == pytest.approx(2.0, abs=0.3)  # half of its 50 ticks are 1, half are 3
    assert result.best_params == second.best_params
    assert result.best_fitness == (first.fitness + second.fitness) / 2
    assert result.generations == 120


def test_a_search_that_stalls_ends_and_says_why() -> None:
    result = searched(generations=1_000, patience=8)
    assert result.converged
    assert result.generations == len(result.history) < 1_000
    assert "patience exhausted" in result.reason or "diversity collapse" in result.reason
    whole = searched(generations=12, early_stopping=False)
    assert (whole.converged, whole.reason, whole.generations) == (False, "generations", 12)


def test_the_strength_of_mutations_follows_the_rule_of_one_fifth_only_if_asked() -> None:
    assert searched(early_stopping=False).sigma == 0.1
    assert searched(early_stopping=False, adaptive_mutation=True).sigma < 0.1  # few mutants are better near the end


def test_the_best_strategies_differ_and_come_in_the_order_of_their_training() -> None:
    top = searched(early_stopping=False).top_strategies
    assert len({tuple(one["params"].values()) for one in top}) == len(top) > 3
    trained = [one["train_fitness"] for one in top]
    assert trained == sorted(trained, reverse=True)


def test_the_same_seed_gives_the_same_search_wherever_it_is_evaluated() -> None:
    first = searched(generations=8)
    assert searched(generations=8) == first
    assert searched(generations=8, seed=4) != first
    with ProcessPoolExecutor(2) as executor:
        assert searched(generations=8, executor=executor) == first


def test_equal_parameters_are_sent_to_an_executor_once() -> None:
    sent: list[bytes] = []

    class Forgetful(ThreadPoolExecutor):
        """Like one of processes, which do not know what others were sent."""

        def submit(self, fitness: Any, genome: Any) -> Any:  # type: ignore[override]
            sent.append(genome.tobytes())
            return super().submit(fitness, genome)

    bounds = [{"name": "size", "min": 1, "max": 9, "discrete": True}]
    told: dict[str, Any] = {"pop_size": 20, "generations": 5, "early_stopping": False, "seed": 1, "fraction_train": 1.0}
    told |= {"backtest": lambda data, params: {"size": params["size"], "rest": -params["size"]}}
    with Forgetful(2) as executor:
        one = evolve([1, 2], dict, bounds, fitness_fn=lambda result: result["size"], executor=executor, **told)
        assert one.evaluations > len(sent) == len(set(sent)) <= 9
        sent.clear()
        objectives = [{"metric": name, "direction": "maximize"} for name in ("size", "rest")]
        several = evolve_nsga2([1, 2], dict, bounds, objectives, executor=executor, **told)
        assert several.evaluations > len(sent) == len(set(sent)) <= 9
    for search, more in ((evolve, {}), (evolve_nsga2, {"objectives": objectives})):
        with pytest.raises(TypeError, match=r"executor is 3, expected one of concurrent\.futures"):
            search([1, 2], dict, bounds, executor=3, **more, **told)  # type: ignore[operator]


def test_a_result_reads_well_and_survives_a_pickle() -> None:
    result = searched(generations=5)
    assert pickle.loads(pickle.dumps(result)) == result
    assert repr(result).startswith("EvolutionResult(best_fitness=-")
    assert "ended by 'generations' after 5 generations" in repr(result)
    with pytest.raises(KeyError, match="EvolutionResult has no 'fitness'; it has best_genome"):
        result["fitness"]


def test_a_callback_hears_of_each_generation_and_may_end_the_search() -> None:
    heard: list[GenerationStats] = []

    def callback(stats: GenerationStats) -> bool:
        heard.append(stats)
        return len(heard) == 4

    result = searched(callback=callback)
    assert (result.reason, result.generations) == ("callback", 4)
    assert [stats.generation for stats in heard] == [1, 2, 3, 4]


def test_the_fitness_may_be_any_function_of_what_the_backtest_returned() -> None:
    result = searched(fitness_fn=lambda report: -report.risk, early_stopping=False)
    assert result.best_params["size"] == 1


def test_parameters_without_a_fitness_are_never_the_best_while_others_have_one() -> None:
    result = searched(fitness_fn=lambda report: None if report.risk < 18 else report.gain, early_stopping=False)
    assert result.best_params["size"] == 18
    nothing = searched(fitness_fn=lambda report: None, generations=3)
    assert math.isnan(nothing.best_fitness)


def test_islands_find_the_best_and_name_it() -> None:
    result = islands(early_stopping=False)
    assert result["best_params"]["size"] == 7
    assert result.train_fitness > -0.3
    assert result["top_strategies"][0]["params"] == result["best_params"]


def test_islands_of_one_size_too_many_share_what_is_left() -> None:
    seen: list[int] = []
    evolve_islands(
        DATA,
        as_pipeline,
        BOUNDS,
        n_islands=3,
        pop_size=11,
        generations=1,
        seed=0,
        backtest=compare,
        fitness_fn=lambda report: seen.append(1) or report.gain,
        fraction_train=1.0,
    )
    assert len(seen) == 11


def test_migration_carries_the_best_of_one_island_to_the_others() -> None:
    """Islands that select at random find little alone; with one that selects well they end as well as it does."""
    methods = ["tournament", "uniform", "uniform", "uniform"]
    common = {"selection_methods": methods, "topology": "fully_connected", "early_stopping": False, "generations": 40}
    alone = islands(migration_interval=1_000, **common)
    together = islands(migration_interval=2, **common)
    assert together.history[-1].median_fitness > alone.history[-1].median_fitness


def failing(data: Any, pipeline: Any) -> Report:
    raise ZeroDivisionError("no prices")


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: searched(selection="best"), ValueError, "selection is 'best', expected one of tournament"),
        (lambda: searched(pop_size=1), ValueError, "pop_size is 1"),
        (lambda: searched(generations=0), ValueError, "generations is 0"),
        (lambda: searched(patience=0), ValueError, "patience is 0"),
        (lambda: searched(epsilon=1.5), ValueError, "epsilon is 1.5"),
        (lambda: searched(fraction_train=1.5), ValueError, "fraction_train is 1.5"),
        (lambda: searched(config=EvolutionConfig(sigma=0.0)), ValueError, "sigma is 0.0"),
        (lambda: EvolutionConfig(mutation_rate=2.0), ValueError, "mutation_rate is 2.0"),
        (lambda: EvolutionConfig(pop_size=2, elite_count=2), ValueError, "elite_count is 2"),
        (lambda: searched(pop_size="30"), ValueError, "pop_size is '30'"),
        (lambda: searched(patience=1.5), ValueError, "patience is 1.5"),
        (lambda: searched(epsilon="low"), ValueError, "epsilon is 'low'"),
        (lambda: searched(fraction_train="most"), ValueError, "fraction_train is 'most'"),
        (lambda: searched(backtest="run"), TypeError, "backtest is 'run', expected a function"),
        (lambda: searched(fitness_fn=5), TypeError, "fitness_fn is 5, expected a function"),
        (lambda: evolve(DATA, None, BOUNDS), TypeError, "pipeline_factory is None, expected a function"),
        (
            lambda: searched(backtest=failing),
            FitnessError,
            r"^backtest raised ZeroDivisionError: no prices for level=\d.*, size=\d+$",
        ),
        (
            lambda: evolve(DATA, lambda params: params["window"], BOUNDS),
            FitnessError,
            "^pipeline_factory raised KeyError: 'window' for level=",
        ),
        (
            lambda: evolve(DATA, lambda params: [lambda context: context.volume], BOUNDS),
            FitnessError,
            "^backtest raised AttributeError: 'Context' object has no attribute 'volume' for level=",
        ),
        (
            lambda: islands(fitness_fn=lambda report: report.luck),
            FitnessError,
            "^fitness_fn raised AttributeError: 'Report' object has no attribute 'luck' for level=",
        ),
        (lambda: searched(fitness_fn=lambda report: "high"), FitnessError, "fitness of genome 0 is 'high'"),
        (lambda: islands(topology="star"), ValueError, "topology is 'star'"),
        (lambda: islands(pop_size=7), ValueError, "pop_size is 7, expected 8 or more"),
        (lambda: islands(n_islands=2, selection_methods=["rank"]), ValueError, "selection_methods has 1 entries"),
        (lambda: islands(migration_interval=0), ValueError, "migration_interval is 0"),
    ],
)
def test_mistakes_are_named(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()


def test_bounds_are_dictionaries_or_values() -> None:
    bounds = [ParamBound("level", 0.0, 10.0), ParamBound(name="size", min_val=1, max_val=20, is_discrete=True)]
    result = evolve(DATA, as_pipeline, bounds, pop_size=10, generations=3, seed=0, backtest=compare)
    assert list(result.best_params) == ["level", "size"]
    words = [
        {"name": "level", "min_val": 0.0, "max_val": 10.0},
        {"name": "size", "min": 1, "max": 20, "is_discrete": True},
    ]
    same = evolve(DATA, as_pipeline, words, pop_size=10, generations=3, seed=0, backtest=compare)
    assert same.best_params == result.best_params


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"walk_forward": 3}, "walk_forward is 3, expected a WalkForward or None"),
        ({"config": {"pop_size": 5}}, "config is {'pop_size': 5}, expected a EvolutionConfig or None"),
        ({"callback": 5}, "callback is 5, expected a function of the statistics of a generation"),
        ({"fitness_fn": 0}, "fitness_fn is 0, expected a function"),
    ],
)
def test_what_is_no_part_of_a_search_is_named(wrong: dict[str, Any], message: str) -> None:
    for search in (searched, islands):
        with pytest.raises(TypeError, match=message):
            search(**wrong)


def test_a_discrete_bound_is_of_whole_numbers_that_float64_tells_apart() -> None:
    ParamBound("size", 0, 2**53, is_discrete=True)
    with pytest.raises(ValueError, match=r"bounds of 'size' .* whole numbers within 2\*\*53"):
        ParamBound("size", 0, 2**60 + 5000, is_discrete=True)


def test_a_discrete_bound_is_discrete_by_a_word_of_truth_alone() -> None:
    with pytest.raises(ValueError, match="is_discrete of 'window' is 'no', expected True or False"):
        ParamBound.of({"name": "window", "min": 1, "max": 9, "discrete": "no"})


def test_what_is_no_fitness_on_the_held_out_part_is_told_as_in_training() -> None:
    found = searched(fitness_fn=lambda report: float("inf"))
    assert math.isnan(found.best_fitness)
    assert math.isnan(found.train_fitness)
    with pytest.raises(
        FitnessError, match="sharpe_ratio of the backtest's result is 'high', expected a number or None"
    ):
        searched(backtest=lambda data, pipeline: {"sharpe_ratio": "high"})
    assert math.isnan(searched(backtest=lambda data, pipeline: {"sharpe_ratio": None}).best_fitness)
