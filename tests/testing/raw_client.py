"""A client of bare bytes: what the server sends is seen as it is."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

PROGRAM = '''"""Walk."""


def entrypoint():
    x, y = 0.5, 1.25
    step = 0.1
    for _ in range(12):
        x = x - step * x
        y = y - step * y
    return [x, y]
'''
WHOLE = "Answer with the whole program in one fenced code block."
BLOCKS = "Answer with blocks of this form:\n<<<<<<< SEARCH\nold lines\n=======\nnew lines\n>>>>>>> REPLACE"


def prompt(program: str = PROGRAM, ask: str = WHOLE, language: str = "python") -> str:
    return f"Make it better.\n\n## PROGRAM to change\n\n```{language}\n{program}```\n\n{ask}"


def body(content: str = "", *, max_tokens: int | None = None, **extra: Any) -> bytes:
    """A request whose one turn is ``content``, or a prompt."""
    value: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": content or prompt()}], **extra}
    if max_tokens is not None:
        value["max_tokens"] = max_tokens
    return json.dumps(value).encode()


@dataclass
class Answered:
    """What came back: ``status`` 0 where nothing did."""

    status: int
    headers: dict[str, str]
    data: bytes
    ended: str  # "whole", "short", "reset"

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def text(self) -> str:
        return str(self.json["choices"][0]["message"]["content"])


class RawClient:
    """One connection, kept alive as long as the server wants it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.connections = 0

    async def send(self, method: str, path: str, data: bytes = b"", headers: str = "") -> None:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.connections += 1
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
        self._writer.write(head.encode() + data)
        await self._writer.drain()

    async def read(self) -> Answered:
        assert self._reader is not None
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        except (ConnectionResetError, asyncio.IncompleteReadError) as error:
            return Answered(0, {}, b"", "reset" if isinstance(error, ConnectionResetError) else "short")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        try:
            data = await self._reader.readexactly(int(headers["content-length"]))
            ended = "whole"
        except asyncio.IncompleteReadError as error:
            data, ended = error.partial, "short"
        return Answered(int(first.split(" ")[1]), headers, data, ended)

    async def ask(self, data: bytes, *, path: str = "/v1/chat/completions", headers: str = "") -> Answered:
        await self.send("POST", path, data, headers)
        return await self.read()

    async def get(self, path: str, headers: str = "") -> Answered:
        await self.send("GET", path, b"", headers)
        return await self.read()

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
