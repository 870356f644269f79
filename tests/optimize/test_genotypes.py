"""Genotypes: what is random lies within, what is decoded can be encoded, and mistakes are named."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.kernels.random import RandomStream
from gigaevo.optimize import (
    BinaryGenotype,
    Genotype,
    ListGenotype,
    MultiListGenotype,
    MultiRangeGenotype,
    MultiUniqueGenotype,
    RangeGenotype,
    UniqueGenotype,
)
from gigaevo.optimize.genotypes import as_genotype, ranges_of

GENOTYPES: list[Genotype] = [
    BinaryGenotype(9),
    ListGenotype(5, ("red", "green", "blue")),
    MultiListGenotype(((1, 2, 3), (0.5, 0.25), (7,))),
    RangeGenotype(4, (-2.0, 3.0)),
    RangeGenotype(3, (-2, 3), integer=True),
    MultiRangeGenotype([(0.0, 1.0), (5, 100), (2.0, 2.0)], integer=[False, True, False], names=["a", "b", "c"]),
    UniqueGenotype(range(7)),
    MultiUniqueGenotype((range(3), "abcd")),
]


def stream(seed: int = 0) -> RandomStream:
    return RandomStream(np.random.SeedSequence(seed))


@pytest.mark.parametrize("genotype", GENOTYPES, ids=lambda genotype: type(genotype).__name__)
@given(seed=st.integers(0, 2**32))
def test_random_genomes_lie_in_the_genotype_and_survive_being_decoded_and_encoded(
    genotype: Genotype, seed: int
) -> None:
    codes = genotype.random(6, stream(seed))
    assert codes.shape == (6, genotype.genes_size)
    assert codes.dtype == genotype.dtype
    np.testing.assert_array_equal(genotype.encode(genotype.decode(codes)), codes)


@pytest.mark.parametrize("genotype", GENOTYPES, ids=lambda genotype: type(genotype).__name__)
def test_a_genotype_survives_a_pickle(genotype: Genotype) -> None:
    again = pickle.loads(pickle.dumps(genotype))
    assert repr(again) == repr(genotype)
    np.testing.assert_array_equal(again.random(3, stream()), genotype.random(3, stream()))


@pytest.mark.parametrize("genotype", GENOTYPES, ids=lambda genotype: type(genotype).__name__)
def test_genotypes_are_equal_where_they_allow_the_same(genotype: Genotype) -> None:
    again = pickle.loads(pickle.dumps(genotype))
    assert again == genotype
    assert hash(again) == hash(genotype)
    assert [genotype == other for other in GENOTYPES].count(True) == 1


def test_every_whole_number_of_a_range_is_as_likely() -> None:
    drawn = RangeGenotype(1, (-1, 2), integer=True).random(40_000, stream())[:, 0]
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [-1, 0, 1, 2]
    assert (np.abs(counts - 10_000) < 500).all()


def test_bounds_that_are_no_whole_numbers_are_drawn_in() -> None:
    genotype = RangeGenotype(2, (0.5, 3.7), integer=True)
    assert (genotype.lower.tolist(), genotype.upper.tolist()) == ([1.0, 1.0], [3.0, 3.0])


def test_whole_numbers_go_as_far_as_float64_has_them_all() -> None:
    genotype = RangeGenotype(1, (-(2**53), 2**53), integer=True)
    assert (genotype.lower.tolist(), genotype.upper.tolist()) == ([-(2**53)], [2**53])
    RangeGenotype(1, (0, 2**60 + 1000))  # of other numbers any float64 will do


def test_each_order_of_a_permutation_is_as_likely() -> None:
    drawn = UniqueGenotype("abc").random(24_000, stream())
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 6
    assert (np.abs(counts - 4_000) < 350).all()


def test_a_pair_of_arrays_is_a_genotype_of_ranges() -> None:
    genotype = as_genotype(([0.0, -1.0], [1.0, 1.0]))
    assert isinstance(genotype, MultiRangeGenotype)
    assert genotype.lower.tolist() == [0.0, -1.0]


MIXED: list[tuple[Genotype, list[list[object]]]] = [
    (MultiListGenotype([[1, 2], ["x", "y"]]), [[1, "y"], [2, "x"]]),
    (MultiUniqueGenotype([[1, 2], ["a", "b"]]), [[2, 1, "a", "b"]]),
    (ListGenotype(2, [1, "a", None]), [["a", 1], [None, 1]]),
    (ListGenotype(2, [(1, 2), (3, 4)]), [[(3, 4), (1, 2)]]),
    (UniqueGenotype(["a", 1, (2, 3)]), [[(2, 3), "a", 1]]),
]


@pytest.mark.parametrize(("genotype", "genomes"), MIXED, ids=lambda value: type(value).__name__)
def test_genomes_of_alleles_of_any_kind_may_be_lists(genotype: Genotype, genomes: list[list[object]]) -> None:
    for form in (genomes, tuple(map(tuple, genomes)), iter(genomes)):
        assert genotype.decode(genotype.encode(form)).tolist() == genomes


@pytest.mark.parametrize("genotype", GENOTYPES, ids=lambda genotype: type(genotype).__name__)
def test_genomes_may_be_made_as_they_are_asked_for(genotype: Genotype) -> None:
    genomes = genotype.decode(genotype.random(4, stream()))
    for form in (iter(genomes), (genome.tolist() for genome in genomes), [genome.tolist() for genome in genomes]):
        np.testing.assert_array_equal(genotype.encode(form), genotype.encode(genomes))


@pytest.mark.parametrize("genotype", GENOTYPES, ids=lambda genotype: type(genotype).__name__)
def test_genomes_of_several_lengths_are_refused_in_a_line(genotype: Genotype) -> None:
    genomes = genotype.decode(genotype.random(2, stream())).tolist()
    genomes[1].pop()
    with pytest.raises(ValueError, match=r"several lengths, expected \d genes|genomes\[1\] has \d genes, expected \d"):
        genotype.encode(genomes)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BinaryGenotype(0), "genes_size is 0"),
        (lambda: RangeGenotype(2, (1.0, 0.0)), r"range of gene 0 is \(1.0, 0.0\)"),
        (lambda: RangeGenotype(2, (0.0, float("nan"))), "expected finite bounds"),
        (lambda: RangeGenotype(2, (-1.7e308, 1.7e308)), "wider than"),
        (lambda: RangeGenotype(2, (0.2, 0.8), integer=True), "whole number within"),
        (lambda: RangeGenotype(2, (0, 2**60 + 1000), integer=True), r"expected whole numbers within 2\*\*53"),
        (lambda: RangeGenotype(2, "05"), "allele_range is '05', expected two numbers"),
        (lambda: RangeGenotype(2, 3), "allele_range is 3"),  # type: ignore[arg-type]
        (lambda: MultiRangeGenotype([]), "number of allele_ranges is 0"),
        (lambda: MultiRangeGenotype([(0, 1)], names=["a", "b"]), "names has 2 entries"),
        (lambda: MultiRangeGenotype([(0, 1)], integer=[True, True]), "integer has 2 entries"),
        (lambda: ListGenotype(3, []), "allele_list is empty"),
        (lambda: UniqueGenotype([1, 2, 1]), r"allele_list\[2\] is 1, which is there before"),
        (lambda: MultiListGenotype([[1], []]), r"allele_lists\[1\] is empty"),
        (lambda: MultiUniqueGenotype([]), "allele_lists is empty"),
        (lambda: ListGenotype(3, None), "allele_list is None, expected a list of alleles"),  # type: ignore[arg-type]
        (lambda: ListGenotype(3, [1, [2]]), r"allele_list\[1\] is \[2\], expected something hashable"),
        (lambda: MultiRangeGenotype([(0, 1)] * 3, names=["a", "b", "a"]), "names has 'a' more than once"),
        (lambda: as_genotype((["a"], [1.0])), "expected a pair of arrays of numbers"),
        (lambda: as_genotype([(-5, 5), (0, 9)]), "a list of ranges is a MultiRangeGenotype"),
        (lambda: as_genotype([(-5, 5), (0, 9), (1, 2)]), "a list of ranges is a MultiRangeGenotype"),
        (lambda: as_genotype(([0.0], [1.0, 2.0])), r"shapes \(1,\) and \(2,\)"),
    ],
)
def test_what_is_no_search_space_is_a_value_error_that_names_it(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    "alleles", [[1, "a"], ["a", 2.5, None], [(1, 2), (3, 4)], [(1, 2), (3,)], ["a", "bc"], [True, "True"]]
)
def test_a_fitness_function_sees_the_alleles_themselves(alleles: list[object]) -> None:
    genotype = ListGenotype(2, alleles)
    genomes = genotype.decode(np.array([[0, 1]], np.int32))
    assert genomes[0].tolist() == alleles[:2]
    assert [type(gene) for gene in genomes[0].tolist()] == [type(allele) for allele in alleles[:2]]
    np.testing.assert_array_equal(genotype.encode(genomes), [[0, 1]])


def test_a_genotype_reads_as_it_is_made_while_it_is_small() -> None:
    small = MultiRangeGenotype([(0, 1), (5, 9)], integer=[False, True], names=["spread", "window"])
    again = eval(repr(small))
    assert isinstance(again, MultiRangeGenotype)
    assert repr(again) == repr(small)
    large = MultiRangeGenotype([(0, 1)] * 10_000, integer=[True] + [False] * 9_999)
    assert repr(large) == "MultiRangeGenotype(10000 genes, 1 of them whole numbers, the first 'gene_0' in (0.0, 1.0))"


@pytest.mark.parametrize(
    "genotype",
    [
        BinaryGenotype(3),
        ListGenotype(2, "abc"),
        ListGenotype(2, [(1, 2), (3, 4)]),
        UniqueGenotype(range(4)),
        MultiListGenotype([[1, 2], "ab"]),
        MultiUniqueGenotype([[1, 2]]),
        RangeGenotype(3, (0, 1), integer=True),
    ],
)
def test_what_a_genotype_reads_as_makes_it_again(genotype: Genotype) -> None:
    assert repr(eval(repr(genotype))) == repr(genotype)


def test_many_alleles_read_in_a_line() -> None:
    assert repr(UniqueGenotype(range(10_000))) == "UniqueGenotype(allele_list=<10000 of them, the first 0>)"
    assert len(repr(MultiListGenotype([range(50)] * 9))) < 500
    assert len(repr(MultiUniqueGenotype([range(2)] * 900))) < 100


def test_many_numbers_are_made_by_one_look_at_each() -> None:
    assert RangeGenotype(100_000, (0, 1)).genes_size == 100_000  # by a look at all for each it took minutes
    assert MultiRangeGenotype([(0, 1)] * 100_000, integer=True).integer.all()


def test_an_optimizer_of_numbers_says_what_it_takes() -> None:
    with pytest.raises(TypeError, match="CMAES works on RangeGenotype and MultiRangeGenotype, not on BinaryGenotype"):
        ranges_of(BinaryGenotype(3), "CMAES")
    with pytest.raises(TypeError, match="expected a Genotype or a pair of arrays"):
        as_genotype("box")


@pytest.mark.parametrize(
    ("genotype", "genomes", "said"),
    [
        (BinaryGenotype(2), [[0, 2]], r"genomes\[0, 1\] is 2, expected 0 or 1"),
        (RangeGenotype(2, (0, 1)), [[0, 2]], r"genomes\[0, 1\] is 2.0, expected 0.0 to 1.0"),
        (RangeGenotype(2, (0, 1)), [[0, float("nan")]], r"genomes\[0, 1\] is nan"),
        (RangeGenotype(2, (0, 9), integer=True), [[0, 0.5]], "expected a whole number"),
        (RangeGenotype(2, (0, 1)), [0, 1], r"shape \(2,\), expected \(n, 2\)"),
        (UniqueGenotype("ab"), [["a", "a"]], r"genomes\[0\] has an allele twice"),
        (UniqueGenotype("ab"), [["a", "c"]], r"genomes\[0, 1\] is 'c'"),
    ],
)
def test_a_genome_that_is_not_of_the_genotype_is_named(genotype: Genotype, genomes: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        genotype.encode(genomes)
