"""How genes change, and what is counted, summed and told apart in a pool."""

from __future__ import annotations

import math
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gigaevo.kernels.strategy_laws import GeneLaw, Score, Scoring, ValueLaws, unpacked
from tests.kernels.strategy.pools import SUM, bit_pool, laws, number_pool, stream_of


@pytest.mark.parametrize(("least", "most"), [(1, 1), (3, 3), (2, 5), (80, 80)])
def test_a_mutation_of_bits_flips_so_many_different_genes(
    strategy: ModuleType, strategy_random: ModuleType, least: int, most: int
) -> None:
    pool = bit_pool(np.zeros((400, 70)))
    mutable = np.arange(0, 70, 2)
    count = strategy.mutate_bits(pool, 400, 100, 1.0, least, most, mutable, 70, stream_of(strategy_random))
    flipped = unpacked(pool.genes, 70)
    assert count == 300
    assert not flipped[:100].any()
    assert not flipped[:, 1::2].any()
    numbers = Counter(flipped[100:].sum(1).tolist())
    assert numbers.keys() == set(range(min(least, 35), min(most, 35) + 1))
    assert np.isnan(pool.merits[100:]).all()
    assert (pool.merits[:100] == 0.0).all()


def test_offspring_are_mutated_at_the_rate(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool = bit_pool(np.zeros((5000, 10)))
    count = strategy.mutate_bits(pool, 5000, 0, 0.2, 1, 1, np.arange(10), 10, stream_of(strategy_random))
    assert count == np.isnan(pool.merits).sum()
    assert count / 5000 == pytest.approx(0.2, abs=5 * 0.4 / math.sqrt(5000))
    assert stats.chisquare(unpacked(pool.genes, 10).sum(0)).pvalue > 1e-6


def mutated_values(strategy: ModuleType, module: ModuleType, start: float, told: ValueLaws, n: int = 3000) -> Any:
    pool = number_pool(np.full((n, 1), start))
    strategy.mutate_values(pool, n, 0, 1.0, 1, 1, np.array([0]), told, stream_of(module))
    return pool.genes[:, 0]


def test_a_redrawn_number_is_uniform_over_its_range(strategy: ModuleType, strategy_random: ModuleType) -> None:
    values = mutated_values(strategy, strategy_random, 0.0, laws(GeneLaw.REDRAW, -2.0, 3.0))
    assert stats.kstest(values, stats.uniform(-2.0, 5.0).cdf).pvalue > 1e-6
    whole = mutated_values(strategy, strategy_random, 0.0, laws(GeneLaw.REDRAW_WHOLE, -2.0, 3.0))
    assert set(whole.tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert stats.chisquare(np.bincount((whole + 2).astype(int))).pvalue > 1e-6


def test_a_moved_number_is_uniform_over_what_it_can_reach_and_does_not_pile_up_at_the_bound(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    values = mutated_values(strategy, strategy_random, 0.1, laws(GeneLaw.MOVE, 0.0, 1.0, -0.5, 0.5))
    assert stats.kstest(values, stats.uniform(0.0, 0.6).cdf).pvalue > 1e-6
    assert (values == 0.0).mean() < 0.01
    whole = mutated_values(strategy, strategy_random, 9.0, laws(GeneLaw.MOVE_WHOLE, 0.0, 10.0, -3.0, 2.0))
    assert set(whole.tolist()) == {6.0, 7.0, 8.0, 10.0}  # never where it is
    assert stats.chisquare([(whole == value).sum() for value in (6, 7, 8, 10)]).pvalue > 1e-6


def test_a_step_goes_to_either_edge_and_turns_round_at_the_bound(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    values = mutated_values(strategy, strategy_random, 0.5, laws(GeneLaw.STEP, 0.0, 1.0, -0.1, 0.2))
    assert set(values.tolist()) == {0.4, 0.7}
    assert (values == 0.4).mean() == pytest.approx(0.5, abs=0.05)
    assert set(mutated_values(strategy, strategy_random, 1.0, laws(GeneLaw.STEP, 0.0, 1.0, -0.1, 0.1)).tolist()) == {
        0.9
    }
    assert set(mutated_values(strategy, strategy_random, 0.95, laws(GeneLaw.STEP, 0, 1, -0.25, 0.25)).tolist()) == {
        0.7,
        1.0,
    }


@given(
    st.sampled_from(GeneLaw),
    st.floats(-1e6, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.floats(0, 1e7),
    st.floats(0, 1e7),
    st.integers(0, 99),
)
@settings(deadline=None)
def test_numbers_never_leave_their_range(
    strategy: ModuleType,
    strategy_random: ModuleType,
    law: GeneLaw,
    low: float,
    span: float,
    part: float,
    down: float,
    up: float,
    seed: int,
) -> None:
    if law in (GeneLaw.REDRAW_WHOLE, GeneLaw.MOVE_WHOLE):
        low, span, down, up = (float(round(value)) for value in (low, span, down, up))
    high = low + span
    start = min(max(low + part * span, low), high)
    start = float(round(start)) if law == GeneLaw.MOVE_WHOLE else start
    pool = number_pool(np.full((5, 1), start))
    told = laws(law, low, high, -down, up)
    strategy.mutate_values(pool, 5, 0, 1.0, 1, 1, np.array([0]), told, stream_of(strategy_random, seed))
    assert ((pool.genes >= low) & (pool.genes <= high)).all()


def test_swaps_stay_within_their_set_and_reach_every_pair(strategy: ModuleType, strategy_random: ModuleType) -> None:
    start = np.array([0, 1, 2, 0, 1, 0.0])
    pool = number_pool(np.tile(start, (3000, 1)))
    starts, stops = np.array([0, 0, 0, 3, 3, 5]), np.array([3, 3, 3, 5, 5, 6])
    mutable = np.arange(5)
    strategy.mutate_swaps(pool, 3000, 0, 1.0, 1, 1, mutable, starts, stops, stream_of(strategy_random))
    changed = pool.genes != start
    assert (changed.sum(1) == 2).all()
    pairs = Counter(tuple(np.flatnonzero(row).tolist()) for row in changed)
    assert pairs.keys() == {(0, 1), (0, 2), (1, 2), (3, 4)}
    # Three genes of five lie in the first set, and each of its pairs is as likely.
    expected = np.array([600, 600, 600, 1200.0])
    assert stats.chisquare([pairs[pair] for pair in ((0, 1), (0, 2), (1, 2), (3, 4))], expected).pvalue > 1e-6


@given(st.integers(1, 130), st.integers(1, 9), st.integers(0, 10**6))
@settings(deadline=None, max_examples=50)
def test_both_count_bits_and_find_the_same_distinct_rows(
    both_strategies: tuple[ModuleType, ModuleType], genes_size: int, n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.random((n, genes_size)) < 0.5
    bits = bits[rng.integers(n, size=n)]
    results = []
    for module in both_strategies:
        pool = bit_pool(bits, merits=np.where(np.arange(n) % 3 == 0, np.nan, 7.0))
        known = ~np.isnan(pool.merits)
        assert module.score_unknown(pool, n, Scoring(Score.SUM, 0, -1.0)) == (~known).sum()
        assert pool.merits.tolist() == np.where(known, 7.0, -bits.sum(1)).tolist()
        results.append(module.distinct_rows(pool, n).tolist())
    seen: set[bytes] = set()
    expected = [not (row.tobytes() in seen or seen.add(row.tobytes())) for row in bits]  # type: ignore[func-returns-value]
    assert results == [expected, expected]


def test_both_add_numbers_in_the_order_of_the_genes(both_strategies: tuple[ModuleType, ModuleType]) -> None:
    numbers = np.random.default_rng(0).normal(size=(20, 33)) * 10.0 ** np.arange(-16, 17)
    merits = []
    for module in both_strategies:
        pool = number_pool(numbers, merits=np.nan)
        module.score_unknown(pool, 20, SUM)
        merits.append(pool.merits.tolist())
    assert merits[0] == merits[1]
