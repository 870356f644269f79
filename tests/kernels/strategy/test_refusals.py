"""What the kernels do not accept, and what is little but no error."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.strategy_laws import Change, Exchange, GeneLaw, Mutation, Plan, Pool, Progress, Score, Scoring
from tests.kernels.strategy.pools import SUM, begun, bit_pool, crossing, laws, loops_of, number_pool, race, stream_of


def test_a_steepest_climb_needs_neighbours_that_can_be_told(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool, step = number_pool([[0.5]], 2), laws(GeneLaw.STEP, 0.0, 1.0, -0.1, 0.1)
    progress = Progress(1, 0, 0, 0, 0.5, pool.genes[0].copy(), 1)
    mutation = Mutation(Change.LAW, 1.0, 1, 1, np.arange(1), laws=step)
    with pytest.raises(ValueError, match="a steepest climb flips or swaps genes; these change by law"):
        loops_of(strategy).climb_steepest(pool, progress, mutation, 1, SUM, race().goal, stream_of(strategy_random))


def test_tasks_that_do_not_fit_their_genes_are_refused(strategy: ModuleType, strategy_random: ModuleType) -> None:
    bits, numbers, stream = bit_pool(np.zeros((4, 8)), 8), number_pool(np.zeros((4, 8)), 8), stream_of(strategy_random)
    flip, goal = Mutation(Change.FLIP, 0.2, 1, 1, np.arange(8)), race().goal
    swap = flip._replace(change=Change.SWAP, starts=np.zeros(8, np.int64), stops=np.full(8, 8))

    def run(pool: Pool, mutation: Mutation, scoring: Scoring) -> None:
        progress = Progress(4, 0, 0, 0, 0.0, pool.genes[0].copy(), 0)
        plan = Plan(4, 0.5, 0.0, 0, 0, crossing(Exchange.NOTHING, 8), mutation, scoring, goal)
        loops_of(strategy).advance(pool, progress, plan, stream)

    for pool, mutation, scoring, message in (
        (numbers, flip, SUM, "genes must be bits"),
        (bits, swap, SUM, "genes must be numbers"),
        (bits, flip, Scoring(Score.REAL, 0, 1.0), "genes must be numbers"),
        (numbers, swap, Scoring(Score.REAL, 99, 1.0), "code is 99"),
        (numbers, swap._replace(starts=None), SUM, "starts and stops must be arrays"),
        (numbers, flip._replace(change=Change.LAW), SUM, "laws is None"),
        (number_pool(np.full((4, 8), 9.0), 8), swap, Scoring(Score.QUEENS, 0, 1.0), "a gene is 9"),
    ):
        with pytest.raises(ValueError, match=message):
            run(pool, mutation, scoring)
    plan = Plan(4, 0.5, 0.0, 0, 0, crossing(Exchange.NOTHING, 8), flip, SUM, goal)
    with pytest.raises(ValueError, match=r"best_genes must be uint64 of shape \(1,\), not uint64 of shape \(3,\)"):
        loops_of(strategy).advance(bits, Progress(4, 0, 0, 0, 0.0, np.zeros(3, np.uint64), 0), plan, stream)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pool: pool._replace(merits=pool.merits[:-1]), r"merits must be float64 of shape \(4,\)"),
        (lambda pool: pool._replace(ages=pool.ages.astype(np.int32)), "ages must be int64"),
        (lambda pool: pool._replace(order=pool.order + 1), r"order\[3\] is 4, expected 0 to 3"),
        (lambda pool: pool._replace(genes=pool.genes.astype(np.int32)), "genes must be uint64 or float64"),
    ],
)
def test_a_pool_that_does_not_fit_is_refused_by_name(strategy: ModuleType, change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        strategy.select_elite(change(bit_pool(np.zeros((4, 8)))), 4, 2, 0.5, 0.0)


def test_rates_sizes_and_rooms_that_do_not_fit_are_refused(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool, stream = bit_pool(np.zeros((4, 8))), stream_of(strategy_random)
    genes = np.arange(8)
    with pytest.raises(ValueError, match=r"replacement_rate is 1.5, expected a probability, 0 to 1"):
        strategy.select_elite(pool, 4, 2, 1.5, 0.0)
    with pytest.raises(ValueError, match="target_size must be at least 1, not 0"):
        strategy.select_elite(pool, 4, 0, 0.5, 0.0)
    with pytest.raises(ValueError, match="size must be in 0 to 4"):
        strategy.select_elite(pool, 5, 2, 0.5, 0.0)
    with pytest.raises(ValueError, match="tournament_size must be at least 1"):
        strategy.select_tournament(pool, 4, 2, 0.5, 0.0, 0, stream)
    with pytest.raises(ValueError, match="capacity is 4, expected at least 8"):
        strategy.cross_over(pool, 4, crossing(Exchange.HALF, 8), stream)
    with pytest.raises(ValueError, match="number must be in 1 to 7"):
        strategy.cross_over(pool, 2, crossing(Exchange.POINTS, 8, number=8), stream)
    with pytest.raises(ValueError, match="number must be in 1 to 0"):
        strategy.cross_over(pool, 2, crossing(Exchange.POINTS, 8, cuts=np.zeros(0, np.int64)), stream)
    with pytest.raises(ValueError, match="genes_size is 80"):
        strategy.cross_over(pool, 2, crossing(Exchange.HALF, 80), stream)
    with pytest.raises(ValueError, match=r"cuts\[0\] is 8"):
        strategy.cross_over(pool, 2, crossing(Exchange.POINTS, 8, cuts=np.array([8])), stream)
    with pytest.raises(ValueError, match="probability is nan, expected a probability"):
        strategy.mutate_bits(pool, 4, 0, math.nan, 1, 1, genes, 8, stream)
    with pytest.raises(ValueError, match="1 <= least <= most"):
        strategy.mutate_bits(pool, 4, 0, 0.5, 2, 1, genes, 8, stream)
    with pytest.raises(ValueError, match=r"mutable\[8\] is 8"):
        strategy.mutate_bits(pool, 4, 0, 0.5, 1, 1, np.arange(9), 8, stream)
    with pytest.raises(ValueError, match="first must be in 0 to 4"):
        strategy.mutate_bits(pool, 4, 5, 0.5, 1, 1, genes, 8, stream)
    with pytest.raises(ValueError, match="genes must be bits"):
        strategy.mutate_bits(number_pool(np.zeros((4, 8))), 4, 0, 0.5, 1, 1, genes, 8, stream)
    with pytest.raises(ValueError, match="genes must be numbers"):
        strategy.mutate_values(pool, 4, 0, 0.5, 1, 1, genes, laws(GeneLaw.STEP, 0, 1), stream)
    one = number_pool(np.zeros((4, 1)))
    step = laws(GeneLaw.STEP, 0, 1)
    unknown = step._replace(law=np.array([9]))
    with pytest.raises(ValueError, match=r"low must be float64 of shape \(1,\)"):
        strategy.mutate_values(one, 4, 0, 0.5, 1, 1, genes[:1], step._replace(low=np.zeros(2)), stream)
    with pytest.raises(ValueError, match=r"law\[0\] is 9"):
        strategy.mutate_values(one, 4, 0, 0.5, 1, 1, genes[:1], unknown, stream)
    with pytest.raises(ValueError, match="gene 0 lies outside of its set"):
        strategy.mutate_swaps(one, 4, 0, 0.5, 1, 1, genes[:1], np.array([1]), np.array([2]), stream)


def test_generations_of_tournaments_of_nobody_are_refused(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool, progress = begun()
    with pytest.raises(ValueError, match="tournament_size must be at least 1, not -1"):
        loops_of(strategy).advance(pool, progress, race(tournament_size=-1), stream_of(strategy_random))


def test_an_empty_population_is_no_error(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool, stream = bit_pool(np.zeros((4, 8))), stream_of(strategy_random)
    assert strategy.select_elite(pool, 0, 2, 0.5, 0.1) == 0
    assert strategy.select_tournament(pool, 0, 2, 0.5, 0.1, 2, stream) == 0
    assert strategy.cross_over(pool, 0, crossing(Exchange.HALF, 8), stream) == (0, 0)
    assert strategy.mutate_bits(pool, 0, 0, 1.0, 1, 1, np.arange(8), 8, stream) == 0
    assert strategy.score_unknown(pool, 0, SUM) == 0
    assert strategy.distinct_rows(pool, 0).tolist() == []
    assert strategy.drop_aged(pool, 0, 3) == 0


def test_where_no_gene_may_change_nothing_does(strategy: ModuleType, strategy_random: ModuleType) -> None:
    pool = bit_pool(np.zeros((4, 8)))
    assert strategy.mutate_bits(pool, 4, 0, 1.0, 1, 1, np.zeros(0, np.int64), 8, stream_of(strategy_random)) == 0
    assert (pool.merits == 0.0).all()
