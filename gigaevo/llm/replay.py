"""Answers of an earlier run, given again: no model is asked, and nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from loguru import logger

from gigaevo.llm.base import NoReply, Reply, Request, Trouble
from gigaevo.llm.call_record import answer_in, messages_row

END = "transcript"  # the limit that is reached where a transcript ends


class RecordedCall(Protocol):
    """One row of the record."""

    @property
    def request(self) -> Mapping[str, Any]:
        """What was sent, as it was logged."""

    @property
    def reply(self) -> Mapping[str, Any] | None:
        """What came of it."""


class Record(Protocol):
    """The calls that a run has logged."""

    async def last(self, marked: str) -> Mapping[str, int]:
        """Number of the last call of each key among those whose reply has a true ``marked``."""

    async def call(self, number: int) -> RecordedCall | None:
        """One call; None where there is none of that number."""

    async def close(self) -> None:
        """Let go of files."""


class Transcript:
    """What another run was answered, found by the key of the question and given out exactly, failures included.

    Where a question was asked twice, before a crash and after it, the later answer counts: the run went on with that
    one. A question that is not the one that was asked under its key is answered all the same, and the log says once
    that from there on this run is not the recorded one. To a question of a proposal beyond the last that was answered
    the answer is that the transcript ends, which is a limit like a budget: the run need not go on asking.

    Args:
        calls: The record of that run.
    """

    def __init__(self, *, calls: Record) -> None:
        self._calls = calls
        self._numbers: Mapping[str, int] | None = None
        self._last_proposal = -1
        self._told = False

    def bind(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """See ``gigaevo.llm.base.Answers``. Other settings of models do not matter: nobody asks them."""

    def asked_before(self, model: str, request: Request) -> None:
        """See ``gigaevo.llm.base.Answers``. A question has one answer here."""

    async def find(self, request: Request) -> Reply | NoReply | None:
        """See ``gigaevo.llm.base.Answers``."""
        if self._numbers is None:
            self._numbers = await self._calls.last("final")
            self._last_proposal = max(map(_proposal, self._numbers), default=-1)
        number = self._numbers.get(request.key)
        call = None if number is None else await self._calls.call(number)
        if call is None:
            if _proposal(request.key) <= self._last_proposal:
                return None
            return NoReply(Trouble.UNRECORDED, f"the transcript ends before {request.key}", limit=END)
        if not self._told:
            await self._compare(request, call)
        return answer_in(call.reply)

    async def keep(self, request: Request, reply: Reply) -> None:
        """See ``gigaevo.llm.base.Answers``. Nothing is kept: the record is another run's."""

    async def close(self) -> None:
        """See ``gigaevo.llm.base.Answers``."""
        await self._calls.close()

    async def _compare(self, request: Request, call: RecordedCall) -> None:
        asked: RecordedCall | None = call
        if "messages_of" in call.request:
            asked = await self._calls.call(call.request["messages_of"])
        messages = None if asked is None else asked.request.get("messages")
        if messages is not None and messages != messages_row(request.messages):
            self._told = True
            logger.warning(
                "{} is another question than in the transcript: from here on this run is not the recorded one",
                request.key,
            )


def _proposal(key: str) -> int:
    """Number of the proposal that a question belongs to; -1 where it belongs to none."""
    role, _, rest = key.partition("/")
    number = rest.partition("/")[0]
    return int(number) if role == "mutation" and number.isdigit() else -1
