"""Merits of chromosomes that were seen before: a true LRU."""

from __future__ import annotations

from collections import OrderedDict

from gigaevo.optimize.arguments import is_count


class FitnessCache:
    """The merits of the genes that were asked for last; a read keeps an entry as much as a write does.

    Args:
        size: Entries that are kept, at least 1.

    Attributes:
        hits: Reads that found their genes.
        misses: Reads that did not.
    """

    def __init__(self, size: int) -> None:
        if not is_count(size):
            raise ValueError(f"fitness_cache is {size!r}, expected a number of entries from 1, or None")
        self.size = size
        self.hits = self.misses = 0
        self._merits: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._merits)

    def __repr__(self) -> str:
        return f"FitnessCache(size={self.size}, entries={len(self)}, hits={self.hits}, misses={self.misses})"

    def get(self, genes: bytes) -> float | None:
        """The merit of ``genes``, -inf if they are invalid; None if they are not known."""
        merit = self._merits.get(genes)
        if merit is None:
            self.misses += 1
            return None
        self.hits += 1
        self._merits.move_to_end(genes)
        return merit

    def put(self, genes: bytes, merit: float) -> None:
        """Remember ``merit``, and forget what was not asked for longest if there are too many."""
        self._merits[genes] = merit
        self._merits.move_to_end(genes)
        if len(self._merits) > self.size:
            self._merits.popitem(last=False)

    def recall(self, keys: list[bytes]) -> tuple[list[float | None], dict[bytes, int]]:
        """``get`` for many genes at a time.

        Returns:
            The merit of each, None where it is not known; and of the genes that are not known a position at which they
            are. Where they come again they count as found, for then their merit will be known.
        """
        merits = self._merits
        found = list(map(merits.get, keys))
        missing = {key: position for position, key in enumerate(keys) if found[position] is None}
        if len(missing) < len(keys):
            for key, merit in zip(keys, found, strict=True):
                if merit is not None:
                    merits.move_to_end(key)
        self.misses += len(missing)
        self.hits += len(keys) - len(missing)
        return found, missing

    def remember(self, merits: dict[bytes, float]) -> None:
        """``put`` for many genes at a time that are not known yet."""
        known = self._merits
        for key, merit in merits.items():
            known[key] = merit
        for _ in range(len(known) - self.size):
            known.popitem(last=False)

    @property
    def hit_rate(self) -> float:
        """Share of the reads that found their genes; 0 before the first."""
        reads = self.hits + self.misses
        return self.hits / reads if reads else 0.0
