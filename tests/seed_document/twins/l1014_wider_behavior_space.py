"""The wider space, with its bins; bounds are those that the metrics declare."""

from __future__ import annotations

from gigaevo.evolution.strategies.map_elites import BehaviorSpace

# Expand behavior space
behavior_space = BehaviorSpace(
    keys=["fitness", "validity", "complexity", "novelty"],
    resolution=[10, 5, 10, 5],
)
