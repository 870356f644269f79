"""Islands for niches that are discovered on the way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.island_config import IslandConfig
from gigaevo.evolution.strategies.multi_island import MapElitesMultiIsland
from gigaevo.programs import Program
from gigaevo.programs.metrics import NOVELTY_KEY

NEIGHBORS = 3


class AdaptiveMultiIsland(MapElitesMultiIsland):
    """Makes an island for a program that fits into none, up to a number; a program goes where it fits best.

    How well a program fits an island is 1 minus its mean distance to the nearest elites there, in units of the axes and
    as a share of the behaviour space's diagonal. A new island is made like the one where the program fits best, and
    begins with that program.

    Args:
        island_configs: The islands to begin with.
        max_islands: Islands there may be at most, those included.
        fit_threshold: Fit in (0, 1] below which a program founds an island.
        settled: Elites that every island must hold before another is made.
        settings: What else ``MapElitesMultiIsland`` takes.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        *,
        island_configs: Sequence[IslandConfig],
        max_islands: int = 4,
        fit_threshold: float = 0.7,
        settled: int = 5,
        **settings: Any,
    ) -> None:
        super().__init__(island_configs=island_configs, **settings)
        if max_islands < len(island_configs):
            raise ValueError(
                f"max_islands must be at least {len(island_configs)}, the islands given; found {max_islands}"
            )
        if not 0.0 < fit_threshold <= 1.0:
            raise ValueError(f"fit_threshold must be above 0 and at most 1; found {fit_threshold}")
        if settled < 1:
            raise ValueError(f"settled must be at least 1; found {settled}")
        self.max_islands = max_islands
        self.fit_threshold = fit_threshold
        self.settled = settled
        self._given = {config.island_id: config for config in island_configs}

    def island_from(self, spec: Mapping[str, Any]) -> IslandConfig:
        """The island that ``spec`` describes: its ``island_id``, and of which given island it is ``like``."""
        return replace(self._given[spec["like"]], island_id=spec["island_id"])

    def could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        """Whether any island could, or the program might found one."""
        return self._may_grow() or super().could_keep(metrics, bounds)

    def _may_grow(self) -> bool:
        """Whether a program that fits into no island gets one."""
        has_room = len(self.islands) < self.max_islands
        return has_room and all(len(island) >= self.settled for island in self.islands.values())

    async def _choose(self, program: Program, able: list[Island]) -> Island | None:
        fits = {island.id: fit_of(program, island) for island in able}
        best = max(able, key=lambda island: fits[island.id])
        if fits[best.id] < self.fit_threshold and self._may_grow():
            number = len(self.created) + 1
            origin = next((spec["like"] for spec in self.created if spec["island_id"] == best.id), best.id)
            return self.create_island({"island_id": f"niche_{number}", "like": origin})
        return best


def fit_of(program: Program, island: Island) -> float:
    """How near a program is to the elites of an island, in [0, 1]; 1 for an empty one."""
    keys = [key for key in island.behavior_space.behavior_keys if key != NOVELTY_KEY]
    if not len(island):
        return 1.0
    index = island.archive.neighbors(keys, NEIGHBORS)
    distance = float(index.novelty_of(island.archive.point(program.metrics, keys))[0])
    return max(0.0, 1.0 - distance / math.sqrt(len(keys)))
