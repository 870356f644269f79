"""Migration as the sketch has it: the source is looked up by its id, and the order comes from a generator."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gigaevo.evolution.strategies.map_elites import Island, MutantRouter


async def perform_migration(
    islands: Mapping[str, Island], router: MutantRouter, count: int, rng: np.random.Generator
) -> int:
    """Migrate elites between islands; how many moved."""
    # 1. Collect migrants from each island
    migrants = []
    for island in islands.values():
        migrants.extend(await island.select_migrants(count))

    # 2. Shuffle for randomness
    rng.shuffle(migrants)

    # 3. Send each migrant to a different island
    moved = 0
    for migrant in migrants:
        source_island = islands[migrant.metadata["current_island"]]
        if migrant.id not in source_island:
            continue  # an earlier migrant took its cell

        # Choose destination (not source island)
        destinations = [island for island in islands.values() if island is not source_island]
        destination = await router.route_mutant(migrant, destinations)

        # 4. Add to destination, remove from source
        if destination is not None and await destination.add(migrant):
            await source_island.remove(migrant.id)
            moved += 1
    return moved
