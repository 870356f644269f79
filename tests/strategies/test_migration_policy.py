"""Migration policies: when elites migrate, how many, and to whom."""

from __future__ import annotations

import pytest

from gigaevo.evolution.strategies.island import Island
from gigaevo.evolution.strategies.migration import Migration
from gigaevo.evolution.strategies.migration_policy import (
    AdaptiveMigrationPolicy,
    AggressiveMigrationPolicy,
    ConservativeMigrationPolicy,
    FixedMigrationPolicy,
    MigrationPolicy,
    policy_of,
)

STAGNATION = 3


@pytest.fixture
def islands(make_config, make_context) -> dict[str, Island]:
    """Three empty islands, of which none stagnates."""
    islands = {name: Island(make_config(island_id=name)) for name in "abc"}
    for island in islands.values():
        island.bind(make_context())
    return islands


async def let_stagnate(island: Island, make_program) -> None:
    """Offer a good program, and then worse ones."""
    for number in range(STAGNATION + 1):
        await island.add(make_program(f"{island.id}{number}", fitness=10.0 - number, x=5.0, y=5.0))


@pytest.mark.parametrize(
    ("policy", "interval", "migrants"),
    [
        (ConservativeMigrationPolicy(), 100, 3),
        (AggressiveMigrationPolicy(), 20, 10),
        (FixedMigrationPolicy(7, 2), 7, 2),
    ],
)
def test_a_fixed_policy_lets_all_islands_send_alike_to_all(
    policy: MigrationPolicy, interval: int, migrants: int, islands: dict[str, Island]
) -> None:
    assert policy.period(generation_size=20) == interval * 20
    plan = policy.plan(interval, list(islands.values()))
    assert plan.exports == {"a": migrants, "b": migrants, "c": migrants}
    assert plan.receivers == {"a", "b", "c"}
    assert plan.reason is None


def adaptive() -> AdaptiveMigrationPolicy:
    return AdaptiveMigrationPolicy(interval=20, fast_interval=5, migrants=2, stagnation=STAGNATION)


def test_an_adaptive_policy_wants_to_be_asked_at_its_fast_interval() -> None:
    assert adaptive().period(generation_size=4) == 5 * 4


async def test_between_its_intervals_only_islands_that_stagnate_receive(islands, make_program) -> None:
    await let_stagnate(islands["b"], make_program)
    plan = adaptive().plan(5, list(islands.values()))
    assert plan.receivers == {"b"}
    assert plan.exports == {"a": 2, "c": 2}


@pytest.mark.parametrize("stagnating", ["", "b", "abc"])
async def test_at_its_slow_interval_all_islands_send_to_all(stagnating: str, islands, make_program) -> None:
    for name in stagnating:
        await let_stagnate(islands[name], make_program)
    plan = adaptive().plan(40, list(islands.values()))
    assert plan.receivers == set(plan.exports) == {"a", "b", "c"}


async def test_where_all_stagnate_all_send_to_all(islands, make_program) -> None:
    for island in islands.values():
        await let_stagnate(island, make_program)
    plan = adaptive().plan(5, list(islands.values()))
    assert plan.receivers == set(plan.exports) == {"a", "b", "c"}


def test_nobody_moves_between_intervals_where_no_island_stagnates(islands) -> None:
    plan = adaptive().plan(5, list(islands.values()))
    assert not plan.exports and not plan.receivers
    assert plan.reason == "interval not reached, and no island stagnates"


async def test_an_island_that_finds_something_no_longer_stagnates(islands, make_program) -> None:
    await let_stagnate(islands["b"], make_program)
    await islands["b"].add(make_program("better", fitness=11.0, x=5.0, y=5.0))
    assert adaptive().plan(5, list(islands.values())).receivers == frozenset()


async def test_a_stagnating_island_is_sent_to_more_often_than_the_others(islands, make_context, make_program) -> None:
    migration = Migration(policy=adaptive())
    migration.bind(make_context(), list(islands))
    size = make_context().generation_size
    await let_stagnate(islands["b"], make_program)
    generations = [g for g in range(1, 41) if migration.due(g * size)]
    plans = [migration.policy.plan(g, list(islands.values())) for g in generations]
    received = {name: sum(name in plan.receivers for plan in plans) for name in islands}
    assert received == {"a": 2, "b": 8, "c": 2}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interval": 0}, "interval must be a whole number of at least 1; found 0"),
        ({"fast_interval": 2.5}, "fast_interval must be a whole number of at least 1; found 2.5"),
        ({"migrants": -1}, "migrants must be"),
        ({"stagnation": True}, "stagnation must be"),
        ({"interval": 50, "fast_interval": 20}, "a multiple of fast_interval; found 50 and 20"),
    ],
)
def test_numbers_that_make_no_sense_are_an_error(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdaptiveMigrationPolicy(**settings)


def test_a_policy_may_be_given_by_name_or_as_an_object() -> None:
    names = {
        "conservative": ConservativeMigrationPolicy,
        "aggressive": AggressiveMigrationPolicy,
        "adaptive": AdaptiveMigrationPolicy,
    }
    assert {name: type(policy_of(name)) for name in names} == names
    policy = adaptive()
    assert policy_of(policy) is policy
    with pytest.raises(ValueError, match="'wild' is none of conservative, aggressive, adaptive"):
        policy_of("wild")
