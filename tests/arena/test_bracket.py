"""Elimination brackets of any size: who meets whom, who has a bye, and who is left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.arena import Bracket, BracketResult, TournamentSelection, seeded_places

sizes = st.integers(1, 70)
orders = sizes.flatmap(lambda count: st.permutations(range(count)))


def play(seeding: list[int]) -> BracketResult[int]:
    """A bracket in which the greater number wins."""
    return TournamentSelection[int](judge=max).play(seeding)


@settings(deadline=None)
@given(orders)
def test_the_best_of_a_transitive_judge_wins_wherever_it_is_seeded(seeding: list[int]) -> None:
    assert play(seeding).winner == max(seeding)


@settings(deadline=None)
@given(orders)
def test_every_competitor_but_the_winner_loses_exactly_once(seeding: list[int]) -> None:
    result = play(seeding)
    losers = [match.loser for match in result.matches]
    assert sorted([*losers, result.winner]) == sorted(seeding)


@settings(deadline=None)
@given(orders)
def test_there_is_one_match_fewer_than_there_are_competitors(seeding: list[int]) -> None:
    result = play(seeding)
    assert len(result.matches) == len(seeding) - 1
    assert max((match.round + 1 for match in result.matches), default=0) == math.ceil(math.log2(len(seeding)))


@settings(deadline=None)
@given(st.integers(2, 70))
def test_the_first_seeded_have_the_byes_and_nobody_has_two(count: int) -> None:
    result = play(list(range(count)))
    byes = 2 ** math.ceil(math.log2(count)) - count
    assert result.byes == tuple(range(byes))
    for competitor in range(count):
        rounds = [match.round for match in result.matches if competitor in (match.winner, match.loser)]
        assert rounds == list(range(int(competitor < byes), rounds[-1] + 1))


@settings(deadline=None)
@given(st.integers(1, 70))
def test_the_strongest_meet_late_where_they_are_seeded_by_strength(count: int) -> None:
    seeding = list(range(count, 0, -1))
    for match in play(seeding).matches:
        left = sum(1 for other in play(seeding).matches if other.round >= match.round) + 1
        # Of the 2^k that are left before a round, the lower half of the seeding is what goes out.
        assert seeding.index(match.loser) >= left // 2


def test_the_textbook_order_of_eight_places() -> None:
    assert seeded_places(8) == [0, 7, 3, 4, 1, 6, 2, 5]


@settings(deadline=None)
@given(sizes)
def test_places_are_a_permutation_of_the_least_power_of_two_that_holds_all(count: int) -> None:
    places = seeded_places(count)
    assert sorted(places) == list(range(len(places)))
    assert len(places) >= count > len(places) // 2 or count == len(places) == 1


def test_three_competitors_are_one_bye_and_two_matches() -> None:
    result = play([2, 9, 5])
    assert result.byes == (2,)
    assert [(match.round, match.winner, match.loser) for match in result.matches] == [(0, 9, 5), (1, 9, 2)]


def test_a_tie_is_won_by_the_one_seeded_first_and_says_so() -> None:
    result = TournamentSelection[str](judge=lambda *_: None).play(["a", "b", "c", "d"])
    assert result.winner == "a"
    assert all(match.tied for match in result.matches)
    assert not any(match.tied for match in play([1, 2, 3]).matches)


def test_equal_competitors_are_told_apart_by_their_place() -> None:
    result = TournamentSelection[int](judge=max).play([7, 7, 7])
    assert result.winner == 7
    assert len(result.matches) == 2


def test_nobody_makes_no_bracket() -> None:
    with pytest.raises(ValueError, match="at least one competitor"):
        Bracket([])


def test_a_lone_competitor_wins_without_a_match() -> None:
    assert play([4]).winner == 4
    assert play([4]).matches == ()


def test_a_round_needs_a_winner_of_each_match() -> None:
    bracket = Bracket(["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="2 matches were played in this round, and 1 have a winner"):
        bracket.settle(["a"])
    with pytest.raises(ValueError, match="'z' is neither of the two that met"):
        bracket.settle(["a", "z"])
    with pytest.raises(RuntimeError, match="not over"):
        _ = bracket.result
