"""What the parts have in common that look at behaviour: which metrics describe it, and how far apart programs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from gigaevo.evolution.strategies.archive import ArchiveView
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.parts import FitnessPart, FloatArray, StrategyPart, check_metric
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY


class SpaceKeys(Protocol):
    """What is needed of a behaviour space."""

    @property
    def behavior_keys(self) -> Sequence[str]:
        """The metrics, in order of the axes."""


class BehaviorPart(StrategyPart):
    """A part that looks at behaviour.

    Args:
        behavior_keys: The metrics that describe it; None means the axes of the island's behaviour space, without
            ``novelty``.

    Raises:
        ValueError: A list without a key, no list, or ``novelty`` in it, which is a distance between behaviours.
    """

    _space: SpaceKeys | None = None
    _bound_keys: tuple[str, ...] | None = None

    def __init__(self, behavior_keys: Sequence[str] | None = None) -> None:
        name = type(self).__name__
        if isinstance(behavior_keys, str):
            raise ValueError(
                f"{name}: behavior_keys must be a list, such as [{behavior_keys}]; found {behavior_keys!r}"
            )
        if behavior_keys is not None and not behavior_keys:
            raise ValueError(f"{name}: behavior_keys must name at least one metric; leave it out for the island's own")
        if behavior_keys is not None and NOVELTY_KEY in behavior_keys:
            raise ValueError(f"{name}: behavior_keys must describe behaviour; {NOVELTY_KEY!r} is made from the others")
        self._behavior_keys = None if behavior_keys is None else tuple(behavior_keys)

    def use_space(self, behavior_space: SpaceKeys) -> None:
        """Take the island's axes for the keys that were left out. The island calls it before ``bind``."""
        self._space = behavior_space

    def bind(self, context: StrategyContext) -> None:
        """Check the keys.

        Raises:
            ValueError: Nobody measures one of them, or the part serves two islands with different axes.
        """
        super().bind(context)
        if self._behavior_keys is not None:
            for key in self._behavior_keys:
                check_metric(context, key, type(self).__name__)
        elif self._space is not None:
            keys = self.behavior_keys
            if self._bound_keys not in (None, keys):
                axes = " and ".join(f"[{', '.join(axes)}]" for axes in (self._bound_keys or (), keys))
                raise ValueError(
                    f"{type(self).__name__}: one part cannot serve islands with the axes {axes}: "
                    "give each island its own, or name behavior_keys"
                )
            self._bound_keys = keys

    @property
    def behavior_keys(self) -> tuple[str, ...]:
        """The metrics that describe behaviour.

        Raises:
            ValueError: None were given and the part is not of an island.
        """
        if self._behavior_keys is not None:
            return self._behavior_keys
        if self._space is None:
            raise ValueError(f"{type(self).__name__} needs behavior_keys where it is not part of an island")
        return tuple(key for key in self._space.behavior_keys if key != NOVELTY_KEY)

    @property
    def metric_keys(self) -> tuple[str, ...]:
        return (*super().metric_keys, *(self._behavior_keys or ()))

    def points_of(self, programs: Sequence[Program]) -> FloatArray:
        """Behaviour of each program in units of its spread among them, shape (n, d), from 0 to 1."""
        keys = self.behavior_keys
        values = [[program.metrics[key] for key in keys] for program in programs]
        return by_spread(np.array(values, dtype=np.float64).reshape(len(programs), len(keys)))


class DiversityPart(BehaviorPart, FitnessPart):
    """A part that wants different programs, and of those that are alike the fit ones.

    Args:
        behavior_keys: The metrics that describe behaviour; None means the axes of the island's behaviour space.
        fitness_key: Metric by which the better is told; None means the problem's primary one. Where that is not known
            either, all count as equally good.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __init__(
        self,
        behavior_keys: Sequence[str] | None = None,
        *,
        fitness_key: str | None = None,
        fitness_key_higher_is_better: bool | None = None,
    ) -> None:
        BehaviorPart.__init__(self, behavior_keys)
        FitnessPart.__init__(self, fitness_key=fitness_key, fitness_key_higher_is_better=fitness_key_higher_is_better)

    def worth_of(self, programs: Sequence[Program]) -> FloatArray:
        """Fitness of each program, shape (n,), larger is better."""
        return np.zeros(len(programs)) if self._fitness_key is None else self.signed(self.fitness_of(programs))

    def worth_of_rows(self, archive: ArchiveView) -> FloatArray:
        """Fitness of each row of an archive, shape (n,), larger is better."""
        return np.zeros(len(archive)) if self._fitness_key is None else self.signed(archive.metric(self._fitness_key))


def by_spread(points: FloatArray) -> FloatArray:
    """Points in units of their spread along each axis: from 0 to 1, all 0 along an axis without any.

    Args:
        points: Finite, shape (n, d).
    """
    if not len(points):
        return points
    axes = np.ascontiguousarray(points.T) * 0.5  # halved: the distance between the ends of the float range overflows
    lowest = axes.min(axis=1, keepdims=True)
    spread = axes.max(axis=1, keepdims=True) - lowest
    axes -= lowest
    axes /= np.where(spread > 0.0, spread, 1.0)
    return axes.T
