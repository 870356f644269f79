"""The QD-score: how much quality an archive holds over all its cells (Pugh, Soros and Stanley, 2016)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.programs import Program


class QualityScale:
    """Measures quality as the distance from the worst, so that each elite adds at least 0.

    The worst is the primary metric's declared bound on that side, else the worst value seen.

    Attributes:
        worst_seen: Worst primary metric among programs noted, in its own sign; None before the first.
    """

    def __init__(self) -> None:
        self.worst_seen: float | None = None
        self._key: str | None = None
        self._sign = 1.0
        self._bound: float | None = None

    def bind(self, context: StrategyContext) -> None:
        """Take name, direction and bounds of the primary metric."""
        spec = context.metrics.primary
        self._key = context.metrics.primary_key
        self._sign = 1.0 if spec.higher_is_better else -1.0
        self._bound = spec.lower_bound if spec.higher_is_better else spec.upper_bound

    def note(self, program: Program) -> None:
        """Remember the worst value."""
        value = None if self._key is None else program.metrics.get(self._key)
        if value is None or not np.isfinite(value):
            return
        if self.worst_seen is None or self._sign * value < self._sign * self.worst_seen:
            self.worst_seen = float(value)

    def total(self, values: npt.NDArray[np.float64]) -> float:
        """QD-score of elites whose primary metric is ``values``, shape (n,)."""
        if not len(values):
            return 0.0
        signed = self._sign * values
        worst = self._bound if self._bound is not None else self.worst_seen
        floor = signed.min() if worst is None else self._sign * worst
        return float(np.maximum(signed - floor, 0.0).sum())
