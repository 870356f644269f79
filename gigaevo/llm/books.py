"""What was spent, on what, and what went wrong: kept as calls end, and read back from the log on a resume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigaevo.llm.base import Usage
from gigaevo.llm.prices import dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one attempt took.

    Attributes:
        money: In ``1 / prices.PER_USD`` dollars.
        prompt: Tokens sent.
        completion: Tokens received.
        calls: 1 for an attempt that has to be paid for.
    """

    money: int = 0
    prompt: int = 0
    completion: int = 0
    calls: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            money=self.money + other.money,
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            calls=self.calls + other.calls,
        )

    def usage(self) -> Usage:
        """The same, with dollars."""
        return Usage(
            usd=dollars(self.money),
            prompt_tokens=self.prompt,
            completion_tokens=self.completion,
            calls=self.calls,
        )

    def to_json(self) -> dict[str, Any]:
        """As logged; ``money`` is exact, ``usd`` is for people."""
        return {
            "usd": dollars(self.money),
            "money": self.money,
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "calls": self.calls,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Spent:
        """Back from ``to_json``."""
        return cls(
            money=int(values["money"]),
            prompt=int(values["prompt_tokens"]),
            completion=int(values["completion_tokens"]),
            calls=int(values["calls"]),
        )


NOTHING = Spent()


class Books:
    """Sums over all calls of a run, by role and by model."""

    def __init__(self) -> None:
        self.total = NOTHING
        self._roles: dict[str, Spent] = {}
        self._models: dict[str, Spent] = {}
        self._troubles: Counter[str] = Counter()
        self._model_troubles: dict[str, Counter[str]] = {}
        self._replies = 0
        self._cached = 0

    def enter(self, role: str, model: str, spent: Spent, *, trouble: str = "") -> None:
        """Enter an attempt, or, where nothing was spent, a trouble that kept one from being sent."""
        self.total = self.total + spent
        self._roles[role] = self._roles.get(role, NOTHING) + spent
        if model:
            self._models[model] = self._models.get(model, NOTHING) + spent
        if trouble:
            self._troubles[trouble] += 1
            if model:
                self._model_troubles.setdefault(model, Counter())[trouble] += 1

    def answered(self, *, cached: bool) -> None:
        """Count a question that was answered."""
        self._replies += 1
        self._cached += cached

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            **_line(self.total),
            "replies": self._replies,
            "cached": self._cached,
            "by_role": {role: _line(spent) for role, spent in sorted(self._roles.items())},
            "by_model": {
                model: {**_line(spent), "troubles": dict(sorted(self._model_troubles.get(model, Counter()).items()))}
                for model, spent in sorted(self._models.items())
            },
            "troubles": dict(sorted(self._troubles.items())),
        }


def _line(spent: Spent) -> dict[str, Any]:
    return {
        "usd": dollars(spent.money),
        "prompt_tokens": spent.prompt,
        "completion_tokens": spent.completion,
        "calls": spent.calls,
    }
