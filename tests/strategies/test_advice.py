"""What is doubtful about a design of islands is said at the start, in one line each, and nothing fails for it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.base import StrategyContext
from gigaevo.evolution.strategies.map_elites import (
    AdaptiveMultiIsland,
    AggressiveMigrationPolicy,
    BehaviorSpace,
    CVTBehaviorSpace,
    EpsilonGreedyEliteSelector,
    HierarchicalMultiIsland,
    IslandConfig,
    MapElitesMultiIsland,
    Migration,
    RandomEliteSelector,
    UnstructuredBehaviorSpace,
)
from gigaevo.programs import Metrics, MetricSpec
from tests.strategies.logs import logged, warnings

KEYS = ("x", "y", "z", "u", "v")
METRICS = Metrics(
    {"fitness": MetricSpec(description="f", is_primary=True)}
    | {key: MetricSpec(description=key, lower_bound=0.0, upper_bound=1.0) for key in KEYS}
)
_resolutions = itertools.count(2)


def config(island_id: str = "a", *keys: str, **settings: Any) -> IslandConfig:
    """An island; each has another resolution than those before it."""
    space = settings.pop("space", None) or BehaviorSpace(keys=list(keys or "x"), resolution=next(_resolutions))
    return IslandConfig(island_id=island_id, behavior_space=space, **settings)


def advice(
    *configs: IslandConfig, strategy_class: type[MapElitesMultiIsland] = MapElitesMultiIsland, **settings: Any
) -> list[str]:
    """What is said when a strategy of these islands starts."""
    strategy = strategy_class(island_configs=configs, **settings)
    with logged() as lines:
        strategy.bind(StrategyContext(metrics=METRICS, random=RandomSource(0), generation_size=10))
    said = warnings(lines)
    assert all(line.startswith("[Design] ") for line in said)
    return [line.removeprefix("[Design] ") for line in said]


def test_nothing_is_said_against_the_defaults() -> None:
    assert advice(config()) == []
    assert advice(config("a"), config("b", "y")) == []


@pytest.mark.parametrize("settings", [{"enable_migration": True}, {"migration": Migration()}])
def test_migration_with_one_island_is_a_no_op_where_somebody_asked_for_it(settings: dict[str, Any]) -> None:
    assert advice(config(), **settings) == ["migration is enabled, and there is one island: nothing will migrate"]
    assert advice(config(), enable_migration=False) == []


@pytest.mark.parametrize("strategy_class", [AdaptiveMultiIsland, HierarchicalMultiIsland])
def test_one_island_from_which_others_will_come_may_well_have_migration(
    strategy_class: type[MapElitesMultiIsland],
) -> None:
    assert advice(config(), strategy_class=strategy_class, enable_migration=True) == []


def test_more_than_four_islands_are_many() -> None:
    assert advice(*(config(name) for name in "abcd")) == []
    assert advice(*(config(name) for name in "abcde")) == ["5 islands share one budget; 2 to 4 usually do better"]


@pytest.mark.parametrize(
    ("space", "other"),
    [
        (lambda: BehaviorSpace(keys=["x"], resolution=5), lambda: BehaviorSpace(keys=["x"], resolution=6)),
        (lambda: CVTBehaviorSpace(keys=["x"], cells=9, samples=50), lambda: CVTBehaviorSpace(keys=["x"], cells=8)),
        (
            lambda: UnstructuredBehaviorSpace(keys=["x"], capacity=5),
            lambda: UnstructuredBehaviorSpace(keys=["x"], capacity=6),
        ),
        (
            lambda: BehaviorSpace(keys=["x"], binning_types="QUANTILE"),
            lambda: BehaviorSpace(keys=["x"], binning_types="LINEAR"),
        ),
    ],
)
def test_islands_with_the_same_space_say_the_same_twice(space: Any, other: Any) -> None:
    same = "islands a and b have the same behaviour space; different ones would say more"
    assert advice(config("a", space=space()), config("b", space=space())) == [same]
    assert advice(config("a", space=space()), config("b", space=other())) == []


def test_more_than_four_axes_leave_cells_empty() -> None:
    assert advice(config("a", *KEYS[:4])) == []
    assert advice(config("a", *KEYS)) == ["island a has 5 behaviour keys; with more than 4 most cells stay empty"]


def test_a_very_large_island_is_all_in_memory() -> None:
    assert advice(config(max_size=10_000)) == []
    assert advice(config(max_size=20_000)) == ["island a may hold 20000 programs, all of them in memory"]


def test_selection_is_neither_blind_nor_purely_greedy() -> None:
    assert "soon stays where it is" in advice(config(elite_selector=EpsilonGreedyEliteSelector(epsilon=0.0)))[0]
    blind = RandomEliteSelector()
    assert "all parents are drawn at random" in advice(config(elite_selector=blind))[0]
    assert advice(config("a", elite_selector=blind), config("b")) == []


def test_migration_that_is_too_frequent_or_too_large_makes_islands_alike() -> None:
    two = [config("a"), config("b")]
    assert "leaves islands no time" in advice(*two, migration_interval=1, enable_migration=True)[0]
    assert "50 migrants from each island" in advice(*two, max_migrants_per_island=50, enable_migration=True)[0]
    assert advice(*two, migration=Migration(policy=AggressiveMigrationPolicy())) == []


class Taciturn(BehaviorSpace):
    """A user's own, which hides what it is made of."""

    @property
    def binning_types(self) -> Any:
        raise AttributeError("not told")


def test_a_space_that_does_not_tell_what_it_is_made_of_is_no_trouble() -> None:
    assert len(advice(*(config(name, space=Taciturn(keys=["x"], resolution=3)) for name in "ab"))) == 1
