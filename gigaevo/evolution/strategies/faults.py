"""Faults of parts: what a selector, remover or router of the user's raises stops its own step and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loguru import logger

from gigaevo.evolution.strategies.base import StrategyFault

DEFAULT_LIMIT = 100
TEXT_SHOWN = 200  # characters of an error's own text


class PartFailed(Exception):
    """A part raised; the fault is counted and shown. Whoever called the part does without it.

    Args:
        role: What the part was asked to be, such as ``"archive_selector"``.
    """

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


class PartFaults:
    """Counts what parts raise, and shows each kind of fault once with its traceback.

    Nothing of this is journalled: a session that resumes a run counts from 0, since the part may have been mended.

    Args:
        limit: Faults at which the run must end, at least 1.

    Attributes:
        counts: Faults by part and kind of error.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        if limit < 1:
            raise ValueError(f"max_faults must be at least 1; found {limit}")
        self.counts: Counter[str] = Counter()
        self._limit = limit
        self._texts: dict[str, str] = {}

    @property
    def total(self) -> int:
        """All faults so far."""
        return self.counts.total()

    @contextmanager
    def guard(self, part: Any, role: str, island_id: str = "") -> Iterator[None]:
        """Around each call of a part.

        Args:
            part: Who is called.
            role: What it is asked to be.
            island_id: Whose part it is; empty for one of the whole strategy.

        Raises:
            PartFailed: The part raised.
        """
        try:
            yield
        except PartFailed:  # of a part that this one called
            raise
        except Exception as error:
            self._count(error, part, role, island_id)
            raise PartFailed(role) from error

    def check(self) -> None:
        """See whether the run may go on. To be asked where nothing is under way, so that whatever was decided before
        is journalled.

        Raises:
            StrategyFault: Parts raised as often as the limit says.
        """
        if self.total < self._limit:
            return
        kind, times = self.counts.most_common(1)[0]
        raise StrategyFault(
            f"parts of the strategy raised {self.total} times (max_faults={self._limit}), {times} of them the "
            f"{kind}: {self._texts[kind]}; the log has the traceback"
        )

    def _count(self, error: Exception, part: Any, role: str, island_id: str) -> None:
        where = f"{role} {name_of(part)}" + (f" of island {island_id}" if island_id else "")
        kind = f"{where}: {type(error).__name__}"
        self.counts[kind] += 1
        if self.counts[kind] > 1:
            return
        self._texts[kind] = " ".join(str(error).split())[:TEXT_SHOWN]
        logger.opt(exception=error).error(
            "The {} raised {}: {}. Its step is left out and the run goes on; further faults of this kind are counted",
            where,
            type(error).__name__,
            self._texts[kind],
        )


def name_of(part: Any) -> str:
    """What people call a part: the name of its class, or of the function that it is."""
    return getattr(part, "__name__", type(part).__name__)
