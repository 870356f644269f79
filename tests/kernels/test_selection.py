"""Selection: its exact probabilities, its rules on ties and invalid candidates, and what it refuses."""

from __future__ import annotations

import itertools
import math
import random as python_random
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from deap import tools
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.kernels.conftest import compiled

# Tests of distributions have fixed seeds: they cannot fail by chance, and a wrong distribution is far below.
UNLIKELY = 1e-4
PICKS = 60_000
MERITS = [0.5, -1.0, 3.0, 2.0, 0.25, 7.0]
TIED = [1.0, 2.0, 2.0, 0.0, 2.0, 1.0]

METHODS = ["tournament", "roulette", "rank", "uniform", "epsilon_greedy", "ucb1"]


class Kernels(NamedTuple):
    """One implementation of selection, and its random streams."""

    selection: ModuleType
    random: ModuleType

    def stream(self, seed: int = 0) -> Any:
        return self.random.RandomStream(np.random.SeedSequence(seed))

    def select(self, method: str, merits: Any, count: int, seed: int = 0) -> np.ndarray:
        """By any method, with parameters that matter little."""
        if method == "ucb1":
            return self.selection.ucb1(merits, np.ones(len(merits), np.int64), len(merits), count)
        own = {"tournament": (3,), "epsilon_greedy": (0.5,)}.get(method, ())
        return getattr(self.selection, method)(merits, count, *own, self.stream(seed))


@pytest.fixture(params=["compiled", "twin"], scope="session")
def kernels(request: pytest.FixtureRequest) -> Kernels:
    names = ("_selection", "_random") if request.param == "compiled" else ("selection_numpy", "random_numpy")
    return Kernels(*map(compiled, names))


def check_distribution(picked: np.ndarray, expected: list[float]) -> None:
    """The picks must be distributed as ``expected``, whose zeros must be zeros."""
    assert picked.dtype == np.int64 and math.isclose(sum(expected), 1.0)
    counts = np.bincount(picked, minlength=len(expected))
    possible = np.array(expected) > 0.0
    assert not counts[~possible].any()
    if possible.sum() > 1:
        assert stats.chisquare(counts[possible], np.array(expected)[possible] * len(picked)).pvalue > UNLIKELY


def tournament_law(merits: list[float], size: int) -> list[float]:
    """By going through all tournaments; equal merits share."""
    wins = [0.0] * len(merits)
    for drawn in itertools.product(range(len(merits)), repeat=size):
        best = max(merits[row] for row in drawn)
        winner = next(row for row in drawn if merits[row] == best)
        wins[winner] += 1
    return [win / len(merits) ** size for win in wins]


def roulette_law(merits: list[float], floor: float) -> list[float]:
    least, span = min(merits), max(merits) - min(merits)
    weights = [(merit - least) / span + floor for merit in merits] if span else [1.0] * len(merits)
    return [weight / sum(weights) for weight in weights]


def rank_law(merits: list[float]) -> list[float]:
    """Equal merits have the mean of their ranks."""
    ranks = stats.rankdata(merits)
    return list(ranks / ranks.sum())


@pytest.mark.parametrize("merits", [MERITS, TIED, [3.0]])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_tournaments_are_won_as_often_as_going_through_all_of_them_says(
    kernels: Kernels, merits: list[float], size: int
):
    picked = kernels.selection.tournament(merits, PICKS, size, kernels.stream(1))
    check_distribution(picked, tournament_law(merits, size))


@pytest.mark.parametrize("merits", [MERITS, TIED, [3.0], [2.0, 2.0, 2.0], [-3.0, -2.0], [1e-300, 3e-300, 2e-300]])
@pytest.mark.parametrize("floor", [1e-6, 0.0, 0.5])
def test_roulette_is_in_proportion_to_merit_above_the_least(kernels: Kernels, merits: list[float], floor: float):
    picked = kernels.selection.roulette(merits, PICKS, kernels.stream(2), floor)
    check_distribution(picked, roulette_law(merits, floor))


@pytest.mark.parametrize("merits", [MERITS, TIED, [3.0], [2.0, 2.0, 2.0], [1e308, -1e308, 0.0]])
def test_rank_selection_is_in_proportion_to_rank(kernels: Kernels, merits: list[float]):
    check_distribution(kernels.selection.rank(merits, PICKS, kernels.stream(3)), rank_law(merits))


def test_uniform_selection_does_not_look_at_merit(kernels: Kernels):
    check_distribution(kernels.selection.uniform(MERITS, PICKS, kernels.stream(4)), [1 / 6] * 6)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_epsilon_greedy_takes_the_best_but_for_a_share(kernels: Kernels, epsilon: float):
    picked = kernels.selection.epsilon_greedy(TIED, PICKS, epsilon, kernels.stream(5))
    check_distribution(picked, [epsilon / 6 + (row == 1) * (1 - epsilon) for row in range(6)])


@pytest.mark.parametrize("n", [100, 3000])
@pytest.mark.parametrize("method", ["tournament", "roulette", "rank"])
def test_many_candidates_have_their_shares_too(kernels: Kernels, method: str, n: int):
    """Large alias tables: the expected number of picks of each tenth of the candidates, by merit."""
    merits = np.random.default_rng(6).permutation(n).astype(float)
    picked = kernels.select(method, merits, PICKS, seed=7)
    shares = (np.arange(n) + 1.0) ** (3 if method == "tournament" else 2)  # of candidates up to a merit, in picks
    if method == "roulette":
        shares = np.cumsum(np.arange(n) / (n - 1) + 1e-6)
    if method == "rank":
        shares = np.cumsum(np.arange(n) + 1.0)
    expected = np.diff(shares / shares[-1], prepend=0.0).reshape(10, -1).sum(axis=1)
    counts = np.bincount(merits[picked].astype(int), minlength=n).reshape(10, -1).sum(axis=1)
    assert stats.chisquare(counts, expected * PICKS).pvalue > UNLIKELY


class Individual(list[float]):
    """What DEAP's selections take: something with a ``fitness`` that compares."""

    def __init__(self, row: int, merit: float) -> None:
        super().__init__([row])
        self.fitness = Fitness(merit)


class Fitness:
    def __init__(self, merit: float) -> None:
        self.values = (merit,)

    def __lt__(self, other: Fitness) -> bool:
        return self.values < other.values

    def __gt__(self, other: Fitness) -> bool:
        return self.values > other.values


@pytest.mark.parametrize("method", ["tournament", "roulette"])
def test_deap_selects_from_the_same_distribution(kernels: Kernels, method: str):
    merits = [0.0, 1.0, 2.5, 3.0, 0.5]
    population = [Individual(row, merit) for row, merit in enumerate(merits)]
    python_random.seed(8)
    if method == "tournament":
        theirs = tools.selTournament(population, 20_000, tournsize=3)
        ours = kernels.selection.tournament(merits, 20_000, 3, kernels.stream(8))
    else:
        theirs = tools.selRoulette(population, 20_000)
        ours = kernels.selection.roulette(merits, 20_000, kernels.stream(8), 0.0)
    table = [np.bincount(ours, minlength=5), np.bincount([one[0] for one in theirs], minlength=5)]
    seen = np.array(table)[:, np.sum(table, axis=0) > 0]
    assert stats.chi2_contingency(seen).pvalue > UNLIKELY


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_invalid_candidates_are_never_selected_where_there_is_a_valid_one(kernels: Kernels, method: str, data):
    valid = st.sampled_from([-1e308, -1.0, 0.0, 2.0, 1e308, math.inf])
    invalid = st.sampled_from([math.nan, -math.inf])
    merits = data.draw(st.lists(st.one_of(valid, invalid), min_size=1, max_size=8))
    picked = kernels.select(method, merits, 20, seed=data.draw(st.integers(0, 99)))
    is_valid = [not math.isnan(merit) and merit != -math.inf for merit in merits]
    assert len(picked) == 20
    assert all(is_valid[row] for row in picked) or not any(is_valid)


@pytest.mark.parametrize("method", ["tournament", "roulette", "rank", "uniform"])
def test_candidates_are_equal_where_all_are_invalid(kernels: Kernels, method: str):
    check_distribution(kernels.select(method, [math.nan, -math.inf, -math.inf], PICKS), [1 / 3] * 3)


def test_infinite_merits_share_the_wheel(kernels: Kernels):
    picked = kernels.selection.roulette([math.inf, 1.0, math.inf], PICKS, kernels.stream(9))
    check_distribution(picked, [0.5, 0.0, 0.5])


def test_merits_whose_difference_overflows_are_weighed(kernels: Kernels):
    picked = kernels.selection.roulette([-1.5e308, 0.0, 1.5e308], PICKS, kernels.stream(10), 0.0)
    check_distribution(picked, [0.0, 1 / 3, 2 / 3])


def ucb1_law(merits: list[float], counts: list[int], total: int, count: int, exploration: float) -> list[int]:
    """One pick after the other, as the formula reads."""
    counts, picked = list(counts), []
    for _ in range(count):
        fresh = [row for row, times in enumerate(counts) if times == 0]
        if fresh:
            chosen = max(fresh, key=lambda row: (merits[row], -row))
        else:
            width = exploration * math.sqrt(2 * math.log(max(total, 1)))
            chosen = max(range(len(merits)), key=lambda row: (merits[row] + width / math.sqrt(counts[row]), -row))
        picked.append(chosen)
        counts[chosen] += 1
        total += 1
    return picked


@given(
    arms=st.lists(st.tuples(st.sampled_from([0.0, 0.5, 0.75, -2.0]), st.integers(0, 5)), min_size=1, max_size=6),
    total=st.integers(0, 50),
    count=st.integers(0, 30),
    exploration=st.sampled_from([0.0, 1.0, 3.0]),
)
@settings(max_examples=50, deadline=None)
def test_ucb1_is_the_formula_pick_by_pick(kernels: Kernels, arms, total: int, count: int, exploration: float):
    merits, counts = [merit for merit, _ in arms], [times for _, times in arms]
    given_counts = np.array(counts, np.int64)
    picked = kernels.selection.ucb1(merits, given_counts, total, count, exploration)
    assert picked.tolist() == ucb1_law(merits, counts, total, count, exploration)
    assert given_counts.tolist() == counts


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_selects_the_same(kernels: Kernels, method: str):
    assert kernels.select(method, MERITS, 50, 3).tolist() == kernels.select(method, MERITS, 50, 3).tolist()


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_selected_from_nothing_if_nothing_is_asked_for(kernels: Kernels, method: str):
    assert kernels.select(method, [], 0).tolist() == []
    assert kernels.select(method, MERITS, 0).tolist() == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("merits", "count", "message"),
    [
        ([], 2, r"merits is empty, there is no candidate to select \(count is 2\)"),
        (MERITS, -1, "count is -1, expected 0 or more"),
        ([[1.0]], 1, r"merits has shape \(1, 1\), expected 1 dimension"),
        (["a"], 1, "merits must be real numbers"),
    ],
)
def test_what_cannot_be_selected_from_is_refused(kernels: Kernels, method: str, merits: Any, count: int, message: str):
    with pytest.raises(ValueError, match=message):
        kernels.select(method, merits, count)


def test_parameters_out_of_range_are_refused(kernels: Kernels):
    selection, stream = kernels.selection, kernels.stream()
    with pytest.raises(ValueError, match="size is 0, expected 1 or more"):
        selection.tournament(MERITS, 1, 0, stream)
    with pytest.raises(ValueError, match=r"floor is -0\.5, expected a finite number of 0 or more"):
        selection.roulette(MERITS, 1, stream, -0.5)
    with pytest.raises(ValueError, match=r"epsilon is 1\.5, expected a probability, 0 to 1"):
        selection.epsilon_greedy(MERITS, 1, 1.5, stream)
    with pytest.raises(ValueError, match=r"counts has shape \(2,\), expected \(1,\)"):
        selection.ucb1([1.0], [1, 2], 3, 1)
    with pytest.raises(ValueError, match=r"counts\[1\] is -2, expected 0 or more"):
        selection.ucb1([1.0, 2.0], [1, -2], 3, 1)
    with pytest.raises(ValueError, match="total is -1, expected a finite number of 0 or more"):
        selection.ucb1([1.0], [1], -1, 1)
    with pytest.raises(ValueError, match="exploration is nan"):
        selection.ucb1([1.0], [1], 1, 1, math.nan)
