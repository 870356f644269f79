"""Archive selectors: which of two programs shall hold a cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.parts import StrategyPart, check_metric, resolve_direction
from gigaevo.programs import Program


class ArchiveSelector(StrategyPart):
    """Compares a newcomer with the elite of its cell. A subclass defines ``is_better`` or ``__call__``."""

    role: ClassVar[str] = "archive_selector"

    def is_better(self, candidate: Program, current: Program) -> bool:
        """Whether ``candidate`` shall take the cell of ``current``."""
        if type(self).__call__ is ArchiveSelector.__call__:
            raise NotImplementedError(f"{type(self).__name__} defines neither is_better nor __call__")
        return self(candidate, current)

    def __call__(self, candidate: Program, current: Program) -> bool:
        return self.is_better(candidate, current)


class ScalarArchiveSelector(ArchiveSelector, ABC):
    """Compares by one number per program, which lets the archive compare without a call per pair."""

    @abstractmethod
    def score(self, program: Program) -> float:
        """The number; larger is better."""

    def is_better(self, candidate: Program, current: Program) -> bool:
        """Whether ``candidate`` has the strictly larger score."""
        return self.score(candidate) > self.score(current)


class SumArchiveSelector(ScalarArchiveSelector):
    """Compares by the weighted sum of metrics; one to be minimised counts with a minus sign.

    Args:
        fitness_keys: Metrics to sum; None means the problem's primary one.
        fitness_key_higher_is_better: Direction of each; None means as the problem declares them (True while unbound).
        weights: Weight of each; None means 1.
        higher_is_better: Another name of ``fitness_key_higher_is_better``.

    Raises:
        ValueError: Lists of different lengths, no key, or both names of the directions.
    """

    def __init__(
        self,
        fitness_keys: Sequence[str] | None = None,
        fitness_key_higher_is_better: Sequence[bool] | None = None,
        weights: Sequence[float] | None = None,
        *,
        higher_is_better: Sequence[bool] | None = None,
    ) -> None:
        if fitness_key_higher_is_better is not None and higher_is_better is not None:
            raise ValueError("SumArchiveSelector: give fitness_key_higher_is_better or higher_is_better, not both")
        directions = higher_is_better if fitness_key_higher_is_better is None else fitness_key_higher_is_better
        self._keys = None if fitness_keys is None else _checked_keys(fitness_keys)
        self._directions = None if directions is None else tuple(directions)
        self._weights = None if weights is None else tuple(float(weight) for weight in weights)
        self._terms: tuple[tuple[str, float], ...] | None = None
        if self._keys is not None:
            self._combine(self._keys, self._directions or (True,) * len(self._keys))

    def bind(self, context: StrategyContext) -> None:
        """Fill in keys and directions where they were left out.

        Raises:
            ValueError: Nobody measures one of the metrics, or the lists differ in length.
        """
        super().bind(context)
        keys = self._keys if self._keys is not None else (context.metrics.primary_key,)
        given: Sequence[bool | None] = self._directions or (None,) * len(keys)
        for key in keys:
            check_metric(context, key, "SumArchiveSelector")
        if len(given) == len(keys):
            given = [
                resolve_direction(context, key, flag, "SumArchiveSelector")
                for key, flag in zip(keys, given, strict=True)
            ]
        self._combine(keys, [flag is not False for flag in given])

    @property
    def metric_keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self._terms or ())

    def score(self, program: Program) -> float:
        """Weighted sum of the metrics, larger is better.

        Raises:
            KeyError: The program lacks one of them.
        """
        metrics = program.metrics
        return sum(weight * metrics[key] for key, weight in self._resolved())

    def _resolved(self) -> tuple[tuple[str, float], ...]:
        if self._terms is None:
            raise ValueError("SumArchiveSelector needs fitness_keys where it is not bound to a run")
        return self._terms

    def _combine(self, keys: Sequence[str], directions: Sequence[bool]) -> None:
        weights = self._weights or (1.0,) * len(keys)
        for name, values in (("fitness_key_higher_is_better", directions), ("weights", weights)):
            if len(values) != len(keys):
                raise ValueError(f"SumArchiveSelector: {name} has {len(values)} entries for {len(keys)} fitness_keys")
        self._terms = tuple(
            (key, weight if higher else -weight) for key, higher, weight in zip(keys, directions, weights, strict=True)
        )


def _checked_keys(keys: Sequence[str]) -> tuple[str, ...]:
    if isinstance(keys, str):
        raise ValueError(f"SumArchiveSelector: fitness_keys must be a list, such as [{keys}]; found {keys!r}")
    if not keys:
        raise ValueError("SumArchiveSelector: fitness_keys must name at least one metric")
    return tuple(keys)


def scalar_score(selector: Any) -> Callable[[Program], float] | None:
    """The score by which a selector compares; None where it compares in its own way."""
    if not isinstance(selector, ScalarArchiveSelector):
        return None
    kind = type(selector)
    own_way = kind.is_better is not ScalarArchiveSelector.is_better or kind.__call__ is not ArchiveSelector.__call__
    return None if own_way else selector.score


def comparison(selector: Any) -> Callable[[Program, Program], bool]:
    """``is_better(candidate, current)`` of a selector, which may also be a plain function."""
    compare: Callable[[Program, Program], bool] = getattr(selector, "is_better", selector)
    return compare
