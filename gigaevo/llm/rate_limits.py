"""How many calls may be under way, and how many may be sent in a minute. Who waits is woken by a timer or by an end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

MINUTE_S = 60.0
BURST_S = 10.0  # so many seconds' worth may be sent at once after a pause


class _Bucket:
    """Fills at an even rate; what is taken may leave it below zero, so that what is greater than it can pass."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._rate = per_minute / MINUTE_S
        self._full = max(self._rate * BURST_S, 1.0)
        self._level = self._full
        self._clock = clock
        self._at = clock()

    def wait_s(self, amount: float) -> float:
        """Seconds until ``amount`` may be taken."""
        now = self._clock()
        self._level = min(self._level + (now - self._at) * self._rate, self._full)
        self._at = now
        return max(min(amount, self._full) - self._level, 0.0) / self._rate

    def take(self, amount: float) -> None:
        self._level -= amount

    def give_back(self, amount: float) -> None:
        self._level = min(self._level + amount, self._full)


class Gate:
    """Lets calls pass in the order in which they come.

    Args:
        concurrency: Most calls inside at a time; None: any number.
        requests_per_minute: Most calls let in within a minute, beside a burst; None: any number.
        tokens_per_minute: The same for tokens.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        *,
        concurrency: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = concurrency
        self._requests = None if requests_per_minute is None else _Bucket(requests_per_minute, clock)
        self._tokens = None if tokens_per_minute is None else _Bucket(tokens_per_minute, clock)
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Calls that wait to be let in."""
        return len(self._waiting)

    def is_open(self, tokens: int = 0) -> bool:
        """Whether a call of so many tokens would be let in at once."""
        return not self._waiting and self._free != 0 and self._wait_s(tokens) <= 0.0

    async def enter(self, tokens: int = 0) -> None:
        """Wait until the call may be sent. ``leave`` must follow."""
        if self.is_open(tokens):
            self._admit(tokens)
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((future, tokens))
        self._serve()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.leave(unused_tokens=tokens)
            else:
                self._serve()
            raise

    def leave(self, *, unused_tokens: int = 0) -> None:
        """Make room for the next; ``unused_tokens`` of those that were announced were not needed."""
        if self._free is not None:
            self._free += 1
        if self._tokens is not None:
            self._tokens.give_back(unused_tokens)
        self._serve()

    def _wait_s(self, tokens: int) -> float:
        wait = 0.0 if self._requests is None else self._requests.wait_s(1)
        return wait if self._tokens is None else max(wait, self._tokens.wait_s(tokens))

    def _admit(self, tokens: int) -> None:
        if self._free is not None:
            self._free -= 1
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(tokens)

    def _serve(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting and self._free != 0:
            future, tokens = self._waiting[0]
            if future.done():  # given up
                self._waiting.popleft()
                continue
            if (wait := self._wait_s(tokens)) > 0.0:
                self._timer = asyncio.get_running_loop().call_later(wait, self._serve)
                return
            self._waiting.popleft()
            self._admit(tokens)
            future.set_result(None)
