"""What is seen of the language models in ``config/llm``: what a server is sent, and what is made of its answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from gigaevo.evolution.mutation.base import Task
from gigaevo.llm.base import Message, NoReply, Reply, Request
from gigaevo.llm.breaker import Breaker
from gigaevo.llm.secrets import Secrets
from gigaevo.testing import Fault, LanguageModelServer, Received, ServerOptions
from tests.config.subjects import Built

ENVIRONMENT = {"OPENAI_API_KEY": "usual key", "LLM_API_KEY": "key of an address", "MY_KEY": "my own key"}
PROMPT_TOKENS = 1_000_000


@dataclass
class Log:
    """Keeps calls in memory."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    async def begin(self, key: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None = None) -> int:
        self.rows.append({"key": key, "request": request, "reply": reply})
        return len(self.rows)

    async def settle(self, number: int, reply: Mapping[str, Any]) -> None:
        self.rows[number - 1]["reply"] = reply

    async def calls(self) -> AsyncIterator[tuple[int, str, Mapping[str, Any], Mapping[str, Any] | None]]:
        for number, row in enumerate(self.rows, 1):
            yield number, row["key"], row["request"], row["reply"]


@dataclass
class Asked:
    """What became of questions."""

    received: list[Received]
    outcomes: list[Reply | NoReply]
    most_in_flight: int


def asked(built: Built, *, questions: int = 1, model: str = "main", runs: int = 1, **options: Any) -> Asked:
    """Ask the models that are built, behind a server of ours.

    Args:
        built: With an llm.
        questions: How many, all at once.
        model: Which one.
        runs: How many runs ask the same, one after the other; what became of the last one's questions is returned.
        options: Of the server.
    """
    return asyncio.run(_asked(built, questions, model, runs, ServerOptions(**options)))


async def _asked(built: Built, questions: int, model: str, runs: int, options: ServerOptions) -> Asked:
    async with LanguageModelServer(options) as server:
        for _ in range(runs - 1):
            await _asked_once(built, questions, model, server)
        return await _asked_once(built, questions, model, server)


async def _asked_once(built: Built, questions: int, model: str, server: LanguageModelServer) -> Asked:
    client = built.with_value("llm_base_url", server.base_url).node("llm")
    await client.open(log=Log(), secrets=Secrets(ENVIRONMENT))
    try:
        outcomes = await asyncio.gather(
            *(client.complete(_question(number, model)) for number in range(questions)), return_exceptions=True
        )
    finally:
        await client.close()
    assert all(isinstance(outcome, Reply | NoReply) for outcome in outcomes), outcomes
    return Asked(list(server.received), outcomes, server.stats()["most_in_flight"])  # type: ignore[arg-type]


def _question(number: int, model: str) -> Request:
    messages = [Message("user", f"Question {number}, as different from the others as it can be.")]
    return Request(key=f"mutation/{number}/0", role="mutation", messages=messages, models=[model])


def sent(key: str, model: str = "main") -> Callable[[Built], Any]:
    """What a request to ``model`` says under ``key``."""
    return lambda built: asked(built, model=model).received[0].body.get(key)


def key_sent(built: Built) -> str:
    return asked(built).received[0].headers["authorization"].removeprefix("Bearer ")


def trouble(**options: Any) -> Callable[[Built], str]:
    """Why the last of some questions had no answer; empty where it had one."""

    def seen(built: Built) -> str:
        last = asked(built, **options).outcomes[-1]
        return str(last.trouble) if isinstance(last, NoReply) else ""

    return seen


def limit(built: Built) -> str:
    """The budget that stood before the second question."""
    outcomes = asked(built, questions=2).outcomes
    return "".join(outcome.limit for outcome in outcomes if isinstance(outcome, NoReply))


def attempts(built: Built) -> int:
    return len(asked(built, script=[Fault.SERVER_ERROR] * 9).received)


def most_in_flight(built: Built) -> int:
    return asked(built, questions=40, latency_s=0.1).most_in_flight


def price(model: str, kind: str) -> Callable[[Built], Any]:
    """Dollars that a million tokens are configured to cost."""
    return lambda built: getattr(built.node("llm").models[model], f"usd_per_million_{kind}")


def setting(name: str, model: str = "main") -> Callable[[Built], Any]:
    return lambda built: getattr(built.node("llm").models[model], name)


def longest_wait(failed: int) -> Callable[[Built], float]:
    """Most seconds before the next attempt, after so many."""

    def seen(built: Built) -> float:
        rng = Random(0)
        waits = [built.node("llm.retries").wait_s(failed, None, rng) for _ in range(1000)]
        return round(max(waits), 1)

    return seen


def cooldown(built: Built, openings: int = 1) -> float:
    """Seconds for which an endpoint is left alone after it has failed once more than it may."""
    breaker = _failing(built, openings)
    return round(breaker.cooldown_left_s)


def last_cooldown(built: Built) -> float:
    return cooldown(built, openings=30)


def failures_until_open(built: Built) -> int:
    breaker, failures = Breaker(built.node("llm.breaker"), clock=lambda: 0.0), 0
    while breaker.ready:
        breaker.failed("", probe=False)
        failures += 1
    return failures


def _failing(built: Built, openings: int) -> Breaker:
    breaker = Breaker(built.node("llm.breaker"), clock=lambda: 0.0)
    while breaker.ready:
        breaker.failed("", probe=False)
    for _ in range(openings - 1):
        breaker.failed("", probe=True)
    return breaker


def replies_in_the_cache(built: Built) -> int:
    """Of two runs that ask the same, how many questions the second found answered."""
    return sum(outcome.cached for outcome in asked(built, runs=2).outcomes if isinstance(outcome, Reply))


def limits(built: Built) -> Mapping[str, float]:
    limits: Mapping[str, float] = built.node("llm").budget.limits()
    return limits


def first_choices(built: Built) -> set[str]:
    """Models that come first in many draws, nothing being known of them."""
    client, rng = built.node("llm"), np.random.default_rng(0)
    return {client.order(client.parameters(), rng)[0] for _ in range(200)}


def taught(built: Built) -> Any:
    """The client, after the first model has brought much, the third little, and the second nothing."""
    client = built.node("llm")
    for model, gain in [("main", 1.0), ("second", 0.0), ("third", 0.5)] * 20:
        client.learn(model, gain=gain, usd=0.01, new_best=False)
    return client


def choices_when_taught(built: Built) -> int:
    """How many models come first in many draws from the same knowledge."""
    client, rng = taught(built), np.random.default_rng(0)
    return len({client.order(client.parameters(), rng)[0] for _ in range(200)})


def remembered_answers(built: Built) -> float:
    client = built.node("llm")
    for model in ("main", "second"):
        client.learn(model, gain=0.0, usd=0.01, new_best=False)
    answers: float = client.state()["models"]["main"]["answers"]
    return answers


def seldom_tried(built: Built) -> bool:
    """Whether a model that was tried once, in vain, is tried again before one that brought a little now and then."""
    client = built.node("llm")
    client.learn("third", gain=0.0, usd=0.01, new_best=False)
    for _ in range(60):
        for model, gain in (("main", 1.0), ("second", 0.0), ("second", 0.0)):
            client.learn(model, gain=gain, usd=0.01, new_best=False)
    first: str = client.order(client.parameters(), np.random.default_rng(0))[0]
    return first == "third"


def choices_after_one_in_vain(built: Built) -> set[str]:
    client, rng = built.node("llm"), np.random.default_rng(0)
    client.learn("main", gain=0.0, usd=0.01, new_best=False)
    return {client.order(client.parameters(), rng)[0] for _ in range(50)}


def asks_spare(built: Built) -> int:
    """How often a replay looked into another record than the run's."""
    asyncio.run(built.node("llm.replay").find(_question(0, "main")))
    return len(built.given["spare"].looked_up)


def questions_for_first_programs(built: Built) -> list[str]:
    """What a stand-in, whose answers are no programs, was asked when first programs were wanted."""
    founders = built.node("founders")
    with contextlib.suppress(RuntimeError):  # others are not open
        asyncio.run(founders.write(Task(), built.problem.metrics, np.random.default_rng(0)))
    return [request.messages[1].content for request in built.given["spare"].asked]


def number_of_questions(built: Built) -> int:
    return len(questions_for_first_programs(built))
