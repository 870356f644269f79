"""Who of a pool survives: the laws of selection, and both implementations against one another."""

from __future__ import annotations

import math
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gigaevo.kernels.strategy_laws import Exchange, share
from tests.kernels.strategy.pools import bit_pool, crossing, stream_of

MERITS = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([-math.inf, math.inf, math.nan, -0.0, 1e300, -1e300, 5e-324]),
    st.floats(allow_nan=False),
)


@given(
    st.lists(st.tuples(MERITS, st.booleans()), min_size=1, max_size=60),
    st.integers(1, 70),
    st.floats(0, 1),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
@settings(deadline=None)
def test_both_select_the_same_elite(
    both_strategies: tuple[ModuleType, ModuleType],
    members: list[tuple[float, bool]],
    target: int,
    replacement: float,
    elitism: float,
    random: Any,
) -> None:
    merits = [merit for merit, _ in members]
    ages = [0 if young else 3 for _, young in members]
    order = list(range(len(members)))
    random.shuffle(order)
    results = []
    for module in both_strategies:
        pool = bit_pool(np.zeros((len(members), 1)), merits=merits, ages=ages)
        pool.order[:] = order
        size = module.select_elite(pool, len(members), target, replacement, elitism)
        results.append((size, pool.order.tolist()))
    assert results[0] == results[1]
    size, after = results[0]
    assert size == min(target, len(members))
    assert sorted(after) == sorted(order)


def by_hand(merits: list[float], young: list[bool], target: int, replacement: float, elitism: float) -> list[int]:
    """Selection as the document tells it, with a sort of each group."""
    ranked = sorted(range(len(merits)), key=lambda row: -merits[row])
    elite = ranked[: min(share(len(merits), elitism), target)]
    left = target - len(elite)
    children = [row for row in ranked if young[row] and row not in elite]
    parents = [row for row in ranked if not young[row] and row not in elite]
    wanted = share(left, replacement)
    kept_children = children[:wanted]
    kept_parents = parents[: left - wanted]
    short = left - len(kept_children) - len(kept_parents)
    kept_children = children[: len(kept_children) + short]  # the remaining children come first
    short = left - len(kept_children) - len(kept_parents)
    kept_parents = parents[: len(kept_parents) + short]
    return sorted(elite + kept_children + kept_parents, key=lambda row: (-merits[row], row))


@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 45),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.sampled_from([0.0, 0.02, 0.2, 1.0]),
)
@settings(deadline=None)
def test_elite_gate_first_then_children_and_parents_by_their_share_and_shortage_by_children_first(
    strategy: ModuleType, members: list[tuple[int, bool]], target: int, replacement: float, elitism: float
) -> None:
    merits = [float(merit) for merit, _ in members]
    young = [is_young for _, is_young in members]
    pool = bit_pool(np.zeros((len(members), 1)), merits=merits, ages=[0 if child else 1 for child in young])
    size = strategy.select_elite(pool, len(members), target, replacement, elitism)
    assert pool.order[:size].tolist() == by_hand(merits, young, target, replacement, elitism)


def test_ties_go_to_the_earlier_in_the_population_whatever_the_rows(strategy: ModuleType) -> None:
    pool = bit_pool(np.zeros((200, 1)), merits=1.0)
    pool.order[:] = np.random.default_rng(0).permutation(200)
    before = pool.order[:50].tolist()
    assert strategy.select_elite(pool, 200, 50, 0.5, 0.02) == 50
    assert pool.order[:50].tolist() == before


def test_skewed_merits_are_sorted_all_the_same(strategy: ModuleType) -> None:
    merits = np.concatenate((np.random.default_rng(1).random(500) * 1e-9, [1e9, -1e9]))
    pool = bit_pool(np.zeros((502, 1)), merits=merits)
    strategy.select_elite(pool, 502, 502, 0.5, 0.0)
    assert pool.merits[pool.order].tolist() == sorted(merits.tolist(), reverse=True)


def test_a_tournament_keeps_the_elite_and_everyone_else_once(strategy: ModuleType, strategy_random: ModuleType) -> None:
    stream = stream_of(strategy_random)
    for seed in range(50):
        rng = np.random.default_rng(seed)
        merits, ages = rng.random(60), rng.integers(0, 2, 60)
        pool = bit_pool(np.zeros((60, 1)), merits=merits, ages=ages)
        assert strategy.select_tournament(pool, 60, 20, 0.5, 0.05, 4, stream) == 20
        assert sorted(pool.order.tolist()) == list(range(60))
        best = np.argsort(-merits)[:3].tolist()  # 5 percent of 60
        assert set(best) <= set(pool.order[:20].tolist())


def test_winners_of_tournaments_follow_the_law(strategy: ModuleType, strategy_random: ModuleType) -> None:
    # The first winner of k draws of n: rank r (0 the best) wins with ((n - r)^k - (n - r - 1)^k) / n^k.
    n, k, runs = 8, 3, 4000
    stream = stream_of(strategy_random)
    won = Counter[int]()
    for _ in range(runs):
        pool = bit_pool(np.zeros((n, 1)), merits=np.arange(n, 0, -1.0))
        strategy.select_tournament(pool, n, 1, 0.5, 0.0, k, stream)
        won[int(pool.order[0])] += 1
    expected = [((n - r) ** k - (n - r - 1) ** k) / n**k * runs for r in range(n)]
    assert stats.chisquare([won[r] for r in range(n)], expected).pvalue > 1e-6


def test_the_aged_die_unless_all_would(strategy: ModuleType) -> None:
    pool = bit_pool(np.zeros((4, 1)), ages=[5, 1, 9, 4])
    assert strategy.drop_aged(pool, 4, 5) == 2
    assert pool.order.tolist() == [1, 3, 0, 2]
    assert strategy.drop_aged(pool, 2, 1) == 2
    assert pool.order.tolist() == [1, 3, 0, 2]


def test_offspring_join_behind_their_parents_who_grow_older(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool = bit_pool(np.eye(6, 70), 12, merits=np.arange(6.0), ages=[3, 0, 1, 2, 2, 2])
    parents = pool.genes[:6].copy()
    grown, first = strategy.cross_over(
        pool, 6, crossing(Exchange.NOTHING, 70, selection_rate=0.5), stream_of(strategy_random)
    )
    assert (grown, first) == (9, 6)
    assert pool.ages[pool.order[:9]].tolist() == [4, 1, 2, 3, 3, 3, 0, 0, 0]
    assert (pool.genes[pool.order[6:9]] == parents[:3]).all()
    assert pool.merits[pool.order[6:9]].tolist() == [0.0, 1.0, 2.0]
    assert (pool.genes[:6] == parents).all()
