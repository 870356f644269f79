"""One hard budget for everything that is asked of language models: set aside before a call, settled after it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gigaevo.llm.prices import dollars, money

_KINDS = ("usd", "tokens", "calls")


@dataclass(frozen=True, slots=True)
class Amount:
    """What a call takes, or may take.

    Attributes:
        money: In ``1 / prices.PER_USD`` dollars.
        tokens: Both ways.
        calls: Attempts.
    """

    money: int = 0
    tokens: int = 0
    calls: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.money + other.money, self.tokens + other.tokens, self.calls + other.calls)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.money - other.money, self.tokens - other.tokens, self.calls - other.calls)

    def by_kind(self) -> tuple[int, int, int]:
        """In the order of the names ``"usd"``, ``"tokens"``, ``"calls"``."""
        return self.money, self.tokens, self.calls


class BudgetSpent(Exception):
    """A call cannot be paid for any more.

    Attributes:
        limit: Name of the limit, as it is configured: ``"budget.usd"``, ``"budget.per_model.<name>.usd"``.
        whole: Whether the limit is one of the whole run and not of one model.
    """

    def __init__(self, limit: str, *, whole: bool) -> None:
        super().__init__(f"{limit} does not allow another call")
        self.limit = limit
        self.whole = whole


class Reservation:
    """What was set aside for one call."""

    __slots__ = ("amount", "model", "open")

    def __init__(self, model: str, amount: Amount) -> None:
        self.model = model
        self.amount = amount
        self.open = True


class Budget:
    """Limits on what a run may spend, and per model. At no time is what was spent and what is set aside more than that.

    The worst case of a call is set aside before it is sent, so that no order of events can go past a limit. A call for
    which there is room only if others turn out cheaper than their worst case waits until they are settled.

    Args:
        usd: Most dollars; None: no limit.
        tokens: Most tokens, both ways.
        calls: Most attempts that have to be paid for.
        per_model: The same three for single models, by name.
        when_spent: What the run does at a limit: ``"stop"``, or go on ``"offline"``, with the operators that need no
            language model.

    Raises:
        ValueError: A limit makes no sense.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        per_model: Mapping[str, Mapping[str, float | None]] | None = None,
        when_spent: Literal["stop", "offline"] = "stop",
    ) -> None:
        if when_spent not in ("stop", "offline"):
            raise ValueError(f"budget.when_spent={when_spent} must be stop or offline")
        self.when_spent = when_spent
        self._whole = _Account("budget", {"usd": usd, "tokens": tokens, "calls": calls})
        self._models = {
            name: _Account(f"budget.per_model.{name}", limits or {}) for name, limits in (per_model or {}).items()
        }
        self._waiting: deque[tuple[asyncio.Future[None], Reservation]] = deque()

    def bind(self, models: Iterable[str]) -> None:
        """Take the names of the models.

        Raises:
            ValueError: A limit is set for a model that there is not.
        """
        names = list(models)
        for name in self._models:
            if name not in names:
                raise ValueError(f"budget.per_model.{name}: there is no such model; there are {', '.join(names)}")

    def in_dollars(self, model: str) -> bool:
        """Whether a dollar limit applies to ``model``: then its price must be known."""
        return any(account.limits[0] is not None for account in self._accounts(model))

    def limits(self) -> Mapping[str, float]:
        """The limits of the run that are set, by kind; dollars for ``"usd"``."""
        found = {kind: limit for kind, limit in zip(_KINDS, self._whole.limits, strict=True) if limit is not None}
        return {kind: dollars(limit) if kind == "usd" else limit for kind, limit in found.items()}

    def left(self, model: str) -> tuple[int | None, int | None, int | None]:
        """What ``model`` may still take of each kind, None for without limit; what is set aside counts as taken."""
        kinds = zip(*(account.left() for account in self._accounts(model)), strict=True)
        smallest = [min((left for left in kind if left is not None), default=None) for kind in kinds]
        return smallest[0], smallest[1], smallest[2]

    @property
    def spent(self) -> Amount:
        """What was spent, by all models."""
        return self._whole.spent

    async def reserve(self, model: str, worst: Amount) -> Reservation:
        """Set ``worst`` aside; wait as long as what others have set aside may turn out not to be needed.

        Raises:
            BudgetSpent: It can never fit.
        """
        reservation = Reservation(model, worst)
        if not self._waiting and self._take(reservation):
            return reservation
        self._refuse_hopeless(reservation)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((future, reservation))
        self._serve()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.settle(reservation, Amount())
            else:
                self._waiting = deque(waiting for waiting in self._waiting if waiting[0] is not future)
                self._serve()
            raise
        return reservation

    def settle(self, reservation: Reservation, actual: Amount) -> bool:
        """Count what a call took in truth. The second time nothing happens.

        Returns:
            Whether it took more than was set aside. It is counted all the same.
        """
        if not reservation.open:
            return False
        reservation.open = False
        for account in self._accounts(reservation.model):
            account.held -= reservation.amount
            account.spent += actual
        self._serve()
        return any(took > aside for took, aside in zip(actual.by_kind(), reservation.amount.by_kind(), strict=True))

    def charge(self, model: str, amount: Amount) -> None:
        """Count what an earlier session spent; ``model`` need not be one of the present ones."""
        for account in self._accounts(model):
            account.spent += amount

    def _accounts(self, model: str) -> tuple[_Account, ...]:
        own = self._models.get(model)
        return (self._whole,) if own is None else (self._whole, own)

    def _take(self, reservation: Reservation) -> bool:
        accounts = self._accounts(reservation.model)
        if not all(account.fits(reservation.amount) for account in accounts):
            return False
        for account in accounts:
            account.held += reservation.amount
        return True

    def _refuse_hopeless(self, reservation: Reservation) -> None:
        for account in self._accounts(reservation.model):
            if limit := account.passed(reservation.amount):
                raise BudgetSpent(limit, whole=account is self._whole)

    def _serve(self) -> None:
        """Let in who fits, in order of arrival: who waits is overtaken only by those whom its limit does not bind."""
        blocked: set[int] = set()
        still: deque[tuple[asyncio.Future[None], Reservation]] = deque()
        while self._waiting:
            future, reservation = self._waiting.popleft()
            if future.done():  # given up
                continue
            try:
                self._refuse_hopeless(reservation)
            except BudgetSpent as spent:
                future.set_exception(spent)
                continue
            accounts = self._accounts(reservation.model)
            if blocked.isdisjoint(map(id, accounts)) and self._take(reservation):
                future.set_result(None)
                continue
            blocked.update(id(account) for account in accounts if not account.fits(reservation.amount))
            still.append((future, reservation))
        self._waiting = still


class _Account:
    """One set of limits with what was spent and what is set aside."""

    def __init__(self, name: str, limits: Mapping[str, float | None]) -> None:
        for kind in limits:
            if kind not in _KINDS:
                raise ValueError(f"{name}.{kind}: there is no such limit; there are {', '.join(_KINDS)}")
        self.name = name
        self.limits = tuple(_limit(f"{name}.{kind}", kind, limits.get(kind)) for kind in _KINDS)
        self.spent = Amount()
        self.held = Amount()

    def fits(self, amount: Amount) -> bool:
        return not self._beyond(self.spent + self.held + amount)

    def passed(self, amount: Amount) -> str:
        """The limit that ``amount`` would pass even if nothing of what is set aside were needed; empty for none."""
        return self._beyond(self.spent + amount)

    def left(self) -> list[int | None]:
        taken = (self.spent + self.held).by_kind()
        return [None if limit is None else max(limit - took, 0) for limit, took in zip(self.limits, taken, strict=True)]

    def _beyond(self, total: Amount) -> str:
        for kind, limit, value in zip(_KINDS, self.limits, total.by_kind(), strict=True):
            if limit is not None and value > limit:
                return f"{self.name}.{kind}"
        return ""


def _limit(name: str, kind: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name}={value} must be a number that is not negative, or null for no limit")
    if kind == "usd":
        return money(value)
    if value != int(value):
        raise ValueError(f"{name}={value} must be a whole number")
    return int(value)
