"""Selection, crossover and mutation of a pool of rows: their laws, and the two implementations against one another."""

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

from gigaevo.kernels.checks.functions_checks import REAL
from gigaevo.kernels.strategy_laws import (
    Change,
    Crossing,
    Exchange,
    GeneLaw,
    Goal,
    Mutation,
    Plan,
    Pool,
    Progress,
    Score,
    Scoring,
    ValueLaws,
    packed,
    share,
    unpacked,
)
from tests.kernels.conftest import compiled

SUM = Scoring(Score.SUM, 0, 1.0)
MERITS = st.one_of(
    st.integers(-3, 3).map(float),
    st.sampled_from([-math.inf, math.inf, math.nan, -0.0, 1e300, -1e300, 5e-324]),
    st.floats(allow_nan=False),
)


@pytest.fixture(params=["_strategy", "strategy_numpy"], scope="module")
def strategy(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``select_elite``, ``cross_over``, ``mutate_bits``, ``score_unknown`` and their like."""
    return compiled(request.param)


@pytest.fixture(scope="module")
def strategy_random(strategy: ModuleType) -> ModuleType:
    """The module of the ``RandomStream`` that ``strategy`` draws from."""
    return compiled("_random" if strategy.__name__.endswith("._strategy") else "random_numpy")


@pytest.fixture(scope="module")
def both_strategies() -> tuple[ModuleType, ModuleType]:
    return compiled("_strategy"), compiled("strategy_numpy")


def loops_of(strategy: ModuleType) -> ModuleType:
    """The module of ``advance``, ``climb`` and ``climb_steepest``."""
    return compiled("_strategy_loops" if strategy.__name__.endswith("._strategy") else "strategy_loops_numpy")


def bit_pool(bits: Any, capacity: int | None = None, merits: Any = None, ages: Any = None) -> Pool:
    rows = packed(np.asarray(bits, np.bool_))
    return pool_of(rows, capacity, merits, ages)


def number_pool(numbers: Any, capacity: int | None = None, merits: Any = None) -> Pool:
    return pool_of(np.asarray(numbers, np.float64), capacity, merits, None)


def pool_of(rows: Any, capacity: int | None, merits: Any, ages: Any) -> Pool:
    n = len(rows)
    capacity = n if capacity is None else capacity
    genes = np.zeros((capacity, rows.shape[1]), rows.dtype)
    genes[:n] = rows
    pool = Pool(genes, np.full(capacity, np.nan), np.zeros(capacity, np.int64), np.arange(capacity))
    pool.merits[:n] = 0.0 if merits is None else merits
    pool.ages[:n] = 1 if ages is None else ages
    return pool


def crossing(exchange: Exchange, genes_size: int, **other: Any) -> Crossing:
    told: dict[str, Any] = {
        "selection_rate": 1.0,
        "crossover_rate": 1.0,
        "number": 1,
        "allow_duplicates": False,
        "cuts": np.arange(1, genes_size),
        "genes_size": genes_size,
    }
    return Crossing(exchange, **(told | other))


def stream_of(module: ModuleType, seed: int = 0) -> Any:
    return module.RandomStream(np.random.SeedSequence(seed))


# Selection


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


# Crossover


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


# Mutation


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


def laws(law: GeneLaw, low: float, high: float, down: float = 0.0, up: float = 0.0) -> ValueLaws:
    return ValueLaws(np.array([law], np.int64), *(np.array([value], np.float64) for value in (low, high, down, up)))


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


# Merits, distinct rows, the whole loop


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


def race(*, tournament_size: int = 0, max_age: int = 0, **told: Any) -> Plan:
    default: dict[str, Any] = {
        "target_merit": math.inf,
        "valid_merit": -math.inf,
        "max_generations": 0,
        "max_stale_generations": 0,
        "stale_break": 0,
        "last_generation": 30,
        "replace_on_equal": False,
    }
    told_crossing = crossing(Exchange.HALF, 70, selection_rate=0.7, crossover_rate=0.8)
    mutation = Mutation(Change.FLIP, 0.2, 1, 1, np.arange(70))
    return Plan(20, 0.5, 0.05, tournament_size, max_age, told_crossing, mutation, SUM, Goal(**(default | told)))


def begun() -> tuple[Pool, Progress]:
    pool = bit_pool(np.random.default_rng(3).random((20, 70)) < 0.5, 40)
    pool.merits[:20] = np.bitwise_count(pool.genes[:20]).sum(1)
    best = int(pool.merits[:20].argmax())
    return pool, Progress(20, 0, 0, 0, float(pool.merits[best]), pool.genes[best].copy(), 20)


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


def test_merits_of_whole_numbers_progress_and_the_best_is_what_was_ever_seen(
    strategy: ModuleType, strategy_random: ModuleType
) -> None:
    pool, progress = begun()
    loops_of(strategy).advance(pool, progress, race(last_generation=100), stream_of(strategy_random, 1))
    assert int(np.bitwise_count(progress.best_genes).sum()) == progress.best_merit
    assert progress.best_merit > 60


# What they do not accept


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
