"""The QD-score: how much quality an archive holds over all its cells (Pugh, Soros and Stanley, 2016)."""

from __future__ import annotations

import numpy as np

from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.kernels import ValueRanking
from gigaevo.programs import Program


class QualityScale:
    """Measures quality as the distance from the worst, so that each elite adds at least 0.

    The worst is the primary metric's declared bound on that side, else the worst value seen.

    Attributes:
        higher_is_better: Direction of the primary metric.
        worst_seen: Worst primary metric among programs noted, in its own sign; None before the first.
    """

    def __init__(self) -> None:
        self.higher_is_better = True
        self.worst_seen: float | None = None
        self._key: str | None = None
        self._bound: float | None = None

    def bind(self, context: StrategyContext) -> None:
        """Take name, direction and bounds of the primary metric."""
        spec = context.metrics.primary
        self._key = context.metrics.primary_key
        self.higher_is_better = spec.higher_is_better
        self._bound = spec.lower_bound if spec.higher_is_better else spec.upper_bound

    def note(self, program: Program) -> None:
        """Remember the worst value."""
        value = None if self._key is None else program.metrics.get(self._key)
        if value is None or not np.isfinite(value):
            return
        worse = min if self.higher_is_better else max
        self.worst_seen = float(value if self.worst_seen is None else worse(value, self.worst_seen))

    def total(self, ranking: ValueRanking) -> float:
        """QD-score of elites whose primary metric is ranked; elites beyond the declared bound add nothing."""
        count = len(ranking)
        if not count:
            return 0.0
        sign = 1.0 if self.higher_is_better else -1.0
        worst_held = ranking.minimum if self.higher_is_better else ranking.maximum
        worst = self._bound if self._bound is not None else self.worst_seen
        if worst is None:
            worst = worst_held
        if sign * worst_held < sign * worst:
            return float(np.maximum(sign * (ranking.values - worst), 0.0).sum())
        return max(0.0, sign * (ranking.total - count * worst))
