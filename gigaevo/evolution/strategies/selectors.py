"""Archive selectors: which of two programs shall hold a cell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.pareto import dominates
from gigaevo.evolution.strategies.parts import UNBOUND_KEY, StrategyPart, check_metric, resolve_direction
from gigaevo.programs import MetricSpec, Program

SIMPLICITY_KEY = "complexity_score"  # what a program's fitness is weighed against where nothing else is said


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

    def best_score(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        """The largest score that a program can have of which only so much is known; None where there is no telling.

        Args:
            metrics: What was measured of it and will not change.
            bounds: By metric, a value that it cannot be better than, in the problem's direction.
        """
        return None

    def is_better(self, candidate: Program, current: Program) -> bool:
        """Whether ``candidate`` has the strictly larger score."""
        return self.score(candidate) > self.score(current)


class ObjectivesArchiveSelector(ArchiveSelector):
    """Base of the selectors that compare by several metrics: keys and their directions.

    Args:
        fitness_keys: The metrics, None among them meaning the problem's primary one; None in place of the list means
            those of ``default_keys``. While unbound, the primary metric is taken to be ``fitness``.
        fitness_key_higher_is_better: Direction of each; None means as the problem declares them (True while unbound).
        higher_is_better: Another name of ``fitness_key_higher_is_better``.

    Raises:
        ValueError: Lists of different lengths, no key, or both names of the directions.
    """

    def __init__(
        self,
        fitness_keys: Sequence[str | None] | None = None,
        fitness_key_higher_is_better: Sequence[bool] | None = None,
        *,
        higher_is_better: Sequence[bool] | None = None,
    ) -> None:
        name = type(self).__name__
        if fitness_key_higher_is_better is not None and higher_is_better is not None:
            raise ValueError(f"{name}: give fitness_key_higher_is_better or higher_is_better, not both")
        given = higher_is_better if fitness_key_higher_is_better is None else fitness_key_higher_is_better
        self._keys = None if fitness_keys is None else _checked_keys(fitness_keys, name)
        self._directions = None if given is None else tuple(given)
        self._terms: tuple[tuple[str, float], ...] = ()
        self._declared: dict[str, float] = {}  # 1 where the problem has larger values better, else -1
        keys = self._named(UNBOUND_KEY)
        self._combine(keys, self._directions or (True,) * len(keys))

    def bind(self, context: StrategyContext) -> None:
        """Fill in keys and directions where they were left out.

        Raises:
            ValueError: Nobody measures one of the metrics, or the lists differ in length.
        """
        super().bind(context)
        name = type(self).__name__
        keys = self._named(context.metrics.primary_key)
        given: Sequence[bool | None] = self._directions or (None,) * len(keys)
        for key in keys:
            check_metric(context, key, name)
            self._declared[key] = context.metrics.signed(key, 1.0)
        if len(given) == len(keys):
            given = [resolve_direction(context, key, flag, name) for key, flag in zip(keys, given, strict=True)]
        self._combine(keys, [flag is not False for flag in given])

    def default_keys(self, primary: str) -> tuple[str, ...]:
        """The metrics where none were given: the primary one."""
        return (primary,)

    def _named(self, primary: str) -> list[str]:
        return [primary if key is None else key for key in self._keys or self.default_keys(primary)]

    @property
    def metric_keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self._terms)

    def terms(self, program: Program) -> Iterator[float]:
        """Each metric of a program, turned so that larger is better, and weighted.

        Raises:
            KeyError: The program lacks one of them.
        """
        metrics = program.metrics
        return (factor * metrics[key] for key, factor in self._terms)

    def _combine(self, keys: Sequence[str], directions: Sequence[bool]) -> None:
        """Settle what each metric is multiplied with."""
        self._check_length("fitness_key_higher_is_better", directions, keys)
        self._terms = tuple((key, 1.0 if higher else -1.0) for key, higher in zip(keys, directions, strict=True))

    def _check_length(self, setting: str, values: Sequence[object], keys: Sequence[str]) -> None:
        if len(values) != len(keys):
            raise ValueError(f"{type(self).__name__}: {setting} has {len(values)} entries for {len(keys)} fitness_keys")


class SumArchiveSelector(ObjectivesArchiveSelector, ScalarArchiveSelector):
    """Compares by the weighted sum of metrics; one to be minimised counts with a minus sign.

    Args:
        fitness_keys: Metrics to sum; None, or a None among them, means the problem's primary one.
        fitness_key_higher_is_better: Direction of each; None means as the problem declares them (True while unbound).
        weights: Weight of each; None means 1.
        higher_is_better: Another name of ``fitness_key_higher_is_better``.
        normalized: Whether each metric counts as a share of its declared range, so that weights compare like with like.
            One without two declared bounds counts in its own unit.

    Raises:
        ValueError: Lists of different lengths, no key, or both names of the directions.
    """

    def __init__(
        self,
        fitness_keys: Sequence[str | None] | None = None,
        fitness_key_higher_is_better: Sequence[bool] | None = None,
        weights: Sequence[float] | None = None,
        *,
        higher_is_better: Sequence[bool] | None = None,
        normalized: bool = False,
    ) -> None:
        self._weights = None if weights is None else tuple(float(weight) for weight in weights)
        self._normalized = normalized
        super().__init__(fitness_keys, fitness_key_higher_is_better, higher_is_better=higher_is_better)

    def bind(self, context: StrategyContext) -> None:
        """Fill in keys and directions where they were left out, and the ranges that metrics are shares of.

        Raises:
            ValueError: Nobody measures one of the metrics, or the lists differ in length.
        """
        super().bind(context)
        if self._normalized:
            specs = context.metrics.specs
            self._terms = tuple((key, factor / _width(specs[key])) for key, factor in self._terms)

    def score(self, program: Program) -> float:
        """Weighted sum of the metrics, larger is better.

        Raises:
            KeyError: The program lacks one of them.
        """
        return sum(self.terms(program))

    def best_score(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> float | None:
        if type(self).score is not SumArchiveSelector.score or type(self).terms is not ObjectivesArchiveSelector.terms:
            return None
        terms = []
        for key, factor in self._terms:
            value = metrics.get(key)
            if value is None and factor * self._declared.get(key, 0.0) > 0:  # else the bound is one of the other side
                value = bounds.get(key)
            if value is None:
                return None
            terms.append(factor * value)
        return sum(terms)

    def _combine(self, keys: Sequence[str], directions: Sequence[bool]) -> None:
        super()._combine(keys, directions)
        if self._weights is not None:
            self._check_length("weights", self._weights, keys)
            pairs = zip(self._terms, self._weights, strict=True)
            self._terms = tuple((key, sign * weight) for (key, sign), weight in pairs)


class ParetoArchiveSelector(ObjectivesArchiveSelector):
    """Compares by Pareto dominance: the better one is nowhere worse and somewhere better.

    Of two that do not dominate each other neither is better, so a cell with room for one program keeps the first. With
    a larger ``front_size`` it keeps both; where the front of a cell outgrows its size, the most crowded one goes (see
    ``gigaevo.evolution.strategies.pareto``).

    Args:
        fitness_keys: The objectives; None means the problem's primary metric and ``complexity_score``.
        fitness_key_higher_is_better: Direction of each; None means as the problem declares them (True while unbound).
        higher_is_better: Another name of ``fitness_key_higher_is_better``.
        front_size: Programs that a cell may hold, at least 1.

    Raises:
        ValueError: Lists of different lengths, no key, both names of the directions, or a size below 1.
    """

    def __init__(
        self,
        fitness_keys: Sequence[str | None] | None = None,
        fitness_key_higher_is_better: Sequence[bool] | None = None,
        *,
        higher_is_better: Sequence[bool] | None = None,
        front_size: int = 1,
    ) -> None:
        super().__init__(fitness_keys, fitness_key_higher_is_better, higher_is_better=higher_is_better)
        if front_size < 1:
            raise ValueError(f"ParetoArchiveSelector: front_size must be at least 1; found {front_size}")
        self.front_size = front_size

    def default_keys(self, primary: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((primary, SIMPLICITY_KEY)))

    def vector(self, program: Program) -> tuple[float, ...]:
        """The objectives, each turned so that larger is better.

        Raises:
            KeyError: The program lacks one of them.
        """
        return tuple(self.terms(program))

    def is_better(self, candidate: Program, current: Program) -> bool:
        """Whether ``candidate`` dominates ``current``."""
        return dominates(np.array(self.vector(candidate)), np.array(self.vector(current)))


def _width(spec: MetricSpec) -> float:
    """Length of a metric's declared range; 1 where it has none."""
    if spec.lower_bound is None or spec.upper_bound is None:
        return 1.0
    return spec.upper_bound - spec.lower_bound or 1.0


def _checked_keys(keys: Sequence[str | None], owner: str) -> tuple[str | None, ...]:
    if isinstance(keys, str):
        raise ValueError(f"{owner}: fitness_keys must be a list, such as [{keys}]; found {keys!r}")
    if not keys:
        raise ValueError(f"{owner}: fitness_keys must name at least one metric")
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
