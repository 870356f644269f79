"""When to try again, and after how long."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random

from gigaevo.llm.base import Trouble

RETRIED = frozenset({Trouble.RATE_LIMIT, Trouble.SERVER, Trouble.TIMEOUT, Trouble.CONNECTION, Trouble.MALFORMED})
_SPREAD = 0.1  # of what the endpoint asks for, added at random: not all come back at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Exponential backoff with full jitter: before attempt n + 1 a uniform share of ``first_s`` times 2 to the n - 1.

    Where the endpoint says when to come back (``Retry-After``), that is the time, and a little at random beyond it.

    Attributes:
        attempts: Most attempts at one model for one question, the first included.
        first_s: Longest wait before the second attempt.
        longest_s: Longest wait before any attempt, whatever the endpoint asks for.

    Raises:
        ValueError: A setting makes no sense.
    """

    attempts: int = 5
    first_s: float = 1.0
    longest_s: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"retries.attempts={self.attempts} must be at least 1")
        if not 0 <= self.first_s <= self.longest_s:
            raise ValueError(f"retries.first_s={self.first_s} must lie between 0 and longest_s={self.longest_s}")

    def wait_s(self, failed: int, retry_after_s: float | None, rng: Random) -> float:
        """Seconds to wait after so many failed attempts (from 1), the last of which said ``retry_after_s``."""
        if retry_after_s is not None:
            return min(retry_after_s * (1.0 + _SPREAD * rng.random()), self.longest_s)
        return rng.random() * min(self.first_s * 2.0 ** min(failed - 1, 60), self.longest_s)


def retry_after_s(header: str | None, *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, as a number or as a date; None where it says nothing sensible."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
