"""The channel through which a program answers: a socket of which the kernel says who wrote to it.

A process that the program started holds the same descriptor and could write an answer of its own; its process id gives
it away. Where the system does not tell who writes (macOS), the channel is a plain one.
"""

from __future__ import annotations

import socket
import struct

_CREDENTIALS = struct.Struct("3i")  # process id, user, group
_TELLS = hasattr(socket, "SO_PASSCRED")
_SPACE = socket.CMSG_SPACE(_CREDENTIALS.size) if _TELLS else 0


class ForgedAnswer(Exception):
    """Another process than the program's own wrote into its channel."""


def channel() -> tuple[socket.socket, socket.socket]:
    """The two ends: for whoever listens, and for the program."""
    ours, theirs = socket.socketpair()
    if _TELLS:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    return ours, theirs


def receive(ours: socket.socket, into: memoryview, pid: int) -> int:
    """Read what arrived; how many bytes, 0 at the end.

    Args:
        ours: The listening end.
        into: Where to put it.
        pid: The program's process id as this process sees it.

    Raises:
        ForgedAnswer: Some other process wrote it.
        BlockingIOError: Nothing is there, and the socket does not block.
    """
    if not _TELLS:
        return ours.recv_into(into)
    count, ancillary, _, _ = ours.recvmsg_into([into], _SPACE)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            writer = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0]
            if count and writer != pid:
                raise ForgedAnswer(f"process {writer} wrote into the answer of process {pid}")
    return count
