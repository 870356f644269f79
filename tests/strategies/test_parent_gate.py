"""The gate for parents: whoever breeds has passed it, selectors of any kind choose among those, and somebody breeds."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.strategies.best_of_n import BestOfN
from gigaevo.evolution.strategies.elite_selectors import (
    ArenaEliteSelector,
    BoltzmannEliteSelector,
    BracketTournamentEliteSelector,
    EliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    NoveltyEliteSelector,
    RandomEliteSelector,
    RankEliteSelector,
    ScalarTournamentEliteSelector,
    UCB1EliteSelector,
)
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, IslandConfig, MapElitesMultiIsland, PatientWalk
from gigaevo.evolution.strategies.parent_gate import ParentGate
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program
from tests.strategies.logs import logged, warnings
from tests.strategies.populations import context_of, ids

SELECTORS = [
    ArenaEliteSelector,
    BoltzmannEliteSelector,
    BracketTournamentEliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    NoveltyEliteSelector,
    RandomEliteSelector,
    RankEliteSelector,
    ScalarTournamentEliteSelector,
    UCB1EliteSelector,
]
EVERY_SELECTOR = pytest.mark.parametrize("make", SELECTORS, ids=lambda make: make.__name__)


def first_of_all(programs: list[Program], total: int) -> list[Program]:
    """A user's own selector, which always names the same."""
    return programs[:total]


class Population:
    """A strategy with one island and an elite for each fitness, its ``x`` in [0, 1); both are metrics."""

    def __init__(
        self,
        values: Sequence[float],
        *,
        selector: object = None,
        walk: PatientWalk | None = None,
        higher_is_better: bool = True,
        gated: bool = True,
        **gate: object,
    ) -> None:
        space = BehaviorSpace(feature_bounds={"x": (0.0, 1.0)}, resolution=max(1, len(values)))
        config = IslandConfig(island_id="main", behavior_space=space, elite_selector=selector, walk=walk)  # type: ignore[arg-type]
        self.strategy = MapElitesMultiIsland(island_configs=[config])
        context = context_of(higher_is_better=higher_is_better)
        passing = ParentGate(metrics=context.metrics, **gate) if gated else None  # type: ignore[arg-type]
        self.random = context.random
        self.strategy.bind(replace(context, parent_gate=passing))
        for number, value in enumerate(values):
            metrics = {"fitness": value, "x": (number + 0.5) / len(values), "y": float(number)}
            assert asyncio.run(self.strategy.add(Program(id=f"p{number}", number=number, source="", metrics=metrics)))

    def parents(self, total: int, proposals: int = 1) -> list[Program]:
        chosen: list[Program] = []
        for _ in range(proposals):
            self.random.proposal += 1
            chosen += asyncio.run(self.strategy.select_elites(total))
        return chosen


VALUES = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=60)


@EVERY_SELECTOR
@given(
    values=VALUES,
    upwards=st.booleans(),
    top=st.sampled_from([0.01, 0.2, 0.5, 1.0]),
    bound=st.one_of(st.none(), st.integers(-20, 20).map(float)),
    total=st.integers(1, 5),
)
@settings(max_examples=15, deadline=None)
def test_whoever_breeds_has_passed_and_somebody_breeds(
    make: Callable[[], EliteSelector], values: list[float], upwards: bool, top: float, bound: float | None, total: int
) -> None:
    require = {} if bound is None else {"fitness": bound}
    population = Population(values, selector=make(), higher_is_better=upwards, top_fraction=top, require=require)
    chosen = population.parents(total, proposals=3)
    order = sorted(values, reverse=upwards)
    least = order[max(1, math.ceil(top * len(values))) - 1]
    able = {value for value in values if (value >= least if upwards else value <= least)}
    if bound is not None:
        able = {value for value in able if (value >= bound if upwards else value <= bound)}
    assert chosen
    assert {program.metrics["fitness"] for program in chosen} <= (able or {order[0]})


@EVERY_SELECTOR
def test_a_gate_that_everybody_passes_changes_no_choice(make: Callable[[], EliteSelector]) -> None:
    values = [float(number % 7) for number in range(40)]
    without = Population(values, selector=make(), gated=False)
    within = Population(values, selector=make(), require={"fitness": 0.0})
    assert ids(within.parents(3, proposals=20)) == ids(without.parents(3, proposals=20))


def test_a_selector_chooses_among_those_that_pass_as_it_would_among_all() -> None:
    """Linear ranking among the 10 best of 40: the best of all is chosen more often than the last that passes, by the
    ratio of their probabilities."""
    population = Population(
        [float(number) for number in range(40)], selector=RankEliteSelector(pressure=2.0), top_fraction=0.25
    )
    counts = Counter(program.metrics["fitness"] for program in population.parents(1, proposals=4000))
    assert set(counts) == {float(number) for number in range(30, 40)}
    expected = {float(rank): rank for rank in range(30, 40)}  # the probability is in proportion to the rank
    whole = sum(expected.values())
    for value, weight in expected.items():
        mean = 4000 * weight / whole
        assert abs(counts[value] - mean) < 4 * math.sqrt(mean)


def test_a_selector_that_never_names_who_passes_is_stood_in_for() -> None:
    population = Population([float(number) for number in range(300)], selector=first_of_all, top_fraction=0.1)
    chosen = {program.metrics["fitness"] for program in population.parents(2, proposals=100)}
    assert min(chosen) >= 270.0 and len(chosen) > 10


@pytest.mark.parametrize(("upwards", "expected"), [(True, {5.0, 6.0, 7.0}), (False, {0.0, 1.0, 2.0})])
def test_bounds_and_shares_go_by_the_direction_of_the_metric(upwards: bool, expected: set[float]) -> None:
    bound = 5.0 if upwards else 2.0
    values = [float(number) for number in range(8)]
    for gate in ({"require": {"fitness": bound}}, {"top_fraction": 0.375}):
        population = Population(values, selector=RandomEliteSelector(), higher_is_better=upwards, **gate)
        assert {program.metrics["fitness"] for program in population.parents(2, proposals=60)} == expected


def test_other_metrics_than_the_primary_one_can_be_required() -> None:
    population = Population([1.0, 2.0, 3.0], selector=RandomEliteSelector(), require={"y": 1.0, "fitness": 0.0})
    assert set(ids(population.parents(1, proposals=40))) == {"p1", "p2"}


def test_where_nobody_passes_the_best_breeds_which_is_said_once() -> None:
    population = Population([3.0, 9.0, 5.0], selector=RandomEliteSelector(), require={"fitness": 10.0})
    with logged() as lines:
        assert set(ids(population.parents(2, proposals=20))) == {"p1"}
    [line] = warnings(lines)
    assert "island main: nobody passes (fitness at least 10)" in line


@pytest.mark.parametrize(("least", "expected"), [(2.0, "p2"), (3.0, "p3")])
def test_the_head_of_a_patient_walk_breeds_only_where_it_passes(least: float, expected: str) -> None:
    walk = PatientWalk(exploration=0.0)  # its head is p2, the latest of the best
    population = Population([1.0, 2.0, 2.0, 1.5], selector=RandomEliteSelector(), walk=walk, require={"y": least})
    assert set(ids(population.parents(1, proposals=20))) == {expected}


async def test_the_control_arm_gates_initial_programs() -> None:
    context = context_of()
    for gate, expected in (
        ({"top_fraction": 0.5}, {"-1", "-2"}),
        ({"require": {"fitness": -1.0}}, {"-1"}),
        ({"require": {"fitness": 7.0}}, {"-1"}),
    ):
        arm = BestOfN()
        arm.bind(replace(context, parent_gate=ParentGate(metrics=context.metrics, **gate)))  # type: ignore[arg-type]
        for number in (-1, -2, -3, -4, 0):
            await arm.add(Program(id=str(number), number=number, source="", metrics={"fitness": float(number)}))
        chosen = set()
        for proposal in range(40):
            context.random.proposal = proposal
            chosen |= set(ids(await arm.select_elites(1)))
        assert chosen == expected


def test_a_program_without_a_required_metric_does_not_pass() -> None:
    gate = ParentGate(metrics=context_of().metrics, require={"x": 0.0})
    ranking = ValueRanking([1.0])
    assert gate.lets_in(Program(id="a", source="", metrics={"fitness": 1.0, "x": 0.0}), ranking)
    assert not gate.lets_in(Program(id="b", source="", metrics={"fitness": 1.0}), ranking)
    assert not gate.lets_in(Program(id="c", source="", metrics={"fitness": 1.0, "x": math.nan}), ranking)


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"top_fraction": 0.0}, "parents.top_fraction must be above 0 and at most 1; found 0.0"),
        ({"top_fraction": 1.5}, "parents.top_fraction must be above 0 and at most 1; found 1.5"),
        ({"require": {"fitnes": 1.0}}, "nobody measures 'fitnes' (did you mean 'fitness'?)"),
        ({"require": {"fitness": math.inf}}, "parents.require.fitness must be a number; found inf"),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(gate: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        ParentGate(metrics=context_of().metrics, **gate)  # type: ignore[arg-type]
    assert message in str(refusal.value)
