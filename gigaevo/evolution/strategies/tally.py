"""What a strategy of islands counts: programs offered, refused and kept, migrants, and the quality of it all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from gigaevo.evolution.strategies.base import IslandMetrics, StrategyContext, StrategyMetrics
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.quality import QualityScale
from gigaevo.programs import Program


class Tally:
    """Counters that follow from the journal alone: fed live, and again when it is replayed.

    Attributes:
        unrouted: Programs that no island was found for, by reason.
        quality: The scale of the QD-score.
    """

    def __init__(self) -> None:
        self.unrouted: Counter[str] = Counter()
        self.quality = QualityScale()
        self._generation_size = 20
        self._mutants = 0
        self._sent = self._settled = 0
        self._acceptance: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])

    def bind(self, context: StrategyContext) -> None:
        """Learn the problem's metrics and the size of a generation."""
        self.quality.bind(context)
        self._generation_size = context.generation_size

    def offered(self, program: Program, *, kept: bool) -> None:
        """A program was offered to an island, or found none."""
        self.quality.note(program)
        if program.number < 0:
            return
        self._mutants = max(self._mutants, program.number + 1)
        counts = self._acceptance[program.operator]
        counts[0] += 1
        counts[1] += kept

    def migrated(self, *, sent: int, settled: int) -> None:
        """A migration took place."""
        self._sent += sent
        self._settled += settled

    @property
    def has_migrants(self) -> bool:
        """Whether anybody was ever sent."""
        return self._sent > 0

    def metrics(self, islands: Iterable[Island], *, faults: int) -> StrategyMetrics:
        """How a strategy with these islands stands."""
        each = {island.id: self._metrics_of(island) for island in islands}
        cells = sum(island.behavior_space.total_cells for island in islands)
        return StrategyMetrics(
            total_programs=sum(island.size for island in each.values()),
            coverage=sum(island.archive.occupied for island in islands) / cells,
            qd_score=sum(island.qd_score for island in each.values()),
            sizes={island_id: island.size for island_id, island in each.items()},
            generation=self._mutants // self._generation_size,
            islands=each,
            acceptance={operator: (offered, kept) for operator, (offered, kept) in self._acceptance.items()},
            migrants=(self._sent, self._settled),
            faults=faults,
        )

    def _metrics_of(self, island: Island) -> IslandMetrics:
        ranking = island.primary_ranking()
        size = len(ranking)
        extremes = (ranking.minimum, ranking.maximum) if size else (None, None)
        return IslandMetrics(
            size=size,
            coverage=island.archive.coverage,
            qd_score=self.quality.total(ranking),
            best=extremes[self.quality.higher_is_better],
            mean=ranking.total / size if size else None,
            offered=island.offered,
            kept=island.kept,
        )

    def state(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "unrouted": dict(self.unrouted),
            "mutants": self._mutants,
            "migrants": [self._sent, self._settled],
            "acceptance": {operator: list(counts) for operator, counts in self._acceptance.items()},
            "worst": self.quality.worst_seen,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state()``."""
        self.unrouted = Counter(state["unrouted"])
        self._mutants = state["mutants"]
        self._sent, self._settled = state["migrants"]
        self._acceptance.clear()
        self._acceptance.update({operator: list(counts) for operator, counts in state["acceptance"].items()})
        self.quality.worst_seen = state["worst"]
