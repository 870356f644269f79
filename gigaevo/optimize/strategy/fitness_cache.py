"""Merits of chromosomes that were seen before: a true LRU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigaevo.kernels.row_memory import RowMemory
from gigaevo.optimize.arguments import is_count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigaevo.optimize.strategy.population import Population


class FitnessCache:
    """The merits of the genes that were asked for last; a read keeps an entry as much as a write does.

    Args:
        size: Entries that are kept, at least 1.

    Attributes:
        hits: Reads that found their genes.
        misses: Reads that did not.

    Raises:
        ValueError: ``size`` is below 1.
    """

    def __init__(self, size: int) -> None:
        if not is_count(size):
            raise ValueError(f"fitness_cache is {size!r}, expected a number of entries from 1, or None")
        self.size = size
        self.hits = self.misses = 0
        self._memory: RowMemory | None = None

    def __len__(self) -> int:
        return 0 if self._memory is None else len(self._memory)

    def __repr__(self) -> str:
        return f"FitnessCache(size={self.size}, entries={len(self)}, hits={self.hits}, misses={self.misses})"

    def recall(self, population: Population) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Set the merits that are unknown in ``population`` and known here.

        Returns:
            The rows of its pool that are not known, each genes once, where they are first; and of those that come again
            (row, where it is first). The latter count as found, for then their merit will be known.
        """
        pool = population.pool
        if self._memory is None:
            self._memory = RowMemory(self.size, pool.genes.shape[1])
        found, missing, again = self._memory.recall(pool.genes, pool.merits, population.members)
        self.misses += len(missing)
        self.hits += found + len(again)
        return missing, again

    def remember(self, population: Population, rows: NDArray[np.int64]) -> None:
        """Remember the merits of ``rows`` of its pool; what was not asked for longest gives way."""
        if self._memory is not None:
            self._memory.remember(population.pool.genes, population.pool.merits, rows)

    @property
    def hit_rate(self) -> float:
        """Share of the reads that found their genes; 0 before the first."""
        reads = self.hits + self.misses
        return self.hits / reads if reads else 0.0
