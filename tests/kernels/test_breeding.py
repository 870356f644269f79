"""Generations: who breeds, who stays, what is there already, and that a loop in the kernel is the loop outside."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from gigaevo.kernels.advances import Advance
from gigaevo.kernels.codes import PLUS
from gigaevo.kernels.twins import breeding_numpy, functions_numpy
from tests.kernels.conftest import compiled, stream_for

UNLIKELY = 1e-4
FEW_MERITS = st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0])


def bits_and_merits(n: int, genes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    codes = np.random.default_rng(seed).integers(0, 2, (n, genes)).astype(np.uint8)
    return codes, codes.sum(axis=1).astype(np.float64)


def reals_and_merits(n: int, genes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    codes = np.random.default_rng(seed).uniform(-5, 5, (n, genes))
    return codes, -functions_numpy.evaluate(1, codes)


# Survival


@settings(max_examples=150, deadline=None)
@given(st.lists(FEW_MERITS, min_size=1, max_size=9), st.lists(FEW_MERITS, max_size=9))
def test_both_implementations_keep_the_same_who_compete(merits: list[float], child_merits: list[float]):
    outcomes = []
    for module in (compiled("_breeding"), breeding_numpy):
        codes, kept = np.arange(len(merits), dtype=np.int32)[:, None], np.array(merits)
        children = 100 + np.arange(len(child_merits), dtype=np.int32)[:, None]
        module.compete(codes, kept, children, np.array(child_merits))
        outcomes.append((codes[:, 0].tolist(), kept.tolist()))
    assert outcomes[0] == outcomes[1]
    codes, kept = outcomes[0]
    everybody = [*merits, *child_merits]
    assert sorted(kept) == sorted(everybody)[len(child_merits) :]
    named = {**dict(enumerate(merits)), **{100 + row: merit for row, merit in enumerate(child_merits)}}
    assert [named[code] for code in codes] == kept
    assert len(set(codes)) == len(codes)
    assert all(row == code for row, code in enumerate(codes) if code < 100)


@settings(max_examples=150, deadline=None)
@given(st.lists(FEW_MERITS, min_size=1, max_size=9), st.data())
def test_both_implementations_let_children_succeed(merits: list[float], data: st.DataObject):
    elites = data.draw(st.integers(0, len(merits) - 1))
    n = len(merits) - elites
    outcomes = []
    for module in (compiled("_breeding"), breeding_numpy):
        codes, kept = np.arange(len(merits), dtype=np.float64)[:, None], np.array(merits)
        module.succeed(codes, kept, 100.0 + np.arange(n)[:, None], np.arange(n) * 1.0, elites)
        outcomes.append((codes[:, 0].tolist(), kept.tolist()))
    assert outcomes[0] == outcomes[1]
    best = sorted(sorted(range(len(merits)), key=lambda row: -merits[row])[:elites])
    assert outcomes[0] == ([*best, *range(100, 100 + n)], [*[merits[row] for row in best], *range(n)])


def test_of_equal_merits_children_stay_and_the_lower_rows(breeding: ModuleType):
    codes, merits = np.zeros((3, 1), np.uint8), np.ones(3)
    breeding.compete(codes, merits, np.ones((2, 1), np.uint8), np.ones(2))
    assert codes[:, 0].tolist() == [0, 1, 1]


def test_large_populations_are_parted_as_sorting_would(breeding: ModuleType):
    rng = np.random.default_rng(0)
    merits, child_merits = rng.normal(size=3000), rng.normal(size=2500)
    codes, children = merits[:, None].copy(), child_merits[:, None].copy()
    expected = np.sort(np.concatenate([merits, child_merits]))[2500:]
    breeding.compete(codes, merits, children, child_merits)
    assert (np.sort(merits) == expected).all()
    assert (codes[:, 0] == merits).all()


# Repetitions


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.lists(st.integers(0, 6), max_size=12))
def test_repetitions_are_those_of_a_set(codes: list[int], children: list[int]):
    seen, expected = set(codes), []
    for child in children:
        expected.append(child in seen)
        seen.add(child)
    for dtype in (np.uint8, np.int32, np.float64):
        rows = [np.array(some, dtype).reshape(-1, 1).repeat(11, axis=1).copy() for some in (children, codes)]
        for module in (compiled("_breeding"), breeding_numpy):
            assert module.repeated(*rows).tolist() == expected


def test_genomes_of_many_genes_are_told_apart_by_the_last_one(breeding: ModuleType):
    codes = np.random.default_rng(0).random((500, 37))
    children = codes.copy()
    children[::2, -1] += 1e-16 + np.spacing(children[::2, -1])
    assert breeding.repeated(children, codes).tolist() == [False, True] * 250


# Breeding


def test_children_of_bits_come_of_the_fitter(breeding: ModuleType):
    codes = np.repeat(np.arange(2, dtype=np.uint8), 50)[:, None].repeat(8, axis=1).copy()
    merits = codes.sum(axis=1).astype(float)
    children = breeding.breed_bits(codes, merits, 4000, stream_for(breeding), size=3, pair_rate=0.0, flip_rate=0.0)
    fit = int((children[:, 0] == 1).sum())
    assert chisquare([fit, 4000 - fit], [3500, 500]).pvalue > UNLIKELY  # 1 - (1/2)^3 of the tournaments


def test_the_invalid_have_no_children_while_there_is_a_valid_one(breeding: ModuleType):
    codes, merits = bits_and_merits(20, 30)
    merits[:] = -np.inf
    merits[7] = 1.0
    children = breeding.breed_bits(codes, merits, 31, stream_for(breeding), flip_rate=0.0)
    assert (children == codes[7]).all()
    merits[7] = -np.inf
    assert len(np.unique(breeding.breed_bits(codes, merits, 31, stream_for(breeding), flip_rate=0.0), axis=0)) > 5


@pytest.mark.parametrize("cuts", [0, 1, 2, 4])
def test_bits_are_crossed_and_flipped_as_by_the_operators(breeding: ModuleType, cuts: int):
    codes = np.repeat(np.arange(2, dtype=np.uint8), 10)[:, None].repeat(70, axis=1).copy()
    children = breeding.breed_bits(
        codes, np.ones(20), 4000, stream_for(breeding), size=1, cuts=cuts, pair_rate=1.0, flip_rate=0.0
    )
    first, second = children[:2000], children[2000:]
    crossed = (first != second).all(axis=1)  # half of the pairs have different parents
    assert chisquare([crossed.sum(), 2000 - crossed.sum()]).pvalue > UNLIKELY
    changes = (np.diff(first[crossed].astype(int), axis=1) != 0).sum(axis=1)
    assert set(changes) == {cuts} if cuts else 25 < changes.mean() < 45
    flipped = breeding.breed_bits(
        np.zeros((5, 70), np.uint8), np.ones(5), 2001, stream_for(breeding), cuts=cuts, flip_rate=0.02
    )
    assert chisquare([flipped.sum(), 2001 * 70 - flipped.sum()], [2801.4, 2001 * 70 - 2801.4]).pvalue > UNLIKELY


def test_numbers_stay_within_bounds_and_whole_where_they_are(breeding: ModuleType):
    lower, upper = np.array([-5.0, 0.0, 3.0, -2.0]), np.array([5.0, 10.0, 3.0, 2.0])
    integer = np.array([False, True, False, True])
    codes = np.random.default_rng(0).uniform(lower, upper, (30, 4))
    codes[:, integer] = np.round(codes[:, integer])
    children = breeding.breed_reals(
        codes, np.arange(30.0), 501, stream_for(breeding), lower=lower, upper=upper, integer=integer, mutation_rate=0.5
    )
    assert children.shape == (501, 4)
    assert ((children >= lower) & (children <= upper)).all()
    assert (children[:, integer] == np.round(children[:, integer])).all()
    assert (children[:, 2] == 3.0).all()
    assert len(np.unique(children[:, 0])) > 300


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_as_many_children_are_bred_as_are_asked_for(breeding: ModuleType, count: int):
    codes, merits = bits_and_merits(5, 9)
    assert breeding.breed_bits(codes, merits, count, stream_for(breeding), distinct=True).shape == (count, 9)
    reals, worth = reals_and_merits(5, 3)
    bounds = {"lower": np.full(3, -5.0), "upper": np.full(3, 5.0)}
    assert breeding.breed_reals(reals, worth, count, stream_for(breeding), **bounds).shape == (count, 3)


def test_distinct_children_are_like_nobody(breeding: ModuleType):
    codes, merits = bits_and_merits(40, 12)
    repeats = {}
    for distinct in (False, True):
        children = breeding.breed_bits(
            codes, merits, 40, stream_for(breeding), pair_rate=0.5, flip_rate=0.05, distinct=distinct
        )
        repeats[distinct] = int(breeding.repeated(children, codes).sum())
    assert repeats[False] > 5
    assert repeats[True] == 0


def test_where_all_is_there_already_distinct_children_are_given_up(breeding: ModuleType):
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8)
    children = breeding.breed_bits(codes, np.ones(4), 4, stream_for(breeding), distinct=True)
    assert children.shape == (4, 2) and set(children.ravel()) <= {0, 1}


# Many generations


@pytest.mark.parametrize("distinct", [False, True])
@pytest.mark.parametrize("elites", [PLUS, 0, 3])
@pytest.mark.parametrize(("cuts", "gene_rate"), [(0, 0.5), (0, 0.3), (1, 0.5), (2, 0.5), (5, 0.5)])
@pytest.mark.parametrize(("function", "order"), [(0, 1), (1, 1), (2, 5)])
def test_generations_of_bits_in_the_kernel_are_those_outside(
    breeding: ModuleType, distinct: bool, elites: int, cuts: int, gene_rate: float, function: int, order: int
):
    parameters = {"size": 3, "cuts": cuts, "gene_rate": gene_rate, "flip_rate": 0.02, "distinct": distinct}
    check_same_run(
        bits_and_merits(13, 70),
        lambda codes, merits, count, stream: breeding.breed_bits(codes, merits, count, stream, **parameters),
        lambda children: functions_numpy.evaluate_bits(function, children, order),
        lambda *arrays, **steps: breeding.advance_bits(*arrays, function=function, order=order, **steps, **parameters),
        breeding,
        elites,
    )


@pytest.mark.parametrize("distinct", [False, True])
@pytest.mark.parametrize("elites", [PLUS, 0, 3])
@pytest.mark.parametrize("whole", [False, True])
def test_generations_of_numbers_in_the_kernel_are_those_outside(
    breeding: ModuleType, distinct: bool, elites: int, whole: bool
):
    codes, merits = reals_and_merits(13, 7)
    codes, integer = (np.round(codes), np.ones(7, np.bool_)) if whole else (codes, None)
    bounds = {"lower": np.full(7, -5.0), "upper": np.full(7, 5.0), "integer": integer}
    parameters = {**bounds, "mutation_rate": 0.2, "distinct": distinct}
    functions = compiled("_functions") if breeding.__name__.endswith("._breeding") else functions_numpy
    check_same_run(
        (codes, merits),
        lambda codes, merits, count, stream: breeding.breed_reals(codes, merits, count, stream, **parameters),
        lambda children: -functions.evaluate(1, children),
        lambda *arrays, **steps: breeding.advance_reals(*arrays, function=1, **steps, **parameters),
        breeding,
        elites,
    )


def check_same_run(
    population: tuple[np.ndarray, np.ndarray],
    breed: Callable[..., np.ndarray],
    merits_of: Callable[[np.ndarray], np.ndarray],
    advance: Callable[..., Any],
    breeding: ModuleType,
    elites: int,
) -> None:
    """The same population, best and random stream after 12 generations in one call and one by one."""
    codes, merits = (array.copy() for array in population)
    merits[:] = merits_of(codes)
    inside, outside = stream_for(breeding, 4), stream_for(breeding, 4)
    kept, worth = codes.copy(), merits.copy()
    best = float(merits.max())
    made, row = advance(kept, worth, inside, generations=12, elites=elites, best=best, target=np.inf)
    expected = (0, best, None)
    for generation in range(1, 13):
        children = breed(codes, merits, len(codes) - max(elites, 0), outside)
        child_merits = merits_of(children)
        top = int(child_merits.argmax())
        if child_merits[top] > expected[1]:
            expected = (generation, float(child_merits[top]), children[top].copy())
        if elites == PLUS:
            breeding.compete(codes, merits, children, child_merits)
        else:
            breeding.succeed(codes, merits, children, child_merits, elites)
    assert (kept == codes).all() and (worth == merits).all()
    assert made == Advance(generations=12, invalid=0, best_merit=expected[1], best_generation=expected[0])
    assert row is None if expected[2] is None else (row == expected[2]).all()
    assert (inside.state == outside.state).all()


def test_generations_end_at_the_target(breeding: ModuleType):
    codes, merits = bits_and_merits(50, 20)
    made, row = breeding.advance_bits(
        codes, merits, stream_for(breeding), function=0, order=1, generations=10_000, elites=1, best=-1.0, target=20.0
    )
    assert made.generations == made.best_generation < 1000
    assert made.best_merit == 20.0 and row.tolist() == [1] * 20


def test_nothing_is_brought_where_nothing_is_better(breeding: ModuleType):
    codes, merits = bits_and_merits(10, 20)
    outcome = breeding.advance_bits(
        codes, merits, stream_for(breeding), function=0, order=1, generations=3, elites=0, best=20.0, target=np.inf
    )
    assert outcome == (Advance(generations=3, invalid=0, best_merit=20.0, best_generation=0), None)


CODES, MERITS = np.zeros((3, 4), np.uint8), np.zeros(3)
REALS = {"lower": np.zeros(4), "upper": np.ones(4)}
STEPS = {"function": 0, "order": 1, "generations": 1, "elites": 0, "best": 0.0, "target": 1.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda b, s: b.breed_bits(CODES.astype(float), MERITS, 2, s), "codes is of float64, expected uint8"),
        (lambda b, s: b.breed_bits(CODES[:0], MERITS[:0], 2, s), r"codes has shape \(0, 4\), expected \(n, d\)"),
        (lambda b, s: b.breed_bits(CODES, MERITS[:2], 2, s), r"merits is float64 of shape \(2,\)"),
        (lambda b, s: b.breed_bits(CODES, [0, 0, 0], 2, s), "merits must be a C-contiguous array"),
        (lambda b, s: b.breed_bits(CODES, MERITS, -1, s), "count is -1, expected 0 or more"),
        (lambda b, s: b.breed_bits(CODES, MERITS, 2, s, size=0), "size is 0, expected 1 or more"),
        (lambda b, s: b.breed_bits(CODES, MERITS, 2, s, cuts=-1), "cuts is -1, expected 0"),
        (lambda b, s: b.breed_bits(CODES, MERITS, 2, s, flip_rate=7), "flip_rate is 7"),
        (lambda b, s: b.breed_bits(CODES, MERITS, 2, s, pair_rate=-1), "pair_rate is -1"),
        (lambda b, s: b.breed_reals(CODES, MERITS, 2, s, **REALS), "codes is of uint8, expected float64"),
        (lambda b, s: b.breed_reals(CODES * 1.0, MERITS, 2, s, lower=[1] * 4, upper=[0] * 4), r"lower\[0\]"),
        (lambda b, s: b.breed_reals(CODES * 1.0, MERITS, 2, s, lower=[0], upper=[1]), "lower has shape"),
        (lambda b, s: b.breed_reals(CODES * 1.0, MERITS, 2, s, lower=None, upper=None), "needs bounds"),
        (lambda b, s: b.breed_reals(CODES * 1.0, MERITS, 2, s, eta=-1, **REALS), "eta is -1"),
        (lambda b, s: b.breed_reals(CODES * 1.0, MERITS, 2, s, mutation_rate=2, **REALS), "mutation_rate is 2"),
        (lambda b, s: b.repeated(CODES, CODES[:, :2].copy()), r"children is uint8 of shape \(3, 4\)"),
        (lambda b, s: b.compete(CODES, MERITS, CODES, MERITS[:1]), r"child_merits is float64 of shape \(1,\)"),
        (lambda b, s: b.compete(frozen(CODES), MERITS, CODES, MERITS), "codes must be writable"),
        (lambda b, s: b.compete(CODES, MERITS, CODES, MERITS + np.nan), r"child_merits\[0\] is nan, expected a number"),
        (lambda b, s: b.succeed(CODES, MERITS * np.nan, CODES[1:], MERITS[1:], 1), r"merits\[0\] is nan"),
        (lambda b, s: b.succeed(CODES, MERITS, CODES, MERITS, 3), "elites is 3, expected 0 to 2"),
        (lambda b, s: b.succeed(CODES, MERITS, CODES, MERITS, 1), r"children is uint8 of shape \(3, 4\), expected"),
        (lambda b, s: b.advance_bits(CODES, MERITS, s, **{**STEPS, "function": 9}), "code is 9, expected 0 to 2"),
        (lambda b, s: b.advance_bits(CODES, MERITS, s, **{**STEPS, "elites": 3}), "elites is 3, expected 0 to 2"),
        (lambda b, s: b.advance_bits(CODES, MERITS, s, **{**STEPS, "order": 3}), "order is 3, expected 1 to 64 and a"),
        (lambda b, s: b.advance_bits(np.tile(CODES, 17), MERITS, s, **{**STEPS, "order": 68}), "order is 68, expected"),
    ],
)
def test_arguments_that_do_not_fit_are_named(breeding: ModuleType, call: Callable[..., object], message: str):
    with pytest.raises(ValueError, match=message):
        call(breeding, stream_for(breeding))


def frozen(array: np.ndarray) -> np.ndarray:
    copy = array.copy()
    copy.flags.writeable = False
    return copy
