"""Migrant selectors: which elites an island sends to others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from gigaevo.evolution.strategies.parts import FitnessPart, StrategyPart
from gigaevo.programs import Program


class MigrantSelector(StrategyPart, ABC):
    """Chooses migrants."""

    role: ClassVar[str] = "migrant_selector"

    @abstractmethod
    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        """At most ``count`` different programs."""


class TopFitnessMigrantSelector(FitnessPart, MigrantSelector):
    """The best by one metric, best first.

    Args:
        fitness_key: Name of the metric; None means the problem's primary one.
        fitness_key_higher_is_better: Direction; None means as the problem declares it (True while unbound).
    """

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        order = np.argsort(-self.signed(self.fitness_of(programs)), kind="stable")
        return [programs[row] for row in order[: max(0, count)]]


class RandomMigrantSelector(MigrantSelector):
    """Uniform, without replacement."""

    def __call__(self, programs: list[Program], count: int) -> list[Program]:
        total = max(0, min(count, len(programs)))
        return [programs[row] for row in self.rng.permutation(len(programs))[:total]]
