"""What mates exchange."""

from __future__ import annotations

import math
from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.strategy_laws import Crossing, Exchange, packed, unpacked
from tests.kernels.strategy.pools import bit_pool, crossing, number_pool, stream_of


def pairs_exchanged(
    strategy: ModuleType, module: ModuleType, told: Crossing, *, bits: bool, runs: int = 300
) -> np.ndarray[Any, Any]:
    """Which genes two mates exchanged, one row for each pair; parents are all 0 and all 1."""
    genes_size = told.genes_size
    stream = stream_of(module, 5)
    rows = []
    for _ in range(runs):
        genomes = np.zeros((2, genes_size))
        genomes[1] = 1
        pool = bit_pool(genomes, 4) if bits else number_pool(genomes, 4)
        strategy.cross_over(pool, 2, told, stream)
        children = pool.genes[pool.order[2:4]]
        seen = unpacked(children, genes_size) if bits else children.astype(np.bool_)
        assert (seen[0] != seen[1]).all()
        assert np.isnan(pool.merits[pool.order[2:4]]).all()
        rows.append(seen[0])
    return np.array(rows)


@pytest.mark.parametrize("bits", [True, False])
def test_uniform_crossover_exchanges_half_of_the_genes(
    strategy: ModuleType, strategy_random: ModuleType, bits: bool
) -> None:
    seen = pairs_exchanged(strategy, strategy_random, crossing(Exchange.HALF, 100), bits=bits)
    assert seen.mean() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(seen.size))
    each = seen.mean(0)
    assert np.abs(each - 0.5).max() < 5 * 0.5 / math.sqrt(len(seen))
    assert np.abs(seen.sum(1) - 50).max() > 5  # not a fixed half: a coin for each gene


@pytest.mark.parametrize("bits", [True, False])
@pytest.mark.parametrize("number", [1, 7, 70])
def test_gene_crossover_exchanges_just_the_number_of_genes(
    strategy: ModuleType, strategy_random: ModuleType, bits: bool, number: int
) -> None:
    told = crossing(Exchange.GENES, 70, number=number)
    seen = pairs_exchanged(strategy, strategy_random, told, bits=bits, runs=100)
    assert (seen.sum(1) == number).all()
    if number < 70:
        assert seen.any(0).sum() > 40


@pytest.mark.parametrize("bits", [True, False])
@pytest.mark.parametrize("number", [1, 4])
def test_point_crossover_cuts_just_the_number_of_times_and_only_where_it_may(
    strategy: ModuleType, strategy_random: ModuleType, bits: bool, number: int
) -> None:
    cuts = np.array([1, 5, 63, 64, 65, 90])
    told = crossing(Exchange.POINTS, 100, number=number, cuts=cuts)
    seen = pairs_exchanged(strategy, strategy_random, told, bits=bits, runs=100)
    changes = seen[:, 1:] != seen[:, :-1]
    assert (changes.sum(1) == number).all()
    assert set((np.flatnonzero(changes.any(0)) + 1).tolist()) == set(cuts.tolist())


def test_a_gene_exchanged_twice_is_as_it_was(strategy: ModuleType, strategy_random: ModuleType) -> None:
    told = crossing(Exchange.GENES, 2, number=2, allow_duplicates=True)
    seen = pairs_exchanged(strategy, strategy_random, told, bits=True, runs=400)
    assert Counter(seen.sum(1).tolist()).keys() == {0, 2}
    assert (seen.sum(1) == 0).mean() == pytest.approx(0.5, abs=0.15)


def test_mates_cross_at_the_rate_and_an_odd_one_stays_a_clone(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    pool = bit_pool(np.eye(2001, 64), 4002)
    told = crossing(Exchange.HALF, 64, crossover_rate=0.8)
    grown, first = strategy.cross_over(pool, 2001, told, stream_of(strategy_random))
    crossed = np.isnan(pool.merits[pool.order[first:grown]])
    assert (grown, first, bool(crossed[-1])) == (4002, 2001, False)
    assert (crossed[:-1:2] == crossed[1::2]).all()
    assert crossed[:-1].mean() == pytest.approx(0.8, abs=5 * 0.4 / math.sqrt(1000))


def test_rejuvenation_replaces_the_rest_by_clones_of_the_first(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    pool = bit_pool(np.eye(5, 8), merits=np.arange(5.0), ages=7)
    told = crossing(Exchange.REJUVENATION, 8, selection_rate=0.4)
    assert strategy.cross_over(pool, 5, told, stream_of(strategy_random)) == (5, 0)
    assert pool.merits[pool.order].tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert (pool.genes[pool.order] == packed(np.eye(5, 8, dtype=np.bool_))[[0, 1, 0, 1, 0]]).all()
    assert (pool.ages == 0).all()
