"""Whole generations and climbs: their steps one after the other, and how they end."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.checks.functions_checks import REAL
from gigaevo.kernels.strategy_laws import Change, GeneLaw, Mutation, Progress, Score, Scoring, ValueLaws
from tests.kernels.conftest import compiled
from tests.kernels.strategy.pools import SUM, begun, bit_pool, loops_of, number_pool, race, stream_of


def test_the_whole_loop_is_its_steps_one_after_the_other(strategy: ModuleType, strategy_random: ModuleType) -> None:
    for tournament_size, max_age in ((0, 0), (3, 4)):
        pool, progress = begun()
        plan = race(tournament_size=tournament_size, max_age=max_age, last_generation=25)
        stream = stream_of(strategy_random, 2)
        loops_of(strategy).advance(pool, progress, plan, stream)
        other, at = begun()
        steps, size = stream_of(strategy_random, 2), 20
        for _ in range(25):
            if max_age:
                size = strategy.drop_aged(other, size, max_age)
            if tournament_size:
                size = strategy.select_tournament(other, size, 20, 0.5, 0.05, tournament_size, steps)
            else:
                size = strategy.select_elite(other, size, 20, 0.5, 0.05)
            size, first = strategy.cross_over(other, size, plan.crossing, steps)
            strategy.mutate_bits(other, size, first, 0.2, 1, 1, plan.mutation.mutable, 70, steps)
            at.evaluations += strategy.score_unknown(other, size, SUM)
        assert stream.state.tolist() == steps.state.tolist()
        assert pool.order.tolist() == other.order.tolist()
        assert (pool.genes == other.genes).all()
        assert (progress.size, progress.evaluations, progress.generation) == (size, at.evaluations, 25)


def test_the_loop_ends_by_target_stale_or_generations_and_none_of_them_before_it_is_valid(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    def run(**told: Any) -> Progress:
        pool, progress = begun()
        loops_of(strategy).advance(pool, progress, race(last_generation=400, **told), stream_of(strategy_random, 8))
        return progress

    assert run(target_merit=60.0).best_merit >= 60.0
    assert run(target_merit=60.0).generation < 400
    assert run(max_stale_generations=5).stale_generations == 5
    assert run(max_generations=7).generation == 7
    held = run(max_generations=2, max_stale_generations=1, target_merit=50.0, valid_merit=60.0)
    assert held.best_merit >= 60.0 > 50.0
    assert held.generation > 2
    assert run(max_generations=3, valid_merit=71.0).generation == 400
    assert run(stale_break=3, valid_merit=71.0).stale_generations == 3


@pytest.mark.parametrize("code", range(len(REAL)))
def test_functions_of_numbers_are_known_by_their_code(strategy: ModuleType, functions: ModuleType, code: int) -> None:
    numbers = np.random.default_rng(code).uniform(-3, 3, (12, 9))
    pool = number_pool(numbers, merits=np.nan)
    assert strategy.score_unknown(pool, 12, Scoring(Score.REAL, code, -1.0)) == 12
    assert pool.merits == pytest.approx(-functions.evaluate(code, numbers), rel=1e-12)


def test_queens_are_counted(strategy: ModuleType, functions: ModuleType) -> None:
    boards = np.argsort(np.random.default_rng(0).random((30, 64)), axis=1)
    pool = number_pool(boards, merits=np.nan)
    strategy.score_unknown(pool, 30, Scoring(Score.QUEENS, 0, -1.0))
    assert pool.merits.tolist() == (-functions.conflicts(boards.astype(np.int32))).tolist()
    pool.genes[3, 5] = 64
    with pytest.raises(ValueError, match=r"a gene is 64.0, expected a column of a board, 0 to 63"):
        strategy.score_unknown(pool, 30, Scoring(Score.QUEENS, 0, -1.0))


def test_what_is_no_finite_score_is_invalid(strategy: ModuleType) -> None:
    pool = number_pool([[np.inf, -np.inf], [np.inf, 0.0], [1.0, 2.0]], merits=np.nan)
    strategy.score_unknown(pool, 3, SUM)
    assert pool.merits.tolist() == [-np.inf, -np.inf, 3.0]


def test_a_climb_is_its_steps_one_after_the_other(strategy: ModuleType, strategy_random: ModuleType) -> None:
    sphere = Scoring(Score.REAL, 0, -1.0)
    told = ValueLaws(
        np.full(4, GeneLaw.MOVE, np.int64), np.full(4, -5.0), np.full(4, 5.0), np.full(4, -0.5), np.full(4, 0.5)
    )
    mutation = Mutation(Change.LAW, 1.0, 1, 1, np.arange(4), laws=told)
    pool = number_pool([[3.0, -2, 1, 4], [0, 0, 0, 0]], merits=[np.nan, 0.0])
    strategy.score_unknown(pool, 1, sphere)
    progress = Progress(1, 0, 0, 0, -30.0, pool.genes[0].copy(), 1)
    stream, steps = stream_of(strategy_random, 4), stream_of(strategy_random, 4)
    loops_of(strategy).climb(pool, progress, mutation, 4, sphere, race(last_generation=300).goal, stream)
    place = number_pool([[3.0, -2, 1, 4]])
    for _ in range(300):
        trial = number_pool(place.genes.copy())
        strategy.mutate_values(trial, 1, 0, 1.0, 1, 1, np.arange(4), told, steps)
        if (trial.genes**2).sum() < (place.genes**2).sum():
            place = trial
    assert stream.state.tolist() == steps.state.tolist()
    assert pool.genes[pool.order[0]].tolist() == place.genes[0].tolist() == progress.best_genes.tolist()
    assert progress.best_merit == pool.merits[pool.order[0]] > -1.0
    assert (progress.generation, progress.evaluations, progress.size) == (300, 301, 1)


@pytest.mark.parametrize("on_bits", [True, False])
def test_both_climb_the_same_steepest_way(both_strategies: tuple[ModuleType, ModuleType], on_bits: bool) -> None:
    results = []
    for module in both_strategies:
        if on_bits:
            pool = bit_pool(np.random.default_rng(5).random((1, 70)) < 0.5, 2, merits=np.nan)
            mutation, scoring = Mutation(Change.FLIP, 1.0, 1, 1, np.arange(3, 70)), SUM
        else:
            pool = number_pool(np.random.default_rng(5).permutation(20)[None], 2, merits=np.nan)
            bounds = np.repeat([0, 12], [12, 8]), np.repeat([12, 20], [12, 8])
            mutation = Mutation(Change.SWAP, 1.0, 1, 1, np.arange(20), None, *bounds)
            scoring = Scoring(Score.QUEENS, 0, -1.0)
        module.score_unknown(pool, 1, scoring)
        genes_size = 70 if on_bits else 20
        progress = Progress(1, 0, 0, 0, float(pool.merits[0]), pool.genes[0].copy(), 1)
        goal = race(last_generation=100, max_stale_generations=2).goal
        random = compiled("_random" if module is both_strategies[0] else "random_numpy")
        loops_of(module).climb_steepest(pool, progress, mutation, genes_size, scoring, goal, stream_of(random))
        around = 67 if on_bits else 12 * 11 // 2 + 8 * 7 // 2
        assert progress.evaluations == 1 + around * progress.generation
        assert progress.best_merit == pool.merits[pool.order[0]]
        results.append(
            (vars(progress) | {"best_genes": progress.best_genes.tolist()}, pool.genes[pool.order[0]].tolist())
        )
    assert results[0] == results[1]
    assert results[0][0]["best_merit"] > (40 if on_bits else -8)


def test_merits_of_whole_numbers_progress_and_the_best_is_what_was_ever_seen(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    pool, progress = begun()
    loops_of(strategy).advance(pool, progress, race(last_generation=100), stream_of(strategy_random, 1))
    assert int(np.bitwise_count(progress.best_genes).sum()) == progress.best_merit
    assert progress.best_merit > 60
