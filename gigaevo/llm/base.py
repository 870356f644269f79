"""What is asked of a language model and what comes back. Nothing here knows a provider, a program or a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

import numpy as np

ALL_GIVEN_UP = "language_models"  # the limit that is reached where no model is of use any more


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        content: The text.
    """

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question.

    Attributes:
        key: What it is, unique in a run and the same whenever the run is repeated: ``"mutation/17/0"``. A replay finds
            the answer by it.
        role: What it is for, for the books: ``"mutation"``, ``"insight"``, ``"lineage"``, ``"initial"``.
        messages: The conversation so far; the last turn is the user's.
        models: Names of the models to try, in this order; empty: as the routing says while it has learned nothing, so
            that it does not matter when the question comes.
        max_tokens: Most tokens of the answer; None: as the model's settings say.
    """

    key: str
    role: str
    messages: Sequence[Message]
    models: Sequence[str] = ()
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was paid, failed attempts that had to be paid for included.

    Attributes:
        usd: Dollars; 0 where the model has no price.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
        calls: Attempts that were paid for.
    """

    usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            usd=self.usd + other.usd,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            calls=self.calls + other.calls,
        )

    @property
    def tokens(self) -> int:
        """Both ways together."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer.

    Attributes:
        text: What the model said; may be empty.
        model: Name of the model, as configured, that said it.
        finish: Why it ended: ``"stop"``, ``"length"`` (cut off at ``max_tokens``), ``"content_filter"``, ...
        usage: What it took, the failed attempts before it included.
        latency_s: Wall-clock seconds of the attempt that succeeded.
        cached: Whether it was taken from the cache, at no cost.
    """

    text: str
    model: str
    finish: str = "stop"
    usage: Usage = field(default_factory=Usage)
    latency_s: float = 0.0
    cached: bool = False


class Trouble(StrEnum):
    """Why an attempt gave no answer."""

    RATE_LIMIT = "rate_limit"  # 429: not paid for
    SERVER = "server"  # 5xx: not paid for
    TIMEOUT = "timeout"  # may have been paid for, and counts as if it was
    CONNECTION = "connection"  # reset in the middle, half a reply: the same
    MALFORMED = "malformed"  # an answer that is no answer of the protocol: the same
    REFUSED = "refused"  # 4xx: the endpoint does not take such a request; trying again would not help
    AUTHENTICATION = "authentication"  # 401 or 403: the key is wrong
    BUDGET = "budget"  # the worst case would go past a budget; nothing was sent
    UNAVAILABLE = "unavailable"  # the circuit breaker of every endpoint is open; nothing was sent
    UNRECORDED = "unrecorded"  # a replay has no such call


class NoReply(Exception):
    """No model gave an answer.

    Attributes:
        trouble: What was wrong last.
        message: One line, free of secrets.
        model: Name of the model that was asked last; empty where none was.
        usage: What the attempts cost all the same.
        limit: What is used up and stood in the way: a budget (``"budget.usd"``), a transcript, or all models
            (``ALL_GIVEN_UP``); empty where another question may be answered.
    """

    def __init__(
        self, trouble: Trouble, message: str, *, model: str = "", usage: Usage | None = None, limit: str = ""
    ) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.message = message
        self.model = model
        self.usage = usage or Usage()
        self.limit = limit


class LanguageModels(Protocol):
    """All language models of a run, with the one budget that they share. Any number of questions may be under way."""

    @property
    def concurrency(self) -> int:
        """Most questions that are under way at a time, over all models."""

    async def complete(self, request: Request) -> Reply:
        """Ask.

        Raises:
            NoReply: No model answered.
        """

    def parameters(self) -> Mapping[str, Any]:
        """What the routing has learned, as JSON values: fixed in a proposal when it is made."""

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """Names of the models in the order in which to try them: the first is drawn, the others stand in for it.

        Args:
            parameters: What ``parameters()`` gave when the proposal was made.
            rng: For the draw.
        """

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """Credit the model that made a child (``model`` may be empty or unknown). Must depend on nothing but the
        arguments and what was learned before: it is repeated on a resume."""

    def state(self) -> dict[str, Any]:
        """Everything that ``learn`` has changed, as JSON values."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""


class Routing(Protocol):
    """Which model is asked, and what is learned of them. Everything is a function of what was learned: no time, no
    generator of its own."""

    def bind(self, names: Sequence[str], weights: Sequence[float]) -> None:
        """Take the names of the models, in the order of the configuration, and their weights. Called once, before
        anything else.

        Raises:
            ValueError: It can do nothing with these models.
        """

    def parameters(self) -> Mapping[str, Any]:
        """As in ``LanguageModels``."""

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """As in ``LanguageModels``: every name once."""

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """As in ``LanguageModels``."""

    def state(self) -> dict[str, Any]:
        """As in ``LanguageModels``."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """As in ``LanguageModels``."""


class Answers(Protocol):
    """Where answers are found without asking a model: a cache shared by runs, or the transcript of another run."""

    def bind(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Take what is sent with each model's messages, JSON values by name of the model: the model's full name, where
        it is asked, temperature and the like; no secrets. Called once, before anything else."""

    def asked_before(self, model: str, request: Request) -> None:
        """Count a question that an earlier session of this run asked, of ``model`` first. Called on a resume, before
        anything is asked: where one question has several answers, the run goes on with the next."""

    async def find(self, request: Request) -> Reply | NoReply | None:
        """The answer to ``request``, whose ``models`` are filled in; None where there is none."""

    async def keep(self, request: Request, reply: Reply) -> None:
        """Take an answer that a model has given just now, to be found later."""

    async def close(self) -> None:
        """Let go of files."""


class CallLog(Protocol):
    """Keeps every request and reply of a run, durable before an answer is acted upon."""

    def begin(self, key: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None = None) -> Awaitable[int]:
        """Log an attempt before it is sent; returns its number once that is durable.

        Args:
            key: Key of the question.
            request: What is about to be sent; JSON values.
            reply: What came of it, where that is known at once because nothing is sent; ``settle`` is not called then.
        """

    def settle(self, number: int, reply: Mapping[str, Any]) -> Awaitable[None]:
        """Log what came of it."""

    def calls(self) -> AsyncIterator[tuple[int, str, Mapping[str, Any], Mapping[str, Any] | None]]:
        """Everything that was logged: number, key, request, and reply (None where none is known), by number."""
