"""What experience says against a design of islands. It is said once at the start, and nothing depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from gigaevo.evolution.strategies.elite_selectors import EpsilonGreedyEliteSelector, RandomEliteSelector
from gigaevo.evolution.strategies.faults import name_of
from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.migration import Migration

MANY_ISLANDS = 4
MANY_AXES = 4
LARGE_ISLAND = 10_000
MANY_MIGRANTS = 10


def design_advice(islands: Sequence[Island], migration: Migration | None, *, may_grow: bool = False) -> list[str]:
    """One line for each doubt about the islands; none where there is nothing to say.

    Args:
        islands: The islands of a strategy, bound to the problem.
        migration: How elites migrate; None where nobody asked for it.
        may_grow: Whether further islands may be made at run time.
    """
    lines = []
    if len(islands) > MANY_ISLANDS:
        lines.append(f"{len(islands)} islands share one budget; 2 to {MANY_ISLANDS} usually do better")
    lines += [
        f"islands {first.id} and {second.id} have the same behaviour space; different ones would say more"
        for first, second in combinations(islands, 2)
        if _space(first) == _space(second)
    ]
    for island in islands:
        lines += _on_island(island)
    if all(island.walk is None and isinstance(island.elite_selector, RandomEliteSelector) for island in islands):
        lines.append(
            "all parents are drawn at random, whatever their fitness; a selector such as EpsilonGreedyEliteSelector or "
            "ScalarTournamentEliteSelector makes more of what is found"
        )
    return lines + _on_migration(islands, migration, may_grow=may_grow)


def _on_island(island: Island) -> list[str]:
    lines = []
    axes = len(island.behavior_space.behavior_keys)
    if axes > MANY_AXES:
        lines.append(f"island {island.id} has {axes} behaviour keys; with more than {MANY_AXES} most cells stay empty")
    if (island.config.max_size or 0) > LARGE_ISLAND:
        lines.append(f"island {island.id} may hold {island.config.max_size} programs, all of them in memory")
    selector = island.elite_selector
    if island.walk is None and isinstance(selector, EpsilonGreedyEliteSelector) and selector.epsilon == 0:
        lines.append(
            f"island {island.id} takes its best elite as the only parent and soon stays where it is: give its "
            f"{name_of(selector)} an epsilon above 0"
        )
    return lines


def _on_migration(islands: Sequence[Island], migration: Migration | None, *, may_grow: bool) -> list[str]:
    if migration is None or not migration.enabled:
        return []
    if len(islands) == 1:
        return [] if may_grow else ["migration is enabled, and there is one island: nothing will migrate"]
    lines = migration.advice()
    migrants = getattr(migration.policy, "migrants", 0)
    if migrants > MANY_MIGRANTS:
        lines.append(f"{migrants} migrants from each island at a time make the islands alike; 3 to 5 are enough")
    return lines


def _space(island: Island) -> tuple[object, ...]:
    """What must differ for two behaviour spaces to differ; None for what a user's own class does not tell."""
    space = island.behavior_space
    asked = ("behavior_keys", "feature_bounds", "resolution", "binning_types", "total_cells")
    return (type(space), *(getattr(space, name, None) for name in asked))
