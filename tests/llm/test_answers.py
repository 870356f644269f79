"""Answers without a model: from a cache, and from the transcript of another run. And what is said before a run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gigaevo.llm.base import NoReply, Reply, Request, Trouble, Usage
from gigaevo.llm.budget import Budget
from gigaevo.llm.call_record import answer_in
from gigaevo.llm.client import Client
from gigaevo.llm.model import Model
from gigaevo.llm.secrets import Secrets
from gigaevo.testing.faults import Fault
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions
from tests.llm.bench import ROOT, InOrder, StoredLog, bench, local, opened, question, rows


class Remembered:
    """Answers by key."""

    def __init__(self, answers: Mapping[str, Reply | NoReply] | None = None) -> None:
        self.answers = dict(answers or {})
        self.settings: Mapping[str, Mapping[str, Any]] = {}
        self.before: list[tuple[str, Request]] = []
        self.closed = False

    def asked_before(self, model: str, request: Request) -> None:
        self.before.append((model, request))

    def bind(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self.settings = settings

    async def find(self, request: Request) -> Reply | NoReply | None:
        assert request.models
        return self.answers.get(request.key)

    async def keep(self, request: Request, reply: Reply) -> None:
        self.answers[request.key] = reply

    async def close(self) -> None:
        self.closed = True


async def transcript(log: StoredLog) -> dict[str, Reply | NoReply]:
    """What was handed out, by key."""
    return {row.key: answer for row in await rows(log) if (answer := answer_in(row.reply)) is not None}


async def test_what_is_in_the_cache_costs_nothing(tmp_path: Path) -> None:
    cache = Remembered()
    async with bench(tmp_path / "one.db", cache=cache) as it:
        first = await it.client.complete(question("1"))
        assert cache.settings["bench"]["name"] == "bench" and "max_tokens" in cache.settings["bench"]
    assert cache.closed
    async with bench(tmp_path / "two.db", cache=cache, budget=Budget(calls=0)) as it:
        again = await it.client.complete(question("1"))
        assert not it.server.received
        assert (again.text, again.cached, again.usage) == (first.text, True, Usage())
        assert (await transcript(it.log))["1"] == again
        spending = it.client.spending()
    assert (spending["replies"], spending["cached"], spending["calls"], spending["usd"]) == (1, 1, 0, 0)


async def test_the_cache_hears_of_every_question_of_earlier_sessions(tmp_path: Path) -> None:
    asked = [question("1", max_tokens=9), question("2"), question("3")]
    options = ServerOptions(script=[Fault.SERVER_ERROR, Fault.RESET, "one", "two"])
    async with bench(tmp_path / "run.db", options, cache=Remembered({"3": Reply(text="three", model="bench")})) as it:
        for one in asked:
            await it.client.complete(one)
    cache = Remembered()
    async with bench(tmp_path / "run.db", cache=cache):
        assert cache.before == [("bench", one) for one in asked]


async def test_a_replay_gives_back_everything_and_sends_nothing(tmp_path: Path) -> None:
    faults = {Fault.SERVER_ERROR: 0.3, Fault.RESET: 0.3}
    outcomes: dict[str, Reply | NoReply] = {}
    async with LanguageModelServer(ServerOptions(faults=faults)) as server:
        models = {"a": local(server.base_url), "b": local(server.base_url, name="other")}
        async with opened(tmp_path / "recorded.db", models, budget=Budget(calls=40)) as (client, log):
            for n in range(30):
                try:
                    outcomes[f"{n}"] = await client.complete(question(f"{n}"))
                except NoReply as none:
                    outcomes[f"{n}"] = none
            recorded, spending = await transcript(log), client.spending()
    assert {type(outcome) for outcome in outcomes.values()} == {Reply, NoReply}
    assert {key: described(outcome) for key, outcome in recorded.items()} == {
        key: described(outcome) for key, outcome in outcomes.items()
    }
    for round in ("first", "second"):
        path = tmp_path / f"{round}.db"
        async with opened(path, Model(name="openai/m"), replay=Remembered(recorded)) as (client, log):
            for key, outcome in outcomes.items():
                assert described(await answer(client, key)) == described(outcome)
            # The replayed run can be replayed too.
            recorded = await transcript(log)
            told = client.spending()
        assert told["replayed"] and not spending["replayed"]
        same = ("usd", "prompt_tokens", "completion_tokens", "calls", "replies")
        assert {name: told[name] for name in same} == {name: spending[name] for name in same}


async def answer(client: Client, key: str) -> Reply | NoReply:
    try:
        return await client.complete(question(key))
    except NoReply as none:
        return none


def described(outcome: Reply | NoReply) -> Any:
    return outcome if isinstance(outcome, Reply) else vars(outcome)


async def test_what_a_transcript_does_not_have_is_said_and_not_asked(tmp_path: Path) -> None:
    async with LanguageModelServer() as server:
        replay = Remembered({"1": Reply(text="one", model="bench")})
        async with opened(tmp_path / "run.db", local(server.base_url), replay=replay) as (client, _):
            assert (await client.complete(question("1"))).text == "one"
            with pytest.raises(NoReply) as caught:
                await client.complete(question("2"))
            assert client.spending()["troubles"] == {"unrecorded": 1}
        assert not server.received
    assert caught.value.trouble is Trouble.UNRECORDED and "no answer to 2" in caught.value.message


def test_a_replay_needs_neither_keys_nor_litellm() -> None:
    probe = """
import asyncio, sys
from gigaevo.llm.base import Reply
from gigaevo.llm.secrets import Secrets
from gigaevo.llm.client import Client
from gigaevo.llm.model import Model
from tests.llm.bench import InOrder, question
from tests.llm.test_answers import Remembered
class Log:
    async def begin(self, key, request, reply=None): return 1
    async def calls(self):
        return
        yield
async def run():
    replay = Remembered({"1": Reply(text="one", model="m")})
    client = Client(models={"m": Model(name="openai/m")}, routing=InOrder(), replay=replay)
    await client.open(log=Log(), secrets=Secrets({}))
    assert (await client.complete(question("1"))).text == "one"
    await client.close()
asyncio.run(run())
assert not {"litellm", "openai", "jinja2", "httpx"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=ROOT)


def client_of(models: Mapping[str, Model], **parts: Any) -> Client:
    return Client(models=models, routing=InOrder(), **parts)


def test_a_missing_key_is_one_line_before_anything_starts() -> None:
    client = client_of({"main": Model(name="openai/gpt-4.1-mini")})
    line = "model openai/gpt-4.1-mini needs OPENAI_API_KEY: set it in the environment or in .env"
    with pytest.raises(ValueError, match=f"^{line}$"):
        client.check(Secrets({}))
    client.check(Secrets({"OPENAI_API_KEY": "sk-12345678"}))


def test_an_unknown_price_is_an_error_where_dollars_are_limited() -> None:
    own = {"main": Model(name="m", base_url="http://127.0.0.1:1/v1")}
    client_of(own).check(Secrets({}))
    client_of(own, budget=Budget(tokens=10)).check(Secrets({}))
    for budget in (Budget(usd=1), Budget(per_model={"main": {"usd": 1}})):
        with pytest.raises(ValueError, match=r"price of model m is not known.*llm.models.main.usd_per_million_prompt"):
            client_of(own, budget=budget).check(Secrets({}))
    priced = Model(name="m", base_url="http://127.0.0.1:1/v1", usd_per_million_prompt=0, usd_per_million_completion=0)
    client_of({"main": priced}, budget=Budget(usd=1)).check(Secrets({}))


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"llm\.models is empty"):
        client_of({})
    with pytest.raises(ValueError, match=r"llm\.concurrency=0"):
        client_of({"main": Model(name="openai/m")}, concurrency=0)
    with pytest.raises(ValueError, match="there is no such model"):
        client_of({"main": Model(name="openai/m")}, budget=Budget(per_model={"other": {"usd": 1}}))


def test_an_estimate_is_one_line() -> None:
    one = Model(
        name="m",
        base_url="http://127.0.0.1:1/v1",
        max_tokens=1000,
        usd_per_million_prompt=1.0,
        usd_per_million_completion=4.0,
    )
    client = client_of({"main": one}, budget=Budget(usd=1, calls=500))
    client.check(Secrets({}))
    assert client.estimate(3872) == (
        "a call takes about 1,000 tokens and at most 1,000 for the answer, $0.0050 at most; "
        "the budget lasts for 200 calls at least"
    )
    free = client_of({"main": Model(name="m", base_url="http://127.0.0.1:1/v1")})
    free.check(Secrets({}))
    assert free.estimate(100).endswith("at no known price; there is no budget")
