"""``served``: the stand-in for a language model in a process of its own, for as long as a block of code lasts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gigaevo.testing.language_model_server import ServerOptions

__all__ = ["ServerStartError", "served", "server_process"]

_ROOT = Path(__file__).resolve().parents[2]
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
_START_S, _END_S = 30.0, 5.0


class ServerStartError(RuntimeError):
    """The server's process did not say where it listens."""


@asynccontextmanager
async def served(options: ServerOptions | None = None) -> AsyncIterator[str]:
    """Start a server in a process of its own and give its base URL; the process ends with the block.

    It is started with a clean environment: no key of this process reaches it. It ends by itself when this process dies.

    Args:
        options: How it behaves. A ``script`` is for servers in the same process.

    Raises:
        ServerStartError: The process ended, or said nothing for half a minute.
        ValueError: There is a script.
    """
    async with server_process(["gigaevo.testing", *command_line(options or ServerOptions())]) as base_url:
        yield base_url


@asynccontextmanager
async def server_process(words: Sequence[str], *, quiet: bool = False) -> AsyncIterator[str]:
    """Run a module that prints ``{"base_url": ...}`` as its first line and ends with its standard input.

    Args:
        words: The module and its arguments.
        quiet: Whether to keep what it says on standard error to itself.

    Raises:
        ServerStartError: It ended, or said nothing for half a minute.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = str(_ROOT)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", *words),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL if quiet else None,
        start_new_session=True,  # Ctrl-C is for the run, which then ends this process in its own time
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_S)
            base_url = str(json.loads(line)["base_url"])
        except (TimeoutError, ValueError, KeyError) as error:
            raise ServerStartError(f"the server of {words[0]} did not start") from error
        yield base_url
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def command_line(options: ServerOptions) -> list[str]:
    """Arguments of ``python -m gigaevo.testing`` that stand for ``options``."""
    if options.script:
        raise ValueError("a script is for servers in the same process")
    default = ServerOptions()
    words = ["--port", "0"]
    for name in ("seed", "latency_s", "latency_sigma", "retry_after_s", "huge_bytes", "usage", "key", "keep"):
        if (value := getattr(options, name)) != getattr(default, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    for fault, rate in options.faults.items():
        words += ["--fault", f"{fault}={rate}"]
    return words
