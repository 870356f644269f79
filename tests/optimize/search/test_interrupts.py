"""Ctrl-C while compiled loops run: what they did is not lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import (
    CMAES,
    CountTrue,
    CrossoverUniform,
    DifferentialEvolution,
    Evolve,
    GeneticAlgorithm,
    HillClimb,
    MutateSingleGene,
    Optimizer,
    ParticleSwarm,
    RangeGenotype,
    SelectElite,
    functions,
)
from gigaevo.optimize.genotypes import BinaryGenotype
from gigaevo.optimize.search.interrupts import held_back

SPACE = RangeGenotype(5, (-5.12, 5.12))
LOOPS: list[tuple[Callable[[], Optimizer], str]] = [
    (lambda: DifferentialEvolution(SPACE, seed=1), "gigaevo.kernels.differential.advance"),
    (lambda: ParticleSwarm(SPACE, seed=1), "gigaevo.kernels.swarm.advance"),
    (lambda: GeneticAlgorithm(SPACE, seed=1), "gigaevo.optimize.algorithms.genetic_algorithm.advance_reals"),
    (lambda: CMAES(SPACE, seed=1), "gigaevo.optimize.algorithms.cma_distribution.cma_advance"),
]


def pressing(loop: Callable[..., Any]) -> Callable[..., Any]:
    """``loop``, at whose end Ctrl-C is pressed."""

    def pressed(*given: Any, **named: Any) -> Any:
        outcome = loop(*given, **named)
        signal.raise_signal(signal.SIGINT)
        return outcome

    return pressed


def press_at_the_end_of(name: str, patch: pytest.MonkeyPatch) -> None:
    room, _, loop = name.rpartition(".")
    module = __import__(room, fromlist=[loop])
    patch.setattr(module, loop, pressing(getattr(module, loop)))


@pytest.mark.parametrize(("make", "loop"), LOOPS, ids=["de", "pso", "ga", "cma"])
def test_a_native_search_that_was_interrupted_is_where_it_says(
    make: Callable[[], Optimizer], loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        press_at_the_end_of(loop, patch)
        found = make().run(functions.rastrigin, generations=40)
    assert found.reason == "interrupted"
    assert found.generations > 1
    whole = make().run(functions.rastrigin, generations=found.generations)
    assert (found.evaluations, found.best_fitness) == (whole.evaluations, whole.best_fitness)
    np.testing.assert_array_equal(found.genomes, whole.genomes)


@pytest.mark.parametrize(
    ("make", "loop"),
    [
        (
            lambda generations: Evolve(
                BinaryGenotype(80),
                CountTrue(),
                select=SelectElite(0.5, 0.02),
                crossover=CrossoverUniform(0.7, 0.8),
                mutate=MutateSingleGene(0.2),
                max_generations=generations,
                seed=1,
            ),
            "gigaevo.optimize.strategy.evolve.advance",
        ),
        (
            lambda generations: HillClimb(BinaryGenotype(80), CountTrue(), max_generations=generations, seed=1),
            "gigaevo.optimize.strategy.hill_climb.climb",
        ),
    ],
    ids=["evolve", "hill climb"],
)
def test_a_native_strategy_that_was_interrupted_is_where_it_says(
    make: Callable[[int], Any], loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = make(40)
    with monkeypatch.context() as patch:
        press_at_the_end_of(loop, patch)
        with pytest.raises(KeyboardInterrupt):
            strategy.call()
    whole = make(40).call()
    assert len(strategy.chromosomes) == len(whole.chromosomes)
    assert strategy.resume().state.evaluations == whole.state.evaluations
    assert [one.genes.tolist() for one in strategy.chromosomes] == [one.genes.tolist() for one in whole.chromosomes]


def test_what_is_held_back_is_heard_at_the_end_and_the_handler_is_there_again() -> None:
    before, done = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            done.append("the block")
        done.append("what follows")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the block"]
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_have_nothing_to_hold_back() -> None:
    before, during = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with held_back():
            during.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert during == [before]
