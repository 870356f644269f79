"""As much of an HTTP/1.1 server as a test needs: keep-alive, answers with a length, and the power to misbehave.

A connection costs a few tens of microseconds of CPU per request, so that a server on the same cores as what is measured
takes little from it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus

__all__ = ["Asked", "Connection", "Ending", "Response"]

_MOST_HEAD, _MOST_BODY = 64 << 10, 256 << 20


class Ending(Enum):
    """What becomes of the connection."""

    KEEP = "keep"  # it stays open for the next request
    CLOSE = "close"  # it ends after the answer
    RESET = "reset"  # it is reset, and nothing is sent
    HALF = "half"  # it ends after half of the answer's body
    SILENCE = "silence"  # it stays open and nothing is sent


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came.

    Attributes:
        method: ``"GET"``, ``"POST"``, ...
        path: What was asked for.
        headers: By name in small letters.
        body: The bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What to do about a request.

    Attributes:
        status: Status of HTTP.
        body: JSON, or what pretends to be.
        headers: Beside the usual ones.
        delay_s: Seconds to wait before anything is sent.
        ending: What becomes of the connection.
        sent: Called once the answer was handed to the system, or the connection was cut on purpose.
        abandoned: Called instead where the client went away first.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    ending: Ending = Ending.KEEP
    sent: Callable[[], None] = lambda: None
    abandoned: Callable[[], None] = lambda: None


class Connection(asyncio.Protocol):
    """One connection: requests are answered one after the other.

    Args:
        respond: Decides about a request.
        register: Told of this connection when it is there, and when it is gone.
    """

    def __init__(self, respond: Callable[[Asked], Response], register: Callable[[Connection, bool], None]) -> None:
        self._respond = respond
        self._register = register
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str], int, int] | None = None
        self._pending: Response | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._register(self, True)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._pending is not None:
            self._pending.abandoned()
        self._pending = self._transport = self._timer = None
        self._register(self, False)

    def abort(self) -> None:
        """End the connection, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve()

    def _serve(self) -> None:
        """Take the next request out of the buffer, if it is complete and none is being answered."""
        if self._pending is not None or self._transport is None:
            return
        if self._head is None and not self._read_head():
            return
        assert self._head is not None
        method, path, headers, start, length = self._head
        if len(self._buffer) < start + length:
            return
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        self._head = None
        self._pending = response = self._respond(Asked(method, path, headers, body))
        if response.ending is Ending.SILENCE:
            return
        if response.delay_s > 0:
            self._timer = self._loop.call_later(response.delay_s, self._send)
        else:
            self._send()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEAD:
                self.abort()
            return False
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        words = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        try:
            length = int(headers.get("content-length", "0"))
        except ValueError:
            length = -1
        if len(words) != 3 or not 0 <= length <= _MOST_BODY or "transfer-encoding" in headers:
            self.abort()
            return False
        if headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._head = (words[0], words[1], headers, end + 4, length)
        return True

    def _send(self) -> None:
        response, transport = self._pending, self._transport
        if response is None or transport is None:
            return
        self._pending = self._timer = None
        if response.ending is Ending.RESET:
            _reset_on_close(transport)
            transport.abort()
            response.sent()
            return
        half = response.ending is Ending.HALF
        transport.write(_head_of(response) + (response.body[: len(response.body) // 2] if half else response.body))
        response.sent()
        if response.ending is Ending.KEEP:
            if self._buffer:
                self._loop.call_soon(self._serve)
        else:
            transport.close()


def _head_of(response: Response) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(response.body)}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
        *(["Connection: close"] if response.ending is Ending.CLOSE else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reset_on_close(transport: asyncio.Transport) -> None:
    """Have the system send a reset in place of an orderly end."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
