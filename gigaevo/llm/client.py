"""``Client``: the language models of a run, behind one budget, one log and one set of limits."""

from __future__ import annotations

import asyncio
import json
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from gigaevo.llm.asking import Asking, Office
from gigaevo.llm.base import Answers, CallLog, Message, NoReply, Reply, Request, Routing, Trouble, Usage
from gigaevo.llm.books import NOTHING, Books, Spent
from gigaevo.llm.breaker import Breaker, BreakerSettings
from gigaevo.llm.budget import Budget
from gigaevo.llm.call_record import UNSENT, answer_in, end_row, question_in, question_row, reply_row, spent_in
from gigaevo.llm.desk import BYTES_PER_TOKEN, PER_MESSAGE, Desk, amount
from gigaevo.llm.endpoint import Endpoint, check_release
from gigaevo.llm.model import Model
from gigaevo.llm.prices import dollars, longest_answer, money, price_of, price_table
from gigaevo.llm.rate_limits import Gate
from gigaevo.llm.retries import Retries
from gigaevo.llm.secrets import Secrets, missing_key

RECALLED = 512  # of the last answers of earlier sessions, for questions that a crash cut short
RECALLED_CHARS = 1 << 16  # of an answer: nothing is made of longer ones, and they would fill the memory
_OWN_SHARE = 0.75  # of all places: what a model may have where others want some
_SPARE_SHARE = 0.125  # of all places: questions that may queue for a model while another is free

_Kept = TypeVar("_Kept")


class Client:
    """Asks language models. See ``gigaevo.llm.base.LanguageModels`` for what operators see of it.

    Args:
        models: Settings by name; the names are those of the books, the log and the credit.
        routing: Which model is asked.
        budget: What may be spent, by all of them together; None: without limit.
        concurrency: Most attempts under way at a time, over all models.
        retries: When to try again; None: the default.
        breaker: When an endpoint is left alone; None: the default.
        cache: Answers that are looked up before a model is asked; None: there are none.
        replay: Answers of another run. Nothing is ever sent then, and neither keys nor litellm are needed.

    Raises:
        ValueError: The parts do not fit together.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Model],
        routing: Routing,
        budget: Budget | None = None,
        concurrency: int = 32,
        retries: Retries | None = None,
        breaker: BreakerSettings | None = None,
        cache: Answers | None = None,
        replay: Answers | None = None,
    ) -> None:
        if not models:
            raise ValueError("llm.models is empty: name at least one model")
        if concurrency < 1:
            raise ValueError(f"llm.concurrency={concurrency} must be at least 1")
        self.models = {str(name): model for name, model in models.items()}
        self.budget = budget or Budget()
        self.budget.bind(self.models)
        self._routing = routing
        routing.bind(list(self.models), [model.weight for model in self.models.values()])
        self._unlearned = routing.parameters()
        self._concurrency = concurrency
        self._retries = retries or Retries()
        self._breakers = breaker or BreakerSettings()
        self._cache, self._replay = cache, replay
        for answers in (cache, replay):
            if answers is not None:
                answers.bind({name: model.settings() for name, model in self.models.items()})
        self._books = Books()
        self._endpoint = Endpoint()
        self._recalled: OrderedDict[str, tuple[bytes, Reply]] = OrderedDict()
        self._desks: dict[str, Desk] = {}
        self._office: Office | None = None

    @property
    def concurrency(self) -> int:
        """Most attempts under way at a time."""
        return self._concurrency

    @property
    def replays(self) -> bool:
        """Whether all answers come from a transcript."""
        return self._replay is not None

    def check(self, secrets: Secrets) -> None:
        """Look for everything without which models cannot be asked. Nothing is sent, and litellm is not loaded.

        Raises:
            ValueError: litellm or a key is missing, or a price is unknown though dollars are limited.
        """
        if self._replay is not None:
            return
        check_release()
        for model in self.models.values():
            if variable := secrets.missing(model):
                raise ValueError(missing_key(model.name, variable))
        self._desks = self._furnish(secrets)

    async def load(self) -> None:
        """Load litellm, beside whatever else is going on; ``open`` does it where nobody has.

        Raises:
            ValueError: It cannot be loaded.
        """
        if self._replay is None:
            await self._endpoint.start(self.models.values())

    async def open(self, *, log: CallLog, secrets: Secrets, seed: int = 0) -> None:
        """Make ready, and read back what earlier sessions of the run spent.

        Args:
            log: Of the run.
            secrets: Keys, and what must never be logged.
            seed: Of the run: for the waits between attempts, and for draws of the routing that no proposal makes.

        Raises:
            ValueError: As for ``check``.
        """
        self.check(secrets)
        await asyncio.gather(self.load(), self._read(log))
        self._office = Office(
            endpoint=self._endpoint,
            budget=self.budget,
            books=self._books,
            gate=Gate(concurrency=self._concurrency),
            retries=self._retries,
            log=log,
            secrets=secrets,
            seed=seed,
            spare=max(1, int(_SPARE_SHARE * self._concurrency)),
        )

    async def close(self) -> None:
        """Let go of connections and files."""
        await self._endpoint.close()
        for answers in (self._cache, self._replay):
            if answers is not None:
                await answers.close()

    async def complete(self, request: Request) -> Reply:
        """Ask. An answer is durable in the log before it is returned.

        Raises:
            NoReply: No model answered.
        """
        office = self._opened()
        messages = [_without_secrets(message, office.secrets) for message in request.messages]
        request = replace(request, messages=messages, models=self._order(request, office.seed))
        if (recalled := self._recall(request)) is not None:
            return recalled
        if self._replay is not None:
            return await self._repeat(request, await self._replay.find(request))
        if self._cache is not None and isinstance(found := await self._cache.find(request), Reply):
            return await self._repeat(request, replace(found, usage=Usage(), cached=True))
        reply = await Asking(office, request, [self._desks[name] for name in request.models]).run()
        if self._cache is not None:
            await self._cache.keep(request, reply)
        return reply

    def spending(self) -> dict[str, Any]:
        """What was spent so far, earlier sessions included: JSON values, in all, by role and by model."""
        return {**self._books.to_json(), "replayed": self.replays}

    def estimate(self, prompt_chars: int) -> str:
        """One line for people: what a call takes, and how many calls the budget lasts for.

        Args:
            prompt_chars: Characters of a usual prompt.
        """
        prompt = -(-prompt_chars // BYTES_PER_TOKEN) + 2 * PER_MESSAGE
        calls = [desk.worst(prompt, desk.max_tokens(None)) for desk in self._desks.values()]
        if not calls:
            return "answers come from a transcript: nothing is sent and nothing is spent"
        priced = [dollars(call.money) for call in calls if call.money]
        cost = f"{_range(priced, '$')} at most" if priced else "at no known price"
        answers = _range([call.completion for call in calls], "")
        text = f"a call takes about {prompt:,} tokens and at most {answers} for the answer, {cost}"
        lasts = [self._lasts(name, call) for name, call in zip(self._desks, calls, strict=True)]
        known = [count for count in lasts if count is not None]
        if not known:
            return f"{text}; there is no budget"
        return f"{text}; the budget lasts for {min(known):,} calls at least"

    def parameters(self) -> Mapping[str, Any]:
        """As in ``LanguageModels``."""
        return self._routing.parameters()

    def order(self, parameters: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
        """As in ``LanguageModels``."""
        return self._routing.order(parameters, rng)

    def learn(self, model: str, *, gain: float, usd: float, new_best: bool) -> None:
        """As in ``LanguageModels``."""
        self._routing.learn(model, gain=gain, usd=usd, new_best=new_best)

    def state(self) -> dict[str, Any]:
        """As in ``LanguageModels``."""
        return self._routing.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """As in ``LanguageModels``."""
        self._routing.restore(state)

    def _opened(self) -> Office:
        if self._office is None:
            raise RuntimeError("the client is not open")
        return self._office

    def _furnish(self, secrets: Secrets) -> dict[str, Desk]:
        """What is known of each model.

        Raises:
            ValueError: A price is unknown though dollars are limited.
        """
        table = price_table()
        breakers = {model.endpoint: Breaker(self._breakers) for model in self.models.values()}
        shared = math.ceil(_OWN_SHARE * self._concurrency) if len(self.models) > 1 else None
        desks: dict[str, Desk] = {}
        for name, model in self.models.items():
            price = price_of(model, table)
            if price is None and self.budget.in_dollars(name):
                raise ValueError(
                    f"the price of model {model.name} is not known, and the budget is in dollars: set "
                    f"llm.models.{name}.usd_per_million_prompt and llm.models.{name}.usd_per_million_completion "
                    "(0 where it costs nothing)"
                )
            gate = Gate(
                concurrency=model.concurrency or shared,
                requests_per_minute=model.requests_per_minute,
                tokens_per_minute=model.tokens_per_minute,
            )
            desks[name] = Desk(
                name=name,
                model=model,
                price=price,
                gate=gate,
                breaker=breakers[model.endpoint],
                longest_answer=longest_answer(model, table),
                credentials=secrets.credentials(model),
            )
        return desks

    def _order(self, request: Request, seed: int) -> list[str]:
        """The models to try. Names that are not configured any more are passed over."""
        if names := [name for name in request.models if name in self.models]:
            return names
        digest = blake2b(f"{seed}/{request.key}".encode(), digest_size=8).digest()
        return self._routing.order(self._unlearned, np.random.default_rng(int.from_bytes(digest, "big")))

    def _recall(self, request: Request) -> Reply | None:
        """The answer that an earlier session had to this very question, and could not use any more. It is paid for."""
        if (found := self._recalled.pop(request.key, None)) is None:
            return None
        return found[1] if found[0] == _digest(request.messages) else None

    async def _repeat(self, request: Request, found: Reply | NoReply | None) -> Reply:
        """Hand out what is known already. It is logged, so that this run has a whole transcript too.

        Raises:
            NoReply: That is what is known, or nothing is.
        """
        office = self._opened()
        if found is None:
            found = NoReply(Trouble.UNRECORDED, f"the transcript has no answer to {request.key}")
        spent = _as_spent(found.usage)
        row = {"role": request.role, "model": found.model, "sent": False, **question_row(request)}
        if isinstance(found, Reply):
            self._books.enter(request.role, found.model, spent)
            self._books.answered(cached=found.cached)
            await office.log.begin(request.key, row, reply_row(found, spent))
            return found
        self._books.enter(request.role, found.model, spent, trouble=str(found.trouble))
        await office.log.begin(request.key, row, {**end_row(found), "spent": spent.to_json()})
        raise found

    async def _read(self, log: CallLog) -> None:
        """Enter what is logged already, and keep the last answers: nobody may have made use of them."""
        asked: OrderedDict[str, bytes] = OrderedDict()
        async for _, key, request, reply in log.calls():
            spent = spent_in(request, reply)
            trouble = "" if reply is None else str(reply.get("error", ""))
            if reply is not None and reply.get("final") and "spent" not in reply and trouble not in UNSENT:
                trouble = ""  # its attempts have been counted
            model = str(request.get("model", ""))
            self._books.enter(str(request["role"]), model, spent, trouble=trouble)
            if not self.replays:
                self.budget.charge(model, amount(spent))
            if (question := question_in(key, request)) is not None:
                _remember(asked, key, _digest(question.messages))
                if self._cache is not None:
                    self._cache.asked_before(model, question)
            if isinstance(answer := answer_in(reply), Reply):
                self._books.answered(cached=answer.cached)
                if key in asked and len(answer.text) <= RECALLED_CHARS:
                    _remember(self._recalled, key, (asked[key], answer))

    def _lasts(self, name: str, call: Spent) -> int | None:
        """Calls of one model that the budget has room for; None where nothing limits them."""
        takes = amount(call).by_kind()
        counts = [
            left // took for left, took in zip(self.budget.left(name), takes, strict=True) if left is not None and took
        ]
        return min(counts, default=None)


def _without_secrets(message: Message, secrets: Secrets) -> Message:
    text = secrets.redact(message.content)
    return message if text == message.content else replace(message, content=text)


def _as_spent(usage: Usage) -> Spent:
    if not usage.calls and not usage.tokens:
        return NOTHING
    return Spent(
        money=money(usage.usd), prompt=usage.prompt_tokens, completion=usage.completion_tokens, calls=usage.calls
    )


def _digest(messages: Sequence[Message]) -> bytes:
    return blake2b(json.dumps([(message.role, message.content) for message in messages]).encode()).digest()


def _remember(memory: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
    """Keep the newest, so many as are recalled."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > RECALLED:
        memory.popitem(last=False)


def _range(values: Sequence[float], unit: str) -> str:
    """Least and greatest, or the one where they are the same."""
    texts = [f"{unit}{value:,.4f}" if unit else f"{value:,}" for value in (min(values), max(values))]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} to {texts[1]}"
