"""What fitness functions may give back, and what is said of the rest."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from gigaevo.optimize.search.fitness import Evaluator, FitnessError
from gigaevo.optimize.strategy import CountTrue

GENOMES = np.arange(6.0).reshape(3, 2)


def values(fitness: Any, **options: Any) -> list[Any]:
    return Evaluator(fitness, **options)(GENOMES.copy())[0].tolist()


def test_one_genome_at_a_time_or_all_at_once_are_the_same() -> None:
    assert values(lambda genome: genome.sum()) == [1.0, 5.0, 9.0]
    assert values(lambda genomes: genomes.sum(axis=1), vectorized=True) == [1.0, 5.0, 9.0]
    with ThreadPoolExecutor(2) as executor:
        assert values(lambda genome: genome.sum(), executor=executor) == [1.0, 5.0, 9.0]


def test_none_is_an_invalid_genome_and_numbers_of_numpy_are_numbers() -> None:
    found = values(lambda genome: None if genome[0] == 2.0 else np.int64(genome[0]))
    assert (found[0], found[2]) == (0.0, 4.0)
    assert math.isnan(found[1])


def test_mixed_numbers_are_numbers_each() -> None:
    given = iter([True, np.float32(0.5), Fraction(1, 4)])
    assert values(lambda genome: next(given)) == [1.0, 0.5, 0.25]
    whole = iter([2**53, 2**62, -1])
    assert values(lambda genome: next(whole)) == [2.0**53, 2.0**62, -1.0]


def test_several_objectives_come_as_sequences_and_none_of_them_is_invalid() -> None:
    found = Evaluator(lambda genome: None if genome[0] == 0.0 else (genome[0], genome[1]), objectives=2)(GENOMES)[0]
    assert np.isnan(found[0]).all()
    assert found[1:].tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_behaviours_come_beside_the_fitness() -> None:
    fitness, behaviors = Evaluator(lambda genome: (genome[0], (genome[1],)), behaviors=1)(GENOMES)
    assert fitness.tolist() == [0.0, 2.0, 4.0]
    assert behaviors is not None
    assert behaviors.tolist() == [[1.0], [3.0], [5.0]]
    whole, described = Evaluator(lambda genomes: (genomes[:, 0], genomes[:, 1:]), vectorized=True, behaviors=1)(GENOMES)
    assert whole.tolist() == fitness.tolist()
    np.testing.assert_array_equal(described, behaviors)


def test_none_in_place_of_fitness_and_behaviours_or_of_either_is_an_invalid_genome() -> None:
    given = iter([None, (None, None), (1.0, [2.0])])
    fitness, behaviors = Evaluator(lambda genome: next(given), behaviors=1)(GENOMES)
    np.testing.assert_array_equal(fitness, [np.nan, np.nan, 1.0])
    np.testing.assert_array_equal(behaviors, [[np.nan], [np.nan], [2.0]])


def fails(genome: Any) -> float:
    if genome[0] == 2.0:
        raise KeyError("spread")
    return 0.0


def changes(genome: Any) -> float:
    genome[0] = 7.0
    return 0.0


@pytest.mark.parametrize(
    ("fitness", "options", "said"),
    [
        (fails, {}, r"raised KeyError: 'spread' for genome 1: \[2. 3.\]"),
        (fails, {"vectorized": True}, "the fitness function raised ValueError"),
        (changes, {}, "must not change its argument"),
        (changes, {"vectorized": True}, "must not change its argument"),
        (lambda genome: "high", {}, "fitness of genome 0 is 'high', expected a number or None"),
        (lambda genome: [1.0, 2.0], {}, r"fitness of genome 0 is \[1.0, 2.0\], expected a number"),
        (lambda genomes: None, {"vectorized": True}, r"returned None, expected an array of shape \(3,\)"),
        (lambda genomes: 1.0, {"vectorized": True}, r"fitness has shape \(\), expected \(3,\)"),
        (lambda genomes: genomes, {"vectorized": True}, r"fitness has shape \(3, 2\), expected \(3,\)"),
        (lambda genomes: ["a"] * 3, {"vectorized": True}, "not an array of numbers"),
        (lambda genome: "1.5", {}, "fitness of genome 0 is '1.5', expected a number or None"),
        (lambda genome: 10**400, {}, "fitness of genome 0 is 1000+ ... 0+, expected a number or None"),
        (lambda genome: np.array([1.5]), {}, "fitness of genome 0 is array"),
        (lambda genome: 1j, {}, "fitness of genome 0 is 1j"),
        (lambda genomes: ["1"] * 3, {"vectorized": True}, "fitness is not an array of numbers"),
        (lambda genomes: [1j] * 3, {"vectorized": True}, "fitness is not an array of numbers"),
        (lambda genomes: [10**400] * 3, {"vectorized": True}, "fitness is not an array of numbers"),
        (lambda genome: (1.0, 2.0, 3.0), {"objectives": 2}, r"fitness of genome 0 is \(1.0, 2.0, 3.0\), expected 2 "),
        (lambda genome: genome[: 1 + (genome[0] < 4.0)], {"objectives": 2}, r"fitness of genome 2 is array\(\[4"),
        (
            lambda genome: (1.0, genome),
            {"behaviors": 1},
            r"behaviour of genome 0 is array\(\[0., 1.\]\), expected 1 n",
        ),
        (lambda genome: 1.0, {"behaviors": 1}, r"expected \(fitness, behaviours\)"),
        (lambda genomes: genomes[:, 0], {"behaviors": 1, "vectorized": True}, "expected a tuple"),
    ],
)
def test_what_is_no_fitness_is_named(fitness: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(FitnessError, match=said):
        values(fitness, **options)


def test_the_population_is_unharmed_by_a_function_that_tries_to_change_it() -> None:
    genomes = GENOMES.copy()
    with pytest.raises(FitnessError):
        Evaluator(changes)(genomes)
    np.testing.assert_array_equal(genomes, GENOMES)
    genomes[0, 0] = 1.0  # only the function's view is read-only


def test_a_function_that_no_process_can_be_sent_is_told_of() -> None:
    with (
        ProcessPoolExecutor(1) as executor,
        pytest.raises(FitnessError, match="executor cannot send the fitness function to another process"),
    ):
        Evaluator(lambda genome: 0.0, executor=executor)(GENOMES)


def test_a_failure_is_told_of_while_a_genome_before_it_is_still_evaluated() -> None:
    over = threading.Event()

    def waits_or_fails(genome: Any) -> float:
        if genome[0] == 0.0 and not over.wait(60):
            raise TimeoutError  # nobody came back before this genome was done
        return 1 / 0 if genome[0] == 2.0 else 0.0

    with ThreadPoolExecutor(2) as executor:
        try:
            with pytest.raises(FitnessError, match=r"division by zero for genome 1: \[2. 3.\]"):
                Evaluator(waits_or_fails, executor=executor)(GENOMES)
            assert not over.is_set()
        finally:
            over.set()


def test_what_is_no_function_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="fitness is 3, expected a function"):
        Evaluator(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"executor is 4, expected one of concurrent.futures"):
        Evaluator(len, executor=4)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="choose one"):
        Evaluator(fails, vectorized=True, executor=executor)


def test_a_function_that_raises_what_ends_iterators_is_told_of_like_any_other() -> None:
    def ended(genome: Any) -> float:
        return next(iter([])) if genome[0] == 2.0 else 0.0

    with pytest.raises(FitnessError, match="raised StopIteration for genome 1"):
        values(ended)


def test_the_class_of_a_native_function_is_told_from_an_object() -> None:
    with pytest.raises(TypeError, match=r"fitness is the class CountTrue, expected an object of it: CountTrue\(...\)"):
        Evaluator(CountTrue)


class Own:
    """A function that a user wrote to the protocol of the native ones."""

    name, maximize, objectives = "own", False, 1

    def __init__(self, evaluate: Any) -> None:
        self.evaluate = evaluate


def test_a_function_that_says_it_is_native_is_checked_like_any_other() -> None:
    assert values(Own(lambda genomes: [1, 0, 2.5])) == [1.0, 0.0, 2.5]
    with pytest.raises(FitnessError, match=r"the fitness has shape \(\), expected \(3,\)"):
        values(Own(np.sum))
    with pytest.raises(FitnessError, match="must not change its argument"):
        values(Own(lambda genomes: genomes.sort()))
    with pytest.raises(FitnessError, match="raised KeyError: 'price'"):
        values(Own(lambda genomes: {}["price"]))


def test_what_is_masked_is_invalid() -> None:
    found = values(lambda genomes: np.ma.array(genomes[:, 0], mask=[False, True, False]), vectorized=True)
    assert (found[0], found[2]) == (0.0, 4.0)
    assert math.isnan(found[1])


def test_what_is_long_is_shown_in_brief() -> None:
    with pytest.raises(FitnessError) as caught:
        values(lambda genome: 10**400)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("genes", [3, 40, 900])
def test_what_goes_wrong_is_told_in_one_line(genes: int) -> None:
    def broken(genome: np.ndarray) -> float:
        raise ValueError("first line\n    second line")

    genomes = np.random.default_rng(0).random((2, genes))
    with pytest.raises(FitnessError, match=r"ValueError: first line second line for genome 0: \[") as told:
        Evaluator(broken)(genomes)
    for fitness, options in ((lambda genome: genome, {"objectives": 2}), (lambda genome: genome, {"behaviors": 2})):
        with pytest.raises(FitnessError) as refused:
            Evaluator(fitness, **options)(genomes)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 300
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 300
