"""The server that stands in for a language model, seen by a client of bare bytes."""

from __future__ import annotations

import ast
import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gigaevo.testing import Fault, LanguageModelServer, ServerOptions, evenly
from tests.testing.raw_client import BLOCKS, PROGRAM, Answered, RawClient, body, prompt


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[LanguageModelServer, RawClient]]:
    async with LanguageModelServer(ServerOptions(**options)) as server:
        client = RawClient(server.port)
        try:
            yield server, client
        finally:
            await client.close()


async def met(fault: Fault, data: bytes, **options: Any) -> Answered:
    """What one request meets whose fate is ``fault``."""
    async with serving(script=[fault], **options) as (server, client):
        answered = await client.ask(data)
        assert server.outcomes == {fault.value: 1}
        return answered


def code_of(text: str) -> str:
    return text.split("```python\n", 1)[1].split("```", 1)[0]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions"])
async def test_a_program_in_the_prompt_comes_back_changed(path: str) -> None:
    async with serving() as (_server, client):
        answered = await client.ask(body(), path=path)
    assert answered.status == 200
    assert answered.json["object"] == "chat.completion"
    assert answered.json["choices"][0]["finish_reason"] == "stop"
    child = code_of(answered.text)
    assert child != PROGRAM
    ast.parse(child)


async def test_a_connection_is_kept_from_request_to_request() -> None:
    async with serving() as (_server, client):
        for _ in range(20):
            assert (await client.ask(body())).status == 200
    assert client.connections == 1


async def test_requests_in_one_piece_and_in_many_are_the_same_to_it() -> None:
    data = body()
    whole = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
    async with serving() as (server, client):
        await client.send("GET", "/v1/models")
        await client.read()
        assert client._writer is not None
        client._writer.write(whole + whole)  # two requests, and no answer waited for
        first, second = await client.read(), await client.read()
        for start in range(0, len(whole), 97):
            client._writer.write(whole[start : start + 97])
            await client._writer.drain()
            await asyncio.sleep(0)
        third = await client.read()
    assert [first.status, second.status, third.status] == [200, 200, 200]
    assert server.outcomes == {"answered": 3}


async def test_the_same_seed_body_and_turn_give_the_same_bytes() -> None:
    async def answers(seed: int) -> list[bytes]:
        async with serving(seed=seed) as (_server, client):
            return [(await client.ask(data)).data for data in (body("a"), body(), body(), body())]

    first, again, other = await answers(1), await answers(1), await answers(2)
    assert first == again
    assert first[1:] != other[1:]
    assert len(set(first)) == 4  # the third time a body comes, it is answered in a third way


async def test_other_requests_between_do_not_matter() -> None:
    async with serving(seed=5) as (_server, client):
        alone = [(await client.ask(body())).data for _ in range(3)]
    async with serving(seed=5) as (_server, client):
        mixed = []
        for index in range(3):
            await client.ask(body(prompt(ask=f"Whole program, in the {index}th way.")))
            mixed.append((await client.ask(body())).data)
    assert alone == mixed


@pytest.mark.parametrize("seconds", [0.25, 7])
async def test_a_rate_limit_says_when_to_come_back(seconds: float) -> None:
    answered = await met(Fault.RATE_LIMIT, body(), retry_after_s=seconds)
    assert answered.status == 429
    assert float(answered.headers["retry-after"]) == seconds


async def test_a_silent_rate_limit_does_not() -> None:
    answered = await met(Fault.RATE_LIMIT_SILENT, body())
    assert answered.status == 429
    assert "retry-after" not in answered.headers


async def test_a_server_error_is_a_500_that_says_so_in_json() -> None:
    answered = await met(Fault.SERVER_ERROR, body())
    assert answered.status == 500
    assert answered.json["error"]["code"] == "server_error"


async def test_a_reset_is_a_reset() -> None:
    assert (await met(Fault.RESET, body())).ended == "reset"


async def test_half_a_reply_is_half() -> None:
    whole = await met(Fault.UNCHANGED, body())
    async with serving(script=[Fault.HALF]) as (_server, client):
        answered = await client.ask(body())
    promised = int(answered.headers["content-length"])
    assert answered.status == 200
    assert answered.ended == "short"
    assert len(answered.data) == promised // 2
    assert whole.ended == "whole"


async def test_silence_lasts_until_the_client_goes_and_holds_up_nobody_else() -> None:
    async with serving(script=[Fault.SILENCE]) as (server, client):
        await client.send("POST", "/v1/chat/completions", body())
        other = RawClient(server.port)
        while server.stats()["in_flight"] == 0:
            await asyncio.sleep(0)
        for _ in range(10):
            assert (await other.ask(body())).status == 200
        assert server.stats()["in_flight"] == 1
        await client.close()
        while server.stats()["in_flight"]:
            await asyncio.sleep(0)
        await other.close()
    assert server.outcomes == {"silence": 1, "answered": 10, "abandoned": 1}


async def test_invalid_json_is_none() -> None:
    answered = await met(Fault.INVALID_JSON, body())
    assert answered.status == 200
    assert answered.ended == "whole"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answered.data)


async def test_an_empty_answer_has_no_text() -> None:
    assert (await met(Fault.EMPTY, body())).text == ""


async def test_a_huge_answer_goes_past_what_was_allowed_and_bills_no_more() -> None:
    answered = await met(Fault.HUGE, body(max_tokens=100), huge_bytes=300_000)
    assert 290_000 < len(answered.text) < 310_000
    assert answered.json["usage"]["completion_tokens"] == 100


@pytest.mark.parametrize(("language", "other"), [("python", "```javascript"), ("cpp", "```python")])
async def test_another_language_is_another(language: str, other: str) -> None:
    assert other in (await met(Fault.WRONG_LANGUAGE, body(prompt(language=language)))).text


@pytest.mark.parametrize("fault", [Fault.REFUSAL, Fault.PROSE])
async def test_talk_has_no_code(fault: Fault) -> None:
    text = (await met(fault, body())).text
    assert text and "```" not in text and "SEARCH" not in text


@pytest.mark.parametrize("ask", ["The whole program in a code block.", BLOCKS])
async def test_truncated_code_breaks_off_and_says_why(ask: str) -> None:
    answered = await met(Fault.TRUNCATED, body(prompt(ask=ask)))
    assert answered.json["choices"][0]["finish_reason"] == "length"
    assert not answered.text.rstrip().endswith("```")
    assert ">>>>>>> REPLACE" not in answered.text


async def test_an_unchanged_program_is_the_same() -> None:
    assert code_of((await met(Fault.UNCHANGED, body())).text) == PROGRAM


async def test_an_unchanged_block_replaces_by_what_it_finds() -> None:
    text = (await met(Fault.UNCHANGED, body(prompt(ask=BLOCKS)))).text
    search, replace = text.split("<<<<<<< SEARCH\n")[1].split(">>>>>>> REPLACE")[0].split("=======\n")
    assert search == replace
    assert search in PROGRAM


async def test_a_syntax_error_does_not_parse() -> None:
    with pytest.raises(SyntaxError):
        ast.parse(code_of((await met(Fault.SYNTAX_ERROR, body())).text))


async def test_a_crashing_program_parses_and_raises() -> None:
    child = code_of((await met(Fault.CRASHING, body())).text)
    names: dict[str, Any] = {}
    exec(child, names)
    with pytest.raises(NameError):
        names["entrypoint"]()


async def test_an_unmatched_search_is_nowhere_in_the_program() -> None:
    text = (await met(Fault.UNMATCHED, body(prompt(ask=BLOCKS)))).text
    assert text.split("<<<<<<< SEARCH\n")[1].split("=======")[0] not in PROGRAM


async def test_two_blocks_are_two_and_the_second_is_the_program() -> None:
    text = (await met(Fault.TWO_BLOCKS, body())).text
    assert text.count("```python") == 2
    assert "def entrypoint" in text.split("```python")[2]


async def test_every_fault_has_its_share() -> None:
    count = 2000
    async with serving(seed=1, faults={"server_error": 0.2, "refusal": 0.1, "empty": 0.05}) as (server, client):
        for index in range(count):
            await client.ask(body(f"{index}"))
    share = {name: number / count for name, number in server.outcomes.items()}
    assert share == pytest.approx({"server_error": 0.2, "refusal": 0.1, "empty": 0.05, "answered": 0.65}, abs=0.03)


def test_even_faults_add_up() -> None:
    rates = evenly(0.5)
    assert set(rates) == set(Fault)
    assert sum(rates.values()) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"faults": {"sulking": 0.1}}, "no fault is called 'sulking'"),
        ({"faults": {"empty": 1.5}}, "between 0 and 1"),
        ({"faults": {"empty": 0.6, "huge": 0.6}}, "come to 1.2"),
        ({"latency_s": -1.0}, "must not be negative"),
        ({"usage": "guessed"}, "must be 'true', 'absent' or 'wild'"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ServerOptions(**options)


async def test_usage_is_a_quarter_of_the_bytes_both_ways() -> None:
    async with serving() as (server, client):
        answered = await client.ask(body("ä" * 5))
    usage = answered.json["usage"]
    assert usage["prompt_tokens"] == 3  # ten bytes
    assert usage["completion_tokens"] == -(-len(answered.text.encode()) // 4)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert server.stats()["prompt_tokens"] == 3


async def test_no_more_is_said_than_is_allowed() -> None:
    async with serving() as (_server, client):
        answered = await client.ask(body(max_tokens=20))
    assert answered.json["choices"][0]["finish_reason"] == "length"
    assert answered.json["usage"]["completion_tokens"] == 20
    assert len(answered.text) == 80


@pytest.mark.parametrize("usage", ["absent", "wild"])
async def test_usage_can_be_left_out_and_can_be_a_lie(usage: str) -> None:
    async with serving(usage=usage) as (server, client):
        value = (await client.ask(body())).json
    true = server.stats()
    told = value.get("usage")
    assert told is None if usage == "absent" else told["prompt_tokens"] != true["prompt_tokens"]
    assert true["prompt_tokens"] > 0


async def test_the_key_is_asked_for_and_stats_are_not_kept_behind_it() -> None:
    async with serving(key="right") as (_server, client):
        for header in ("", "Authorization: Bearer wrong\r\n"):
            assert (await client.ask(body(), headers=header)).status == 401
        assert (await client.ask(body(), headers="Authorization: Bearer right\r\n")).status == 200
        stats = (await client.get("/stats")).json
    assert stats["outcomes"] == {"answered": 1, "unauthorized": 2}
    assert stats["requests"] == 3


async def test_a_script_is_followed_and_then_it_goes_on_as_ever() -> None:
    async with serving(script=["first", Fault.SERVER_ERROR, "third"]) as (_server, client):
        first, second, third, fourth = [await client.ask(body()) for _ in range(4)]
    assert (first.text, second.status, third.text) == ("first", 500, "third")
    assert "def entrypoint" in fourth.text


async def test_a_function_may_answer() -> None:
    async with LanguageModelServer(respond=lambda messages: f"you said {messages[-1]['content']}") as server:
        client = RawClient(server.port)
        assert (await client.ask(body("hello"))).text == "you said hello"
        await client.close()


async def test_what_was_received_can_be_looked_at() -> None:
    async with serving(keep=2) as (server, client):
        for index in range(3):
            await client.ask(body(f"{index}", temperature=0.5), headers="X-Mine: 1\r\n")
    assert [received.body["messages"][0]["content"] for received in server.received] == ["1", "2"]
    assert server.received[0].headers["x-mine"] == "1"
    assert server.received[0].body["temperature"] == 0.5
    assert server.received[0].outcome == "answered"


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b'{"messages": []}', b'{"messages": ["text"]}'])
async def test_a_request_that_is_none_is_a_400(data: bytes) -> None:
    async with serving() as (server, client):
        assert (await client.ask(data)).status == 400
        assert (await client.get("/nothing")).status == 404
    assert server.outcomes == {"bad_request": 1, "not_found": 1}


async def test_log_normal_latencies_have_their_mean() -> None:
    server = LanguageModelServer(ServerOptions(latency_s=2.0, latency_sigma=0.5))
    import random

    drawn = [server._latency(random.Random(seed)) for seed in range(4000)]
    assert sum(drawn) / len(drawn) == pytest.approx(2.0, rel=0.05)
    assert min(drawn) < 1.0 < 4.0 < max(drawn)


async def test_answers_are_held_back_side_by_side() -> None:
    async with serving(latency_s=3600.0) as (server, _client):
        clients = [RawClient(server.port) for _ in range(30)]
        for index, one in enumerate(clients):
            await one.send("POST", "/v1/chat/completions", body(f"{index}"))
        while server.stats()["in_flight"] < 30:
            await asyncio.sleep(0)
        for one in clients:
            await one.close()
    assert server.stats()["most_in_flight"] == 30


async def test_what_was_held_back_is_answered() -> None:
    async with serving(latency_s=0.05) as (server, _client):
        clients = [RawClient(server.port) for _ in range(30)]
        answers = await asyncio.gather(*(one.ask(body(f"{index}")) for index, one in enumerate(clients)))
        for one in clients:
            await one.close()
    assert Counter(answered.status for answered in answers) == {200: 30}
    assert min(end - begin for begin, end in server.spans) >= 0.05
