"""Those who are told how a strategy gets on."""

from __future__ import annotations

import io
from typing import Any

import pytest

from gigaevo.optimize.strategy import EvolveReporterDuration, EvolveReporterSimple, StrategyReporter
from gigaevo.optimize.strategy.reporters import watches_generations
from tests.optimize.strategy.searches import RaisesOnce, Watcher, one_max


class StopsAt(StrategyReporter):
    def __init__(self, hook: str, generation: int) -> None:
        self.generation = generation
        setattr(self, hook, self._stop)

    def _stop(self, strategy: Any) -> bool:
        return bool(strategy.state.current_generation == self.generation)

    def on_new_generation(self, strategy: Any) -> object:
        """Keeps the loop in Python."""


@pytest.mark.parametrize("hook", ["on_new_generation", "on_crossover_complete", "on_generation_complete"])
def test_a_reporter_that_says_true_stops_the_run_after_the_generation(hook: str) -> None:
    evolve = one_max(max_generations=50, valid_fitness_score=1000, reporter=StopsAt(hook, 7)).call()
    assert (evolve.stop_reason, evolve.state.current_generation) == ("reporter", 7)
    assert evolve.state.population.merits.tolist()


def test_a_run_that_a_reporter_stopped_can_go_on() -> None:
    whole = one_max(max_generations=20, reporter=Watcher()).call()
    stopped = one_max(max_generations=20, reporter=StopsAt("on_generation_complete", 9)).call()
    assert stopped.resume().stop_reason == "max_generations"
    assert stopped.state.population.genes.tolist() == whole.state.population.genes.tolist()


def test_the_simple_reporter_writes_each_period_and_each_better_score() -> None:
    out = io.StringIO()
    reporter = EvolveReporterSimple(10, show_genes=True, file=out)
    evolve = one_max(max_generations=30, fitness_cache=100, reporter=reporter).call()
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("enter - Evolve on BinaryGenotype(genes_size=40)")
    periods = [line.split(" - ")[0] for line in lines if "stale for" in line]
    assert periods == ["generation 10", "generation 20", "generation 30"]
    better = [line for line in lines if "new best" in line]
    assert len(better) > 3
    assert "genes [" in better[0]
    assert f"best {evolve.best_fitness_score} in generation {evolve.best_generation}" in lines[-2]
    assert "hit rate" in lines[-1]


def test_the_duration_reporter_leaves_the_loop_native() -> None:
    out = io.StringIO()
    reporter = EvolveReporterDuration(out)
    assert not watches_generations(reporter)
    one_max(reporter=reporter).call()
    assert "native:" in out.getvalue()
    assert out.getvalue().splitlines()[-1].startswith("total:")


@pytest.mark.parametrize("period", [0, -1, 1.5, True])
def test_a_period_that_is_none_is_refused(period: Any) -> None:
    with pytest.raises(ValueError, match="period is"):
        EvolveReporterSimple(period)


class Enters(Watcher):
    """Notes whether anything was found before, and stops the run if told."""

    def __init__(self, stop: bool = False) -> None:
        self.stop = stop
        self.stateless: list[bool] = []
        self.generations: list[int] = []

    def on_enter(self, strategy: Any) -> bool:
        self.stateless.append(strategy.best_fitness_score is None)
        return self.stop

    def on_start(self, strategy: Any) -> None:
        self.generations.append(0)

    def on_generation_complete(self, strategy: Any) -> None:
        self.generations.append(strategy.state.current_generation)


def test_a_second_call_enters_without_a_state_like_the_first() -> None:
    evolve = one_max(max_generations=2, reporter=Enters()).call().call()
    assert evolve.reporter.stateless == [True, True]


def test_a_reporter_that_says_true_on_entering_gets_the_start_population_alone() -> None:
    evolve = one_max(max_generations=2, reporter=Enters(stop=True)).call()
    assert (evolve.stop_reason, evolve.state.current_generation) == ("reporter", 0)
    assert evolve.best_fitness_score is not None


@pytest.mark.parametrize("broken_at", [1, 30, 95])
def test_of_a_generation_that_was_broken_off_the_end_is_heard_of_too(broken_at: int) -> None:
    evolve = one_max(fitness=RaisesOnce(at=broken_at), max_generations=12, reporter=Enters())
    with pytest.raises(ValueError, match="no licence left"):
        evolve.call()
    evolve.resume()
    assert evolve.reporter.generations == list(range(13))
