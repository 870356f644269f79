"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class TimeSplit:
    """Adds up seconds by activity.

    ``mutation``, ``evaluation`` and ``storage`` are wall-clock seconds summed over everything that went on side by
    side, so they may exceed the length of the run; ``waiting`` is what programs spent in the queue; ``framework`` is
    the CPU time of the engine's own process.
    """

    def __init__(self) -> None:
        self._seconds = {"mutation": 0.0, "waiting": 0.0, "evaluation": 0.0, "storage": 0.0}
        self._cpu_start = time.process_time()

    @contextmanager
    def charge(self, activity: str) -> Iterator[None]:
        """Charge what happens inside to ``activity``."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds[activity] += time.monotonic() - started

    def totals(self) -> dict[str, float]:
        """Seconds by activity so far."""
        split = {**self._seconds, "framework": time.process_time() - self._cpu_start}
        return {activity: round(seconds, 3) for activity, seconds in split.items()}
