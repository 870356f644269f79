"""Starting our own helper processes and talking with them from asyncio."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigaevo.evaluation.sandbox.frames import Message, Unpacker, pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STDERR_TAIL = 2000
_FAREWELL_S = 15.0
_END_S = 10.0
_CONNECT_S = 60.0


class SandboxStartError(RuntimeError):
    """What must work before any program can run does not.

    Attributes:
        file: File of the problem folder at fault; empty where it is none.
        line: Line of it; 0 where unknown.
    """

    def __init__(self, message: str, *, file: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.file = file
        self.line = line


class PeerDied(Exception):
    """The process ended, or was ended, before it replied."""


def environment(keep: tuple[str, ...] = ()) -> dict[str, str]:
    """Environment of a helper process: what Python needs to find the same packages, and nothing of ours.

    Args:
        keep: Variables to take over where they are set.
    """
    paths = [entry for entry in sys.path if entry and Path(entry).exists()]
    package_root = str(Path(__file__).resolve().parents[3])
    if package_root not in paths:
        paths.append(package_root)
    return {
        # One thread: a forked child has no other, and one program is one core's work.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",  # sets of strings have the same order in every run
        **{name: os.environ[name] for name in keep if name in os.environ},
    }


def _command(module: str, descriptor: int) -> list[str]:
    """How a helper process is started; a wrapper that confines it as a whole belongs before the interpreter."""
    return [sys.executable, "-s", "-P", "-X", "utf8", "-m", module, str(descriptor)]


def _execute(command: Sequence[str], env: Mapping[str, str], *descriptors: int) -> tuple[subprocess.Popen[bytes], Any]:
    """The process of ``command``, and the file with what it writes as errors."""
    stderr = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the process)
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env=dict(env),
        cwd="/",
        pass_fds=descriptors,
        start_new_session=True,  # Ctrl-C in the terminal is for us alone
    )
    return process, stderr


def _last_line(stderr: Any) -> str:
    stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - _STDERR_TAIL))
    lines = stderr.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""


class Peer(asyncio.Protocol):
    """One helper process and the socket to it. Requests carry a number; replies come in any order.

    Attributes:
        ready: Header of its first reply.
        payloads: Payloads of its first reply.
    """

    def __init__(self, process: subprocess.Popen[bytes], stderr: Any) -> None:
        self.ready: dict[str, Any] = {}
        self.payloads: list[bytes] = []
        self._process = process
        self._stderr = stderr
        self._transport: asyncio.Transport | None = None
        self._unpacker = Unpacker()
        self._numbers = itertools.count()
        self._replies: dict[int, asyncio.Future[Message]] = {}
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, module: str, env: Mapping[str, str], header: Mapping[str, Any], *payloads: bytes) -> Peer:
        """Execute ``module`` afresh and hand it its first message.

        Args:
            module: Run as ``python -m module <descriptor of its socket>``, in a session of its own.
            env: Its whole environment.
            header: First message.
            payloads: Its payloads.

        Raises:
            SandboxStartError: It reported a failure, or died.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process, stderr = _execute(_command(module, theirs.fileno()), env, theirs.fileno())
        return await cls._introduced(process, stderr, ours, module, header, *payloads)

    @classmethod
    async def start_elsewhere(
        cls, command: Sequence[str], listen_at: Path, header: Mapping[str, Any], *payloads: bytes
    ) -> Peer:
        """Execute a command that has a process connect to our socket, and hand that its first message.

        Args:
            command: Its words; it gets our environment, and ends when the process does.
            listen_at: Path for our socket.
            header: First message.
            payloads: Its payloads.

        Raises:
            SandboxStartError: Nobody connected, or who did reported a failure, or died.
        """
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.setblocking(False)
            listening.bind(str(listen_at))
            listen_at.chmod(0o666)  # who is on the other side has another user; the folder around keeps others away
            listening.listen(1)
            process, stderr = _execute(command, os.environ)
            accepting = asyncio.ensure_future(loop.sock_accept(listening))
            ended = loop.run_in_executor(None, process.wait)
            either: list[asyncio.Future[Any]] = [accepting, ended]
            await asyncio.wait(either, timeout=_CONNECT_S, return_when=asyncio.FIRST_COMPLETED)
            if not accepting.done():
                accepting.cancel()
                process.kill()
                await ended
                raise SandboxStartError(f"{command[0]}: {_last_line(stderr) or 'it did not connect'}")
            ours, _ = accepting.result()
        return await cls._introduced(process, stderr, ours, command[0], header, *payloads)

    @classmethod
    async def _introduced(
        cls,
        process: subprocess.Popen[bytes],
        stderr: Any,
        ours: socket.socket,
        name: str,
        header: Mapping[str, Any],
        *payloads: bytes,
    ) -> Peer:
        """The peer of a process that was just started, once it has answered its first message."""
        peer = cls(process, stderr)
        ours.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: peer, sock=ours)
        try:
            peer.ready, peer.payloads = await peer.request(header, *payloads)
        except PeerDied as died:
            raise SandboxStartError(f"{name} could not start: {died}") from None
        except BaseException:
            peer.kill()
            raise
        if "failed" in peer.ready:
            await peer.close()
            raise SandboxStartError(peer.ready["failed"], file=peer.ready["file"], line=peer.ready["line"])
        return peer

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return not self._gone.done()

    async def request(self, header: Mapping[str, Any], *payloads: bytes) -> Message:
        """Send one message and wait for its reply.

        A cancelled request leaves the process at work on it; ``tell`` or ``kill`` it.

        Raises:
            PeerDied: The process ended meanwhile, or before.
        """
        if self._transport is None or not self.alive:
            raise PeerDied("it has ended")
        number = next(self._numbers)
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        self._transport.write(pack({**header, "id": number}, *payloads))
        try:
            return await reply
        except asyncio.CancelledError:
            self.tell({"op": "kill", "id": number})
            raise
        finally:
            self._replies.pop(number, None)

    def tell(self, header: Mapping[str, Any]) -> None:
        """Send a message that has no reply."""
        if self._transport is not None and self.alive:
            self._transport.write(pack(header))

    def kill(self) -> None:
        """End the process at once."""
        if self._process.returncode is None:
            self._process.kill()
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Let the process clean up and end; kill it where it does not."""
        if self._transport is not None and self.alive:
            self._transport.write_eof()
            await asyncio.wait([self._gone], timeout=_FAREWELL_S)
            self.kill()
            await asyncio.wait([self._gone])

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for header, payloads in self._unpacker.feed(data):
            reply = self._replies.get(header["id"])
            if reply is not None and not reply.done():
                reply.set_result((header, payloads))

    def connection_lost(self, exc: Exception | None) -> None:
        # The socket is closed by the last thing the process does, or because it was killed: this does not wait long.
        try:
            status = self._process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        died = PeerDied(self._last_words(status))
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(died)
        self._gone.set_result(None)
        self._stderr.close()

    def _last_words(self, status: int) -> str:
        line = _last_line(self._stderr)
        return f"its process ended with status {status}" + (f": {line}" if line else "")
