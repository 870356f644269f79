"""What litellm makes of answers that no server of good will gives, and what we make of that."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gigaevo.llm.base import Message, Trouble
from gigaevo.llm.endpoint import Answer, CallFailed, Endpoint, check_release
from gigaevo.llm.model import Model
from gigaevo.llm.prices import Tokens
from gigaevo.testing import Fault, LanguageModelServer, ServerOptions
from tests.llm.bench import ROOT

BAD_CHOICE = {"index": 0, "message": {"content": 5}, "finish_reason": "stop"}
GOOD: dict[str, Any] = {
    "id": "x",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}


@asynccontextmanager
async def answering(status: int, body: Any, headers: str = "") -> AsyncIterator[Model]:
    """A model whose endpoint always answers the same bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\nConnection: close\r\n"
    head = f"HTTP/1.1 {status} X\r\n{headers}\r\n"

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Model(name="m", base_url=f"http://127.0.0.1:{port}/v1", timeout_s=20.0)


async def ask(model: Model, **credentials: str) -> Answer:
    endpoint = Endpoint()
    await endpoint.start()
    try:
        return await endpoint.ask(model, [Message("user", "hi")], max_tokens=5, credentials=credentials)
    finally:
        await endpoint.close()


async def failure(status: int, body: Any, headers: str = "") -> CallFailed:
    async with answering(status, body, headers) as model:
        with pytest.raises(CallFailed) as caught:
            await ask(model)
    return caught.value


def error(message: str = "no", code: str = "x") -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (400, error(), Trouble.REFUSED),
        (400, error("maximum context length is 100 tokens", "context_length_exceeded"), Trouble.REFUSED),
        (400, error("the content management policy", "content_filter"), Trouble.REFUSED),
        (401, error(), Trouble.AUTHENTICATION),
        (402, error("no credits"), Trouble.REFUSED),
        (403, error(), Trouble.AUTHENTICATION),
        (404, error(), Trouble.REFUSED),
        (408, error(), Trouble.TIMEOUT),
        (413, error(), Trouble.REFUSED),
        (422, error(), Trouble.REFUSED),
        (429, error(), Trouble.RATE_LIMIT),
        (500, error(), Trouble.SERVER),
        (500, b"<html>dead</html>", Trouble.SERVER),
        (502, error(), Trouble.SERVER),
        (503, error(), Trouble.SERVER),
        (504, error(), Trouble.TIMEOUT),
        (529, error("overloaded"), Trouble.SERVER),
        (200, b"", Trouble.MALFORMED),
        (200, b"hello", Trouble.MALFORMED),
        (200, b"null", Trouble.MALFORMED),
        (200, [], Trouble.MALFORMED),
        (200, {"id": "x"}, Trouble.MALFORMED),
        (200, {**GOOD, "choices": []}, Trouble.MALFORMED),
        (200, {**GOOD, "choices": "none"}, Trouble.MALFORMED),
        (200, {**GOOD, "choices": [BAD_CHOICE]}, Trouble.MALFORMED),
        (200, {**GOOD, "usage": {"prompt_tokens": "many"}}, Trouble.MALFORMED),
        (200, {"error": {"message": "overloaded", "code": 502}}, Trouble.MALFORMED),
    ],
)
async def test_every_failure_is_sorted(status: int, body: Any, trouble: Trouble) -> None:
    failed = await failure(status, body)
    assert failed.trouble is trouble, str(failed)
    assert failed.status == (status if status != 200 else None)
    assert failed.reached
    assert "\n" not in str(failed) and len(str(failed)) < 600


async def test_a_message_is_what_the_endpoint_said() -> None:
    assert str(await failure(429, error("slow down"))) == "slow down"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_when_to_come_back_is_read_from_the_response(status: int) -> None:
    assert (await failure(status, error(), "Retry-After: 7\r\n")).retry_after_s == 7.0
    assert (await failure(status, error())).retry_after_s is None


async def test_what_no_waiting_can_mend_is_told_apart() -> None:
    quota = error("You exceeded your current quota, please check your plan", "insufficient_quota")
    hopeless = [
        (await failure(status, body)).hopeless for status, body in ((401, error()), (402, error()), (429, quota))
    ]
    assert hopeless == [True, True, True]
    assert not (await failure(429, error("slow down"))).hopeless
    assert not (await failure(403, error("not this model"))).hopeless


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("You exceeded your current quota, see https://there.\n* Quota exceeded for metric: requests, limit: 15\n"
         + 600 * "x" + "\nPlease retry in 34.25s.", 34.25),
        ("Rate limit reached for m: Limit 3, Used 3, Requested 1. Please try again in 20s. Visit there", 20.0),
        ("Please try again in 1m2.5s", 62.5),
        ("Please try again in 6m", 360.0),
        ("Please try again in 250ms", 0.25),
    ],
)  # fmt: skip
async def test_when_to_come_back_is_read_from_the_words_too_and_is_no_reason_to_give_up(
    words: str, seconds: float
) -> None:
    failed = await failure(429, error(words))
    assert failed.retry_after_s == pytest.approx(seconds)
    assert failed.trouble is Trouble.RATE_LIMIT and not failed.hopeless


ANTHROPIC = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "c",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
}
GOOGLE = {
    "candidates": [{"content": {"parts": [{"text": "hello"}], "role": "model"}, "finishReason": "STOP"}],
    "usageMetadata": {
        "promptTokenCount": 5,
        "candidatesTokenCount": 2,
        "thoughtsTokenCount": 11,
        "totalTokenCount": 18,
    },
}


@pytest.mark.parametrize(
    ("name", "body", "tokens"),
    [
        ("anthropic/claude-3-5-haiku-latest", ANTHROPIC, Tokens(prompt=12, completion=2, cached=3, written=4)),
        ("gemini/gemini-2.5-flash", GOOGLE, Tokens(prompt=5, completion=13)),
        ("openrouter/openai/gpt-5-mini", GOOD, Tokens(prompt=5, completion=2)),
    ],
)
async def test_providers_with_a_protocol_of_their_own_are_understood(
    name: str, body: dict[str, Any], tokens: Tokens
) -> None:
    model = Model(name=name, timeout_s=20.0)

    async def outcome(status: int, answer: Any) -> Answer | CallFailed:
        async with answering(status, answer, "Retry-After: 7\r\n") as local:
            try:
                return await ask(model, api_key="sk-12345678", api_base=str(local.base_url))
            except CallFailed as failed:
                return failed

    answer = await outcome(200, body)
    assert isinstance(answer, Answer)
    assert (answer.text, answer.finish, answer.tokens, answer.counted) == ("hello", "stop", tokens, True)
    for status, trouble in ((429, Trouble.RATE_LIMIT), (500, Trouble.SERVER), (529, Trouble.SERVER)):
        failed = await outcome(status, error("too much"))
        assert isinstance(failed, CallFailed)
        assert (failed.trouble, failed.retry_after_s, str(failed)) == (trouble, 7.0, "too much")
    failed = await outcome(200, b'{"id": nope')
    assert isinstance(failed, CallFailed) and failed.trouble is Trouble.MALFORMED and failed.reached
    failed = await outcome(400, error("API key not valid. Please pass a valid API key."))
    assert isinstance(failed, CallFailed) and failed.trouble is Trouble.AUTHENTICATION and failed.hopeless


async def test_an_answer_without_text_is_an_answer() -> None:
    empty = {**GOOD, "choices": [{"index": 0, "message": {"content": None}, "finish_reason": "length"}]}
    async with answering(200, empty) as model:
        answer = await ask(model)
    assert (answer.text, answer.finish) == ("", "length")


async def test_tokens_that_are_told_apart_are_read() -> None:
    usage = {
        "prompt_tokens": 50,
        "completion_tokens": 7,
        "total_tokens": 77,  # twenty of reasoning are left out of the completion
        "prompt_tokens_details": {"cached_tokens": 30},
    }
    async with answering(200, {**GOOD, "usage": usage}) as model:
        tokens = (await ask(model)).tokens
    assert (tokens.prompt, tokens.completion, tokens.cached) == (50, 27, 30)


async def test_a_trickle_is_ended_by_the_time_out() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():  # each byte is new life to a time-out that only watches reads
            writer.write(b" ")
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CallFailed) as caught:
            await ask(Model(name="m", base_url=f"http://127.0.0.1:{port}/v1", timeout_s=0.6))
    assert caught.value.trouble is Trouble.TIMEOUT and caught.value.reached


async def test_a_provider_that_litellm_does_not_know_is_refused_and_costs_nothing() -> None:
    with pytest.raises(CallFailed) as caught:
        await ask(Model(name="nobody/m", timeout_s=5.0))
    assert caught.value.trouble is Trouble.REFUSED and not caught.value.reached


@pytest.mark.parametrize("release", ["1.82.7", "1.82.8", "1.107.0"])
def test_a_compromised_release_is_never_loaded(release: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = tmp_path / f"litellm-{release}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: litellm\nVersion: {release}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match=f"litellm {release} is a compromised release"):
        check_release()


def test_without_litellm_the_command_that_installs_it_is_named() -> None:
    probe = (
        "import sys; from gigaevo.llm.endpoint import check_release\n"
        "sys.path[:] = [path for path in sys.path if 'site-packages' not in path]\n"
        "try: check_release()\n"
        "except ValueError as error: print(error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT)
    assert answer.stdout.strip() == "language models need litellm, which is not installed: pip install -e '.[llm]'"


def test_litellm_is_loaded_late_prints_nothing_and_leaves_the_environment_be(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-a-file-that-is-not-for-everybody\n")
    probe = """
import asyncio, os, sys
from gigaevo.llm.base import Message
from gigaevo.llm.client import Client
from gigaevo.llm.endpoint import CallFailed, Endpoint
from gigaevo.llm.model import Model
from gigaevo.testing.faults import Fault
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions
assert "litellm" not in sys.modules and "openai" not in sys.modules
before = dict(os.environ)
async def run():
    endpoint = Endpoint()
    await endpoint.start()
    assert "litellm" in sys.modules
    async with LanguageModelServer(ServerOptions(script=[Fault.RESET, Fault.INVALID_JSON, "hello"])) as server:
        model = Model(name="m", base_url=server.base_url, timeout_s=30.0)
        for _ in range(5):
            try:
                await endpoint.ask(model, [Message("user", "hi")], max_tokens=5, credentials={})
            except CallFailed:
                pass
        assert server.outcomes["answered"] == 3
        await endpoint.close()
asyncio.run(run())
assert dict(os.environ) == before, set(os.environ) ^ set(before)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


async def test_after_a_reset_no_provider_is_sent_the_question_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """litellm does that by itself on all routes but OpenAI's own: it would be neither reserved nor logged."""
    async with LanguageModelServer(ServerOptions(script=[Fault.RESET, "not asked for"])) as server:
        monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.base_url)
        with pytest.raises(CallFailed) as caught:
            await ask(Model(name="hosted_vllm/m", timeout_s=20.0))
    assert caught.value.trouble is Trouble.CONNECTION
    assert server.outcomes == {"reset": 1}
