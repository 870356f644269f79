"""``python -m gigaevo.testing``: the stand-in for a language model as a process.

It prints its address as one line of JSON and ends when its standard input does, or on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from gigaevo.testing.faults import Fault, evenly
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions


def parser() -> argparse.ArgumentParser:
    """The command line."""
    default = ServerOptions()
    words = argparse.ArgumentParser(
        prog="python -m gigaevo.testing",
        description="A server on 127.0.0.1 that speaks the OpenAI chat protocol and stands in for a language model.",
        epilog="Faults: " + ", ".join(Fault),
    )
    words.add_argument("--port", type=int, default=0, help="0 (the default) for a free one")
    words.add_argument("--seed", type=int, default=default.seed)
    words.add_argument("--latency-s", type=float, default=default.latency_s, help="mean seconds before an answer")
    words.add_argument("--latency-sigma", type=float, default=default.latency_sigma, help="above 0: log-normal")
    words.add_argument("--fault", action="append", default=[], metavar="NAME=RATE", help="may be given several times")
    words.add_argument("--faults", type=float, default=None, metavar="RATE", help="all faults, together this often")
    words.add_argument("--retry-after-s", type=float, default=default.retry_after_s)
    words.add_argument("--huge-bytes", type=int, default=default.huge_bytes)
    words.add_argument("--usage", choices=("true", "absent", "wild"), default=default.usage)
    words.add_argument("--key", default=default.key, help="what clients must send as their key")
    words.add_argument("--keep", type=int, default=0, help="requests to keep; nothing shows them")
    words.add_argument("--stay", action="store_true", help="do not end with the standard input")
    return words


def options_of(given: argparse.Namespace) -> ServerOptions:
    """What the command line asks for.

    Raises:
        ValueError: A fault is unknown, or a rate is no share.
    """
    faults: dict[str, float] = (
        {} if given.faults is None else {fault.value: rate for fault, rate in evenly(given.faults).items()}
    )
    for word in given.fault:
        name, _, rate = word.partition("=")
        try:
            faults[name] = float(rate)
        except ValueError:
            raise ValueError(f"--fault takes NAME=RATE, such as server_error=0.1, not {word!r}") from None
    return ServerOptions(
        seed=given.seed,
        latency_s=given.latency_s,
        latency_sigma=given.latency_sigma,
        faults=faults,
        retry_after_s=given.retry_after_s,
        huge_bytes=given.huge_bytes,
        usage=given.usage,
        key=given.key,
        keep=given.keep,
    )


async def serve(options: ServerOptions, port: int, *, stay: bool) -> None:
    """Serve until the standard input ends, or a signal comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if not stay:
        threading.Thread(target=_wait_for_end, args=(loop, ended), daemon=True).start()
    server = LanguageModelServer(options)
    await server.start(port)
    sys.stdout.write(json.dumps({"base_url": server.base_url, "port": server.port}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    await server.close()


def _wait_for_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """In a thread: any file can be waited for in this way, which is not so for an event loop."""
    while os.read(0, 4096):
        pass
    with suppress(RuntimeError):  # the loop has ended meanwhile
        loop.call_soon_threadsafe(ended.set)


def main(words: Sequence[str] | None = None) -> int:
    """Run it."""
    given = parser().parse_args(words)
    try:
        options = options_of(given)
        asyncio.run(serve(options, given.port, stay=given.stay))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
