"""What is known of one model while a run lives: its price, its limits, and whether its endpoint is well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from gigaevo.llm.base import Message
from gigaevo.llm.books import Spent
from gigaevo.llm.breaker import Breaker
from gigaevo.llm.budget import Amount
from gigaevo.llm.model import Model, plain
from gigaevo.llm.prices import Price, Tokens
from gigaevo.llm.rate_limits import Gate

PER_MESSAGE = 16  # tokens that mark who speaks, at most
PER_CALL = 128  # tokens of what an endpoint's template puts before a conversation, at most
MOST_REFUSED = 20  # questions in a row, after which a model is given up
BYTES_PER_TOKEN = 4  # of usual text; for estimates and limits per minute


def most_prompt_tokens(messages: Sequence[Message]) -> int:
    """A bound on the tokens of a conversation, whatever the model: a token is at least a byte of the text."""
    texts = sum(len(message.content.encode("utf-8", "replace")) for message in messages)
    return texts + PER_MESSAGE * len(messages) + PER_CALL


def _most_tokens_beside(model: Model) -> int:
    """A bound on the tokens that settings may add to a prompt: a schema of the answer is one."""
    return len(json.dumps(plain(model.extra)).encode()) if model.extra else 0


@dataclass(slots=True, kw_only=True)
class Desk:
    """One model at work.

    Attributes:
        name: As configured.
        model: Its settings.
        price: What it costs; None where that is not known and need not be.
        gate: Its own limits.
        breaker: Of its endpoint, shared with other models there.
        longest_answer: Most tokens that it can answer with; None where that is not known.
        credentials: What litellm needs to be told to ask it.
        longest: Most completion tokens that it was seen to take, where it takes more than it may.
        refused: Questions in a row that its endpoint did not take.
        told: What was said of it once and need not be said again.
    """

    name: str
    model: Model
    price: Price | None
    gate: Gate
    breaker: Breaker
    longest_answer: int | None = None
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    longest: int = 0
    refused: int = 0
    told: set[str] = field(default_factory=set)
    _beside: int = field(init=False)

    def __post_init__(self) -> None:
        self._beside = _most_tokens_beside(self.model)

    @property
    def given_up(self) -> bool:
        """Whether there is no use in asking any more: a person has to change something first."""
        return self.breaker.given_up or self.refused >= MOST_REFUSED

    def max_tokens(self, asked: int | None) -> int:
        """Most tokens of an answer to a question that asks for so many; None: for as many as the settings say."""
        most = asked or self.model.max_tokens
        return most if self.longest_answer is None else min(most, self.longest_answer)

    def worst(self, prompt: int, max_tokens: int) -> Spent:
        """The most that an attempt can take, with ``prompt`` as the bound on the tokens of the conversation."""
        tokens = Tokens(prompt=prompt + self._beside, completion=max(max_tokens, self.longest))
        money = 0 if self.price is None else self.price.worst(tokens)
        return Spent(money=money, prompt=tokens.prompt, completion=tokens.completion, calls=1)

    def cost(self, tokens: Tokens) -> Spent:
        """What an attempt took."""
        money = 0 if self.price is None else self.price.cost(tokens)
        return Spent(money=money, prompt=tokens.prompt, completion=tokens.completion, calls=1)


def amount(spent: Spent) -> Amount:
    """As the budget counts it."""
    return Amount(spent.money, spent.prompt + spent.completion, spent.calls)
