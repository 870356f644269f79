"""Selection as in the optimizer document, and as parts of a genetic algorithm; its laws are tests of the kernels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gigaevo.optimize as hz
from gigaevo.kernels.random import RandomStream
from gigaevo.optimize.operators.selection import selection_of

FITNESSES = [0.1, 0.5, 0.3, 0.9, 0.2]
SEEDED: list[Callable[..., Any]] = [
    hz.tournament_select,
    hz.roulette_select,
    hz.rank_select,
    hz.epsilon_greedy_select,
    hz.uniform_select,
]
PARTS: list[Any] = [
    hz.Tournament(),
    hz.Roulette(),
    hz.RankSelection(),
    hz.UniformSelection(),
    hz.EpsilonGreedy(),
    hz.Ucb1(),
]


def test_the_calls_of_the_document_give_lists_of_positions():
    selected = [
        hz.tournament_select(fitnesses=FITNESSES, tournament_size=3, count=10, seed=42),
        hz.roulette_select(fitnesses=[0.1, 0.5, 0.9], count=10, seed=42),
        hz.rank_select(fitnesses=[0.1, 0.5, 0.9], count=10, seed=42),
        hz.epsilon_greedy_select(fitnesses=[0.1, 0.5, 0.9], epsilon=0.1, count=10, seed=42),
        hz.uniform_select(fitnesses=[0.1, 0.5, 0.9], count=10, seed=42),
    ]
    for positions in selected:
        assert isinstance(positions, list) and len(positions) == 10
        assert all(type(position) is int and 0 <= position < 5 for position in positions)


def test_ucb1_has_a_bonus_for_who_was_selected_rarely():
    """The document's example: index 2 was selected once only."""
    counts = [10, 10, 1, 10]
    selected = hz.ucb1_select(fitnesses=[0.5, 0.8, 0.3, 0.9], selection_counts=counts, total_selections=31, count=2)
    assert selected == [2, 2]  # the second time with the bonus of two selections, still the largest
    assert counts == [10, 10, 1, 10]
    assert hz.ucb1_select([0.5, 0.8, 0.3, 0.9], counts, count=4) == [2, 2, 2, 3]  # the total is the sum of the counts
    assert hz.ucb1_select([0.5, 0.8, 0.3], [4, 0, 0], 4, 2) == [1, 2]


@pytest.mark.parametrize("select", SEEDED)
def test_arguments_may_be_given_by_position(select: Callable[..., Any]):
    own = {hz.tournament_select: (3,), hz.epsilon_greedy_select: (0.1,)}.get(select, ())
    assert select(FITNESSES, *own, 6, 1) == select(fitnesses=FITNESSES, count=6, seed=1)


@pytest.mark.parametrize("select", SEEDED)
def test_the_same_seed_selects_the_same_and_none_is_fresh_each_time(select: Callable[..., Any]):
    spread = list(np.linspace(0.0, 1.0, 50))
    own = {"epsilon": 1.0} if select is hz.epsilon_greedy_select else {}
    assert select(spread, count=30, seed=5, **own) == select(spread, count=30, seed=5, **own)
    assert select(spread, count=30, seed=5, **own) != select(spread, count=30, seed=6, **own)
    assert select(spread, count=30, **own) != select(spread, count=30, **own)
    first, second = (np.random.default_rng(3) for _ in range(2))
    assert select(spread, count=30, seed=first, **own) == select(spread, count=30, seed=second, **own)


@pytest.mark.parametrize("select", SEEDED)
def test_an_array_gives_an_array_of_the_same_positions(select: Callable[..., Any]):
    positions = select(np.array(FITNESSES), count=8, seed=9)
    assert isinstance(positions, np.ndarray) and positions.dtype == np.int64
    assert positions.tolist() == select(FITNESSES, count=8, seed=9)


@pytest.mark.parametrize("select", SEEDED)
@pytest.mark.parametrize(
    ("fitnesses", "count", "message"),
    [
        ([], 1, r"fitnesses is empty, there is nothing to select \(count is 1\)"),
        (FITNESSES, -1, "count is -1, expected a whole number from 0"),
        (FITNESSES, 1.5, r"count is 1\.5, expected a whole number"),
        ([[0.1], [0.2]], 1, r"fitnesses has shape \(2, 1\), expected 1 dimension"),
        (["high"], 1, "fitnesses must be real numbers"),
        ([None], 1, "fitnesses must be real numbers"),
    ],
)
def test_errors_name_the_argument_and_what_is_allowed(
    select: Callable[..., Any], fitnesses: Any, count: Any, message: str
):
    with pytest.raises(ValueError, match=message):
        select(fitnesses, count=count, seed=1)


def test_parameters_out_of_range_are_named():
    with pytest.raises(ValueError, match="tournament_size is 0, expected a whole number from 1"):
        hz.tournament_select(FITNESSES, 0, 1)
    with pytest.raises(ValueError, match=r"epsilon is -0\.1, expected a probability, 0 to 1"):
        hz.epsilon_greedy_select(FITNESSES, -0.1)
    with pytest.raises(ValueError, match=r"selection_counts has shape \(1,\), expected \(5,\)"):
        hz.ucb1_select(FITNESSES, [1], 1, 1)
    with pytest.raises(ValueError, match=r"selection_counts\[1\] is -3, expected 0 or more"):
        hz.ucb1_select([0.1, 0.2], [1, -3], 1, 1)
    with pytest.raises(ValueError, match="total_selections is -1, expected a whole number from 0"):
        hz.ucb1_select([0.1], [1], -1, 1)
    with pytest.raises(ValueError, match="seed is -1"):
        hz.uniform_select(FITNESSES, 1, -1)


@pytest.mark.parametrize("select", SEEDED)
def test_one_individual_is_selected_every_time(select: Callable[..., Any]):
    assert select([math.nan], count=4, seed=0) == [0, 0, 0, 0]


@pytest.mark.parametrize("part", PARTS)
def test_parts_select_positions_from_their_stream(part: Any):
    merits, streams = np.array(FITNESSES), [RandomStream(np.random.SeedSequence(2)) for _ in range(2)]
    first, second = (part.select(merits, 40, stream, np.arange(5)) for stream in streams)
    assert first.dtype == np.int64 and first.shape == (40,) and (first == second).all()
    assert set(first.tolist()) <= set(range(5))


def test_ucb1_takes_turns_where_nothing_was_ever_selected():
    stream = RandomStream(np.random.SeedSequence(0))
    assert sorted(hz.Ucb1().select(np.array(FITNESSES), 5, stream).tolist()) == [0, 1, 2, 3, 4]


def test_methods_are_found_by_the_words_of_the_document():
    assert selection_of("tournament", tournament_size=7) == hz.Tournament(7)
    assert selection_of("roulette") == hz.Roulette()
    assert selection_of("rank") == hz.RankSelection()
    assert selection_of(hz.SelectionMethod.Ucb1) == hz.Ucb1()
    assert selection_of("epsilon_greedy", epsilon=0.3) == hz.EpsilonGreedy(0.3)
    assert selection_of("uniform") == hz.UniformSelection()
    own = hz.Tournament(2)
    assert selection_of(own) is own
    with pytest.raises(ValueError, match="selection is 'best', expected one of tournament, uniform, roulette, rank"):
        selection_of("best")


def test_methods_print_as_in_the_document():
    methods = [hz.SelectionMethod.RouletteWheel, hz.SelectionMethod.Rank, hz.SelectionMethod.EpsilonGreedy]
    assert repr(methods) == "[RouletteWheel, Rank, EpsilonGreedy]"


def test_parts_refuse_parameters_when_they_are_made():
    for make, message in [
        (lambda: hz.Tournament(0), "size is 0, expected a whole number from 1"),
        (lambda: hz.Roulette(-1.0), r"floor is -1\.0"),
        (lambda: hz.EpsilonGreedy(2.0), r"epsilon is 2\.0, expected a probability, 0 to 1"),
        (lambda: hz.Ucb1(-1.0), r"exploration is -1\.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
