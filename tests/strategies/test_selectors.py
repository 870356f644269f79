"""Who holds a cell, who becomes a parent, who goes, who migrates: decisions over what is there, never changes of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chisquare

from gigaevo.evolution.strategies.archive import ProgramArchive
from gigaevo.evolution.strategies.elite_selectors import (
    EliteSelector,
    EpsilonGreedyEliteSelector,
    FitnessProportionalEliteSelector,
    RandomEliteSelector,
    ScalarTournamentEliteSelector,
    proportional_weights,
)
from gigaevo.evolution.strategies.migrant_selectors import RandomMigrantSelector, TopFitnessMigrantSelector
from gigaevo.evolution.strategies.mutant_router import RandomMutantRouter
from gigaevo.evolution.strategies.removers import FitnessArchiveRemover
from gigaevo.evolution.strategies.selectors import (
    ArchiveSelector,
    SumArchiveSelector,
    comparison,
    scalar_score,
)
from gigaevo.programs import Program


def population(make_program, values: list[float]) -> list[Program]:
    return [make_program(f"p{index}", fitness=value) for index, value in enumerate(values)]


def archive_of(programs: list[Program], *columns: str) -> ProgramArchive:
    archive = ProgramArchive([len(programs)], columns)
    for index, program in enumerate(programs):
        archive.put((index,), program.metrics["fitness"], program)
    return archive


# Archive selectors


def test_a_sum_weighs_its_metrics(make_program) -> None:
    selector = SumArchiveSelector(
        fitness_keys=["fitness", "validity"], fitness_key_higher_is_better=[True, True], weights=[1.0, 0.5]
    )
    a = make_program("a", fitness=80.0, validity=0.9)
    b = make_program("b", fitness=75.0, validity=1.0)
    assert selector.score(a) == pytest.approx(80.45)
    assert selector.score(b) == pytest.approx(75.5)
    assert selector.is_better(a, b)
    assert selector(a, b)
    assert not selector(b, a)


def test_a_metric_to_be_minimised_counts_against(make_program) -> None:
    selector = SumArchiveSelector(["fitness", "size"], higher_is_better=[True, False])
    short, long = make_program("s", fitness=1.0, size=10.0), make_program("l", fitness=1.0, size=20.0)
    assert selector.is_better(short, long)


def test_equals_are_not_better(make_program) -> None:
    selector = SumArchiveSelector(["fitness"])
    a, b = population(make_program, [1.0, 1.0])
    assert not selector.is_better(a, b)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_key_and_direction_default_to_the_problems(make_program, make_context, higher_is_better: bool) -> None:
    selector = SumArchiveSelector()
    selector.bind(make_context(higher_is_better=higher_is_better))
    low, high = population(make_program, [-2.0, 3.0])
    assert selector.is_better(high, low) == higher_is_better
    assert selector.metric_keys == ("fitness",)


def test_a_direction_that_was_given_is_kept_against_the_problems(make_program, make_context) -> None:
    selector = SumArchiveSelector(["fitness"], [True])
    selector.bind(make_context(higher_is_better=False))
    low, high = population(make_program, [-2.0, 3.0])
    assert selector.is_better(high, low)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fitness_keys": ["a", "b"], "weights": [1.0]}, "weights has 1 entries for 2"),
        ({"fitness_keys": ["a"], "higher_is_better": [True, False]}, "2 entries for 1"),
        ({"fitness_keys": []}, "at least one"),
        ({"fitness_keys": "fitness"}, "must be a list"),
        ({"fitness_key_higher_is_better": [True], "higher_is_better": [True]}, "not both"),
    ],
)
def test_a_sum_of_lists_that_do_not_match_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SumArchiveSelector(**settings)  # type: ignore[arg-type]


def test_a_metric_that_nobody_measures_is_refused_by_name(make_context) -> None:
    for part in (SumArchiveSelector(["speed"]), FitnessArchiveRemover(fitness_key="speed")):
        with pytest.raises(ValueError, match="'speed'"):
            part.bind(make_context())


def test_an_unbound_part_without_a_key_says_so(make_program) -> None:
    with pytest.raises(ValueError, match="needs fitness_keys"):
        SumArchiveSelector().score(make_program("p", fitness=1.0))
    with pytest.raises(ValueError, match="needs a fitness_key"):
        FitnessProportionalEliteSelector()(population(make_program, [1.0]), 1)


def test_custom_comparisons_are_recognised(make_program) -> None:
    class ByCall(ArchiveSelector):
        def __call__(self, candidate: Program, current: Program) -> bool:
            return candidate.id > current.id

    class OwnWay(SumArchiveSelector):
        def is_better(self, candidate: Program, current: Program) -> bool:
            return candidate.id > current.id

    a, b = make_program("a", fitness=2.0), make_program("b", fitness=1.0)
    for selector in (ByCall(), OwnWay(["fitness"]), lambda candidate, current: candidate.id > current.id):
        assert scalar_score(selector) is None
        assert comparison(selector)(b, a)
        assert not comparison(selector)(a, b)
    assert scalar_score(SumArchiveSelector(["fitness"])) is not None


# Elite selectors

SELECTORS = [
    RandomEliteSelector(),
    FitnessProportionalEliteSelector(fitness_key="fitness"),
    FitnessProportionalEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=False),
    ScalarTournamentEliteSelector(fitness_key="fitness"),
    EpsilonGreedyEliteSelector(fitness_key="fitness"),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda selector: type(selector).__name__)
@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8), total=st.integers(0, 12))
def test_a_selector_gives_at_most_what_is_asked_and_something_where_there_is_something(
    selector: EliteSelector, values: list[float], total: int
) -> None:
    programs = [Program(id=str(index), source="", metrics={"fitness": value}) for index, value in enumerate(values)]
    chosen = selector(programs, total)
    assert len(chosen) <= total
    assert all(any(parent is program for program in programs) for parent in chosen)
    assert bool(chosen) == bool(programs and total)


def test_random_parents_are_distinct(make_program) -> None:
    programs = population(make_program, [1.0, 2.0, 3.0, 4.0])
    chosen = RandomEliteSelector()(programs, 10)
    assert sorted(program.id for program in chosen) == ["p0", "p1", "p2", "p3"]


@pytest.mark.parametrize(
    ("values", "higher_is_better", "shares"),
    [
        ([1.0, 2.0, 5.0], True, [1 / 8, 2 / 8, 5 / 8]),  # positive: in proportion
        ([-3.0, -1.0, 0.0], True, [0, 2 / 5, 3 / 5]),  # else the distance from the worst
        ([1.0, 3.0, 4.0], False, [3 / 4, 1 / 4, 0]),  # minimised: likewise
        ([-2.0, -2.0, -2.0], True, [1 / 3] * 3),  # all equal: uniform
        ([0.0, 0.0], True, [1 / 2] * 2),
        ([7.0, 7.0], False, [1 / 2] * 2),
        ([-1e308, 1e308, 0.0], True, [0, 2 / 3, 1 / 3]),  # the distance overflows a float
    ],
)
def test_proportional_selection_has_the_promised_frequencies(
    make_program, values: list[float], higher_is_better: bool, shares: list[float]
) -> None:
    programs = population(make_program, values)
    selector = FitnessProportionalEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=higher_is_better)
    draws = 20_000
    counts = Counter(program.id for program in selector(programs, draws))
    observed = np.array([counts[program.id] for program in programs])
    expected = np.array(shares)
    assert not observed[expected == 0].any()
    possible = expected > 0
    assert chisquare(observed[possible], draws * expected[possible]).pvalue > 1e-3


@given(arrays(np.float64, st.integers(1, 20), elements=st.floats(allow_nan=False, allow_infinity=False)), st.booleans())
def test_weights_follow_fitness(values: np.ndarray, higher_is_better: bool) -> None:
    weights = proportional_weights(values, higher_is_better=higher_is_better)
    assert np.isfinite(weights).all()
    assert weights.min() >= 0
    assert weights.max() == 1
    order = np.argsort(values if higher_is_better else -values, kind="stable")
    assert (np.diff(weights[order]) >= 0).all()


def test_the_tournament_prefers_the_better_with_the_promised_frequencies(make_program) -> None:
    programs = population(make_program, [3.0, 1.0, 2.0])
    selector = ScalarTournamentEliteSelector(
        fitness_key="fitness", fitness_key_higher_is_better=False, tournament_size=2
    )
    draws = 20_000
    counts = Counter(program.id for program in selector(programs, draws))
    expected = [draws * share for share in (1 / 9, 5 / 9, 3 / 9)]
    assert chisquare([counts["p0"], counts["p1"], counts["p2"]], expected).pvalue > 1e-3


def test_the_greedy_selector_explores_the_promised_share_and_takes_all_that_are_best(make_program) -> None:
    programs = population(make_program, [3.0, 1.0, 1.0, 2.0])
    selector = EpsilonGreedyEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=False, epsilon=0.4)
    draws = 20_000
    counts = Counter(program.id for program in selector(programs, draws))
    expected = [draws * share for share in (0.1, 0.4, 0.4, 0.1)]
    assert chisquare([counts[f"p{index}"] for index in range(4)], expected).pvalue > 1e-3


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"epsilon.*1\.5"):
        EpsilonGreedyEliteSelector(epsilon=1.5)


def test_a_tournament_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tournament_size.*0"):
        ScalarTournamentEliteSelector(tournament_size=0)


@pytest.mark.parametrize("columns", [("fitness",), ()], ids=["column", "no column"])
@pytest.mark.parametrize("index", range(len(SELECTORS)))
def test_choosing_rows_is_the_same_as_choosing_programs(
    make_program, make_context, index: int, columns: tuple[str, ...]
) -> None:
    selector = SELECTORS[index]
    programs = population(make_program, [4.0, 1.0, 3.0, 2.0])
    archive = archive_of(programs, *columns)
    for seed in range(5):
        selector.bind(make_context(seed=seed))
        by_call = selector(archive.programs(), 3)
        selector.bind(make_context(seed=seed))
        rows = selector.select_rows(archive, 3)
        assert rows is not None
        assert archive.programs(rows) == by_call


def test_the_same_seed_and_proposal_choose_the_same_parents(make_program, make_context) -> None:
    programs = population(make_program, [float(value) for value in range(1, 30)])
    chosen = []
    for _ in range(2):
        selector = FitnessProportionalEliteSelector()
        context = make_context(seed=5)
        selector.bind(context)
        context.random.proposal = 17
        chosen.append([program.id for program in selector(programs, 10)])
    assert chosen[0] == chosen[1]
    context.random.proposal = 18
    assert [program.id for program in selector(programs, 10)] != chosen[0]


def test_a_subclass_that_overrides_the_call_is_called(make_program) -> None:
    class Last(RandomEliteSelector):
        def __call__(self, programs: list[Program], total: int) -> list[Program]:
            return programs[-total:]

    assert Last().select_rows(archive_of(population(make_program, [1.0])), 1) is None


# Removers, migrants, routers


def test_the_worst_are_removed_first(make_program) -> None:
    programs = population(make_program, [2.0, -1.0, 3.0, 0.0])
    remover = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=True)
    assert [program.id for program in remover(programs, 2)] == ["p1", "p3"]
    assert remover(programs, 4) == []
    smallest_stay = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=False)
    assert [program.id for program in smallest_stay(programs, 3)] == ["p2"]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=10), st.integers(1, 10), st.booleans())
def test_removing_rows_is_the_same_as_removing_programs(values: list[int], size: int, higher: bool) -> None:
    programs = [
        Program(id=str(index), source="", metrics={"fitness": float(value)}) for index, value in enumerate(values)
    ]
    remover = FitnessArchiveRemover(fitness_key="fitness", fitness_key_higher_is_better=higher)
    archive = archive_of(programs, "fitness")
    assert archive.programs(remover.excess_rows(archive, size)) == remover(programs, size)


def test_migrants_are_the_best_or_any(make_program) -> None:
    programs = population(make_program, [2.0, -1.0, 3.0])
    top = TopFitnessMigrantSelector(fitness_key="fitness", fitness_key_higher_is_better=True)
    assert [program.id for program in top(programs, 2)] == ["p2", "p0"]
    assert len({program.id for program in RandomMigrantSelector()(programs, 2)}) == 2
    assert len(RandomMigrantSelector()(programs, 9)) == 3


async def test_a_router_without_islands_routes_nowhere(make_program) -> None:
    assert await RandomMutantRouter().route_mutant(make_program("p", fitness=1.0), []) is None
