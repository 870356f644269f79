"""Stops: when each holds, how they compose, and that a search asks no later than it must."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize import DifferentialEvolution, GridArchive, MAPElites, RangeGenotype
from gigaevo.optimize.search.optimizer import TURN, Optimizer
from gigaevo.optimize.search.stops import ENDLESS, MaxEvaluations, MaxGenerations, MaxSeconds, Stale, Stop, Target


@dataclass
class Search:
    """A search as stops see it."""

    generation: int = 0
    evaluations: int = 0
    stale_generations: int = 0
    seconds: float = 0.0
    best_merit: float = float("-inf")
    batch_size: int = 10
    sign: float = 1.0

    def merit_of(self, fitness: float) -> float:
        return self.sign * fitness


@pytest.mark.parametrize(
    ("stop", "before", "at", "word"),
    [
        (MaxEvaluations(100), Search(evaluations=99), Search(evaluations=100), "evaluations"),
        (MaxGenerations(5), Search(generation=4), Search(generation=5), "generations"),
        (MaxSeconds(2.5), Search(seconds=2.4), Search(seconds=2.5), "seconds"),
        (Stale(7), Search(stale_generations=6), Search(stale_generations=7), "stale"),
        (Target(3.0), Search(best_merit=2.9), Search(best_merit=3.0), "target"),
        (Target(3.0), Search(best_merit=-3.1, sign=-1.0), Search(best_merit=-3.0, sign=-1.0), "target"),
    ],
)
def test_a_stop_holds_from_its_limit_on(stop: Stop, before: Search, at: Search, word: str) -> None:
    assert stop.reason(before) is None
    assert stop.reason(at) == word


def test_either_ends_at_the_first_and_both_at_the_last() -> None:
    either, both = MaxGenerations(5) | Target(1.0), MaxGenerations(5) & Target(1.0)
    early, late = Search(generation=5), Search(generation=5, best_merit=1.0)
    assert either.reason(early) == "generations"
    assert both.reason(early) is None
    assert both.reason(late) == "generations and target"


def test_what_is_left_is_the_least_of_either_and_the_most_of_both() -> None:
    search = Search(evaluations=40)
    assert (MaxEvaluations(100) | MaxEvaluations(60)).evaluations_left(search) == 20
    assert (MaxEvaluations(100) & MaxEvaluations(60)).evaluations_left(search) == 60
    assert (MaxEvaluations(100) & Target(0.0)).evaluations_left(search) == ENDLESS


def test_what_is_used_up_is_the_most_of_either_and_the_least_of_both() -> None:
    search = Search(evaluations=50, generation=5, seconds=2.0)
    assert MaxEvaluations(200).used(search) == 0.25
    assert (MaxEvaluations(200) | MaxGenerations(10) | Target(0.0)).used(search) == 0.5
    assert (MaxSeconds(4.0) & MaxEvaluations(200)).used(search) == 0.25
    assert MaxSeconds(1.0).used(search) == 1.0  # a generation may last beyond the limit
    for unknown in (Target(0.0), Stale(3), Target(0.0) | Stale(3), Stale(3) & MaxEvaluations(200)):
        assert unknown.used(search) is None


def test_nobody_need_be_asked_before_the_horizon() -> None:
    assert MaxEvaluations(100).horizon(Search(evaluations=45)) == 5
    assert MaxGenerations(9).horizon(Search(generation=2)) == 7
    assert Stale(4).horizon(Search(stale_generations=1)) == 3
    assert (MaxGenerations(9) | Target(0.0)).horizon(Search()) == 9
    assert (Target(1.0) | Target(0.0)).horizon(Search()) == 1  # algorithms look at one target
    assert (MaxGenerations(9) & Target(0.0)).horizon(Search()) == 1


class Asked(Stop):
    """Ends nothing, claims that nobody need ask it, and counts who does."""

    def __init__(self) -> None:
        self.times = 0

    def reason(self, search: Any) -> str | None:
        self.times += 1
        return None

    def horizon(self, search: Any) -> int:
        return ENDLESS


def square(kind: str) -> Optimizer:
    box = RangeGenotype(2, (-1.0, 1.0))
    if kind == "MAPElites":
        return MAPElites(box, GridArchive([5, 5], [(-1.0, 1.0)] * 2), batch_size=10, maximize=True, seed=1)
    return DifferentialEvolution(box, population_size=10, seed=1)


@pytest.mark.parametrize("kind", ["MAPElites", "DifferentialEvolution"])
def test_a_slow_search_looks_at_its_stops_in_every_generation(kind: str) -> None:
    def slow(genomes: np.ndarray) -> Any:
        time.sleep(1.2 * TURN)
        fitness = genomes.sum(axis=1)
        return (fitness, genomes) if kind == "MAPElites" else fitness

    stop = Asked()
    square(kind).run(slow, vectorized=True, generations=5, stop=stop)
    assert stop.times == 5  # the other one ends it


@pytest.mark.parametrize("make", [MaxEvaluations, MaxGenerations, MaxSeconds, Stale])
@pytest.mark.parametrize("limit", [0, -1, True, "3", float("nan")])
def test_a_limit_is_a_number_above_0(make: type, limit: object) -> None:
    with pytest.raises(ValueError, match="expected a number above 0"):
        make(limit)


@pytest.mark.parametrize("make", [MaxEvaluations, MaxGenerations, Stale])
def test_a_limit_of_no_end_is_left_out(make: type) -> None:
    with pytest.raises(ValueError, match="is inf, expected a finite number; for no limit leave it out"):
        make(float("inf"))
    MaxSeconds(float("inf"))  # a clock may go on


@pytest.mark.parametrize("make", [MaxEvaluations, MaxGenerations, Stale])
def test_a_limit_of_steps_is_whole(make: type) -> None:  # with half an evaluation left a search would never end
    with pytest.raises(ValueError, match=r"is 1\.5, expected a whole number above 0"):
        make(1.5)
    make(1e6)


@pytest.mark.parametrize("limit", [np.int64(7), np.float32(7.0)])
def test_a_limit_may_be_a_number_of_numpy(limit: float) -> None:
    assert MaxEvaluations(limit).evaluations_left(Search()) == 7  # type: ignore[arg-type]


@pytest.mark.parametrize("fitness", [float("inf"), float("nan"), "1", None, True])
def test_a_target_is_a_finite_number(fitness: object) -> None:
    with pytest.raises(ValueError, match=f"target is {fitness!r}, expected a finite number"):
        Target(fitness)  # type: ignore[arg-type]
