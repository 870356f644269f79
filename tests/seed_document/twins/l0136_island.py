"""The island of the sketch, with the names of its parts in full and their arguments given."""

from __future__ import annotations

from gigaevo.evolution.strategies.map_elites import (
    BehaviorSpace,
    FitnessArchiveRemover,
    FitnessProportionalEliteSelector,
    Island,
    SumArchiveSelector,
    TopFitnessMigrantSelector,
)

island = Island(
    island_id="fitness_island",
    max_size=100,  # Archive capacity
    behavior_space=BehaviorSpace(keys=["fitness", "validity"], resolution=[20, 5]),
    archive_selector=SumArchiveSelector(fitness_keys=["fitness"]),  # How to compare programs
    elite_selector=FitnessProportionalEliteSelector(fitness_key="fitness"),  # How to pick parents
    archive_remover=FitnessArchiveRemover(fitness_key="fitness"),  # How to enforce limits
    migrant_selector=TopFitnessMigrantSelector(fitness_key="fitness"),  # How to pick migrants
)
