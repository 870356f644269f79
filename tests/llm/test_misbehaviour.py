"""Endpoints that fail in every way: nothing is lost or counted twice, no limit is passed, nobody waits in vain."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from loguru import logger

from gigaevo.llm.base import ALL_GIVEN_UP, NoReply, Reply, Trouble
from gigaevo.llm.breaker import BreakerSettings
from gigaevo.llm.budget import Budget
from gigaevo.llm.call_record import answer_in
from gigaevo.llm.client import Client
from gigaevo.llm.prices import dollars
from gigaevo.llm.retries import Retries
from gigaevo.storage.base import LoggedCall
from gigaevo.testing.faults import Fault, evenly
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions
from tests.llm.bench import QUICK, Bench, bench, local, opened, question, rows


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What is said at the level of warnings."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


async def ask(client: Client, count: int, *, roles: Sequence[str] = ("mutation",)) -> list[Reply | NoReply]:
    """Questions, all at once, each different."""
    requests = [
        question(f"q/{n}", f"PROGRAM\n```python\ndef f():\n    return {n}.5\n```\n", role=roles[n % len(roles)])
        for n in range(count)
    ]
    outcomes = await asyncio.gather(*map(client.complete, requests), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, NoReply):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Reply | NoReply)]


def check_books(it: Bench, logged: Sequence[LoggedCall], outcomes: Sequence[Reply | NoReply]) -> None:
    """Log, books, budget, what was handed out and what the server saw must tell one story."""
    spending, spent = it.client.spending(), it.client.budget.spent
    sent = [row for row in logged if row.request.get("sent", True)]
    assert all(row.reply is not None for row in logged)
    assert len(sent) == it.server.stats()["requests"]
    took = [row.reply["spent"] for row in sent if row.reply is not None]
    assert sum(one["money"] for one in took) == spent.money
    assert sum(one["calls"] for one in took) == spent.calls == spending["calls"]
    assert sum(one["prompt_tokens"] + one["completion_tokens"] for one in took) == spent.tokens
    assert spending["usd"] == dollars(spent.money)
    assert sum(outcome.usage.calls for outcome in outcomes) == spent.calls
    assert sum(outcome.usage.tokens for outcome in outcomes) == spent.tokens
    ends = {row.key: answer_in(row.reply) for row in logged if answer_in(row.reply) is not None}
    assert len(ends) == len(outcomes) == sum(answer_in(row.reply) is not None for row in logged)
    assert Counter(type(end) for end in ends.values()) == Counter(type(outcome) for outcome in outcomes)
    assert spending["replies"] == sum(isinstance(outcome, Reply) for outcome in outcomes)
    assert sum(line["usd"] for line in spending["by_role"].values()) == pytest.approx(spending["usd"], abs=1e-12)


BROKEN = (Fault.RESET, Fault.HALF, Fault.INVALID_JSON, Fault.SILENCE)
REFUSING = (Fault.RATE_LIMIT, Fault.RATE_LIMIT_SILENT, Fault.SERVER_ERROR)
STRANGE = (Fault.EMPTY, Fault.HUGE, Fault.TRUNCATED)


@pytest.mark.parametrize("fault", [*BROKEN, *REFUSING, *STRANGE])
async def test_half_of_all_requests_fail_in_one_way(tmp_path: Path, fault: Fault) -> None:
    options = ServerOptions(faults={fault: 0.5}, retry_after_s=0.001, huge_bytes=20_000)
    budget, timeout_s = Budget(usd=1.0), 1.0 if fault is Fault.SILENCE else 30.0
    async with bench(tmp_path / "run.db", options, settings={"timeout_s": timeout_s}, budget=budget) as it:
        outcomes = await ask(it.client, 40, roles=("mutation", "insight"))
        logged = await it.rows()
        check_books(it, logged, outcomes)
        said = {received.text for received in it.server.received if received.text}
    kept = {row.reply.get("text") for row in logged if row.reply is not None}
    assert fault in BROKEN or said <= kept, "every reply that was received is in the database"
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) > 30
    assert budget.spent.money <= 10**12


async def test_half_of_all_requests_fail_in_every_way_and_the_cap_holds_to_the_cent(tmp_path: Path) -> None:
    options = ServerOptions(faults=evenly(0.5), retry_after_s=0.001, huge_bytes=20_000)
    budget = Budget(usd=0.1)  # a call may take 0.4 cents, and takes 0.02: the cap is met while many are under way
    async with bench(tmp_path / "run.db", options, settings={"timeout_s": 2.0}, budget=budget) as it:
        outcomes = await ask(it.client, 300, roles=("mutation", "insight", "lineage"))
        logged = await it.rows()
        check_books(it, logged, outcomes)
    assert budget.spent.money <= 10**11
    denied = [outcome for outcome in outcomes if isinstance(outcome, NoReply) and outcome.trouble is Trouble.BUDGET]
    assert denied and {outcome.limit for outcome in denied} == {"budget.usd"}
    worst = max(row.request["reserved"]["money"] for row in logged if "reserved" in row.request)
    assert budget.spent.money + worst > 10**11, "nobody is turned away while there is room"


async def test_calls_are_counted_exactly_with_many_in_flight(tmp_path: Path) -> None:
    options = ServerOptions(faults={Fault.SERVER_ERROR: 0.3, Fault.RESET: 0.2})
    async with bench(tmp_path / "run.db", options, budget=Budget(calls=50)) as it:
        outcomes = await ask(it.client, 120)
        check_books(it, await it.rows(), outcomes)
        told = it.server.stats()["outcomes"]
    assert it.client.budget.spent.calls == 50
    assert told["answered"] + told["reset"] == 50, "what the server refused itself is not counted"


async def test_a_model_out_of_its_own_budget_is_passed_over(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        models = {"dear": local(server.base_url), "cheap": local(server.base_url, name="cheap")}
        budget = Budget(calls=12, per_model={"dear": {"calls": 5}})
        async with opened(tmp_path / "run.db", models, budget=budget) as (client, _):
            outcomes = await ask(client, 20)
    answered = Counter(outcome.model for outcome in outcomes if isinstance(outcome, Reply))
    assert answered == {"dear": 5, "cheap": 7}
    assert {outcome.limit for outcome in outcomes if isinstance(outcome, NoReply)} == {"budget.calls"}


async def test_a_dear_call_that_does_not_fit_leaves_what_is_left_to_a_cheap_one(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        dear = local(server.base_url, usd_per_million_prompt=1000.0, usd_per_million_completion=1000.0)
        models = {"dear": dear, "cheap": local(server.base_url)}
        async with opened(tmp_path / "run.db", models, budget=Budget(usd=0.1)) as (client, _):
            assert (await client.complete(question("mutation/1/0"))).model == "cheap"


async def test_questions_that_are_given_up_at_any_moment_leave_nothing_behind(tmp_path: Path) -> None:
    options = ServerOptions(latency_s=0.01, faults={Fault.SERVER_ERROR: 0.2, Fault.SILENCE: 0.2, Fault.RESET: 0.1})
    budget, rng = Budget(tokens=200_000), Random(7)
    async with bench(tmp_path / "run.db", options, budget=budget, concurrency=3) as it:
        asked = [asyncio.create_task(it.client.complete(question(f"{n}"))) for n in range(60)]
        for task in rng.sample(asked, 60):
            await asyncio.sleep(rng.random() * 0.01)
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        # Nothing is set aside any more, and every place is free.
        assert budget.left("bench")[1] == 200_000 - budget.spent.tokens
        spending, logged = it.client.spending(), await it.rows()
        assert spending["prompt_tokens"] + spending["completion_tokens"] == budget.spent.tokens
        spent = budget.spent
    open_ends = sum(row.reply is None for row in logged)
    assert open_ends > 0
    async with bench(tmp_path / "run.db", budget=Budget(tokens=200_000), concurrency=3) as it:
        # What was cut off is counted whole, in this session and in the next.
        assert it.client.budget.spent == spent
        assert it.client.spending() == spending
        assert all(isinstance(outcome, Reply) for outcome in await ask(it.client, 9))


async def test_no_more_than_so_many_attempts_are_under_way(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(latency_s=0.02), concurrency=7) as it:
        await ask(it.client, 40)
        assert it.server.stats()["most_in_flight"] <= 7
    options = ServerOptions(faults={Fault.SILENCE: 1.0})
    async with bench(tmp_path / "silent.db", options, settings={"timeout_s": 3600.0}, concurrency=7) as it:
        asking = asyncio.create_task(ask(it.client, 40))
        while it.server.stats()["in_flight"] < 7:
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert it.server.stats()["requests"] == 7


async def test_a_slow_model_never_blocks_a_fast_one(tmp_path: Path) -> None:
    async with LanguageModelServer(ServerOptions(faults={Fault.SILENCE: 1.0})) as slow, LanguageModelServer() as fast:
        models = {"slow": local(slow.base_url, timeout_s=60), "fast": local(fast.base_url)}
        async with opened(tmp_path / "run.db", models, concurrency=8) as (client, _):
            stuck = [asyncio.create_task(client.complete(question(f"s/{n}", models=["slow"]))) for n in range(20)]
            while slow.stats()["requests"] < 6:  # three quarters of the places are all that it gets
                await asyncio.sleep(0.01)
            for n in range(20):
                assert (await client.complete(question(f"f/{n}", models=["fast"]))).model == "fast"
            # Who would have to queue for the slow one is answered by the fast one, where it may be.
            assert (await client.complete(question("either", models=["slow", "fast"]))).model == "fast"
            assert slow.stats()["requests"] == 6
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)


async def test_a_models_own_limits_hold(tmp_path: Path) -> None:
    async with LanguageModelServer(ServerOptions(latency_s=0.01)) as server:
        models = {"own": local(server.base_url, concurrency=2), "other": local(server.base_url)}
        async with opened(tmp_path / "run.db", models) as (client, _):
            await asyncio.gather(*(client.complete(question(f"{n}", models=["own"])) for n in range(12)))
        assert server.stats()["most_in_flight"] <= 2
    async with LanguageModelServer(ServerOptions(faults={Fault.SILENCE: 1.0})) as server:
        models = {"own": local(server.base_url, concurrency=2, timeout_s=3600.0), "other": local(server.base_url)}
        async with opened(tmp_path / "silent.db", models) as (client, _):
            asking = [asyncio.create_task(client.complete(question(f"{n}", models=["own"]))) for n in range(12)]
            while server.stats()["in_flight"] < 2:
                await asyncio.sleep(0.01)
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        assert server.stats()["requests"] == 2


async def test_what_the_endpoint_asks_for_is_waited_for(tmp_path: Path) -> None:
    options = ServerOptions(script=[Fault.RATE_LIMIT, "now"], retry_after_s=0.3)
    retries = Retries(attempts=2, first_s=0.0, longest_s=60.0)
    async with bench(tmp_path / "run.db", options, retries=retries) as it:
        begun = asyncio.get_running_loop().time()
        assert (await it.client.complete(question("mutation/1/0"))).text == "now"
        assert asyncio.get_running_loop().time() - begun >= 0.3


async def test_an_endpoint_that_is_down_is_left_alone_and_tried_again_by_one(tmp_path: Path) -> None:
    settings = BreakerSettings(failures=4, cooldown_s=0.2, longest_s=0.2)
    options = ServerOptions(script=[Fault.SERVER_ERROR] * 5)
    async with bench(tmp_path / "run.db", options, breaker=settings, retries=Retries(attempts=1)) as it:
        for n in range(4):
            with pytest.raises(NoReply):
                await it.client.complete(question(f"{n}"))
        # Open: all of these wait for the cool-down; one tries and fails, and the others hear of it.
        outcomes = await ask(it.client, 6)
        assert it.server.stats()["requests"] == 5
        kinds = Counter(outcome.trouble for outcome in outcomes if isinstance(outcome, NoReply))
        assert kinds == {Trouble.SERVER: 1, Trouble.UNAVAILABLE: 5}
        assert all(
            "is left alone: " in outcome.message for outcome in outcomes if outcome.trouble is Trouble.UNAVAILABLE
        )
        # The next one to try is answered, and then everybody is.
        assert all(isinstance(outcome, Reply) for outcome in await ask(it.client, 6))
        check_unsent = [row for row in await it.rows() if not row.request.get("sent", True)]
        assert it.client.spending()["troubles"] == {"server": 5, "unavailable": 5}
        assert len(check_unsent) == 10


async def test_a_cool_down_is_waited_for_once(tmp_path: Path) -> None:
    settings = BreakerSettings(failures=1, cooldown_s=0.2, longest_s=600.0)
    options = ServerOptions(faults={Fault.SERVER_ERROR: 1.0})
    async with bench(tmp_path / "run.db", options, breaker=settings, retries=Retries(attempts=9, first_s=0.0)) as it:
        # Open after the first attempt; one more after the cool-down; and not another after the next, which is longer.
        with pytest.raises(NoReply) as caught:
            await it.client.complete(question("1"))
        assert caught.value.trouble is Trouble.UNAVAILABLE
        assert it.server.stats()["requests"] == 2


async def test_while_one_endpoint_is_down_another_answers_at_once(tmp_path: Path) -> None:
    async with LanguageModelServer(ServerOptions(faults={Fault.RESET: 1.0})) as down, LanguageModelServer() as well:
        models = {"down": local(down.base_url), "well": local(well.base_url)}
        breaker = BreakerSettings(failures=3, cooldown_s=600.0, longest_s=600.0)
        async with opened(tmp_path / "run.db", models, breaker=breaker) as (client, _):
            for n in range(10):
                assert (await client.complete(question(f"{n}"))).model == "well"
        assert down.stats()["requests"] == 3


async def test_a_wrong_key_is_said_once_and_not_tried_again(tmp_path: Path, warnings: list[str]) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(key="the right one")) as it:
        with pytest.raises(NoReply) as first:
            await it.client.complete(question("1"))
        with pytest.raises(NoReply) as second:
            await it.client.complete(question("2"))
        assert (first.value.trouble, second.value.trouble) == (Trouble.AUTHENTICATION, Trouble.UNAVAILABLE)
        assert "the key is wrong" in second.value.message
        assert it.server.stats()["requests"] == 1
        assert it.client.budget.spent.calls == 0
    assert first.value.limit == second.value.limit == ALL_GIVEN_UP
    assert len(warnings) == 1
    assert (
        "model bench: http://127.0.0.1" in warnings[0] and "does not take a question: the key is wrong" in warnings[0]
    )


async def test_while_another_model_answers_a_wrong_key_is_no_limit(tmp_path: Path) -> None:
    refusing = LanguageModelServer(ServerOptions(key="the right one"))
    failing = LanguageModelServer(ServerOptions(faults={Fault.SERVER_ERROR: 1.0}))
    async with refusing, failing:
        models = {"refusing": local(refusing.base_url), "failing": local(failing.base_url)}
        async with opened(tmp_path / "run.db", models) as (client, _):
            with pytest.raises(NoReply) as caught:
                await client.complete(question("1"))
        assert caught.value.limit == "", "it may answer again"
        spent = Budget(per_model={"failing": {"calls": 0}})
        async with opened(tmp_path / "other.db", models, budget=spent) as (client, _):
            with pytest.raises(NoReply) as caught:
                await client.complete(question("1"))
        assert caught.value.limit == ALL_GIVEN_UP, "neither will answer again"


async def test_a_model_that_takes_no_question_is_given_up(tmp_path: Path, warnings: list[str]) -> None:
    async with LanguageModelServer() as server:
        elsewhere = local(f"{server.base_url}/nothing-is-here")
        async with opened(tmp_path / "run.db", elsewhere) as (client, _):
            outcomes = [outcome for n in range(21) for outcome in await ask(client, 1, roles=(f"{n}",))]
    limits = [outcome.limit for outcome in outcomes if isinstance(outcome, NoReply)]
    assert limits == [""] * 19 + [ALL_GIVEN_UP] * 2
    assert len(warnings) == 1 and "there is no POST /v1/nothing-is-here/chat/completions" in warnings[0]


async def test_a_model_that_was_given_up_costs_the_others_no_time(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        models = {"gone": local(f"{server.base_url}/nothing-is-here"), "well": local(server.base_url)}
        async with opened(tmp_path / "run.db", models) as (client, _):
            for n in range(25):
                assert (await client.complete(question(f"{n}"))).model == "well"
        assert server.outcomes == {"not_found": 20, "answered": 25}


async def test_people_are_told_once_of_an_endpoint_that_is_left_alone_and_why(
    tmp_path: Path, warnings: list[str]
) -> None:
    settings = BreakerSettings(failures=2, cooldown_s=0.01, longest_s=0.01)
    options = ServerOptions(script=[Fault.SERVER_ERROR] * 9)
    async with bench(tmp_path / "run.db", options, breaker=settings, retries=QUICK) as it:
        await ask(it.client, 8)
        address = it.server.base_url
    [line] = warnings
    assert line.startswith(f"model bench: {address} is left alone for 0.0")
    assert "s: server: the server had an error" in line


async def test_more_than_was_allowed_is_counted_and_said_once(tmp_path: Path, warnings: list[str]) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(usage="wild"), budget=Budget(tokens=10**20)) as it:
        await ask(it.client, 20)
        logged = await rows(it.log)
        spent = it.client.budget.spent.tokens
    took = [row.reply["spent"] for row in logged if row.reply is not None]
    assert spent == sum(one["prompt_tokens"] + one["completion_tokens"] for one in took)
    assert all(one["prompt_tokens"] >= 0 and one["completion_tokens"] >= 0 for one in took), (
        "lies below zero are no gift"
    )
    assert len(warnings) == 1 and "it is counted as reported" in warnings[0]
