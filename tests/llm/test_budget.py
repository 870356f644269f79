"""A budget is hard: whatever happens in whatever order, no limit is passed, and nobody is turned away too early."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.llm.budget import Amount, Budget, BudgetSpent, Reservation
from gigaevo.llm.prices import PER_USD

CENT = PER_USD // 100
amounts = st.builds(Amount, st.integers(0, 40 * CENT), st.integers(0, 40), st.integers(0, 1))
caps = st.none() | st.integers(0, 100)


async def ask(
    budget: Budget,
    model: str,
    worst: Amount,
    share: float,
    rounds: int,
    log: list[tuple[str, Amount]],
    aside: list[Amount],
) -> None:
    """One call that is under way for some rounds of the loop and takes a share of its worst case."""
    try:
        reservation = await budget.reserve(model, worst)
    except BudgetSpent as spent:
        log.append((spent.limit, budget.spent))
        return
    aside.append(worst)
    for _ in range(rounds):
        await asyncio.sleep(0)
    aside.remove(worst)
    took = Amount(int(worst.money * share), int(worst.tokens * share), worst.calls if share else 0)
    assert not budget.settle(reservation, took)
    log.append(("", took))


Call = tuple[str, Amount, float, int]
call = st.tuples(st.sampled_from("ab"), amounts, st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 5))
calls = st.lists(call, max_size=12)


@given(calls, caps, caps, caps, caps)
def test_no_order_of_events_passes_a_limit(
    todo: list[Call],
    cents: int | None,
    tokens: int | None,
    count: int | None,
    own: int | None,
) -> None:
    limits: Mapping[str, Mapping[str, float | None]] = {"a": {"tokens": own}}
    budget = Budget(usd=None if cents is None else cents / 100, tokens=tokens, calls=count, per_model=limits)
    log: list[tuple[str, Amount]] = []
    aside: list[Amount] = []

    async def run() -> None:
        tasks = [asyncio.create_task(ask(budget, *one, log, aside)) for one in todo]
        watch = 0
        while not all(task.done() for task in tasks):
            check(sum(aside, budget.spent))
            await asyncio.sleep(0)
            watch += 1
            assert watch < 1000, "somebody waits for ever"
        for task in tasks:
            task.result()

    def check(spent: Amount) -> None:
        assert cents is None or spent.money <= cents * CENT
        assert tokens is None or spent.tokens <= tokens
        assert count is None or spent.calls <= count

    asyncio.run(run())
    check(budget.spent)
    assert len(log) == len(todo)
    took = sum((amount for limit, amount in log if not limit), Amount())
    assert budget.spent == took


@given(calls, st.integers(0, 100))
def test_nobody_is_turned_away_who_could_still_be_paid_for(todo: list[Call], tokens: int) -> None:
    budget = Budget(tokens=tokens)

    async def alone(model: str, worst: Amount, share: float, rounds: int) -> None:
        log: list[tuple[str, Amount]] = []
        await ask(budget, model, worst, share, rounds, log, [])
        if log[0][0]:
            assert log[0][1].tokens + worst.tokens > tokens

    async def run() -> None:
        await asyncio.gather(*(alone(*one) for one in todo))

    asyncio.run(run())


async def test_who_waits_for_others_is_let_in_once_they_turn_out_cheaper() -> None:
    budget = Budget(tokens=10)
    first = await budget.reserve("a", Amount(0, 8, 1))
    waiting = asyncio.create_task(budget.reserve("a", Amount(0, 5, 1)))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.settle(first, Amount(0, 4, 1))
    assert (await waiting).amount.tokens == 5
    assert budget.left("a") == (None, 1, None)


async def test_who_waits_is_turned_away_once_others_have_spent_it() -> None:
    budget = Budget(tokens=10)
    first = await budget.reserve("a", Amount(0, 8, 1))
    waiting = asyncio.create_task(budget.reserve("a", Amount(0, 5, 1)))
    await asyncio.sleep(0)
    budget.settle(first, Amount(0, 8, 1))
    with pytest.raises(BudgetSpent) as caught:
        await waiting
    assert caught.value.limit == "budget.tokens"


async def test_a_small_call_does_not_overtake_a_great_one_that_waits_for_the_same_limit() -> None:
    budget = Budget(tokens=10)
    first = await budget.reserve("a", Amount(0, 6, 1))
    great = asyncio.create_task(budget.reserve("a", Amount(0, 9, 1)))
    await asyncio.sleep(0)
    small = asyncio.create_task(budget.reserve("b", Amount(0, 1, 1)))
    await asyncio.sleep(0)
    assert not great.done() and not small.done()
    budget.settle(first, Amount())
    assert (await great).amount.tokens == 9
    assert (await small).amount.tokens == 1


async def test_a_model_that_waits_for_its_own_budget_holds_nobody_up() -> None:
    budget = Budget(tokens=100, per_model={"a": {"tokens": 10}})
    first = await budget.reserve("a", Amount(0, 8, 1))
    waiting = asyncio.create_task(budget.reserve("a", Amount(0, 5, 1)))
    await asyncio.sleep(0)
    assert isinstance(await asyncio.wait_for(budget.reserve("b", Amount(0, 50, 1)), 5), Reservation)
    assert not waiting.done()
    with pytest.raises(BudgetSpent) as caught:
        await budget.reserve("a", Amount(0, 11, 1))
    assert caught.value.limit == "budget.per_model.a.tokens"
    budget.settle(first, Amount())
    await waiting


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    budget = Budget(calls=1)
    first = await budget.reserve("a", Amount(0, 0, 1))
    gone = asyncio.create_task(budget.reserve("a", Amount(0, 0, 1)))
    late = asyncio.create_task(budget.reserve("a", Amount(0, 0, 1)))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    budget.settle(first, Amount())
    await late
    assert budget.left("a") == (None, None, 0)
    # The same where the place had been given already when its owner was stopped.
    both = Budget(calls=1)
    first = await both.reserve("a", Amount(0, 0, 1))
    gone = asyncio.create_task(both.reserve("a", Amount(0, 0, 1)))
    await asyncio.sleep(0)
    both.settle(first, Amount())
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert both.left("a") == (None, None, 1)


async def test_what_takes_more_than_was_set_aside_is_counted_and_told() -> None:
    budget = Budget(tokens=10)
    reservation = await budget.reserve("a", Amount(0, 4, 1))
    assert budget.settle(reservation, Amount(0, 40, 1))
    assert not budget.settle(reservation, Amount(0, 40, 1))
    assert budget.spent == Amount(0, 40, 1)


def test_an_earlier_session_counts() -> None:
    budget = Budget(usd=1, per_model={"a": {"usd": 0.5}})
    budget.charge("a", Amount(30 * CENT, 5, 1))
    budget.charge("gone", Amount(10 * CENT, 5, 1))
    assert budget.left("a")[0] == 20 * CENT
    assert budget.left("b")[0] == 60 * CENT
    assert budget.in_dollars("a") and Budget(per_model={"a": {"usd": 1}}).in_dollars("a")
    assert not Budget(tokens=5, per_model={"a": {"usd": 1}}).in_dollars("b")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"usd": -1}, "budget.usd=-1 must be a number that is not negative"),
        ({"tokens": 1.5}, "budget.tokens=1.5 must be a whole number"),
        ({"calls": True}, "budget.calls=True must be a number"),
        ({"per_model": {"a": {"dollars": 1}}}, "budget.per_model.a.dollars: there is no such limit"),
        ({"when_spent": "wait"}, "budget.when_spent=wait must be stop or offline"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Budget(**settings)  # type: ignore[arg-type]


def test_a_limit_for_a_model_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"budget.per_model.cheap: there is no such model; there are a, b"):
        Budget(per_model={"cheap": {"usd": 1}}).bind(["a", "b"])
