"""What is logged of a call, and how an answer is rebuilt from it: the transcript's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gigaevo.llm.base import Message, NoReply, Reply, Request, Trouble, Usage
from gigaevo.llm.books import NOTHING, Spent

# Troubles that keep a question from being sent at all. No attempt stands for them in the log.
UNSENT = frozenset({Trouble.BUDGET, Trouble.UNAVAILABLE, Trouble.UNRECORDED})


def question_row(request: Request) -> dict[str, Any]:
    """What is logged of a question itself, once: its first row has it."""
    row: dict[str, Any] = {"messages": messages_row(request.messages)}
    if request.max_tokens is not None:
        row["max_tokens"] = request.max_tokens
    return row


def question_in(key: str, row: Mapping[str, Any]) -> Request | None:
    """The question of a first row; None where the row is of a later attempt."""
    if "messages" not in row:
        return None
    messages = [Message(message["role"], message["content"]) for message in row["messages"]]
    return Request(key=key, role=row["role"], messages=messages, max_tokens=row.get("max_tokens"))


def messages_row(messages: Sequence[Message]) -> list[dict[str, str]]:
    """A conversation as JSON values."""
    return [{"role": message.role, "content": message.content} for message in messages]


def reply_row(reply: Reply, spent: Spent, *, counted: bool = True) -> dict[str, Any]:
    """An answer, which ends a question.

    Args:
        reply: What is handed out.
        spent: What the attempt that gave it took.
        counted: Whether the endpoint said how many tokens it counted; else they are guessed.
    """
    row = {
        "text": reply.text,
        "finish": reply.finish,
        "model": reply.model,
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.completion,
        "usd": spent.usage().usd,
        "latency_s": reply.latency_s,
        "spent": spent.to_json(),
        "usage": _usage_row(reply.usage),
        "final": True,
    }
    if reply.cached:
        row["cached"] = True
    if not counted:
        row["guessed"] = True
    return row


def failure_row(
    trouble: Trouble, message: str, spent: Spent, *, status: int | None, latency_s: float
) -> dict[str, Any]:
    """An attempt without an answer. Another may follow, and else an ``end_row`` does."""
    return {
        "error": str(trouble),
        "message": message,
        "status": status,
        "latency_s": latency_s,
        "spent": spent.to_json(),
        "final": False,
    }


def end_row(failure: NoReply) -> dict[str, Any]:
    """The end of a question that nobody answered."""
    return {
        "error": str(failure.trouble),
        "message": failure.message,
        "model": failure.model,
        "limit": failure.limit,
        "usage": _usage_row(failure.usage),
        "final": True,
    }


def answer_in(reply: Mapping[str, Any] | None) -> Reply | NoReply | None:
    """What was handed out, exactly; None where the row does not end a question."""
    if reply is None or not reply.get("final"):
        return None
    usage = Usage(**reply["usage"])
    if "error" in reply:
        return NoReply(
            Trouble(reply["error"]), reply["message"], model=reply["model"], usage=usage, limit=reply["limit"]
        )
    return Reply(
        text=reply["text"],
        model=reply["model"],
        finish=reply["finish"],
        usage=usage,
        latency_s=reply["latency_s"],
        cached=bool(reply.get("cached")),
    )


def spent_in(request: Mapping[str, Any], reply: Mapping[str, Any] | None) -> Spent:
    """What an attempt took; where its end is not known, everything that was set aside for it."""
    if reply is None:
        return Spent.from_json(request["reserved"]) if "reserved" in request else NOTHING
    return Spent.from_json(reply["spent"]) if "spent" in reply else NOTHING


def _usage_row(usage: Usage) -> dict[str, Any]:
    return {
        "usd": usage.usd,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "calls": usage.calls,
    }
