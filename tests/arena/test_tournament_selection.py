"""Tournament selection over whole populations, by fitness and by judges of any kind."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigaevo.evolution.arena import AsyncTournamentSelection, FitnessJudge, TournamentSelection
from gigaevo.programs import ErrorKind, Metrics, MetricSpec, Program, ProgramError


def program(name: str, **metrics: float) -> Program:
    return Program(id=name, source="", metrics=metrics)


def population(count: int) -> list[Program]:
    return [program(str(number), fitness=float(number)) for number in range(count)]


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(2, 9), st.integers(0, 2**32))
def test_everyone_is_in_one_bracket_and_brackets_are_of_even_size(count: int, size: int, seed: int) -> None:
    brackets = TournamentSelection[int](size, rng=np.random.default_rng(seed)).create_brackets(range(count))
    assert sorted(number for bracket in brackets for number in bracket) == list(range(count))
    assert len(brackets) == math.ceil(count / size)
    lengths = {len(bracket) for bracket in brackets}
    assert max(lengths, default=0) <= size
    assert max(lengths, default=0) - min(lengths, default=0) <= 1


def test_a_tournament_of_four_selects_the_best_of_each_bracket_and_changes_nothing() -> None:
    selection = TournamentSelection[Program](tournament_size=4)
    programs = population(20)
    before = list(programs)
    brackets = TournamentSelection[Program](tournament_size=4).create_brackets(programs)
    winners = selection.select_winners(programs)
    assert [winner.id for winner in winners] == [
        max(bracket, key=lambda program: program.metrics["fitness"]).id for bracket in brackets
    ]
    assert len(winners) == 5
    assert programs == before


def test_the_same_generator_deals_the_same_brackets_and_another_deals_others() -> None:
    def dealt(seed: int) -> list[list[int]]:
        return TournamentSelection[int](rng=np.random.default_rng(seed)).create_brackets(range(40))

    assert dealt(1) == dealt(1)
    assert dealt(1) != dealt(2)


def test_among_equals_everyone_wins_as_often() -> None:
    selection = TournamentSelection[int](3, judge=lambda *_: None, rng=np.random.default_rng(5))
    wins = Counter(selection.select_winners(range(3))[0] for _ in range(3000))
    assert all(abs(count - 1000) < 130 for count in wins.values())  # five standard deviations


def test_a_subclass_says_who_wins() -> None:
    class Shortest(TournamentSelection[str]):
        def head_to_head(self, one: str, other: str) -> str:
            return min(one, other, key=len)

    assert Shortest(tournament_size=8).run_bracket(["abc", "ab", "abcd", "a", "abcde"]) == "a"


def test_a_judge_that_names_a_third_is_refused() -> None:
    with pytest.raises(ValueError, match="neither of the two"):
        TournamentSelection[str](judge=lambda *_: "nobody").run_bracket(["a", "b"])


@pytest.mark.parametrize("size", [0, 1])
def test_a_tournament_of_one_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"tournament_size must be at least 2; found {size}"):
        TournamentSelection[int](size)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True), min_size=2, max_size=2), st.booleans())
def test_fitness_is_judged_alike_from_both_sides(values: list[float], higher: bool) -> None:
    one, other = (program(str(number), fitness=value) for number, value in enumerate(values))
    judge = FitnessJudge(higher_is_better=higher)
    assert judge(one, other) is judge(other, one)
    if not any(map(math.isnan, values)) and values[0] != values[1]:
        best = max(values) if higher else min(values)
        assert judge(one, other) is (one if values[0] == best else other)


def test_a_program_that_failed_or_lacks_the_number_loses_to_any_that_has_it() -> None:
    judge = FitnessJudge("time", higher_is_better=False)
    slow, unknown = program("slow", time=1e9), program("unknown")
    failed = Program(
        id="failed", source="", metrics={"time": 1.0}, error=ProgramError(kind=ErrorKind.INVALID, message="no")
    )
    nan = program("nan", time=math.nan)
    for loser in (unknown, failed, nan):
        assert judge(slow, loser) is slow
        assert judge(loser, slow) is slow
    assert judge(unknown, failed) is None


def test_a_problem_s_own_metric_is_judged_in_its_direction() -> None:
    metrics = Metrics({"cost": MetricSpec(description="Cost", is_primary=True, higher_is_better=False)})
    cheap, dear = program("cheap", cost=1.0), program("dear", cost=2.0)
    assert FitnessJudge.of(metrics)(dear, cheap) is cheap
    assert FitnessJudge.of(metrics, "novelty")(program("a", novelty=0.1), other := program("b", novelty=0.2)) is other


async def test_an_asynchronous_judge_selects_the_same_winners() -> None:
    async def judge(one: int, other: int) -> int:
        await asyncio.sleep(0)
        return max(one, other)

    waited = AsyncTournamentSelection[int](5, judge=judge, rng=np.random.default_rng(3))
    plain = TournamentSelection[int](5, judge=max, rng=np.random.default_rng(3))
    assert await waited.select_winners(range(33)) == plain.select_winners(range(33))


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_matches_are_judged_side_by_side_than_asked_for(most: int) -> None:
    playing, seen = 0, 0

    async def judge(one: int, other: int) -> int:
        nonlocal playing, seen
        playing += 1
        seen = max(seen, playing)
        await asyncio.sleep(0.001)
        playing -= 1
        return max(one, other)

    selection = AsyncTournamentSelection[int](4, judge=judge, matches_at_once=most)
    await selection.select_winners(range(16))
    assert seen == most


async def test_an_arena_where_no_match_may_be_judged_is_refused() -> None:
    async def judge(one: int, other: int) -> int:
        return one

    with pytest.raises(ValueError, match="matches_at_once must be at least 1"):
        AsyncTournamentSelection[int](judge=judge, matches_at_once=0)
