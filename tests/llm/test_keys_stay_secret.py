"""A key goes to its endpoint and nowhere else, whatever the endpoint does with it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from loguru import logger

from gigaevo.llm.base import NoReply
from gigaevo.llm.client import Client
from gigaevo.llm.secrets import Secrets
from gigaevo.storage.sqlite import SqliteProgramStorage
from gigaevo.testing.faults import Fault
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions
from tests.llm.bench import PATIENT, QUICK, InOrder, StoredLog, local, question

KEY = "sk-kept-to-ourselves-0123456789"
OTHER = "a-password-of-something-else"


def everything_under(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


async def test_an_endpoint_that_repeats_the_key_finds_no_one_to_listen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sink = logger.add(tmp_path / "run.log", level="DEBUG", diagnose=True, backtrace=True)
    (tmp_path / "out").mkdir()
    environment = {"LLM_API_KEY": KEY, "DATABASE_PASSWORD": OTHER}
    repeated = f"Authorization: Bearer {KEY}\n```python\nprint('{OTHER}')\n```"
    faults = (Fault.RESET, Fault.SERVER_ERROR, Fault.INVALID_JSON, Fault.RATE_LIMIT)
    script = [line for fault in faults for line in (fault, repeated)]
    options = ServerOptions(key=KEY, script=script, retry_after_s=0)
    storage = SqliteProgramStorage(path=tmp_path / "out" / "run.db")
    await storage.open()
    try:
        async with LanguageModelServer(options) as server:
            model = local(server.base_url, extra={"user": f"somebody who pasted {OTHER}"})
            client = Client(models={"m": model}, routing=InOrder(), retries=QUICK, breaker=PATIENT)
            await client.open(log=StoredLog(storage), secrets=Secrets(environment))
            for n in range(4):
                reply = await client.complete(question(f"{n}", f"PROGRAM {n} with {OTHER} in it, and {KEY}"))
                assert KEY not in reply.text and OTHER not in reply.text and "***" in reply.text
            sent = [received for received in server.received if received.outcome == "answered"]
            await client.close()
        assert all(received.headers["authorization"] == f"Bearer {KEY}" for received in sent)
        assert not any(OTHER in str(received.body["messages"]) or KEY in str(received.body) for received in sent)
    finally:
        await storage.close()
        logger.remove(sink)
    kept = everything_under(tmp_path)
    assert b"PROGRAM 3 with *** in it" in kept
    assert KEY.encode() not in kept and OTHER.encode() not in kept
    shown = capfd.readouterr()
    assert KEY not in shown.out + shown.err and OTHER not in shown.out + shown.err


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_an_error_that_repeats_the_key_is_told_without_it(tmp_path: Path, status: int) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(line for line in head.decode().split("\r\n") if line.lower().startswith("authorization:"))
        body = f'{{"error": {{"message": "no good: {key}", "type": "x", "code": "x"}}}}'.encode()
        writer.write(f"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    storage = SqliteProgramStorage(path=tmp_path / "run.db")
    await storage.open()
    try:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            model = local(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
            client = Client(models={"m": model}, routing=InOrder(), retries=QUICK, breaker=PATIENT)
            await client.open(log=StoredLog(storage), secrets=Secrets({"LLM_API_KEY": KEY}))
            with pytest.raises(NoReply) as caught:
                await client.complete(question("1"))
            await client.close()
    finally:
        await storage.close()
    assert "no good: " in caught.value.message and KEY not in caught.value.message
    kept = everything_under(tmp_path)
    assert b"no good: " in kept and KEY.encode() not in kept
