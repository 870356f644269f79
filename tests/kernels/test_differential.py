"""Differential evolution: what is drawn, what follows from it, and what is refused."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gigaevo.kernels.advances import Task
from gigaevo.kernels.checks.differential_checks import Base, Plan
from gigaevo.kernels.checks.functions_checks import REAL
from tests.kernels.conftest import compiled, stream_for

LEAST_P = 1e-6  # of a correct kernel, one test in a million fails; seeds are fixed, so none does


# trials


@st.composite
def recombinations(draw: st.DrawFn) -> dict[str, Any]:
    """All that ``recombine`` takes, of up to 11 genes: vectors of four and what is left of them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, genes, n = draw(st.integers(1, 8)), draw(st.integers(1, 11)), draw(st.integers(0, 5))
    integer = rng.random(genes) < 0.3 if draw(st.booleans()) else None
    scale = draw(st.sampled_from([1.0, 1e-300, 1e200, 1e307])) if integer is None else 1.0
    lower = np.floor(rng.uniform(-9, 0, genes)) * scale
    upper = lower + np.floor(rng.uniform(0, 5, genes)) * scale
    pool = lower + rng.random((rows, genes)) * (upper - lower)
    if integer is not None:
        pool[:, integer] = np.round(pool[:, integer])
    return {
        "pool": pool,
        "targets": rng.integers(0, rows, n),
        "parents": rng.integers(0, rows, (n, draw(st.integers(3, 5)))),
        "weights": rng.uniform(0.0, 2.0, n),
        "crossed": rng.integers(0, 2, (n, genes)).astype(np.uint8),
        "lower": lower,
        "upper": upper,
        "integer": integer,
    }


def trial_gene(case: dict[str, Any], trial: int, gene: int) -> float:
    """One gene of one trial, as the papers have it."""
    x = [float(case["pool"][row, gene]) for row in case["parents"][trial]]
    own = float(case["pool"][case["targets"][trial], gene])
    w, low, high = float(case["weights"][trial]), float(case["lower"][gene]), float(case["upper"][gene])
    if not case["crossed"][trial, gene]:
        value = own
    else:
        if len(x) == 3:
            value = x[0] + w * (x[1] - x[2])
        elif len(x) == 4:
            value = x[0] + w * (x[1] - x[0]) + w * (x[2] - x[3])
        else:
            value = x[0] + w * (x[1] - x[2]) + w * (x[3] - x[4])
        value = value if value >= low else 0.5 * low + 0.5 * own
        value = value if value <= high else 0.5 * high + 0.5 * own
    return float(np.rint(value)) if case["integer"] is not None and case["integer"][gene] else value


@given(case=recombinations())
@settings(max_examples=80, deadline=None)
def test_trials_are_those_of_the_papers(differential: ModuleType, case: dict[str, Any]) -> None:
    trials = differential.recombine(**case)
    n, genes = case["crossed"].shape
    expected = [[trial_gene(case, trial, gene) for gene in range(genes)] for trial in range(n)]
    np.testing.assert_array_equal(trials, np.array(expected).reshape(n, genes))


@given(case=recombinations())
@settings(max_examples=50, deadline=None)
def test_both_implementations_make_the_same_trials(both_differentials: Any, case: dict[str, Any]) -> None:
    ours, twins = (module.recombine(**case) for module in both_differentials)
    np.testing.assert_array_equal(ours.view(np.uint64), twins.view(np.uint64))


@given(case=recombinations())
@settings(max_examples=50, deadline=None)
def test_trials_stay_within_the_bounds(differential: ModuleType, case: dict[str, Any]) -> None:
    trials = differential.recombine(**case)
    assert ((trials >= case["lower"]) & (trials <= case["upper"])).all()


def test_a_gene_out_of_bounds_goes_half_way_from_the_targets_to_the_bound(differential: ModuleType) -> None:
    pool = np.array([[4.0, 6.0], [8.0, 2.0], [9.0, 1.0], [0.0, 10.0]])
    bounds = np.zeros(2), np.full(2, 10.0)
    trial = differential.recombine(pool, [0], [[1, 2, 3]], [1.0], np.ones((1, 2), bool), *bounds)
    assert trial.tolist() == [[7.0, 3.0]]  # 8 + 9 is above 10: between 4 and 10; 2 - 9 below 0: between 6 and 0


def test_other_types_and_layouts_are_converted(differential: ModuleType) -> None:
    pool = np.arange(12.0).reshape(4, 3)
    arguments = ([0, 1], [[1, 2, 3], [0, 2, 3]], [0.5, 1.0], [[True, False, True]] * 2, [0, 0, 0], [20, 20, 20])
    plain = differential.recombine(pool, *(np.asarray(argument) for argument in arguments))
    for given_as in (np.asfortranarray(pool), pool.astype(np.float32), pool.astype(">f8"), pool.tolist()):
        np.testing.assert_array_equal(differential.recombine(given_as, *arguments), plain)


# parents

SHAPES = [
    (Base.RANDOM, False, 1),
    (Base.LEADER, False, 1),
    (Base.TARGET, True, 1),
    (Base.RANDOM, True, 1),
    (Base.RANDOM, False, 2),
    (Base.LEADER, False, 2),
    (Base.TARGET, False, 2),
]


def drawn_columns(base: Base, pull: bool, parents: np.ndarray) -> np.ndarray:
    """The columns that are members drawn from the population."""
    return np.delete(parents, ([0] if base != Base.RANDOM else []) + ([1] if pull else []), axis=1)


@pytest.mark.parametrize(("base", "pull", "differences"), SHAPES)
def test_parents_are_different_members_and_not_the_target(
    differential: ModuleType, base: Base, pull: bool, differences: int
) -> None:
    size = 2 * differences + (base == Base.RANDOM) + 1  # the fewest that suffice
    targets = np.arange(400) % size
    stream = stream_for(differential)
    parents = differential.draw_parents(targets, size, size, [1], 1, base, pull, differences, stream)
    assert parents.shape == (400, 1 + pull + 2 * differences) and parents.dtype == np.int64
    for target, row in zip(targets, drawn_columns(base, pull, parents), strict=True):
        assert sorted([*row, target]) == list(range(size))
    if base == Base.TARGET:
        np.testing.assert_array_equal(parents[:, 0], targets)
    if base == Base.LEADER:
        assert (parents[:, 0] == 1).all()
    if pull:
        assert (parents[:, 1] == 1).all()


@pytest.mark.parametrize(("base", "pull", "differences"), SHAPES)
def test_members_are_drawn_evenly(differential: ModuleType, base: Base, pull: bool, differences: int) -> None:
    size = 9
    targets = np.full(20_000, 4)
    stream = stream_for(differential, 1)
    parents = differential.draw_parents(targets, size, size, [0], 1, base, pull, differences, stream)
    others = np.delete(np.arange(size), 4)
    drawn = drawn_columns(base, pull, parents)
    for column in drawn.T:
        assert stats.chisquare(np.bincount(column, minlength=size)[others]).pvalue > LEAST_P
    pairs = np.bincount(drawn[:, 0] * size + drawn[:, 1], minlength=size * size).reshape(size, size)[others][:, others]
    assert stats.chisquare(pairs[~np.eye(size - 1, dtype=bool)]).pvalue > LEAST_P


def test_the_last_member_comes_from_the_archive_too(differential: ModuleType) -> None:
    targets = np.full(20_000, 2)
    stream = stream_for(differential, 2)
    parents = differential.draw_parents(targets, 5, 8, [0, 1], 1, Base.TARGET, True, 1, stream)
    assert parents[:, 2].max() == 4
    last = np.bincount(parents[:, 3], minlength=8)
    inside = (3 / 4) * (1 / 6)  # another one was drawn first
    shares = np.array([inside] * 4 + [1 / 6] * 3)
    assert last[2] == 0 and stats.chisquare(np.delete(last, 2), 20_000 * shares).pvalue > LEAST_P
    assert (parents[:, 2] != parents[:, 3]).all()


def test_leaders_are_of_the_best_of_a_drawn_number(differential: ModuleType) -> None:
    leaders, least = np.array([7, 3, 5, 0, 1]), 2
    stream = stream_for(differential, 3)
    parents = differential.draw_parents(np.zeros(20_000, int), 8, 8, leaders, least, Base.TARGET, True, 1, stream)
    numbers = range(least, len(leaders) + 1)
    shares = [sum((rank < k) / k for k in numbers) / len(numbers) for rank in range(len(leaders))]
    counts = np.array([(parents[:, 1] == leader).sum() for leader in leaders])
    assert counts.sum() == 20_000
    assert stats.chisquare(counts, 20_000 * np.array(shares)).pvalue > LEAST_P


def test_no_targets_draw_nothing(differential: ModuleType) -> None:
    stream = stream_for(differential)
    before = stream.state
    assert differential.draw_parents([], 5, 5, [0], 1, Base.RANDOM, False, 1, stream).shape == (0, 3)
    assert differential.draw_crossover([], 4, False, stream).shape == (0, 4)
    np.testing.assert_array_equal(before, stream.state)


# crossover


@pytest.mark.parametrize("exponential", [False, True])
@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("genes", [1, 2, 7, 128, 131])
def test_a_trial_takes_one_gene_at_least(differential: ModuleType, exponential: bool, rate: float, genes: int) -> None:
    crossed = differential.draw_crossover(np.full(300, rate), genes, exponential, stream_for(differential))
    assert crossed.shape == (300, genes) and crossed.dtype == np.uint8 and set(np.unique(crossed)) <= {0, 1}
    taken = crossed.sum(axis=1)
    assert (taken >= 1).all()
    if rate == 0.0:
        assert (taken == 1).all()
    if rate == 1.0:
        assert (taken == genes).all()


def test_binomial_crossover_takes_each_other_gene_with_its_rate(differential: ModuleType) -> None:
    genes, n = 5, 20_000
    rates = np.where(np.arange(n) % 2, 0.7, 0.2)
    crossed = differential.draw_crossover(rates, genes, False, stream_for(differential, 4))
    for rate in (0.7, 0.2):
        rows = crossed[rates == rate]
        for column in rows.T:
            share = 1 / genes + (1 - 1 / genes) * rate
            assert stats.binomtest(int(column.sum()), len(rows), share).pvalue > LEAST_P
        others = stats.binom.pmf(np.arange(genes), genes - 1, rate) * len(rows)
        assert stats.chisquare(np.bincount(rows.sum(axis=1), minlength=6)[1:], others).pvalue > LEAST_P


def test_exponential_crossover_takes_a_run_round_the_end(differential: ModuleType) -> None:
    genes, rate, n = 6, 0.6, 20_000
    crossed = differential.draw_crossover(np.full(n, rate), genes, True, stream_for(differential, 5)).astype(int)
    begins = (crossed == 1) & (np.roll(crossed, 1, axis=1) == 0)
    lengths = crossed.sum(axis=1)
    assert (begins.sum(axis=1) == (lengths < genes)).all()
    run = [rate ** (length - 1) * (1 - rate) for length in range(1, genes)] + [rate ** (genes - 1)]
    assert stats.chisquare(np.bincount(lengths, minlength=genes + 1)[1:], n * np.array(run)).pvalue > LEAST_P
    assert stats.chisquare(begins.sum(axis=0)).pvalue > LEAST_P


# replacing


@st.composite
def replacements(draw: st.DrawFn) -> dict[str, Any]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size, room, genes, n = (draw(st.integers(*pair)) for pair in ((1, 5), (0, 4), (1, 4), (0, 12)))
    merits = st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 0.5, 3.0])
    return {
        "pool": rng.random((size + room, genes)),
        "merits": np.array(draw(st.lists(merits, min_size=size, max_size=size))),
        "targets": rng.integers(0, size, n),
        "trials": rng.random((n, genes)),
        "trial_merits": np.array(draw(st.lists(merits, min_size=n, max_size=n)), np.float64),
        "archived": draw(st.integers(0, room)),
    }


@given(case=replacements())
@settings(max_examples=80, deadline=None)
def test_a_trial_replaces_its_target_if_it_is_at_least_as_good(differential: ModuleType, case: dict[str, Any]) -> None:
    size, room = len(case["merits"]), len(case["pool"]) - len(case["merits"])
    members, merits = case["pool"].copy(), case["merits"].copy()
    gains, beaten, equal = [], [], 0
    for target, trial, merit in zip(case["targets"], case["trials"], case["trial_merits"], strict=True):
        gains.append(merit - merits[target] if merit > merits[target] else 0.0)
        if merit > merits[target]:
            beaten.append(members[target].copy())
        equal += merit == merits[target]
        if merit >= merits[target]:
            members[target], merits[target] = trial, merit
    pool, kept = case["pool"].copy(), case["merits"].copy()
    arguments = {**case, "pool": pool, "merits": kept}
    found, archived = differential.replace(**arguments, stream=stream_for(differential))
    np.testing.assert_array_equal(found, gains)
    np.testing.assert_array_equal(pool[:size], members[:size])
    np.testing.assert_array_equal(kept, merits)
    assert archived == min(room, case["archived"] + len(beaten))
    direct = min(len(beaten), room - case["archived"])
    if len(beaten) <= room - case["archived"]:
        np.testing.assert_array_equal(
            pool[size + case["archived"] :][:direct], np.array(beaten).reshape(direct, pool.shape[1])
        )
    else:
        known = {row.tobytes() for row in [*case["pool"][size : size + case["archived"]], *beaten]}
        assert {row.tobytes() for row in pool[size : size + archived]} <= known


def test_a_full_archive_forgets_evenly(differential: ModuleType) -> None:
    stream = stream_for(differential, 6)
    counts = np.zeros(4, int)
    for _ in range(2000):
        pool, merits = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]]), np.zeros(1)
        differential.replace(pool, merits, [0], [[2.0]], [1.0], 4, stream)
        counts += pool[1:, 0] == 1.0
    assert counts.sum() == 2000 and stats.chisquare(counts).pvalue > LEAST_P


# SHADE


def test_settings_are_drawn_round_the_memory(differential: ModuleType) -> None:
    n = 20_000
    weights, rates = differential.draw_settings([0.5], [0.9], n, stream_for(differential, 7))
    assert ((weights > 0) & (weights <= 1)).all() and ((rates >= 0) & (rates <= 1)).all()
    shape = stats.cauchy(0.5, 0.1)
    below = shape.cdf(0.0)
    assert stats.binomtest(int((weights == 1.0).sum()), n, shape.sf(1.0) / (1 - below)).pvalue > LEAST_P
    inside = weights[weights < 1.0]
    law = stats.kstest(inside, lambda x: (shape.cdf(x) - below) / (shape.cdf(1.0) - below))
    assert law.pvalue > LEAST_P
    normal = stats.norm(0.9, 0.1)
    assert stats.binomtest(int((rates == 1.0).sum()), n, normal.sf(1.0)).pvalue > LEAST_P
    inside = rates[rates < 1.0]
    assert stats.kstest(inside, lambda x: normal.cdf(x) / normal.cdf(1.0)).pvalue > LEAST_P


def test_weight_and_rate_of_a_trial_come_from_one_entry(differential: ModuleType) -> None:
    weights, rates = differential.draw_settings([0.1, 0.9], [0.0, 1.0], 4000, stream_for(differential, 8))
    low = rates < 0.5
    assert stats.binomtest(int(low.sum()), 4000, 0.5).pvalue > LEAST_P
    assert np.median(weights[low]) < 0.3 and np.median(weights[~low]) > 0.7


@given(
    rows=st.lists(
        st.tuples(st.sampled_from([0.0, 1e-9, 1.0, 7.0, math.inf]), st.floats(0.01, 1.0), st.floats(0.0, 1.0)),
        max_size=20,
    )
)
@settings(max_examples=80, deadline=None)
def test_what_succeeded_is_averaged_by_its_gain(both_differentials: Any, rows: list[tuple[float, ...]]) -> None:
    gains, weights, rates = np.array(rows).reshape(-1, 3).T
    ours, twins = (module.success_means(gains, weights, rates) for module in both_differentials)
    assert ours == twins
    better = gains > 0
    if not better.any():
        assert ours is None
        return
    finite = gains[better & np.isfinite(gains)]
    share = np.minimum(gains[better], finite.max() if len(finite) else 1.0)
    w, r = weights[better], rates[better]
    np.testing.assert_allclose(ours, [(share * w**2).sum() / (share * w).sum(), (share * r).sum() / share.sum()])


@given(merits=st.lists(st.sampled_from([-math.inf, -1.0, 0.0, 2.0, 5.0]), min_size=1, max_size=40), data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_best_members_come_first_and_ties_in_their_order(
    differential: ModuleType, merits: list[float], data: st.DataObject
) -> None:
    most = data.draw(st.integers(1, len(merits)))
    expected = sorted(range(len(merits)), key=lambda member: (-merits[member], member))[:most]
    assert differential.best_members(merits, most).tolist() == expected


# the loop on a native function

PLANS = {
    "rand/1": Plan(Base.RANDOM, False, 1, False, False, 1, 0.5, 0.5, 0.9),
    "best/2, dither, exponential": Plan(Base.LEADER, False, 2, True, False, 1, 0.3, 0.8, 0.7),
    "rand-to-best/1": Plan(Base.RANDOM, True, 1, False, False, 1, 0.6, 0.6, 1.0),
    "shade": Plan(Base.TARGET, True, 1, False, True, 3, 0.5, 0.5, 0.9),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("target", [math.inf, -20.0])
def test_the_loop_does_what_its_parts_do(differential: ModuleType, plan: Plan, target: float) -> None:
    numpy = "numpy" in differential.__name__
    loop = compiled("differential_loop_numpy" if numpy else "_differential_loop")
    evaluate = compiled("functions_numpy" if numpy else "_functions").evaluate
    size, genes, code = 12, 6, REAL.index("rastrigin")
    rng = np.random.default_rng(9)
    lower, upper, integer = np.full(genes, -5.0), np.full(genes, 5.0), np.arange(genes) == 2
    pool = np.empty((2 * size if plan.adaptive else size, genes))
    pool[:] = rng.uniform(-5.0, 5.0, pool.shape)
    pool[:, 2] = np.round(pool[:, 2])
    merits = -evaluate(code, pool[:size])
    state = [pool, merits, np.full((2, 4), 0.5), np.zeros(2, np.int64)]
    ours, parts = ([array.copy() for array in state] for _ in range(2))
    streams = stream_for(differential, 10), stream_for(differential, 10)
    best, targets = np.empty(genes), np.arange(size)
    made = loop.advance(
        plan,
        *ours,
        targets,
        lower,
        upper,
        integer,
        Task(code, -1.0, 40, target, float(merits.max()), best),
        streams[0],
    )
    best_merit, best_generation = float(merits.max()), 0
    expected_best = np.empty(genes)
    pool, merits, memory, counters = parts
    for generation in range(1, 41):
        n, stream = size, streams[1]
        leaders = differential.best_members(merits, plan.leading)
        if plan.adaptive:
            weights, rates = differential.draw_settings(memory[0], memory[1], n, stream)
        else:
            weights, rates = np.full(n, plan.lowest), np.full(n, plan.rate)
            if plan.highest > plan.lowest:
                weights += (plan.highest - plan.lowest) * stream.uniforms(n)
        how = (min(2, plan.leading), plan.base, plan.pull, plan.differences)
        parents = differential.draw_parents(targets, size, size + int(counters[0]), leaders, *how, stream)
        crossed = differential.draw_crossover(rates, genes, plan.exponential, stream)
        trials = differential.recombine(pool, targets, parents, weights, crossed, lower, upper, integer)
        worth = -evaluate(code, trials)
        if worth.max() > best_merit:
            best_merit, best_generation = float(worth.max()), generation
            expected_best = trials[worth.argmax()]
        gains, counters[0] = differential.replace(pool, merits, targets, trials, worth, int(counters[0]), stream)
        means = differential.success_means(gains, weights, rates) if plan.adaptive else None
        if means is not None:
            memory[:, counters[1]] = means
            counters[1] = (counters[1] + 1) % memory.shape[1]
        if best_merit >= target:
            break
    assert made == (generation, 0, best_merit, best_generation)
    np.testing.assert_array_equal(best, expected_best)
    size_now = size + int(counters[0])
    np.testing.assert_array_equal(ours[0][:size_now], pool[:size_now])
    for mine, theirs in zip(ours[1:], parts[1:], strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(streams[0].state, streams[1].state)


def test_values_that_are_no_numbers_are_invalid_in_the_loop(differential: ModuleType) -> None:
    loop = compiled("differential_loop_numpy" if "numpy" in differential.__name__ else "_differential_loop")
    pool, merits = np.full((5, 2), 1e200), np.full(5, -math.inf)  # squares overflow
    made = loop.advance(
        PLANS["rand/1"],
        pool,
        merits,
        np.full((2, 1), 0.5),
        np.zeros(2, np.int64),
        np.arange(5),
        np.full(2, 1e199),
        np.full(2, 1e201),
        None,
        Task(REAL.index("sphere"), -1.0, 3, math.inf, -math.inf, np.empty(2)),
        stream_for(differential),
    )
    assert made == (3, 15, -math.inf, 0)
    assert np.isneginf(merits).all()


# what is refused

POOL = np.arange(12.0).reshape(4, 3)
SOUND_RECOMBINE = {
    "pool": POOL,
    "targets": [0],
    "parents": [[1, 2, 3]],
    "weights": [0.5],
    "crossed": np.ones((1, 3), np.uint8),
    "lower": np.zeros(3),
    "upper": np.full(3, 20.0),
}
SOUND_DRAW = {"targets": [0], "size": 6, "pool": 6, "leaders": [0], "least": 1, "base": 0, "pull": False}
SOUND_REPLACE = {
    "pool": POOL,
    "merits": np.zeros(3),
    "targets": [0],
    "trials": [[1.0, 2.0, 3.0]],
    "trial_merits": [1.0],
    "archived": 0,
}
REFUSED = [
    ("recombine", {"pool": POOL[0]}, r"pool has shape \(3,\), expected 2 dimensions"),
    ("recombine", {"targets": [4]}, r"targets\[0\] is 4, expected 0 to 3"),
    ("recombine", {"targets": [0.0]}, r"targets must be integers \(int64\), not float64"),
    ("recombine", {"parents": [[1, 2, -1]]}, r"parents\[0, 2\] is -1, expected 0 to 3"),
    ("recombine", {"parents": [[1, 2]]}, r"parents has shape \(1, 2\), expected \(1, 3\) to \(1, 5\)"),
    ("recombine", {"parents": [[1, 2, 3]] * 2}, r"parents has shape \(2, 3\), expected \(1, 3\) to \(1, 5\)"),
    ("recombine", {"weights": [0.5, 0.5]}, r"weights has shape \(2,\), expected \(1,\)"),
    ("recombine", {"crossed": np.ones((1, 2), bool)}, r"crossed has shape \(1, 2\), expected \(1, 3\)"),
    ("recombine", {"crossed": np.ones((1, 3))}, r"crossed must be truth values \(bool or uint8\), not float64"),
    ("recombine", {"lower": np.zeros(2)}, r"lower has shape \(2,\), expected \(3,\)"),
    ("recombine", {"upper": np.zeros(4)}, r"upper has shape \(4,\), expected \(3,\)"),
    ("recombine", {"integer": [True]}, r"integer has shape \(1,\), expected \(3,\)"),
    ("draw_parents", {"targets": [6]}, r"targets\[0\] is 6, expected 0 to 5"),
    ("draw_parents", {"size": 3, "pool": 3}, r"size is 3, expected 4 or more: that many different members"),
    ("draw_parents", {"size": 5, "pool": 5, "differences": 2}, r"size is 5, expected 6 or more"),
    ("draw_parents", {"pool": 5}, r"pool is 5, expected 6 \(the population\) to 2\*\*31 - 1"),
    ("draw_parents", {"base": 3}, r"base is 3, expected 0 \(RANDOM\), 1 \(TARGET\) or 2 \(LEADER\)"),
    ("draw_parents", {"differences": 3}, r"differences is 3, expected 1 or 2"),
    ("draw_parents", {"differences": 2, "pull": True}, r"differences is 2, expected 1"),
    ("draw_parents", {"base": 2, "pull": True}, r"base is 2 \(LEADER\), expected another one"),
    ("draw_parents", {"base": 2, "least": 2}, r"least is 2, expected 1 to 1, the number of leaders"),
    ("draw_crossover", {"rates": [0.5, 1.5]}, r"rates\[1\] is 1.5, expected 0 to 1"),
    ("draw_crossover", {"rates": [math.nan]}, r"rates\[0\] is nan, expected 0 to 1"),
    ("draw_crossover", {"genes": 0}, r"genes is 0, expected 1 to "),
    ("replace", {"pool": POOL.astype(np.float32)}, r"pool is float32 of shape \(4, 3\), expected a writable"),
    ("replace", {"pool": POOL.tolist()}, r"pool is list, expected a writable C-contiguous float64 array of 2 dim"),
    ("replace", {"pool": np.asfortranarray(POOL)}, r"pool is float64 of shape \(4, 3\), expected a writable"),
    ("replace", {"merits": np.zeros(5)}, r"merits has shape \(5,\), expected at most 4 entries"),
    ("replace", {"archived": 2}, r"archived is 2, expected 0 to 1, the rows of pool beyond the population"),
    ("replace", {"targets": [3]}, r"targets\[0\] is 3, expected 0 to 2"),
    ("replace", {"trials": [[1.0, 2.0]]}, r"trials has shape \(1, 2\), expected \(1, 3\)"),
    ("replace", {"trial_merits": []}, r"trial_merits has shape \(0,\), expected \(1,\)"),
    ("draw_settings", {"memory_weights": []}, r"memory_weights is empty, expected one entry or more"),
    ("draw_settings", {"memory_weights": [0.0]}, r"memory_weights\[0\] is 0.0, expected a number above 0"),
    ("draw_settings", {"memory_rates": [0.5, 0.5]}, r"memory_rates has shape \(2,\), expected \(1,\)"),
    ("draw_settings", {"memory_rates": [2.0]}, r"memory_rates\[0\] is 2.0, expected 0 to 1"),
    ("draw_settings", {"n": -1}, r"n is -1, expected 0 or more"),
    ("success_means", {"rates": []}, r"rates has shape \(0,\), expected \(1,\)"),
    ("success_means", {"weights": []}, r"weights has shape \(0,\), expected \(1,\)"),
    ("best_members", {"most": 3}, r"most is 3, expected 1 to 2, the number of merits"),
    ("best_members", {"most": 0}, r"most is 0, expected 1 to 2, the number of merits"),
]
SOUND = {
    "recombine": SOUND_RECOMBINE,
    "draw_parents": {**SOUND_DRAW, "differences": 1},
    "draw_crossover": {"rates": [0.5], "genes": 3, "exponential": False},
    "replace": SOUND_REPLACE,
    "draw_settings": {"memory_weights": [0.5], "memory_rates": [0.5], "n": 1},
    "success_means": {"gains": [1.0], "weights": [0.5], "rates": [0.5]},
    "best_members": {"merits": [1.0, 2.0], "most": 1},
}
DRAWING = ("draw_parents", "draw_crossover", "replace", "draw_settings")


@pytest.mark.parametrize(("name", "wrong", "message"), REFUSED)
def test_what_does_not_fit_is_refused_with_the_same_words(
    both_differentials: Any, name: str, wrong: dict[str, Any], message: str
) -> None:
    texts = []
    for module in both_differentials:
        stream = {"stream": stream_for(module)} if name in DRAWING else {}
        with pytest.raises(ValueError, match=message) as caught:
            getattr(module, name)(**{**SOUND[name], **wrong}, **stream)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", SOUND)
def test_what_fits_is_accepted(differential: ModuleType, name: str) -> None:
    """The arguments that the refused ones differ from."""
    stream = {"stream": stream_for(differential)} if name in DRAWING else {}
    arguments = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in SOUND[name].items()}
    assert getattr(differential, name)(**arguments, **stream) is not None


def test_what_cannot_be_written_to_is_refused(differential: ModuleType) -> None:
    pool = POOL.copy()
    pool.flags.writeable = False
    with pytest.raises(ValueError, match=r"pool is float64 .*, expected a writable"):
        differential.replace(**{**SOUND_REPLACE, "pool": pool}, stream=stream_for(differential))


SOUND_LOOP = {
    "plan": PLANS["shade"],
    "pool": np.zeros((10, 2)),
    "merits": np.zeros(5),
    "memory": np.full((2, 3), 0.5),
    "counters": np.zeros(2, np.int64),
    "targets": np.arange(5),
    "lower": -np.ones(2),
    "upper": np.ones(2),
    "integer": None,
}
SOUND_TASK = Task(0, -1.0, 2, math.inf, 0.0, np.zeros(2))
REFUSED_LOOP = [
    ({"task": SOUND_TASK._replace(generations=0)}, r"generations is 0, expected 1 or more"),
    ({"task": SOUND_TASK._replace(function=99)}, r"function is 99, expected 0 to"),
    ({"plan": PLANS["shade"]._replace(rate=2.0)}, r"rate is 2.0, expected 0 to 1"),
    (
        {"plan": PLANS["shade"]._replace(lowest=0.9)},
        r"lowest and highest are 0.9 and 0.5, expected above 0 and in order",
    ),
    ({"plan": PLANS["shade"]._replace(leading=6)}, r"most is 6, expected 1 to 5, the number of merits"),
    ({"plan": PLANS["best/2, dither, exponential"], "merits": np.zeros(4)}, r"(targets\[4\]|size) is 4, expected"),
    ({"memory": np.full((3, 3), 0.5)}, r"memory has shape \(3, 3\), expected \(2, h\)"),
    ({"memory": np.full((2, 0), 0.5)}, r"memory_weights is empty, expected one entry or more"),
    ({"memory": np.zeros((2, 3))}, r"memory_weights\[0\] is 0.0, expected a number above 0"),
    ({"counters": np.zeros(2)}, r"counters is not a writable int64 array of shape \(2,\)"),
    ({"counters": np.array([0, 3])}, r"counters\[1\] is 3, expected 0 to 2"),
    ({"counters": np.array([6, 0])}, r"archived is 6, expected 0 to 5, the rows of pool beyond the population"),
    ({"targets": [5]}, r"targets\[0\] is 5, expected 0 to 4"),
    ({"task": SOUND_TASK._replace(best_code=np.zeros(3))}, r"best_code has shape \(3,\), expected \(2,\)"),
    (
        {"task": SOUND_TASK._replace(best_code=np.zeros(2, np.float32))},
        r"best_code is float32 of shape \(2,\), expected a writable",
    ),
    ({"lower": np.zeros(3)}, r"lower has shape \(3,\), expected \(2,\)"),
    ({"integer": [True]}, r"integer has shape \(1,\), expected \(2,\)"),
]


@pytest.mark.parametrize(("wrong", "message"), REFUSED_LOOP)
def test_a_loop_that_cannot_be_begun_is_refused(differential: ModuleType, wrong: dict[str, Any], message: str) -> None:
    loop = compiled("differential_loop_numpy" if "numpy" in differential.__name__ else "_differential_loop")
    sound = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in SOUND_LOOP.items()}
    assert loop.advance(**sound, task=SOUND_TASK, stream=stream_for(differential)).generations == 2
    with pytest.raises(ValueError, match=message):
        loop.advance(**{**sound, "task": SOUND_TASK, **wrong}, stream=stream_for(differential))
