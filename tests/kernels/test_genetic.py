"""Bits, alleles and permutations: what crossovers conserve, how often mutations happen, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from tests.kernels.conftest import compiled, stream_for

MODULES = ("_genetic", "genetic_numpy")
# Tests of distributions have fixed seeds: they cannot fail by chance, and a wrong distribution is far below.
UNLIKELY = 1e-4

Rows = np.ndarray


def permutations_of(rng: np.random.Generator, n: int, sizes: list[int]) -> Rows:
    sets = [np.array([rng.permutation(size) for _ in range(n)]) for size in sizes]
    return np.concatenate(sets, axis=1).astype(np.int32)


def are_permutations(rows: Rows, sizes: list[int]) -> bool:
    ends = np.cumsum(sizes)
    parts = [rows[:, end - size : end] for end, size in zip(ends, sizes, strict=True)]
    return all((np.sort(part, axis=1) == np.arange(part.shape[1])).all() for part in parts)


# Exchange of genes


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
@pytest.mark.parametrize("genes", [1, 7, 8, 63, 64, 65, 130])
def test_children_have_the_genes_of_their_parents_in_their_places(genetic: ModuleType, dtype: type, genes: int):
    rng = np.random.default_rng(genes)
    a, b = rng.integers(0, 2, (2, 40, genes)).astype(dtype)
    for children in (
        genetic.uniform(a, b, stream_for(genetic)),
        genetic.points(a, b, stream_for(genetic), cuts=3),
    ):
        first, second = children[:40], children[40:]
        assert children.dtype == dtype
        assert ((first == a) | (first == b)).all()
        assert (first + second == a + b).all()


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.5, 1.0])
def test_uniform_crossover_exchanges_the_share_that_it_says(genetic: ModuleType, rate: float):
    a, b = np.zeros((400, 101), np.uint8), np.ones((400, 101), np.uint8)
    children = genetic.uniform(a, b, stream_for(genetic), gene_rate=rate)
    exchanged = children[:400].sum(axis=0)
    assert (
        chisquare([exchanged.sum(), 40_400 - exchanged.sum()], [40_400 * rate, 40_400 * (1 - rate)]).pvalue > (UNLIKELY)
        if 0 < rate < 1
        else exchanged.sum() == 40_400 * rate
    )
    if rate == 0.5:
        assert exchanged.min() > 150 and exchanged.max() < 250


def test_genes_are_exchanged_independently_of_one_another(genetic: ModuleType):
    a, b = np.zeros((4000, 65), np.uint8), np.ones((4000, 65), np.uint8)
    exchanged = genetic.uniform(a, b, stream_for(genetic), gene_rate=0.3)[:4000].astype(float)
    together = np.corrcoef(exchanged.T) - np.eye(65)
    assert np.abs(together).max() < 0.09


def test_a_pair_is_crossed_as_often_as_it_says(genetic: ModuleType):
    a, b = np.zeros((4000, 40), np.uint8), np.ones((4000, 40), np.uint8)
    crossed = genetic.uniform(a, b, stream_for(genetic), pair_rate=0.7)[:4000].any(axis=1).sum()
    assert chisquare([crossed, 4000 - crossed], [2800, 1200]).pvalue > UNLIKELY


@pytest.mark.parametrize(("cuts", "stretches"), [(1, 2), (2, 3), (3, 4), (5, 6), (100, 20)])
def test_points_cut_as_often_as_they_say(genetic: ModuleType, cuts: int, stretches: int):
    a, b = np.zeros((300, 20), np.int32), np.ones((300, 20), np.int32)
    first = genetic.points(a, b, stream_for(genetic), cuts=cuts)[:300]
    assert (first[:, 0] == 0).all()
    assert set((np.diff(first, axis=1) != 0).sum(axis=1) + 1) == {stretches}


@pytest.mark.parametrize("cuts", [1, 2, 4])
def test_all_points_are_equally_likely(genetic: ModuleType, cuts: int):
    a, b = np.zeros((20_000, 9), np.uint8), np.ones((20_000, 9), np.uint8)
    first = genetic.points(a, b, stream_for(genetic), cuts=cuts)[:20_000].astype(int)
    assert chisquare((np.diff(first, axis=1) != 0).sum(axis=0)).pvalue > UNLIKELY


def test_children_may_be_written_over_their_parents(genetic: ModuleType):
    both = np.random.default_rng(0).integers(0, 2, (20, 33)).astype(np.uint8)
    before = both.copy()
    apart = genetic.uniform(before[:10], before[10:], stream_for(genetic), pair_rate=0.5)
    assert genetic.uniform(both[:10], both[10:], stream_for(genetic), pair_rate=0.5, out=both) is both
    assert (both == apart).all()


# Mutation of genes


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.25, 1.0])
def test_bits_flip_as_often_as_they_say_and_anywhere(genetic: ModuleType, rate: float):
    genomes = np.random.default_rng(0).integers(0, 2, (3000, 30)).astype(np.uint8)
    flipped = (genetic.flip(genomes, stream_for(genetic), gene_rate=rate) != genomes).sum(axis=0)
    if rate in (0.0, 1.0):
        assert set(flipped) == {3000 * rate}
    else:
        assert chisquare([flipped.sum(), 90_000 - flipped.sum()], [90_000 * rate, 90_000 * (1 - rate)]).pvalue > (
            UNLIKELY
        )
        assert chisquare(flipped).pvalue > UNLIKELY


def test_flips_of_a_genome_are_binomial(genetic: ModuleType):
    flips = genetic.flip(np.zeros((20_000, 10), np.uint8), stream_for(genetic), gene_rate=0.1).sum(axis=1)
    counts = np.bincount(flips, minlength=11)
    expected = [0.34867844, 0.38742049, 0.19371024, 0.05739563, 0.0127952]
    assert chisquare(counts[:5], np.array(expected) / sum(expected) * counts[:5].sum()).pvalue > UNLIKELY


def test_a_reset_gene_takes_another_allele_each_as_likely(genetic: ModuleType):
    genomes = np.tile(np.array([0, 2, 1, 0], np.int32), (20_000, 1))
    mutants = genetic.reset(genomes, stream_for(genetic), limits=[4, 3, 2, 1], gene_rate=0.5)
    assert (mutants[:, 3] == 0).all()
    changed = mutants[mutants[:, 0] != 0, 0]
    assert chisquare([len(changed), 20_000 - len(changed)]).pvalue > UNLIKELY
    assert chisquare(np.bincount(changed)[1:]).pvalue > UNLIKELY
    assert set(mutants[:, 1]) == {0, 1, 2} and set(mutants[:, 2]) == {0, 1}


# Permutations


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(0, 2**32 - 1), st.sampled_from(MODULES))
def test_children_and_mutants_of_permutations_are_permutations(sizes: list[int], seed: int, name: str):
    module, rng = compiled(name), np.random.default_rng(seed)
    a, b = permutations_of(rng, 6, sizes), permutations_of(rng, 6, sizes)
    ends = np.cumsum(sizes)
    for cross in (module.order, module.matched):
        assert are_permutations(cross(a, b, stream_for(module, seed), ends=ends), sizes)
    for mutate in (module.swap, module.inversion, module.scramble):
        assert are_permutations(mutate(a, stream_for(module, seed), ends=ends), sizes)


def stretches_of(children: Rows, a: Rows, b: Rows, expected: Callable[[Rows, Rows, int, int], Rows]) -> list[int]:
    """For each child the length of a stretch that explains it; every child must have one."""
    lengths = []
    for child, one, other in zip(children, a, b, strict=True):
        explained = [
            last - first
            for first in range(len(one))
            for last in range(first + 1, len(one))
            if (expected(one, other, first, last) == child).all()
        ]
        assert explained
        lengths.append(explained[0])
    return lengths


def davis(a: Rows, b: Rows, first: int, last: int) -> Rows:
    """Order crossover, in words: go round from behind the stretch, take what the child has not."""
    child, size = {place: a[place] for place in range(first, last + 1)}, len(a)
    place = last + 1
    for step in range(size):
        allele = b[(last + 1 + step) % size]
        if allele not in child.values():
            child[place % size] = allele
            place += 1
    return np.array([child[place] for place in range(size)])


def goldberg(a: Rows, b: Rows, first: int, last: int) -> Rows:
    """Partially matched crossover, in words: bring each allele of the stretch to its place by a swap within ``b``."""
    child = b.tolist()
    for place in range(first, last + 1):
        other = child.index(a[place])
        child[place], child[other] = child[other], child[place]
    return np.array(child)


@pytest.mark.parametrize(("name", "law"), [("order", davis), ("matched", goldberg)])
def test_children_are_those_of_the_books(genetic: ModuleType, name: str, law: Callable[..., Rows]):
    rng = np.random.default_rng(3)
    a, b = permutations_of(rng, 60, [7]), permutations_of(rng, 60, [7])
    children = getattr(genetic, name)(a, b, stream_for(genetic))
    assert len(set(stretches_of(children[:60], a, b, law))) > 3
    stretches_of(children[60:], b, a, law)


def test_a_swap_changes_two_places_equally_likely(genetic: ModuleType):
    genomes = np.tile(np.arange(6, dtype=np.int32), (15_000, 1))
    mutants = genetic.swap(genomes, stream_for(genetic))
    moved = mutants != genomes
    assert set(moved.sum(axis=1)) == {2}
    pairs = [tuple(np.flatnonzero(row)) for row in moved]
    counts = np.unique(pairs, axis=0, return_counts=True)[1]
    assert len(counts) == 15 and chisquare(counts).pvalue > UNLIKELY


def test_an_inversion_turns_a_stretch_round(genetic: ModuleType):
    genomes = np.tile(np.arange(8, dtype=np.int32), (200, 1))
    for mutant in genetic.inversion(genomes, stream_for(genetic)):
        first, *_, last = np.flatnonzero(mutant != np.arange(8))
        assert mutant[first : last + 1].tolist() == list(range(last, first - 1, -1))


def test_a_scramble_makes_every_order_of_a_stretch(genetic: ModuleType):
    genomes = np.tile(np.arange(3, dtype=np.int32), (6000, 1))
    orders, counts = np.unique(genetic.scramble(genomes, stream_for(genetic)), axis=0, return_counts=True)
    # Of three pairs of places each a third; of two places half stay, of all three a sixth of each order.
    expected = {(0, 1, 2): 14, (1, 0, 2): 8, (0, 2, 1): 8, (1, 2, 0): 2, (2, 0, 1): 2, (2, 1, 0): 2}
    assert chisquare(counts, [expected[tuple(order)] * 6000 / 36 for order in orders.tolist()]).pvalue > UNLIKELY


def test_changes_stay_within_a_set_which_is_chosen_by_its_size(genetic: ModuleType):
    genomes = np.tile(np.array([0, 0, 1, 0, 1, 2, 3], np.int32), (6000, 1))
    mutants = genetic.swap(genomes, stream_for(genetic), ends=[1, 3, 7])
    moved = (mutants != genomes).sum(axis=0)
    assert moved[0] == 0
    assert chisquare([moved[1:3].sum() // 2, moved[3:].sum() // 2], [2000, 4000]).pvalue > UNLIKELY
    assert are_permutations(mutants, [1, 2, 4])


@pytest.mark.parametrize("name", ["swap", "inversion", "scramble"])
def test_genomes_are_changed_as_often_as_they_say(genetic: ModuleType, name: str):
    genomes = permutations_of(np.random.default_rng(0), 2000, [40])
    changed = (getattr(genetic, name)(genomes, stream_for(genetic), rate=0.3) != genomes).any(axis=1).sum()
    assert 500 < changed < 700
    assert (getattr(genetic, name)(genomes, stream_for(genetic), rate=0.0) == genomes).all()


def test_permutations_of_one_allele_stay(genetic: ModuleType):
    ones = np.zeros((3, 2), np.int32)
    for name in ("swap", "inversion", "scramble"):
        assert (getattr(genetic, name)(ones, stream_for(genetic), ends=[1, 2]) == 0).all()
    assert (genetic.order(ones, ones, stream_for(genetic), ends=[1, 2]) == 0).all()


def test_the_same_seed_makes_the_same(genetic: ModuleType):
    genomes = permutations_of(np.random.default_rng(0), 20, [12])
    runs = [genetic.order(genomes, genomes[::-1].copy(), stream_for(genetic, 5)) for _ in range(2)]
    assert (runs[0] == runs[1]).all()
    assert (runs[0] != genetic.order(genomes, genomes[::-1].copy(), stream_for(genetic, 6))).any()


BITS, INTS = np.zeros((2, 3), np.uint8), np.array([[0, 1, 2], [2, 1, 0]], np.int32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g, s: g.uniform(BITS, INTS, s), "b is int32 of shape"),
        (lambda g, s: g.uniform(BITS, BITS[:1], s), r"b is uint8 of shape \(1, 3\), expected as a uint8 of shape"),
        (lambda g, s: g.uniform(BITS[0], BITS[0], s), r"a has shape \(3,\), expected \(n, d\)"),
        (lambda g, s: g.uniform(BITS.astype(float), BITS.astype(float), s), "a is of float64, expected uint8 or int32"),
        (lambda g, s: g.uniform(BITS, BITS, s, gene_rate=1.5), "gene_rate is 1.5, expected a probability"),
        (lambda g, s: g.uniform(BITS, BITS, s, pair_rate=-0.5), "pair_rate is -0.5, expected a probability"),
        (lambda g, s: g.points(BITS, BITS, s, cuts=0), "cuts is 0, expected 1 or more"),
        (lambda g, s: g.uniform(BITS, BITS, s, out=BITS), r"out is uint8 of shape \(2, 3\), expected uint8 of shape"),
        (lambda g, s: g.flip(INTS, s, gene_rate=0.1), "genomes is of int32, expected uint8"),
        (lambda g, s: g.flip(BITS, s, gene_rate=np.nan), "gene_rate is nan"),
        (lambda g, s: g.reset(INTS, s, limits=[3, 3], gene_rate=0.1), "limits is int64 of shape"),
        (lambda g, s: g.reset(INTS, s, limits=[3, 0, 3], gene_rate=0.1), r"limits\[1\] is 0, expected 1 or more"),
        (lambda g, s: g.order(INTS, INTS + 1, s), r"genes 0 to 2 of b\[0\] are \[1, 2, 3\], expected each of 0 to 2"),
        (lambda g, s: g.matched(INTS * 0, INTS, s), r"genes 0 to 2 of a\[0\] are \[0, 0, 0\]"),
        (lambda g, s: g.order(-INTS, INTS, s), r"of a\[0\] are \[0, -1, -2\]"),
        (lambda g, s: g.order(INTS, INTS, s, ends=[2]), r"ends is \[2\], expected ascending numbers"),
        (lambda g, s: g.swap(INTS, s, ends=[2, 2, 3]), r"ends is \[2, 2, 3\], expected ascending"),
        (lambda g, s: g.swap(INTS, s, rate=2), "rate is 2.0|rate is 2, expected a probability"),
    ],
)
def test_arguments_that_do_not_fit_are_named(genetic: ModuleType, call: Callable[..., object], message: str):
    with pytest.raises(ValueError, match=message):
        call(genetic, stream_for(genetic))
