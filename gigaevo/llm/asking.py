"""One question, carried from model to model until one answers: limits, budget, log, attempts and waits between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from gigaevo.llm.base import ALL_GIVEN_UP, CallLog, NoReply, Reply, Request, Trouble
from gigaevo.llm.books import NOTHING, Books, Spent
from gigaevo.llm.budget import Budget, BudgetSpent, Reservation
from gigaevo.llm.call_record import UNSENT, end_row, failure_row, question_row, reply_row
from gigaevo.llm.desk import BYTES_PER_TOKEN, Desk, amount, most_prompt_tokens
from gigaevo.llm.endpoint import Answer, CallFailed, Endpoint
from gigaevo.llm.rate_limits import Gate
from gigaevo.llm.retries import RETRIED, Retries
from gigaevo.llm.secrets import Secrets

# After these nothing has to be paid: the endpoint said itself that it did no work.
_FREE = frozenset({Trouble.RATE_LIMIT, Trouble.SERVER, Trouble.REFUSED, Trouble.AUTHENTICATION})
# These say that an endpoint is not well; after all others it is at least alive.
_UNWELL = frozenset({Trouble.SERVER, Trouble.TIMEOUT, Trouble.CONNECTION, Trouble.MALFORMED})
# These say that it wants something else: another key, another model, another question.
_NOT_TAKEN = frozenset({Trouble.REFUSED, Trouble.AUTHENTICATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What all questions of a run share."""

    endpoint: Endpoint
    budget: Budget
    books: Books
    gate: Gate
    retries: Retries
    log: CallLog
    secrets: Secrets
    seed: int
    spare: int  # questions that may wait for one model while another could begin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """An attempt that was made.

    Attributes:
        number: Of its row in the log.
        outcome: What came of it.
        took: What has to be paid.
        latency_s: Wall-clock seconds until the answer, or until it was clear that there is none.
    """

    number: int
    outcome: Answer | CallFailed
    took: Spent
    latency_s: float


class Asking:
    """One question on its way.

    Args:
        office: What it shares with the others.
        request: The question, without secrets.
        desks: The models to try, in order.
    """

    def __init__(self, office: Office, request: Request, desks: Sequence[Desk]) -> None:
        self._office = office
        self._request = request
        self._desks = desks
        self._most_prompt = most_prompt_tokens(request.messages)
        self._spent = NOTHING
        self._attempts = 0
        self._first: int | None = None  # number of the row that holds the messages

    async def run(self) -> Reply:
        """Ask until there is an answer.

        Raises:
            NoReply: There is none.
        """
        failures: dict[str, NoReply] = {}
        order = self._by_room()
        for last in (False, True):
            for desk in order:
                outcome = await self._ask(desk)
                if isinstance(outcome, Reply):
                    return outcome
                failures[desk.name] = outcome
            # Who is left alone for a while is asked once more after that while.
            order = [desk for desk in order if failures[desk.name].trouble is Trouble.UNAVAILABLE]
            order = [desk for desk in order if not desk.breaker.hopeless]
            if last or not order:
                break
            await min((desk.breaker for desk in order), key=lambda breaker: breaker.cooldown_left_s).wait()
        failure = _tell(list(failures.values()))
        if all(desk.given_up or failures[desk.name].trouble is Trouble.BUDGET for desk in self._desks):
            failure.limit = failure.limit or ALL_GIVEN_UP
        failure.usage = self._spent.usage()
        await self._end(failure)
        raise failure

    def _by_room(self) -> Sequence[Desk]:
        """The models in order, those that were given up last; where a queue stands before the first, one that could
        begin at once takes its turn."""
        desks = sorted(self._desks, key=lambda desk: desk.given_up)
        first, *others = desks
        if first.gate.waiting >= self._office.spare:
            for other in others:
                if other.breaker.ready and other.gate.is_open(self._usual_tokens(other)):
                    return [other, *(desk for desk in desks if desk is not other)]
        return desks

    async def _ask(self, desk: Desk) -> Reply | NoReply:
        """Try one model, as often as retries allow."""
        retries, attempt = self._office.retries, 0
        while True:
            attempt += 1
            sent = await self._attempt(desk)
            if not isinstance(sent, CallFailed):
                return sent
            again = sent.trouble in RETRIED and not sent.hopeless and attempt < retries.attempts
            if not again:
                return self._no_reply(desk, sent.trouble, str(sent))
            rng = Random(f"{self._office.seed}/{self._request.key}/{self._attempts}")
            await asyncio.sleep(retries.wait_s(attempt, sent.retry_after_s, rng))

    async def _attempt(self, desk: Desk) -> Reply | NoReply | CallFailed:
        """One attempt, as soon as breaker, budget and limits have room for it."""
        if not desk.breaker.ready:
            return self._unavailable(desk)
        office, worst = self._office, desk.worst(self._most_prompt, self._max_tokens(desk))
        try:
            reservation = await office.budget.reserve(desk.name, amount(worst))
        except BudgetSpent as spent:
            return self._no_reply(desk, Trouble.BUDGET, str(spent), limit=spent.limit)
        sent = await self._sent_within_limits(desk, reservation, worst)
        return self._unavailable(desk) if sent is None else await self._book(desk, sent)

    async def _sent_within_limits(self, desk: Desk, reservation: Reservation, worst: Spent) -> _Sent | None:
        """Make an attempt, and settle what was set aside for it; None where the breaker opened before its turn."""
        took, trouble, begun = NOTHING, "", False
        try:
            # The model's own limits first: who waits there holds no place that another model could use.
            async with _Inside(desk.gate, self._usual_tokens(desk)) as room, _Inside(self._office.gate):
                if not desk.breaker.ready:
                    return None
                begun, took = True, worst  # what is interrupted may have to be paid for all the same
                sent = await self._send(desk, worst)
                took, trouble = sent.took, str(sent.outcome.trouble) if isinstance(sent.outcome, CallFailed) else ""
                room.used(took.prompt + took.completion)
                return sent
        finally:
            more_than_aside = self._office.budget.settle(reservation, amount(took))
            if begun:
                self._spent = self._spent + took
                self._office.books.enter(self._request.role, desk.name, took, trouble=trouble)
            if more_than_aside:
                _warn_of_excess(desk, took, worst)

    async def _send(self, desk: Desk, worst: Spent) -> _Sent:
        """Log an attempt, make it, and tell the breaker."""
        probe, told = desk.breaker.begin(), False
        try:
            number = await self._office.log.begin(self._request.key, self._row(desk, worst))
            self._first = number if self._first is None else self._first
            self._attempts += 1
            begun = time.perf_counter()
            outcome = await self._outcome(desk)
            latency_s = time.perf_counter() - begun
            told = True
            if isinstance(outcome, Answer):
                desk.breaker.succeeded()
                desk.refused = 0
                took = desk.cost(outcome.tokens)
                # A guess is never more than what was set aside.
                took = took if outcome.counted else _smaller(took, worst)
            else:
                took = NOTHING if outcome.trouble in _FREE or not outcome.reached else worst
                self._tell_breaker(desk, outcome, probe=probe)
            return _Sent(number=number, outcome=outcome, took=took, latency_s=latency_s)
        finally:
            if not told:
                desk.breaker.abandoned(probe=probe)

    async def _outcome(self, desk: Desk) -> Answer | CallFailed:
        try:
            return await self._office.endpoint.ask(
                desk.model,
                self._request.messages,
                max_tokens=self._max_tokens(desk),
                credentials=desk.credentials,
            )
        except CallFailed as failed:
            return failed

    def _tell_breaker(self, desk: Desk, failed: CallFailed, *, probe: bool) -> None:
        reason = self._office.secrets.redact(str(failed))
        if failed.trouble in _NOT_TAKEN:
            desk.refused += 1
            _say_once(desk, failed.trouble, f"{desk.model.endpoint} does not take a question: {reason}")
        if failed.hopeless or failed.trouble in _UNWELL:
            opened = desk.breaker.failed(reason, probe=probe, hopeless=failed.hopeless)
            if opened and failed.trouble not in _NOT_TAKEN:
                left = desk.breaker.cooldown_left_s
                _warn(desk, f"{desk.model.endpoint} is left alone for {left:.3g} s: {failed.trouble}: {reason}")
        elif failed.trouble is Trouble.RATE_LIMIT:
            desk.breaker.abandoned(probe=probe)
        else:
            desk.breaker.succeeded()

    async def _book(self, desk: Desk, sent: _Sent) -> Reply | CallFailed:
        """Log what came of an attempt; it is durable when this returns."""
        office, outcome, latency_s = self._office, sent.outcome, round(sent.latency_s, 6)
        if isinstance(outcome, CallFailed):
            message = office.secrets.redact(str(outcome))
            row = failure_row(outcome.trouble, message, sent.took, status=outcome.status, latency_s=latency_s)
            await office.log.settle(sent.number, row)
            return outcome
        reply = Reply(
            text=office.secrets.redact(outcome.text),
            model=desk.name,
            finish=office.secrets.redact(outcome.finish),
            usage=self._spent.usage(),
            latency_s=latency_s,
        )
        office.books.answered(cached=False)
        await office.log.settle(sent.number, reply_row(reply, sent.took, counted=outcome.counted))
        return reply

    async def _end(self, failure: NoReply) -> None:
        """Log that nobody answered."""
        row: dict[str, Any] = {"role": self._request.role, "model": failure.model, "sent": False}
        if self._first is not None:
            row["messages_of"] = self._first
        if failure.trouble in UNSENT:
            self._office.books.enter(self._request.role, failure.model, NOTHING, trouble=str(failure.trouble))
        await self._office.log.begin(self._request.key, row, end_row(failure))

    def _row(self, desk: Desk, worst: Spent) -> dict[str, Any]:
        """What is logged before an attempt: everything that is sent but the key, and what was set aside."""
        settings = self._office.secrets.redacted(desk.model.settings())
        settings["max_tokens"] = self._max_tokens(desk)
        row = {
            "role": self._request.role,
            "model": desk.name,
            "endpoint": settings.pop("endpoint"),
            "attempt": self._attempts + 1,
            "parameters": settings,
            "reserved": worst.to_json(),
        }
        if self._first is None:
            row |= question_row(self._request)
        else:
            row["messages_of"] = self._first
        return row

    def _max_tokens(self, desk: Desk) -> int:
        return desk.max_tokens(self._request.max_tokens)

    def _usual_tokens(self, desk: Desk) -> int:
        """What an attempt will hardly go beyond, as providers' own limits count it."""
        return self._most_prompt // BYTES_PER_TOKEN + self._max_tokens(desk)

    def _unavailable(self, desk: Desk) -> NoReply:
        return self._no_reply(desk, Trouble.UNAVAILABLE, f"{desk.model.endpoint} is left alone: {desk.breaker.reason}")

    def _no_reply(self, desk: Desk, trouble: Trouble, message: str, *, limit: str = "") -> NoReply:
        return NoReply(trouble, self._office.secrets.redact(message), model=desk.name, limit=limit)


class _Inside:
    """A place behind a gate, for as long as it is needed."""

    __slots__ = ("_gate", "_left", "_tokens")

    def __init__(self, gate: Gate, tokens: int = 0) -> None:
        self._gate = gate
        self._tokens = tokens
        self._left = tokens

    async def __aenter__(self) -> _Inside:
        await self._gate.enter(self._tokens)
        return self

    def used(self, tokens: int) -> None:
        """Note how many of the announced tokens were needed."""
        self._left = max(self._tokens - tokens, 0)

    async def __aexit__(self, *_: object) -> None:
        self._gate.leave(unused_tokens=self._left)


def _tell(failures: Sequence[NoReply]) -> NoReply:
    """What to say of a question that nobody answered: a budget only where it stood before every model."""
    budgets = [failure for failure in failures if failure.trouble is Trouble.BUDGET]
    if len(budgets) < len(failures):
        return next(failure for failure in reversed(failures) if failure.trouble is not Trouble.BUDGET)
    return next((failure for failure in budgets if ".per_model." not in failure.limit), budgets[-1])


def _smaller(took: Spent, worst: Spent) -> Spent:
    return Spent(
        money=min(took.money, worst.money),
        prompt=min(took.prompt, worst.prompt),
        completion=min(took.completion, worst.completion),
        calls=took.calls,
    )


def _warn_of_excess(desk: Desk, took: Spent, worst: Spent) -> None:
    """Say once of a model that it takes more than it may, and set more aside for it from now on."""
    desk.longest = max(desk.longest, took.completion)
    _say_once(
        desk,
        "excess",
        f"it reports {took.prompt} + {took.completion} tokens for a call that could take {worst.prompt} + "
        f"{worst.completion} at most: it is counted as reported, and a budget may be passed by it",
    )


def _say_once(desk: Desk, what: str, line: str) -> None:
    if what not in desk.told:
        desk.told.add(what)
        _warn(desk, line)


def _warn(desk: Desk, line: str) -> None:
    from loguru import logger

    logger.warning("model {}: {}", desk.name, line)
