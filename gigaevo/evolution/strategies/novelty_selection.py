"""Selection by novelty: parents that behave unlike the others, whatever their fitness."""

from __future__ import annotations

from collections.abc import Sequence

from gigaevo.evolution.strategies.archive import ArchiveView, RowArray
from gigaevo.evolution.strategies.behavior_parts import BehaviorPart
from gigaevo.evolution.strategies.elite_base import EliteSelector
from gigaevo.evolution.strategies.parts import FloatArray
from gigaevo.evolution.strategies.tournament_selection import check_tournament_size, winners
from gigaevo.kernels import NeighborIndex
from gigaevo.programs import Program


class NoveltyEliteSelector(BehaviorPart, EliteSelector):
    """The most novel of a few elites drawn uniformly; contestants and winners are drawn with replacement.

    Novelty is the mean distance to the k nearest other elites (Lehman and Stanley, 2011). It is a tournament because
    novelty, unlike fitness, is not improved upon by children of its own: taking the most novel outright would breed
    from the same few outliers until something else came to lie beside them.

    Distances are Euclidean, each metric in units of its axis in an archive, and of its spread in a plain list.

    Args:
        behavior_keys: Metrics that describe behaviour; None means the axes of the island's behaviour space.
        k_nearest: How many neighbours count, at least 1.
        tournament_size: How many compete, at least 1; 1 is uniform choice, the more, the more novel.

    Raises:
        ValueError: A number below 1, or a list without a key.
    """

    def __init__(
        self, behavior_keys: Sequence[str] | None = None, k_nearest: int = 5, *, tournament_size: int = 4
    ) -> None:
        super().__init__(behavior_keys)
        if k_nearest < 1:
            raise ValueError(f"k_nearest must be at least 1; found {k_nearest}")
        check_tournament_size(tournament_size)
        self.k_nearest = k_nearest
        self.tournament_size = tournament_size

    def __call__(self, programs: list[Program], total: int) -> list[Program]:
        if not programs or total < 1:
            return []
        novelty = NeighborIndex(self.points_of(programs), self.k_nearest).novelty
        return [programs[row] for row in self._draw(novelty, total)]

    def select_rows(self, archive: ArchiveView, total: int) -> RowArray:
        return self._draw(archive.neighbors(self.behavior_keys, self.k_nearest).novelty, total)

    def _draw(self, novelty: FloatArray, total: int) -> RowArray:
        contestants: RowArray = self.rng.integers(len(novelty), size=(total, self.tournament_size))
        return winners(contestants, novelty[contestants])
