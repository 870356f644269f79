"""Native fitness functions as a user meets them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from pymoo.problems import get_problem

import gigaevo.optimize
from gigaevo.optimize import functions
from gigaevo.optimize.search.fitness import NativeFitness
from gigaevo.optimize.search.native import RealFunction, SeveralFunction

FACTORIES = {"tsp": {"distances": np.ones((4, 4))}}


@pytest.fixture(params=functions.NAMES)
def function(request: pytest.FixtureRequest) -> functions.NativeFunction:
    return functions.by_name(request.param, **FACTORIES.get(request.param, {}))


def test_functions_are_found_by_name_and_in_the_package(function: functions.NativeFunction):
    assert isinstance(function, NativeFitness)
    assert gigaevo.optimize.functions.by_name("sphere") is functions.sphere


def test_functions_are_values(function: functions.NativeFunction):
    copy = pickle.loads(pickle.dumps(function))
    genomes = np.array([function.genotype(4).random(1, stream())[0]])
    assert np.array_equal(copy.evaluate(genomes), function.evaluate(genomes))
    assert repr(copy) == repr(function)


def stream():
    from gigaevo.kernels.random import RandomStream

    return RandomStream(np.random.SeedSequence(0))


@pytest.mark.parametrize("genes", [2, 30])
def test_functions_of_numbers_are_least_at_their_best_genome(genes: int):
    for name in functions.NAMES:
        function = functions.by_name(name, **FACTORIES.get(name, {}))
        if not isinstance(function, RealFunction):
            continue
        best = np.full(genes, function.best_gene)
        assert function(best) == pytest.approx(function.optimum(genes), abs=1e-9)
        near = best + np.random.default_rng(0).normal(0, 1e-3, (200, genes))
        assert (function.evaluate(near) >= function.optimum(genes) - 1e-9).all()
        assert np.all((best >= function.lower) & (best <= function.upper))


def test_functions_of_bits_are_greatest_when_all_are_ones():
    for function in (functions.onemax, functions.leading_ones, functions.trap(4)):
        assert function.maximize
        assert function([True] * 20) == function.optimum(20) == 20


def test_a_trap_leads_away_from_its_best():
    trap = functions.trap(4)
    assert [trap([1] * ones + [0] * (4 - ones)) for ones in range(5)] == [3, 2, 1, 0, 4]


def test_eight_queens_can_stand_in_peace():
    assert functions.queens([0, 4, 7, 5, 2, 6, 1, 3]) == functions.queens.optimum(8) == 0
    assert functions.queens(range(8)) == 28


@pytest.mark.parametrize("name", ["zdt1", "zdt2", "zdt3", "zdt4", "zdt6"])
def test_fronts_are_those_of_pymoo(name: str):
    function = functions.by_name(name)
    assert isinstance(function, SeveralFunction)
    points = {"n_points": 2000, "flatten": True} if name == "zdt3" else {"n_pareto_points": 2000}
    mine, theirs = function.front(2000), get_problem(name).pareto_front(**points)
    distances = np.linalg.norm(theirs[:, None] - mine[None], axis=2)
    assert distances.min(axis=0).max() < 0.01
    assert distances.min(axis=1).max() < 0.01
    assert len(function.front(7)) == 7


def test_the_front_of_zdt_is_reached_where_the_other_genes_are_zero():
    genomes = np.zeros((50, 30))
    genomes[:, 0] = np.linspace(0, 1, 50)
    np.testing.assert_allclose(functions.zdt1.evaluate(genomes), functions.zdt1.front(50), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functions.by_name("rastigrin"), "there is no native function 'rastigrin', expected one of sphere"),
        (lambda: functions.by_name("sphere", order=2), "sphere takes no parameters, not order"),
        (lambda: functions.trap(0), "order is 0"),
        (lambda: functions.dtlz1(1), "objectives is 1, expected 2 or more"),
        (lambda: functions.dtlz2().front(), "front is known for the ZDT functions"),
        (lambda: functions.tsp(np.ones((2, 3))), "distances has shape"),
        (lambda: functions.tsp(np.ones((3, 3))).genotype(4), "genes_size is 4, expected 3"),
    ],
)
def test_what_does_not_fit_is_named(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()
