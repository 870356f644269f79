"""One conversation with the models about one child: question after question, and what they took together."""

from __future__ import annotations

from collections.abc import Sequence

from gigaevo.evolution.mutation.llm.fences import without_thoughts
from gigaevo.llm.base import LanguageModels, Message, NoReply, Reply, Request, Usage
from gigaevo.programs import Cost

_REPEATED_CHARS = 64_000  # of an answer that the next question begins with


class Conversation:
    """Questions that follow one another.

    Args:
        models: Who is asked.
        key: What the keys of its questions begin with; the number of the question follows.
        role: What it is for.
        order: Names of the models to try.
        messages: How it begins; the last turn is the first question.
    """

    def __init__(
        self, models: LanguageModels, *, key: str, role: str, order: Sequence[str], messages: Sequence[Message]
    ) -> None:
        self._models = models
        self._key = key
        self._role = role
        self._order = tuple(order)
        self._messages = list(messages)
        self._usage = Usage()
        self._asked = 0
        self.model = ""  # who answered last

    async def ask(self, more: str = "") -> tuple[str, str]:
        """Ask, or ask on.

        Args:
            more: The next turn; empty for the first question.

        Returns:
            The answer without thoughts, and why it ended.

        Raises:
            NoReply: No model answered; what that cost is in ``cost`` all the same.
        """
        if more:
            self._messages.append(Message("user", more))
        request = Request(
            key=f"{self._key}/{self._asked}", role=self._role, messages=tuple(self._messages), models=self._order
        )
        self._asked += 1
        try:
            reply: Reply = await self._models.complete(request)
        except NoReply as error:
            self._usage += error.usage
            raise
        self._usage += reply.usage
        self.model = reply.model
        text = without_thoughts(reply.text)
        self._messages.append(Message("assistant", _repeated(text)))
        return text, reply.finish

    @property
    def cost(self) -> Cost:
        """What all its questions took."""
        usage = self._usage
        return Cost(
            usd=usage.usd,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            llm_calls=usage.calls,
        )


def _repeated(text: str) -> str:
    """An answer as a later question repeats it: endpoints take no empty turn and no text that is not UTF-8, and nobody
    wants to pay for a huge one twice."""
    clean = text.encode("utf-8", "replace").decode()
    if not clean.strip():
        return "(nothing)"
    return clean if len(clean) <= _REPEATED_CHARS else f"{clean[:_REPEATED_CHARS]}\n... (cut)"
