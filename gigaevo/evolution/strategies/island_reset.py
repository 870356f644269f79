"""Islands that come no further are emptied and settled anew from the others (after Romera-Paredes et al., 2024)."""

from __future__ import annotations

from collections.abc import Mapping

from loguru import logger

from gigaevo.evolution.strategies.base import ArchiveEvent
from gigaevo.evolution.strategies.island import Island


class IslandReset:
    """Decides which islands begin anew, and settles them with elites of the others.

    The island with the best program of all is never emptied. Where migrants move, each other island gives from its best
    elites but the very best, so that none loses what it has reached; where they are copied, its best as well.

    Args:
        after: Programs offered to an island without improvement after which it begins anew, at least 1.
        settlers: Elites that each other island sends, at least 1.

    Raises:
        ValueError: A number below 1.
    """

    def __init__(self, after: int = 500, settlers: int = 3) -> None:
        for name, number in (("after", after), ("settlers", settlers)):
            if number < 1:
                raise ValueError(f"island reset: {name} must be at least 1; found {number}")
        self.after = after
        self.settlers = settlers

    async def run(self, islands: Mapping[str, Island], *, higher_is_better: bool, copy: bool) -> list[ArchiveEvent]:
        """Empty and settle the islands that are due.

        Args:
            islands: All islands by id.
            higher_is_better: Direction of the primary metric.
            copy: Whether settlers stay on their island as well.

        Returns:
            What changed, in order.
        """
        events: list[ArchiveEvent] = []
        leader = _leader(islands, higher_is_better=higher_is_better)
        for island in islands.values():
            if island is leader or island.stagnation < self.after or not len(island):
                continue
            logger.info(
                "[Island] {}: no better program among the last {} offered; it is settled anew", island.id, self.after
            )
            await island.clear()
            events += island.drain_events()
            for source in islands.values():
                if source is not island:
                    events += await self._settle(island, source, copy=copy)
        return events

    async def _settle(self, island: Island, source: Island, *, copy: bool) -> list[ArchiveEvent]:
        events: list[ArchiveEvent] = []
        chosen = await source.select_migrants(self.settlers if copy else self.settlers + 1)
        for settler in chosen if copy else chosen[1:]:
            if island.missing_keys(settler) or not await island.add(settler):
                events += island.drain_events()
                continue
            arrival = island.drain_events()
            if not copy:
                await source.remove(settler.id)
                events += source.drain_events()
            events += arrival
        return events


def _leader(islands: Mapping[str, Island], *, higher_is_better: bool) -> Island | None:
    """The island that holds the best program by the primary metric."""
    populated = [island for island in islands.values() if len(island)]
    if higher_is_better:
        return max(populated, key=lambda island: island.primary_ranking().maximum, default=None)
    return min(populated, key=lambda island: island.primary_ranking().minimum, default=None)
