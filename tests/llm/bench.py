"""What tests of the client share: a log in real SQLite, and a client that asks the test bench's server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gigaevo.llm.base import Answers, Message, Request, Routing
from gigaevo.llm.breaker import BreakerSettings
from gigaevo.llm.budget import Budget
from gigaevo.llm.client import Client
from gigaevo.llm.model import Model
from gigaevo.llm.retries import Retries
from gigaevo.llm.secrets import Secrets
from gigaevo.storage.base import LoggedCall, Transaction
from gigaevo.storage.sqlite import SqliteProgramStorage
from gigaevo.testing.language_model_server import LanguageModelServer, ServerOptions

ROOT = Path(__file__).resolve().parents[2]
QUICK = Retries(attempts=5, first_s=0.002, longest_s=0.02)
PATIENT = BreakerSettings(failures=1000)  # for tests of something else


class StoredLog:
    """Calls in a run's database."""

    def __init__(self, storage: SqliteProgramStorage) -> None:
        self.storage = storage
        self._last = 0

    async def begin(self, key: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None = None) -> int:
        self._last += 1
        number = self._last
        await self.storage.commit(Transaction(calls=[LoggedCall(number=number, key=key, request=request, reply=reply)]))
        return number

    async def settle(self, number: int, reply: Mapping[str, Any]) -> None:
        await self.storage.commit(Transaction(replies={number: reply}))

    async def calls(self) -> AsyncIterator[tuple[int, str, Mapping[str, Any], Mapping[str, Any] | None]]:
        async for call in self.storage.calls():
            self._last = call.number
            yield call.number, call.key, call.request, call.reply


class InOrder:
    """A routing that always tries the models as they are configured, and notes what it learns."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.learned: list[str] = []

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        self.names = list(names)

    def parameters(self) -> Mapping[str, Any]:
        return {"learned": len(self.learned)}

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        return list(self.names)

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        self.learned.append(model)

    def state(self) -> dict[str, Any]:
        return {"learned": list(self.learned)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.learned = list(state["learned"])


def local(url: str, **settings: Any) -> Model:
    """A model behind ``url``, at prices that make sums easy: a dollar for a million tokens sent, four for received."""
    prices = {"usd_per_million_prompt": 1.0, "usd_per_million_completion": 4.0}
    return Model(**{"name": "bench", "base_url": url, "max_tokens": 1000, "timeout_s": 5.0, **prices, **settings})


def question(
    key: str, text: str = "PROGRAM\n```python\ndef entrypoint():\n    return 1.5\n```\n", **more: Any
) -> Request:
    messages = [Message("system", "Improve the program; answer with a fenced code block."), Message("user", text)]
    return Request(key=key, role=more.pop("role", "mutation"), messages=messages, **more)


@asynccontextmanager
async def opened(
    path: Path,
    models: Mapping[str, Model] | Model,
    *,
    budget: Budget | None = None,
    secrets: Secrets | None = None,
    retries: Retries = QUICK,
    breaker: BreakerSettings = PATIENT,
    concurrency: int = 32,
    cache: Answers | None = None,
    replay: Answers | None = None,
    routing: Routing | None = None,
) -> AsyncIterator[tuple[Client, StoredLog]]:
    """A client with its log in a database at ``path``; a second one at the same path goes on where the first ended."""
    client = Client(
        models={"bench": models} if isinstance(models, Model) else models,
        routing=routing or InOrder(),
        budget=budget,
        concurrency=concurrency,
        retries=retries,
        breaker=breaker,
        cache=cache,
        replay=replay,
    )
    storage = SqliteProgramStorage(path=path)
    await storage.open()
    try:
        log = StoredLog(storage)
        await client.open(log=log, secrets=secrets or Secrets({}))
        yield client, log
    finally:
        await client.close()
        await storage.close()


@dataclass(frozen=True)
class Bench:
    """A server, and a client that asks it."""

    server: LanguageModelServer
    client: Client
    log: StoredLog

    async def rows(self) -> list[LoggedCall]:
        """Everything that is logged."""
        return await rows(self.log)


@asynccontextmanager
async def bench(
    path: Path, options: ServerOptions | None = None, *, settings: Mapping[str, Any] | None = None, **parts: Any
) -> AsyncIterator[Bench]:
    """One server with one model, whose ``settings`` are changed; ``parts`` as for ``opened``."""
    async with (
        LanguageModelServer(options) as server,
        opened(path, local(server.base_url, **(settings or {})), **parts) as (client, log),
    ):
        yield Bench(server, client, log)


async def rows(log: StoredLog) -> list[LoggedCall]:
    """Everything that is logged."""
    return [call async for call in log.storage.calls()]
