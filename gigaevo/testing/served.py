"""``served``: the stand-in for a language model in a process of its own, for as long as a block of code lasts."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gigaevo.testing.language_model_server import ServerOptions

__all__ = ["ServerStartError", "served"]

_ROOT = Path(__file__).resolve().parents[2]
_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT")
_START_S = 30.0


class ServerStartError(RuntimeError):
    """The server's process did not say where it listens."""


@asynccontextmanager
async def served(options: ServerOptions | None = None) -> AsyncIterator[str]:
    """Start a server in a process of its own and give its base URL; the process ends with the block.

    It is started with a clean environment: no key of this process reaches it. It ends by itself when this process dies.

    Args:
        options: How it behaves; ``script`` and ``keep`` included.

    Raises:
        ServerStartError: The process ended, or said nothing for half a minute.
    """
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = str(_ROOT)
    arguments = ["-P", "-m", "gigaevo.testing", *command_line(options or ServerOptions())]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the run, which then ends this process in its own time
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_S)
            base_url = str(json.loads(line)["base_url"])
        except (TimeoutError, ValueError, KeyError) as error:
            raise ServerStartError("the stand-in for a language model did not start") from error
        yield base_url
    finally:
        process.stdin.close()
        if process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), 2.0)
            except TimeoutError:
                process.kill()
                await process.wait()


def command_line(options: ServerOptions) -> list[str]:
    """Arguments of ``python -m gigaevo.testing`` that stand for ``options``."""
    default = ServerOptions()
    words = ["--port", "0"]
    for name in ("seed", "latency_s", "latency_sigma", "retry_after_s", "huge_bytes", "usage", "key", "keep"):
        if (value := getattr(options, name)) != getattr(default, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    for fault, rate in options.faults.items():
        words += ["--fault", f"{fault}={rate}"]
    return words
