"""CPU time of contestants that take turns in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence


def cpu_ns(call: Callable[[], object], calls: int) -> float:
    """CPU time of one call, as the mean over ``calls`` of them."""
    start = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - start) / calls


def alternate(contestants: Sequence[Callable[[], object]], repeats: int, milliseconds: float = 5.0) -> list[float]:
    """Median CPU time of a call of each contestant, in ns.

    Args:
        repeats: Turns that each of them has.
        milliseconds: How long a turn is about to take: calls are repeated for so long.
    """
    for call in contestants:
        call()  # what is cached or grows at first does so now
    calls = [max(1, round(milliseconds * 1e6 / max(cpu_ns(call, 1), 1.0))) for call in contestants]
    taken: list[list[float]] = [[] for _ in contestants]
    for _ in range(repeats):
        for times, call, number in zip(taken, contestants, calls, strict=True):
            times.append(cpu_ns(call, number))
    return [statistics.median(times) for times in taken]
