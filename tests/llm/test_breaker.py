"""A breaker opens after failures in a row, lets one call try after a cool-down, and closes when that is answered."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.breaker import Breaker, BreakerSettings


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, failures: int = 3) -> Breaker:
    breaker = Breaker(BreakerSettings(failures=failures, cooldown_s=10.0, longest_s=30.0), clock=clock)
    for _ in range(failures):
        assert breaker.ready
        breaker.failed("it is down", probe=breaker.begin())
    assert not breaker.ready
    return breaker


def test_failures_that_are_not_in_a_row_do_not_open_it() -> None:
    breaker = Breaker(BreakerSettings(failures=3))
    for _ in range(10):
        breaker.failed("now and then", probe=breaker.begin())
        breaker.failed("now and then", probe=breaker.begin())
        breaker.succeeded()
    assert breaker.ready


async def test_after_the_cool_down_one_call_tries() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert breaker.reason == "it is down" and breaker.cooldown_left_s == 10.0
    clock.now += 10.0
    assert breaker.ready
    assert breaker.begin()
    assert not breaker.ready, "one call at a time tries"
    breaker.succeeded()
    assert breaker.ready and not breaker.begin()


async def test_each_try_that_fails_doubles_the_cool_down_up_to_the_longest() -> None:
    clock = Clock()
    breaker = opened(clock)
    seen = []
    for _ in range(3):
        clock.now += breaker.cooldown_left_s
        assert breaker.begin()
        breaker.failed("still", probe=True)
        seen.append(breaker.cooldown_left_s)
    assert seen == [20.0, 30.0, 30.0]


async def test_a_try_that_tells_nothing_lets_the_next_one_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10.0
    assert breaker.begin()
    breaker.abandoned(probe=True)
    assert breaker.ready and breaker.begin()


def test_what_no_waiting_can_mend_opens_it_at_once() -> None:
    clock = Clock()
    breaker = Breaker(BreakerSettings(failures=3, cooldown_s=10.0, longest_s=30.0), clock=clock)
    breaker.failed("the key is wrong", probe=False, hopeless=True)
    assert not breaker.ready and breaker.hopeless and breaker.cooldown_left_s == 30.0


async def test_it_is_given_up_where_nobody_was_ever_answered_or_the_next_try_meets_the_same() -> None:
    clock = Clock()
    breaker = Breaker(BreakerSettings(cooldown_s=10.0, longest_s=30.0), clock=clock)
    assert breaker.failed("the key is wrong", probe=breaker.begin(), hopeless=True) and breaker.given_up
    breaker.succeeded()
    assert not breaker.given_up
    assert breaker.failed("the key is wrong", probe=breaker.begin(), hopeless=True)
    assert not breaker.failed("the key is wrong", probe=False, hopeless=True), "it was open"
    assert breaker.hopeless and not breaker.given_up, "that may have been a mishap of the endpoint"
    clock.now += 30.0
    breaker.failed("the key is wrong", probe=breaker.begin(), hopeless=True)
    breaker.failed("the key is wrong", probe=False, hopeless=True)
    assert breaker.given_up


async def test_who_waits_hears_what_became_of_the_one_that_tried() -> None:
    breaker = Breaker(BreakerSettings(failures=1, cooldown_s=0.01))
    breaker.failed("down", probe=breaker.begin())
    waiting = [asyncio.create_task(breaker.wait()) for _ in range(3)]
    assert await asyncio.wait_for(breaker.wait(), 5)
    assert breaker.begin()
    late = asyncio.create_task(breaker.wait())
    await asyncio.sleep(0.02)
    assert not late.done()
    breaker.succeeded()
    assert await late
    await asyncio.gather(*waiting)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_it_is_open_exactly_after_so_many_failures_in_a_row(outcomes: list[bool], failures: int) -> None:
    breaker = Breaker(BreakerSettings(failures=failures), clock=Clock())
    row = 0
    for good in outcomes:
        if good:
            breaker.succeeded()
        else:
            breaker.failed("bad", probe=False)
        row = 0 if good else row + 1
        assert breaker.ready == (row < failures)


@pytest.mark.parametrize("settings", [{"failures": 0}, {"cooldown_s": 0}, {"cooldown_s": 9, "longest_s": 1}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"breaker\."):
        BreakerSettings(**settings)
