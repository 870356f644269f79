"""Migration: elites move between islands from time to time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from loguru import logger

from gigaevo.evolution.strategies.base import ArchiveEvent
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.mutant_router import MutantRouter


async def migrate(
    islands: Sequence[Island], *, router: MutantRouter, per_island: int, rng: np.random.Generator
) -> list[ArchiveEvent]:
    """Every island sends some elites to the others; one that its destination keeps leaves its source.

    Any island is a possible destination of any other that can place the migrant. A migrant that the router or the
    destination turns away stays where it is, so that a program is in one island at any time.

    Args:
        islands: All islands.
        router: Chooses the destination of each migrant.
        per_island: Migrants that each island offers at most.
        rng: Generator of the order in which migrants travel.

    Returns:
        What changed. A departure precedes its arrival, so that the last word on a program is where it is now.
    """
    travellers = [(source, migrant) for source in islands for migrant in await source.select_migrants(per_island)]
    events: list[ArchiveEvent] = []
    moved = 0
    for index in rng.permutation(len(travellers)):
        source, migrant = travellers[index]
        if migrant.id not in source:  # an earlier migrant drove it out
            continue
        others = [island for island in islands if island is not source and not island.missing_keys(migrant)]
        destination = await router.route_mutant(migrant, others)
        if destination is None or not await destination.add(migrant):
            continue
        arrival = destination.drain_events()
        await source.remove(migrant.id)
        events += [*source.drain_events(), *arrival]
        moved += 1
        logger.debug("[Migration] Island {} → Island {}: program {}", source.id, destination.id, migrant.id)
    logger.info("[Migration] {} migrants transferred, {} stayed", moved, len(travellers) - moved)
    return events
