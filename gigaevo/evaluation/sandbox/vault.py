"""Memory of the warm server that its children do not inherit: texts and answers of programs pass through it.

A forked child is a copy of the server, and a program can read all of its own memory. What belongs to one program must
therefore never lie where the next one would find it: not in a variable, and not in memory that was given back.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import socket
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import Any

_WIPE_ON_FORK = 18  # MADV_WIPEONFORK, Linux 4.14; elsewhere children do inherit it
_HEAD = 4


class Vault:
    """A piece of memory that is all zeros in a forked child.

    Args:
        size: Bytes.

    Attributes:
        view: All of it.
    """

    def __init__(self, size: int) -> None:
        self._map = mmap.mmap(-1, max(1, size), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        with contextlib.suppress(OSError, ValueError):
            self._map.madvise(_WIPE_ON_FORK)
        self.view = memoryview(self._map)

    def close(self) -> None:
        """Give the memory back; no view of it may be in use."""
        self.view.release()
        self._map.close()


class Inbox:
    """Cuts what arrives on a non-blocking socket into messages (see ``frames``), whose payloads go into vaults."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._head = bytearray()
        self._header: dict[str, Any] | None = None
        self._vault: Vault | None = None
        self._size = 0
        self._filled = 0

    def read(self) -> tuple[dict[str, Any], Vault] | None:
        """The next message; None where it is not all there yet. The vault is the caller's to close.

        Raises:
            EOFError: The other side is gone.
        """
        try:
            while self._vault is None:
                self._read_head()
            while self._filled < self._size:
                count = self._sock.recv_into(self._vault.view[self._filled : self._size])
                if count == 0:
                    raise EOFError
                self._filled += count
        except BlockingIOError:
            return None
        except OSError:
            raise EOFError from None
        assert self._header is not None
        message = self._header, self._vault
        self._header, self._vault, self._head = None, None, bytearray()
        return message

    def _read_head(self) -> None:
        """Take no byte that belongs to a payload."""
        end = _HEAD if len(self._head) < _HEAD else _HEAD + int.from_bytes(self._head[:_HEAD], "big")
        if len(self._head) < end:
            data = self._sock.recv(end - len(self._head))
            if not data:
                raise EOFError
            self._head += data
        if len(self._head) > _HEAD and len(self._head) == _HEAD + int.from_bytes(self._head[:_HEAD], "big"):
            self._header = json.loads(self._head[_HEAD:])
            self._size, self._filled = sum(self._header["sizes"]), 0
            self._vault = Vault(self._size)


class Outbox:
    """Sends on a non-blocking socket, straight from vaults."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._waiting: deque[memoryview | Vault] = deque()

    def put(self, head: bytes, payloads: Sequence[memoryview], vaults: Sequence[Vault]) -> None:
        """Send ``head`` and the payloads, and close the vaults that they lie in."""
        self._waiting += [memoryview(head), *payloads, *vaults]

    def send(self) -> bool:
        """Send what the socket takes; whether more is waiting.

        Raises:
            OSError: The other side is gone.
        """
        while self._waiting:
            first = self._waiting.popleft()
            if isinstance(first, Vault):
                first.close()
                continue
            with first:  # a view that is in use keeps its vault from being closed
                try:
                    sent = self._sock.send(first) if first else 0
                except BlockingIOError:
                    sent = 0
                if sent < len(first):
                    self._waiting.appendleft(first[sent:])
                    return True
        return False


def handed_over(payloads: memoryview) -> int:
    """A descriptor of a file in memory that holds ``payloads``, at its beginning, for one child to read."""
    try:
        descriptor = os.memfd_create("program", os.MFD_CLOEXEC)
    except (AttributeError, OSError):  # another system, or one that does not let us
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    rest = payloads
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def taken_over(descriptor: int, sizes: Sequence[int]) -> list[str]:
    """*child* The texts that were handed over, of so many bytes each."""
    with os.fdopen(descriptor, "rb") as file:
        return [file.read(size).decode("utf-8", "surrogatepass") for size in sizes]
