"""Messages between our own processes: a 4-byte big-endian length, a JSON header of that length, then payloads.

The header's ``sizes`` says how many bytes each payload has; payloads are relayed without being parsed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping, Sequence

_CHUNK = 1 << 18

Message = tuple[dict[str, Any], list[bytes]]


def pack(header: Mapping[str, Any], *payloads: bytes) -> bytes:
    """One message as bytes."""
    return b"".join((head_of(header, payloads), *payloads))


def head_of(header: Mapping[str, Any], payloads: Sequence[bytes | memoryview]) -> bytes:
    """The beginning of a message, after which its payloads follow."""
    text = json.dumps({**header, "sizes": [len(payload) for payload in payloads]}).encode("ascii")
    return len(text).to_bytes(4, "big") + text


def messages(sock: socket.socket) -> Iterator[Message]:
    """What arrives on a blocking socket, until the other side closes it."""
    unpacker = Unpacker()
    while data := sock.recv(_CHUNK):
        yield from unpacker.feed(data)


class Unpacker:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._header: dict[str, Any] | None = None

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that ``data`` completes, in order."""
        self._buffer += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        if self._header is None:
            if len(self._buffer) < 4:
                return None
            end = 4 + int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < end:
                return None
            self._header = json.loads(self._buffer[4:end])
            del self._buffer[:end]
        sizes = self._header["sizes"]
        if len(self._buffer) < sum(sizes):
            return None
        payloads, start = [], 0
        for size in sizes:
            payloads.append(bytes(self._buffer[start : start + size]))
            start += size
        del self._buffer[:start]
        header, self._header = self._header, None
        return header, payloads
