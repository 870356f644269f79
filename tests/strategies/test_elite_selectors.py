"""Which elites become parents: how often each, from which seed, and the same by a list as by an archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from populations import archive_of, context_of, ids, placed, population
from scipy.stats import chisquare

from gigaevo.evolution.strategies.behavior_space import BehaviorSpace
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
from gigaevo.evolution.strategies.rank_selection import linear_ranks
from gigaevo.evolution.strategies.tournament_selection import distinct_draws
from gigaevo.programs import Program

Maker = Callable[[], EliteSelector]

BY_FITNESS = [
    FitnessProportionalEliteSelector,
    ScalarTournamentEliteSelector,
    EpsilonGreedyEliteSelector,
    RankEliteSelector,
    UCB1EliteSelector,
    BoltzmannEliteSelector,
    BracketTournamentEliteSelector,
]
WITHOUT_REPLACEMENT = [RandomEliteSelector, UCB1EliteSelector]
MAKERS: list[Maker] = [
    RandomEliteSelector,
    lambda: NoveltyEliteSelector(["x", "y"], 2),
    ArenaEliteSelector,
    *BY_FITNESS,
]
EVERY = pytest.mark.parametrize("make", MAKERS, ids=lambda make: type(make()).__name__)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
# Few different fitnesses and behaviours, so that ties are common; the spread of behaviours is 1, as are the units.
CORNERS = [(0.0, 0.0), (1.0, 1.0)]
GRID = st.sampled_from([0.0, 0.25, 0.5, 1.0])
ELITES = st.lists(st.tuples(st.integers(-2, 3).map(float), GRID, GRID), max_size=12)


def elites_of(drawn: Sequence[tuple[float, float, float]]) -> list[Program]:
    points = [*CORNERS, *((x, y) for _, x, y in drawn)]
    return placed(points, [1.0, 2.0, *(fitness for fitness, _, _ in drawn)])


def bound(make: Maker, seed: int = 0, *, proposal: int = 0, higher_is_better: bool = True) -> EliteSelector:
    selector = make()
    selector.bind(context_of(seed, proposal=proposal, higher_is_better=higher_is_better))
    return selector


def shares(selector: EliteSelector, programs: list[Program], draws: int = 20_000) -> Counter[str]:
    return Counter(ids(selector(programs, draws)))


def assert_frequencies(counts: Counter[str], expected: Sequence[float]) -> None:
    """That ``p0``, ``p1`` and so on were drawn in these shares, which sum to 1, and never where the share is 0."""
    observed = np.array([counts[f"p{index}"] for index in range(len(expected))])
    wanted = np.array(expected)
    assert not observed[wanted == 0].any()
    possible = wanted > 0
    assert chisquare(observed[possible], observed.sum() * wanted[possible]).pvalue > 1e-3


# What holds for each


@EVERY
@settings(deadline=None)
@given(values=st.lists(FINITE, max_size=8), total=st.integers(0, 12))
def test_parents_are_elites_at_most_as_many_as_asked_for_and_some_where_there_are_some(
    make: Maker, values: list[float], total: int
) -> None:
    programs = placed([(value, index) for index, value in enumerate(values)], values)
    chosen = make_fit(make)(programs, total)
    assert len(chosen) <= total
    assert all(any(parent is program for program in programs) for parent in chosen)
    assert bool(chosen) == bool(programs and total)


def make_fit(make: Maker) -> EliteSelector:
    """An unbound selector that knows the name of the fitness."""
    return make(fitness_key="fitness") if make in BY_FITNESS else make()  # type: ignore[call-arg]


@EVERY
@settings(deadline=None)
@given(drawn=ELITES, total=st.integers(1, 9), seed=st.integers(0, 3), higher=st.booleans())
def test_an_archive_gives_the_parents_that_its_list_gives(
    make: Maker, drawn, total: int, seed: int, higher: bool
) -> None:
    programs = elites_of(drawn)
    archive = archive_of(programs, "fitness", "x", "y")
    rows = bound(make, seed, higher_is_better=higher).select_rows(archive, total)
    assert rows is not None
    assert rows.dtype == np.int64
    assert ids(archive.programs(rows)) == ids(bound(make, seed, higher_is_better=higher)(programs, total))


@EVERY
def test_a_metric_that_is_no_column_is_read_from_the_programs(make: Maker) -> None:
    programs = elites_of([(3.0, 0.5, 0.25), (-1.0, 0.25, 1.0)])
    with_columns, without = archive_of(programs, "fitness", "x", "y"), archive_of(programs)
    assert bound(make).select_rows(without, 5).tolist() == bound(make).select_rows(with_columns, 5).tolist()


@EVERY
def test_the_same_seed_and_proposal_choose_the_same_parents(make: Maker) -> None:
    rng = np.random.default_rng(1)
    programs = placed(rng.random((60, 2)), rng.random(60))
    chosen = [ids(bound(make, 5, proposal=17)(programs, 10)) for _ in range(2)]
    assert chosen[0] == chosen[1]
    if make is not UCB1EliteSelector:  # draws nothing
        assert ids(bound(make, 5, proposal=18)(programs, 10)) != chosen[0]
        assert ids(bound(make, 6, proposal=17)(programs, 10)) != chosen[0]


@EVERY
def test_choosing_changes_nothing(make: Maker) -> None:
    programs = elites_of([(3.0, 0.5, 0.25), (-1.0, 0.25, 1.0)])
    archive = archive_of(programs, "fitness", "x", "y")
    before = [program.model_dump() for program in programs]
    bound(make).select_rows(archive, 3)
    bound(make)(programs, 3)
    assert [program.model_dump() for program in archive.programs()] == before
    assert not archive.selections.any()


@EVERY
def test_only_who_says_so_draws_without_replacement(make: Maker) -> None:
    programs = elites_of([(3.0, 0.5, 0.25), (-1.0, 0.25, 1.0)])
    chosen = ids(bound(make)(programs, 40))
    if make in WITHOUT_REPLACEMENT:
        assert sorted(chosen) == sorted(ids(programs))
    else:
        assert len(chosen) == 40


@EVERY
def test_a_subclass_that_overrides_the_call_is_called(make: Maker) -> None:
    class Last(type(make())):  # type: ignore[misc]
        def __call__(self, programs: list[Program], total: int) -> list[Program]:
            return programs[-total:]

    assert Last().select_rows(archive_of(population([1.0])), 1) is None


@pytest.mark.parametrize("kind", BY_FITNESS)
def test_without_a_key_and_a_run_the_metric_is_fitness(kind) -> None:
    assert kind().fitness_key == "fitness"
    programs = population([1.0])
    assert kind()(programs, 1) == programs


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (ScalarTournamentEliteSelector, {"tournament_size": 0}, r"tournament_size.*0"),
        (EpsilonGreedyEliteSelector, {"epsilon": 1.5}, r"epsilon.*1\.5"),
        (RankEliteSelector, {"pressure": 1.0}, r"pressure.*1\.0"),
        (RankEliteSelector, {"pressure": 2.1}, r"pressure.*2\.1"),
        (UCB1EliteSelector, {"exploration": -1.0}, r"exploration.*-1"),
        (BoltzmannEliteSelector, {"temperature": 0.0}, r"temperature.*0\.0"),
        (BoltzmannEliteSelector, {"final_temperature": 2.0}, r"final_temperature.*2\.0"),
        (BoltzmannEliteSelector, {"half_life": 0.0}, r"half_life.*0\.0"),
        (BracketTournamentEliteSelector, {"bracket_size": 6}, r"power of two.*6"),
        (BracketTournamentEliteSelector, {"bracket_size": 1}, r"power of two.*1"),
        (BracketTournamentEliteSelector, {"upset": 0.6}, r"upset.*0\.6"),
        (NoveltyEliteSelector, {"k_nearest": 0}, r"k_nearest.*0"),
        (NoveltyEliteSelector, {"tournament_size": 0}, r"tournament_size.*0"),
        (NoveltyEliteSelector, {"behavior_keys": []}, "at least one"),
        (NoveltyEliteSelector, {"behavior_keys": "x"}, "must be a list"),
        (NoveltyEliteSelector, {"behavior_keys": ["x", "novelty"]}, "'novelty' is made from the others"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(kind, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**settings)


# In proportion to fitness


@pytest.mark.parametrize(
    ("values", "higher_is_better", "expected"),
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
    values: list[float], higher_is_better: bool, expected: list[float]
) -> None:
    selector = FitnessProportionalEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=higher_is_better)
    assert_frequencies(shares(selector, population(values)), expected)


# By tournament


def test_the_tournament_prefers_the_better_with_the_promised_frequencies() -> None:
    selector = ScalarTournamentEliteSelector(
        fitness_key="fitness", fitness_key_higher_is_better=False, tournament_size=2
    )
    assert_frequencies(shares(selector, population([3.0, 1.0, 2.0])), [1 / 9, 5 / 9, 3 / 9])


@settings(deadline=None)
@given(st.sampled_from([2, 4, 8]), st.data(), st.booleans())
def test_without_upsets_a_bracket_gives_its_best(size: int, data: st.DataObject, higher: bool) -> None:
    values = data.draw(st.lists(st.integers(-9, 9), min_size=size, max_size=size))
    selector = BracketTournamentEliteSelector(
        fitness_key="fitness", fitness_key_higher_is_better=higher, bracket_size=size, upset=0.0
    )
    best = max(values) if higher else min(values)
    assert {program.metrics["fitness"] for program in selector(population(values), 20)} == {best}


def test_a_bracket_that_elites_do_not_fill_is_halved() -> None:
    selector = BracketTournamentEliteSelector(fitness_key="fitness", bracket_size=8, upset=0.0)
    assert_frequencies(shares(selector, population([1.0, 2.0, 3.0])), bracket_law([1.0, 2.0, 3.0], 2, 0.0).tolist())
    assert ids(selector(population([1.0]), 2)) == ["p0", "p0"]


def bracket_law(values: Sequence[float], size: int, upset: float) -> np.ndarray:
    """Probability of each elite to win a bracket, by looking at all brackets there can be."""

    def winning(contestants: Sequence[int]) -> dict[int, float]:
        if len(contestants) == 1:
            return {contestants[0]: 1.0}
        half = len(contestants) // 2
        law: dict[int, float] = {}
        for one, p in winning(contestants[:half]).items():
            for other, q in winning(contestants[half:]).items():
                better, worse = (one, other) if values[one] > values[other] else (other, one)
                law[better] = law.get(better, 0.0) + p * q * (1 - upset)
                law[worse] = law.get(worse, 0.0) + p * q * upset
        return law

    total = np.zeros(len(values))
    for contestants in permutations(range(len(values)), size):
        for row, probability in winning(contestants).items():
            total[row] += probability
    return total / total.sum()


@pytest.mark.parametrize(("size", "upset"), [(2, 0.0), (4, 0.1), (4, 0.5)])
def test_brackets_have_the_promised_frequencies(size: int, upset: float) -> None:
    values = [3.0, 1.0, 5.0, 2.0, 4.0]
    selector = BracketTournamentEliteSelector(fitness_key="fitness", bracket_size=size, upset=upset)
    assert_frequencies(shares(selector, population(values)), bracket_law(values, size, upset).tolist())


def test_draws_within_a_list_differ_and_every_list_is_as_likely() -> None:
    lists = distinct_draws(np.random.default_rng(0), 4, (24_000, 3))
    counts = Counter(map(tuple, lists.tolist()))
    assert set(counts) == set(permutations(range(4), 3))
    assert chisquare(list(counts.values())).pvalue > 1e-3


# Greedily, but for a share


def test_the_greedy_selector_explores_the_promised_share_and_takes_all_that_are_best() -> None:
    for higher, values in ((False, [3.0, 1.0, 1.0, 2.0]), (True, [-3.0, -1.0, -1.0, -2.0])):
        selector = EpsilonGreedyEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=higher, epsilon=0.4)
        assert_frequencies(shares(selector, population(values)), [0.1, 0.4, 0.4, 0.1])


# By rank


@pytest.mark.parametrize("pressure", [1.1, 1.5, 2.0])
def test_the_chance_of_an_elite_grows_linearly_with_its_rank(pressure: float) -> None:
    values = [100.0, -1.0, 0.0, 99.0, 5.0]
    rank = np.argsort(np.argsort(values))
    for higher, merit in ((True, rank), (False, 4 - rank)):
        selector = RankEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=higher, pressure=pressure)
        expected = (2 - pressure + 2 * (pressure - 1) * merit / 4) / 5
        assert_frequencies(shares(selector, population(values)), expected.tolist())


@settings(deadline=None)
@given(st.integers(1, 10**6), st.floats(1.0, 2.0, exclude_min=True), st.randoms(use_true_random=False))
def test_the_closed_form_is_the_inverse_of_the_sum_of_chances(count: int, pressure: float, random) -> None:
    ranks = np.array([0, count - 1, *(random.randrange(count) for _ in range(20))])
    below = ranks * (2 - pressure) / count + ranks * (ranks - 1.0) * (pressure - 1) / (count * max(1, count - 1))
    chance = (2 - pressure) / count + 2 * (pressure - 1) * ranks / (count * max(1, count - 1))
    possible = chance > 1e-3 / count  # the middle of a share can be told from its ends
    drawn = linear_ranks(np.minimum(below + 0.5 * chance, np.nextafter(1, 0))[possible], count, pressure=pressure)
    assert drawn.tolist() == ranks[possible].tolist()


@settings(deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 5), st.floats(1.0, 2.0, exclude_min=True))
def test_every_uniform_has_a_rank(uniform: float, count: int, pressure: float) -> None:
    ranks = linear_ranks(np.array([0.0, uniform, np.nextafter(1, 0)]), count, pressure=pressure)
    assert (ranks >= 0).all() and (ranks < count).all()
    assert (np.diff(ranks) >= 0).all()


# As arms of a bandit


def tried(programs: list[Program], times: Sequence[int]):
    archive = archive_of(programs, "fitness")
    for program, number in zip(programs, times, strict=True):
        archive.note_selected(program.id, number)
    return archive


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 9)), min_size=1, max_size=8), st.integers(1, 9), st.booleans()
)
def test_the_elites_with_the_largest_index_are_taken(arms: list[tuple[int, int]], total: int, higher: bool) -> None:
    values, times = np.array(arms, dtype=float).T
    selector = UCB1EliteSelector(fitness_key="fitness", fitness_key_higher_is_better=higher, exploration=0.7)
    rows = selector.select_rows(tried(population(values), times.astype(int).tolist()), total)
    signed = values if higher else -values
    merit = (signed - signed.min()) / (np.ptp(signed) or 1.0)
    index = merit + 0.7 * np.sqrt(2 * np.log(1 + times.sum()) / (1 + times))
    assert len(set(rows.tolist())) == len(rows) == min(total, len(values))
    assert index[rows] == pytest.approx(np.sort(index)[::-1][:total])


def test_an_elite_that_was_tried_often_makes_way_for_one_that_was_not() -> None:
    programs = population([1.0, 0.9, 0.0])
    selector = UCB1EliteSelector(fitness_key="fitness")
    assert selector.select_rows(tried(programs, [0, 0, 0]), 1).tolist() == [0]
    assert selector.select_rows(tried(programs, [5, 0, 0]), 1).tolist() == [1]
    assert selector.select_rows(tried(programs, [50, 50, 0]), 1).tolist() == [2]


def test_without_exploration_it_takes_the_best() -> None:
    selector = UCB1EliteSelector(fitness_key="fitness", exploration=0.0)
    assert selector.select_rows(tried(population([1.0, 3.0, 2.0]), [0, 99, 0]), 2).tolist() == [1, 2]


# By temperature


def test_boltzmann_selection_has_the_promised_frequencies() -> None:
    values = np.array([-2.0, 0.0, 1.0, 4.0])
    weights = np.exp(values / (0.5 * values.std()))
    selector = BoltzmannEliteSelector(fitness_key="fitness", temperature=0.5)
    assert_frequencies(shares(selector, population(values)), (weights / weights.sum()).tolist())
    assert_frequencies(shares(selector, population([3.0, 3.0])), [0.5, 0.5])
    coldest = BoltzmannEliteSelector(fitness_key="fitness", fitness_key_higher_is_better=False, temperature=1e-6)
    assert ids(coldest(population(values), 9)) == ["p0"] * 9


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8), st.sampled_from([2.0**-30, 8.0, 2.0**900]))
def test_a_temperature_means_the_same_in_every_unit(values: list[int], unit: float) -> None:
    chosen = [ids(bound(BoltzmannEliteSelector)(population(np.array(values) * scale), 12)) for scale in (1.0, unit)]
    assert chosen[0] == chosen[1]


def test_the_temperature_follows_the_number_of_the_proposal() -> None:
    selector = BoltzmannEliteSelector(temperature=2.0, final_temperature=0.3, half_life=4.0)
    seen = {}
    for proposal in (-3, 0, 20, 40, 80, 10**6):  # 10 proposals are a generation
        selector.bind(context_of(proposal=proposal))
        seen[proposal] = selector.present_temperature
    assert seen == pytest.approx({-3: 2.0, 0: 2.0, 20: 2.0 / 2**0.5, 40: 1.0, 80: 0.5, 10**6: 0.3})
    steady = BoltzmannEliteSelector(temperature=2.0, half_life=None)
    steady.bind(context_of(proposal=10**6))
    assert steady.present_temperature == 2.0


def test_it_cools_to_a_tenth_where_nothing_is_said() -> None:
    selector = BoltzmannEliteSelector(temperature=0.05)
    selector.bind(context_of(proposal=10**6))
    assert selector.present_temperature == pytest.approx(0.005)


# By novelty


def test_the_most_novel_of_the_contestants_wins() -> None:
    crowd = [(0.0, 0.0), (0.01, 0.0), (0.0, 0.01), (0.01, 0.01)]
    programs = placed([*crowd, (1.0, 1.0), (0.5, 0.0)])
    selector = NoveltyEliteSelector(["x", "y"], 2, tournament_size=200)
    assert set(ids(selector(programs, 20))) == {"p4"}
    assert_frequencies(shares(NoveltyEliteSelector(["x", "y"], 2, tournament_size=1), programs), [1 / 6] * 6)
    pairs = shares(NoveltyEliteSelector(["x", "y"], 2, tournament_size=2), programs)
    assert pairs["p4"] / 20_000 == pytest.approx(11 / 36, abs=0.02)
    assert pairs["p5"] / 20_000 == pytest.approx(9 / 36, abs=0.02)


def test_the_axes_of_the_island_are_used_where_no_keys_are_named() -> None:
    programs = placed([(0.0, 0.0), (0.1, 0.0), (0.2, 5.0), (0.9, 0.1)])
    selector = NoveltyEliteSelector(k_nearest=1, tournament_size=200)
    with pytest.raises(ValueError, match="needs behavior_keys"):
        selector(programs, 1)
    selector.use_space(BehaviorSpace(feature_bounds={"x": (0.0, 1.0)}, resolution=4))
    selector.bind(context_of())
    assert ids(selector(programs, 1)) == ["p3"]
    assert ids(NoveltyEliteSelector(["y"], 1, tournament_size=200)(programs, 1)) == ["p2"]


def test_a_key_that_nobody_measures_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"NoveltyEliteSelector.*'speed'"):
        NoveltyEliteSelector(["x", "speed"]).bind(context_of())


def test_one_selector_cannot_serve_islands_with_different_axes() -> None:
    selector = NoveltyEliteSelector()
    spaces = [BehaviorSpace(feature_bounds={key: (0.0, 1.0)}, resolution=4) for key in ("x", "x", "y")]
    for space in spaces[:2]:
        selector.use_space(space)
        selector.bind(context_of())
    selector.use_space(spaces[2])
    with pytest.raises(ValueError, match=r"NoveltyEliteSelector.*\[x\] and \[y\]"):
        selector.bind(context_of())


# A judge of two programs


def nearer_the_corner(one: Program, other: Program) -> Program:
    """A judge that looks at two metrics."""
    return min(one, other, key=lambda program: program.metrics["x"] + program.metrics["y"])


def test_an_arena_goes_by_its_judge_and_not_by_fitness() -> None:
    programs = placed([(0.0, 0.0), (1.0, 0.5), (0.25, 1.0)], [1.0, 2.0, 9.0])
    selector = bound(lambda: ArenaEliteSelector(judge=nearer_the_corner, tournament_size=3))
    assert ids(selector(programs, 5)) == [programs[0].id] * 5


@settings(deadline=None)
@given(ELITES, st.integers(2, 9))
def test_the_best_of_a_bracket_that_holds_all_wins_it(drawn: list[tuple[float, float, float]], total: int) -> None:
    programs = elites_of(drawn)
    selector = bound(lambda: ArenaEliteSelector(tournament_size=50))
    best = max(program.metrics["fitness"] for program in programs)
    assert [program.metrics["fitness"] for program in selector(programs, total)] == [best] * total
