"""Gates: so many at a time, so many in a minute, in the order of arrival."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.rate_limits import Gate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_no_more_than_so_many_are_inside_and_all_get_in_in_order() -> None:
    gate, order, inside, most = Gate(concurrency=3), [], 0, 0

    async def call(number: int) -> None:
        nonlocal inside, most
        await gate.enter()
        order.append(number)
        inside += 1
        most = max(most, inside)
        for _ in range(number % 4):
            await asyncio.sleep(0)
        inside -= 1
        gate.leave()

    await asyncio.gather(*(call(number) for number in range(50)))
    assert most == 3
    assert order == list(range(50))


async def test_who_gives_up_leaves_no_hole() -> None:
    gate = Gate(concurrency=1)
    await gate.enter()
    gone, late = asyncio.create_task(gate.enter()), asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    assert gate.waiting == 2
    gone.cancel()
    await asyncio.sleep(0)
    gate.leave()
    await late
    gate.leave()
    # The same where the place had been given already when its owner was stopped.
    await gate.enter()
    gone = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    gate.leave()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert gate.is_open()


async def test_a_timer_lets_in_who_waits_for_the_minute() -> None:
    clock = Clock()
    gate = Gate(requests_per_minute=6000, clock=clock)  # a hundred in a second; a thousand at once
    for _ in range(1000):
        await gate.enter()
    assert not gate.is_open()
    waiting = [asyncio.create_task(gate.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    assert gate.waiting == 3
    clock.now += 1.0
    await asyncio.wait_for(asyncio.gather(*waiting), 30)  # nobody else enters or leaves


async def test_tokens_that_were_not_needed_are_given_back() -> None:
    clock = Clock()
    gate = Gate(tokens_per_minute=600, clock=clock)  # ten in a second; a hundred at once
    await gate.enter(100)
    assert not gate.is_open(50)
    gate.leave(unused_tokens=60)
    assert gate.is_open(60) and not gate.is_open(61)
    clock.now += 1.0
    assert gate.is_open(70) and not gate.is_open(71)


async def test_a_call_that_is_greater_than_the_limit_passes_all_the_same() -> None:
    clock = Clock()
    gate = Gate(tokens_per_minute=600, clock=clock)
    await gate.enter(5000)
    gate.leave()
    assert not gate.is_open(1)
    clock.now += 490.5
    assert gate.is_open(1)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 200)), max_size=60), st.integers(60, 2000))
def test_no_minute_sees_more_than_the_limit_and_a_burst(arrivals: list[tuple[float, int]], limit: int) -> None:
    clock = Clock()
    gate = Gate(tokens_per_minute=limit, clock=clock)
    sent: list[tuple[float, int]] = []

    async def run() -> None:
        for pause, tokens in arrivals:
            clock.now += pause
            if gate.is_open(tokens):
                await gate.enter(tokens)
                gate.leave()
                sent.append((clock.now, tokens))

    asyncio.run(run())
    greatest = max((tokens for _, tokens in sent), default=0)
    for start, _ in sent:
        minute = sum(tokens for at, tokens in sent if start <= at < start + 60.0)
        assert minute <= limit * (70.0 / 60.0) + greatest + 1
