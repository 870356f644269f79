"""Judges: who of two wins."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Protocol, TypeVar

from gigaevo.programs import Program
from gigaevo.programs.metrics import Metrics

T = TypeVar("T")


class Judge(Protocol[T]):
    """Compares two competitors. Any function of two arguments is one."""

    def __call__(self, one: T, other: T, /) -> T | None:
        """The better of the two; None for a tie."""


class AsyncJudge(Protocol[T]):
    """A judge that has to wait for its answer, such as one that runs both competitors."""

    def __call__(self, one: T, other: T, /) -> Awaitable[T | None]:
        """See ``Judge``."""


class FitnessJudge:
    """The better value of one metric wins; equal values tie.

    A program that failed, or has no such number, loses to any that has one; two of those tie.

    Args:
        fitness_key: Name of the metric.
        higher_is_better: Its direction.
    """

    def __init__(self, fitness_key: str = "fitness", *, higher_is_better: bool = True) -> None:
        self.fitness_key = fitness_key
        self.higher_is_better = higher_is_better

    @classmethod
    def of(cls, metrics: Metrics, fitness_key: str | None = None) -> FitnessJudge:
        """The judge that goes by a problem's metric in its declared direction, by default the primary one."""
        key = fitness_key or metrics.primary_key
        return cls(key, higher_is_better=metrics.higher_is_better(key))

    def __call__(self, one: Program, other: Program, /) -> Program | None:
        first, second = self._worth(one), self._worth(other)
        if first == second:
            return None
        return one if first > second else other

    def _worth(self, program: Program) -> float:
        """Larger is better; minus infinity where there is no number."""
        value = program.metrics.get(self.fitness_key, math.nan)
        if program.error is not None or math.isnan(value):
            return -math.inf
        return value if self.higher_is_better else -value
