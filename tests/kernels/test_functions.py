"""Test functions: against the formulas as they are printed, at their optima, and on what is no genome."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymoo.problems import get_problem

from gigaevo.kernels.checks.functions_checks import BITS, REAL, SEVERAL
from gigaevo.kernels.twins import functions_numpy
from tests.kernels.conftest import compiled

Vector = np.ndarray

PRINTED: dict[str, Callable[[Vector], float]] = {
    "sphere": lambda x: np.sum(x**2),
    "rastrigin": lambda x: 10 * len(x) + np.sum(x**2 - 10 * np.cos(2 * np.pi * x)),
    "rosenbrock": lambda x: sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)),
    "ackley": lambda x: (
        -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20 + np.e
    ),
    "griewank": lambda x: 1 + np.sum(x**2) / 4000 - np.prod([np.cos(gene / np.sqrt(i)) for i, gene in enumerate(x, 1)]),
    "schwefel": lambda x: 418.9828872724338 * len(x) - np.sum(x * np.sin(np.sqrt(np.abs(x)))),
    "levy": lambda x: levy(1 + (x - 1) / 4),
    "zakharov": lambda x: np.sum(x**2) + halves(x) ** 2 + halves(x) ** 4,
    "styblinski_tang": lambda x: np.sum(x**4 - 16 * x**2 + 5 * x) / 2,
}


def levy(w: Vector) -> float:
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    return np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def halves(x: Vector) -> float:
    return np.sum(0.5 * np.arange(1, len(x) + 1) * x)


def test_every_function_of_numbers_is_compared_with_its_formula():
    assert set(PRINTED) == set(REAL)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("genes", [1, 2, 7, 8, 30, 64, 65, 200])
def test_functions_of_numbers_have_the_printed_values(functions: ModuleType, name: str, genes: int):
    genomes = np.random.default_rng(genes).uniform(-500, 500, (20, genes))
    genomes[::2] /= 100
    expected = [PRINTED[name](genome) for genome in genomes]
    np.testing.assert_allclose(functions.evaluate(REAL.index(name), genomes), expected, rtol=3e-13, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "objectives"), [(name, m) for name in SEVERAL for m in (2, 3, 5) if m == 2 or name.startswith("dtlz")]
)
def test_functions_of_several_objectives_agree_with_pymoo(functions: ModuleType, name: str, objectives: int):
    options = {"n_obj": objectives} if name.startswith("dtlz") else {}
    problem = get_problem(name, n_var=12, **options)
    genomes = problem.xl + np.random.default_rng(0).random((40, 12)) * (problem.xu - problem.xl)
    values = functions.evaluate_several(SEVERAL.index(name), genomes, objectives)
    np.testing.assert_allclose(values, problem.evaluate(genomes), rtol=1e-11, atol=1e-11)


def test_both_implementations_agree_on_numbers():
    fast = compiled("_functions")
    genomes = np.random.default_rng(1).uniform(-5, 5, (100, 37))
    for code in range(len(REAL)):
        np.testing.assert_allclose(fast.evaluate(code, genomes), functions_numpy.evaluate(code, genomes), 1e-13, 1e-12)
    shares = np.random.default_rng(2).random((100, 37))
    for code, name in enumerate(SEVERAL):
        m = 2 if name.startswith("zdt") else 4
        expected = functions_numpy.evaluate_several(code, shares, m)
        np.testing.assert_allclose(fast.evaluate_several(code, shares, m), expected, rtol=1e-11, atol=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 6))
def test_functions_of_bits_count_what_they_say(block: list[bool], order: int):
    bits = block * order
    blocks = [sum(bits[at : at + order]) for at in range(0, len(bits), order)]
    expected = {
        "onemax": sum(bits),
        "leading_ones": len(list(itertools.takewhile(bool, bits))),
        "trap": sum(order if ones == order else order - 1 - ones for ones in blocks),
    }
    for module in (compiled("_functions"), functions_numpy):
        values = {name: module.evaluate_bits(code, [bits], order)[0] for code, name in enumerate(BITS)}
        assert values == expected


def test_ones_are_counted_in_genomes_longer_than_a_byte_can_count(functions: ModuleType):
    assert functions.evaluate_bits(0, np.ones((2, 5003), np.bool_)).tolist() == [5003, 5003]


@given(st.permutations(range(9)))
def test_conflicts_are_the_pairs_of_queens_on_a_diagonal(columns: list[int]):
    pairs = itertools.combinations(enumerate(columns), 2)
    expected = sum(abs(row - other_row) == abs(column - other) for (row, column), (other_row, other) in pairs)
    for module in (compiled("_functions"), functions_numpy):
        assert module.conflicts([columns]).tolist() == [expected]


@given(st.permutations(range(7)), st.integers(0, 2**32))
def test_a_tour_is_as_long_as_its_steps(places: list[int], seed: int):
    distances = np.random.default_rng(seed).random((7, 7))
    expected = sum(distances[a, b] for a, b in itertools.pairwise([*places, places[0]]))
    for module in (compiled("_functions"), functions_numpy):
        np.testing.assert_allclose(module.tour_lengths([places], distances), [expected], rtol=1e-14)


def test_values_are_put_where_one_wants_them(functions: ModuleType):
    out = np.empty(3)
    assert functions.evaluate(0, np.ones((3, 4)), out) is out
    assert out.tolist() == [4.0, 4.0, 4.0]
    rows = np.empty((3, 2))
    assert functions.evaluate_several(0, np.zeros((3, 4)), 2, rows) is rows


def test_no_genomes_have_no_values(functions: ModuleType):
    assert functions.evaluate(1, np.empty((0, 3))).shape == (0,)
    assert functions.evaluate_bits(0, np.empty((0, 3), np.bool_)).shape == (0,)
    assert functions.conflicts(np.empty((0, 3), np.int64)).shape == (0,)
    assert functions.evaluate_several(0, np.empty((0, 3))).shape == (0, 2)


@pytest.mark.parametrize("name", REAL)
def test_genes_that_are_no_numbers_give_no_number(functions: ModuleType, name: str):
    genomes = np.zeros((2, 3))
    genomes[1, 1] = np.nan
    assert np.isnan(functions.evaluate(REAL.index(name), genomes)).tolist() == [False, True]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("gene", [1e200, -1e308, np.inf, -np.inf])
def test_genes_beyond_measure_are_valued_without_a_word(functions: ModuleType, gene: float):
    genomes = np.full((2, 3), gene)
    for code in range(len(REAL)):
        functions.evaluate(code, genomes)
    for code in range(len(SEVERAL)):
        functions.evaluate_several(code, genomes)


def test_genomes_of_other_types_are_converted(functions: ModuleType):
    assert functions.evaluate(0, [[1, 2]]).tolist() == [5.0]
    assert functions.evaluate(0, np.array([[1, 2], [3, 4]], np.float32).T).tolist() == [10.0, 20.0]
    assert functions.evaluate_bits(0, [[1, 0, 1]]).tolist() == [2.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.evaluate(99, np.ones((1, 1))), "code is 99, expected 0 to 8, one of sphere"),
        (lambda f: f.evaluate(-1, np.ones((1, 1))), "code is -1"),
        (lambda f: f.evaluate(0, np.ones(3)), r"genomes has shape \(3,\), expected 2 dimensions"),
        (lambda f: f.evaluate(0, np.ones((3, 0))), r"genomes has shape \(3, 0\), expected 1 genes or more"),
        (lambda f: f.evaluate(0, [["a"]]), "genomes must be real numbers"),
        (lambda f: f.evaluate(0, np.ones((3, 2)), np.empty(2)), r"out is float64 of shape \(2,\)"),
        (lambda f: f.evaluate(0, np.ones((3, 2)), [0, 0, 0]), "out is list"),
        (lambda f: f.evaluate(0, np.ones((3, 2)), np.empty(6)[::2]), "out must be a writable C-contiguous array"),
        (lambda f: f.evaluate_several(0, np.ones((3, 2)), 3), "objectives is 3, expected 2 for zdt1"),
        (lambda f: f.evaluate_several(6, np.ones((3, 2)), 3), r"genomes has shape \(3, 2\), expected 3 genes"),
        (lambda f: f.evaluate_several(6, np.ones((3, 2)), 1), "objectives is 1, expected 2 or more for dtlz2"),
        (lambda f: f.evaluate_bits(0, [[0, 2]]), "genomes must be bits"),
        (lambda f: f.evaluate_bits(0, [[0.0, 1.0]]), "genomes must be bits"),
        (lambda f: f.evaluate_bits(2, [[0, 1, 1]], 2), "genomes has 3 genes, expected a multiple of the order 2"),
        (lambda f: f.evaluate_bits(2, [[0, 1, 1]], 0), "order is 0, expected 1 or more"),
        (lambda f: f.conflicts([[0, 1, 3]]), "genomes must be permutations of the whole numbers 0 to 2"),
        (lambda f: f.conflicts([[0, -1]]), "genomes must be permutations"),
        (lambda f: f.tour_lengths([[0, 1]], np.ones((3, 3))), r"genomes has shape \(1, 2\), expected \(n, 3\)"),
        (lambda f: f.tour_lengths([[0, 1]], np.ones((2, 3))), r"distances has shape \(2, 3\), expected \(d, d\)"),
        (lambda f: f.tour_lengths([[0, 1]], [[0, np.inf], [1, 0]]), "distances must be finite"),
    ],
)
def test_arguments_that_do_not_fit_are_named(functions: ModuleType, call: Callable[[ModuleType], object], message: str):
    with pytest.raises(ValueError, match=message):
        call(functions)
