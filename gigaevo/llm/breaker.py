"""A circuit breaker: an endpoint that fails again and again is left alone for a while, then tried with one call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a breaker opens, and for how long.

    Attributes:
        failures: So many attempts in a row without an answer open it.
        cooldown_s: Seconds until one call may try again; doubled each time that it fails.
        longest_s: Longest cool-down.

    Raises:
        ValueError: A setting makes no sense.
    """

    failures: int = 10
    cooldown_s: float = 5.0
    longest_s: float = 120.0

    def __post_init__(self) -> None:
        if self.failures < 1:
            raise ValueError(f"breaker.failures={self.failures} must be at least 1")
        if not 0 < self.cooldown_s <= self.longest_s:
            raise ValueError(
                f"breaker.cooldown_s={self.cooldown_s} must be above 0 and at most longest_s={self.longest_s}"
            )


class Breaker:
    """State of one endpoint.

    Args:
        settings: When it opens.
        clock: Seconds that only go forward.

    Attributes:
        reason: What the last failure said.
        hopeless: Whether there is no use in waiting for the end of the cool-down: a person has to do something first.
        given_up: Whether that is certain: nobody was ever answered, or the try after a cool-down met the same.
    """

    def __init__(self, settings: BreakerSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self.reason = ""
        self.hopeless = False
        self.given_up = False
        self._alive = False
        self._failures = 0
        self._openings = 0  # in a row
        self._open_until: float | None = None
        self._probe: asyncio.Future[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether a call may be sent now."""
        return self._open_until is None or (self._probe is None and self._clock() >= self._open_until)

    @property
    def cooldown_left_s(self) -> float:
        """Seconds until a call may try again; 0 where one may, or is trying."""
        return 0.0 if self._open_until is None else max(self._open_until - self._clock(), 0.0)

    def begin(self) -> bool:
        """Note that a call is sent.

        Returns:
            Whether it is the one that tries an open breaker: what becomes of it must be told.
        """
        if self._open_until is None:
            return False
        self._probe = asyncio.get_running_loop().create_future()
        return True

    def succeeded(self) -> None:
        """Note an answer, of whatever kind: the endpoint is alive."""
        self._failures = self._openings = 0
        self._open_until = None
        self._alive = True
        self.hopeless = self.given_up = False
        self._end_probe()

    def failed(self, reason: str, *, probe: bool, hopeless: bool = False) -> bool:
        """Note an attempt without an answer.

        Args:
            reason: One line.
            probe: Whether it was the one that tried.
            hopeless: Whether every other would fail in the same way: it opens at once, for the longest time.

        Returns:
            Whether it was closed and is open now.
        """
        self.reason = reason
        self._failures += 1
        was_closed = self._open_until is None
        if hopeless or probe or (self._open_until is None and self._failures >= self._settings.failures):
            longest = self._settings.longest_s
            cooldown = longest if hopeless else min(self._settings.cooldown_s * 2.0 ** min(self._openings, 60), longest)
            self._openings += 1
            self._open_until = self._clock() + cooldown
            self.hopeless = hopeless
            self.given_up = hopeless and (self.given_up or probe or not self._alive)
        if probe:
            self._end_probe()
        return was_closed and self._open_until is not None

    def abandoned(self, *, probe: bool) -> None:
        """Note that an attempt ended without telling anything of the endpoint."""
        if probe:
            self._end_probe()

    async def wait(self) -> bool:
        """Wait for the end of a cool-down, and for whoever tries then.

        Returns:
            Whether a call may be sent now.
        """
        if (left := self.cooldown_left_s) > 0.0:
            await asyncio.sleep(left)
        if self._probe is not None:
            await asyncio.shield(self._probe)
        return self.ready

    def _end_probe(self) -> None:
        if self._probe is not None and not self._probe.done():
            self._probe.set_result(None)
        self._probe = None
