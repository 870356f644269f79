"""The client as its users see it: a question goes out, an answer comes back, and everything is in the log."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gigaevo.llm.base import NoReply, Trouble
from gigaevo.llm.call_record import answer_in
from gigaevo.llm.client import RECALLED_CHARS
from gigaevo.llm.routing import Bandit
from gigaevo.testing.faults import Fault
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions
from tests.llm.bench import bench, local, opened, question, rows

NOTHING_PAID = {"usd": 0, "money": 0, "prompt_tokens": 0, "completion_tokens": 0, "calls": 0}


async def test_an_answer_comes_back_with_what_it_took(tmp_path: Path) -> None:
    options = ServerOptions(script=["hello"])
    async with bench(tmp_path / "run.db", options, settings={"temperature": 0.5}) as it:
        reply = await it.client.complete(question("mutation/1/0"))
        [row] = await it.rows()
        told, sent = it.server.stats(), it.server.received[0].body
    assert (reply.text, reply.model, reply.finish, reply.cached) == ("hello", "bench", "stop", False)
    usage = reply.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.calls) == (told["prompt_tokens"], 2, 1)
    assert usage.usd == pytest.approx((told["prompt_tokens"] + 8) / 1e6, abs=1e-15)
    assert reply.latency_s > 0
    assert (sent["temperature"], sent["max_tokens"], sent["model"]) == (0.5, 1000, "bench")
    assert sent["messages"] == row.request["messages"]
    assert row.key == "mutation/1/0"
    assert answer_in(row.reply) == reply


async def test_a_row_is_durable_before_anything_is_sent_and_stays_where_a_run_is_stopped(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=[Fault.SILENCE])) as it:
        asking = asyncio.create_task(it.client.complete(question("mutation/1/0")))
        while not it.server.received:
            await asyncio.sleep(0.01)
        [row] = await it.rows()
        assert row.reply is None
        assert row.request["reserved"]["completion_tokens"] == 1000
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert [row.reply for row in await it.rows()] == [None]
        spending, spent = it.client.spending(), it.client.budget.spent
    assert spent.tokens == spending["prompt_tokens"] + 1000
    async with LanguageModelServer() as server, opened(tmp_path / "run.db", local(server.base_url)) as (client, _):
        assert client.budget.spent == spent


@pytest.mark.parametrize(
    ("fault", "trouble", "paid"),
    [
        (Fault.RATE_LIMIT, Trouble.RATE_LIMIT, False),
        (Fault.RATE_LIMIT_SILENT, Trouble.RATE_LIMIT, False),
        (Fault.SERVER_ERROR, Trouble.SERVER, False),
        (Fault.RESET, Trouble.CONNECTION, True),
        (Fault.SILENCE, Trouble.TIMEOUT, True),
        (Fault.HALF, Trouble.CONNECTION, True),
        (Fault.INVALID_JSON, Trouble.MALFORMED, True),
    ],
)
async def test_an_attempt_that_fails_is_sorted_logged_and_made_good(
    tmp_path: Path, fault: Fault, trouble: Trouble, paid: bool
) -> None:
    options = ServerOptions(script=[fault, "at last"], retry_after_s=0.01)
    timeout_s = 1.5 if fault is Fault.SILENCE else 30.0
    async with bench(tmp_path / "run.db", options, settings={"timeout_s": timeout_s}) as it:
        reply = await it.client.complete(question("mutation/1/0"))
        failed, answered = await it.rows()
        spending, spent = it.client.spending(), it.client.budget.spent
    assert reply.text == "at last"
    assert failed.reply is not None and answered.reply is not None
    assert failed.reply["error"] == trouble
    assert failed.reply["spent"] == (failed.request["reserved"] if paid else NOTHING_PAID)
    assert answered.request["messages_of"] == failed.number and "messages" not in answered.request
    assert spending["troubles"] == {str(trouble): 1}
    assert reply.usage.calls == spending["calls"] == spent.calls == 1 + paid
    assert reply.usage.usd == spending["usd"]
    assert spent.tokens == spending["prompt_tokens"] + spending["completion_tokens"]


async def test_where_nobody_answers_the_end_is_logged_too(tmp_path: Path) -> None:
    async with LanguageModelServer(ServerOptions(faults={Fault.SERVER_ERROR: 1.0})) as server:
        models = {"first": local(server.base_url), "second": local(server.base_url, name="other")}
        async with opened(tmp_path / "run.db", models) as (client, log):
            with pytest.raises(NoReply) as caught:
                await client.complete(question("mutation/1/0"))
            logged = await rows(log)
        asked = [request.body["model"] for request in server.received]
    assert asked == ["bench"] * 5 + ["other"] * 5
    assert (caught.value.trouble, caught.value.model, caught.value.usage.calls) == (Trouble.SERVER, "second", 0)
    assert [answer_in(row.reply) is None for row in logged] == [True] * 10 + [False]
    end = answer_in(logged[-1].reply)
    assert isinstance(end, NoReply)
    assert vars(end) == vars(caught.value)


async def test_the_next_model_answers_where_the_first_cannot(tmp_path: Path) -> None:
    async with LanguageModelServer(ServerOptions(faults={Fault.RESET: 1.0})) as broken, LanguageModelServer() as well:
        models = {"broken": local(broken.base_url), "well": local(well.base_url)}
        async with opened(tmp_path / "run.db", models) as (client, _):
            reply = await client.complete(question("mutation/1/0"))
            spending = client.spending()
    assert reply.model == "well"
    assert reply.usage.calls == 6
    assert spending["by_model"]["broken"]["troubles"] == {"connection": 5}
    assert spending["by_model"]["broken"]["calls"] == 5 and spending["by_model"]["well"]["calls"] == 1


async def test_nothing_is_paid_to_an_endpoint_that_cannot_be_reached(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        gone = server.base_url
    async with opened(tmp_path / "run.db", local(gone)) as (client, log):
        with pytest.raises(NoReply) as caught:
            await client.complete(question("mutation/1/0"))
        assert caught.value.trouble is Trouble.CONNECTION
        assert client.budget.spent.tokens == caught.value.usage.tokens == 0
        assert len(await rows(log)) == 6


async def test_a_resumed_run_goes_on_with_the_same_books(tmp_path: Path) -> None:
    faults = {Fault.RESET: 0.2, Fault.SERVER_ERROR: 0.2, Fault.INVALID_JSON: 0.2}
    async with bench(tmp_path / "run.db", ServerOptions(faults=faults)) as it:
        roles = ("mutation", "insight", "lineage")
        asked = [it.client.complete(question(f"{n}", role=roles[n % 3])) for n in range(30)]
        await asyncio.gather(*asked, return_exceptions=True)
        before, spent = it.client.spending(), it.client.budget.spent
    async with bench(tmp_path / "run.db") as it:
        assert it.client.spending() == before
        assert it.client.budget.spent == spent
    assert before["troubles"].keys() == {"connection", "malformed", "server"}
    assert before["by_role"].keys() == set(roles)
    assert json.loads(json.dumps(before)) == before


async def test_an_answer_that_a_crash_left_unused_is_not_paid_for_twice(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db") as it:
        first = await it.client.complete(question("mutation/1/0"))
        await it.client.complete(question("mutation/2/0"))
    async with bench(tmp_path / "run.db") as it:
        assert await it.client.complete(question("mutation/1/0")) == first
        assert not it.server.received
        other = await it.client.complete(question("mutation/2/0", "what else can be done?"))
        assert other.text != first.text and len(it.server.received) == 1


async def test_an_answer_that_nothing_can_be_made_of_is_not_kept_in_memory(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db", ServerOptions(script=["x" * (RECALLED_CHARS + 1), "y"])) as it:
        await it.client.complete(question("1", max_tokens=10**6))
    async with bench(tmp_path / "run.db") as it:
        await it.client.complete(question("1"))
        assert len(it.server.received) == 1


async def test_a_request_may_name_its_models_and_its_length(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        models = {"first": local(server.base_url), "second": local(server.base_url, name="other")}
        async with opened(tmp_path / "run.db", models) as (client, log):
            reply = await client.complete(question("mutation/1/0", models=["gone", "second"], max_tokens=7))
            [row] = await rows(log)
        sent = server.received[0].body
    assert reply.model == "second"
    assert row.request["reserved"]["completion_tokens"] == row.request["parameters"]["max_tokens"] == 7
    assert (sent["model"], sent["max_tokens"]) == ("other", 7)


async def test_a_question_that_names_no_model_does_not_depend_on_what_was_learned_meanwhile(tmp_path: Path) -> None:
    routing = Bandit(decay=0.9)
    async with LanguageModelServer() as server:
        models = {name: local(server.base_url, name=name) for name in ("a", "b", "c")}
        async with opened(tmp_path / "run.db", models, routing=routing) as (client, log):
            for n in range(8):
                await client.complete(question(f"before/{n}"))
            for _ in range(50):
                client.learn("b", gain=1.0, usd=0.001, new_best=True)
            for n in range(8):
                await client.complete(question(f"before/{n}", "the same keys again"))
            asked = [row.request["model"] for row in await rows(log)]
    assert asked[:8] == asked[8:]
    assert len(set(asked)) > 1


async def test_what_is_learned_goes_to_the_routing(tmp_path: Path) -> None:
    async with bench(tmp_path / "run.db") as it:
        it.client.learn("bench", gain=1.0, usd=0.1, new_best=True)
        state = it.client.state()
        it.client.restore({"learned": []})
        assert it.client.parameters() == {"learned": 0}
        it.client.restore(state)
        assert it.client.parameters() == {"learned": 1}


async def test_an_endpoint_that_does_not_count_is_counted_by_the_length_of_its_texts(tmp_path: Path) -> None:
    request = question("mutation/1/0")
    async with bench(tmp_path / "run.db", ServerOptions(usage="absent", script=["abcdef"])) as it:
        reply = await it.client.complete(request)
        [row] = await it.rows()
    sent = sum(len(message.content.encode()) for message in request.messages)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (-(-sent // 3), 2)
    assert row.reply is not None and row.reply["guessed"]
