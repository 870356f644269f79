"""Arguments that C code must never follow: both twins refuse each, or answer as if it were an ordinary one."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigaevo.kernels.advances import Task
from gigaevo.kernels.checks.cma_checks import CmaState
from gigaevo.kernels.checks.swarm_checks import Flight
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
)
from tests.kernels.conftest import compiled

D = 6


@pytest.fixture(params=[True, False], ids=["cython", "numpy"], scope="module")
def kernels(request: pytest.FixtureRequest) -> Callable[[str], ModuleType]:
    """Gives the module of a family, compiled or its twin."""

    def of(family: str) -> ModuleType:
        return compiled(f"_{family}" if request.param else f"{family}_numpy")

    return of


def stream_of(kernels: Callable[[str], ModuleType]) -> Any:
    return kernels("random").RandomStream(np.random.SeedSequence(1))


def misaligned(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same numbers one byte beside where the processor expects them, as in a record that was read from a file."""
    buffer = np.zeros(array.nbytes + 1, np.uint8)
    copy: np.ndarray[Any, Any] = np.ndarray(array.shape, array.dtype, buffer.data, 1)
    copy[...] = array
    assert not copy.flags.aligned
    return copy


def test_misaligned_numbers_are_read_as_others_are(kernels: Callable[[str], ModuleType]) -> None:
    draw = np.random.default_rng(0)
    points, cells = draw.normal(size=(5, D)), draw.permuted(np.tile(np.arange(D, dtype=np.int32), (5, 1)), axis=1)
    distances = draw.random((D, D))
    for family, call, array in (
        ("functions", lambda module, given: module.evaluate(0, given), points),
        ("functions", lambda module, given: module.tour_lengths(given, distances), cells),
        ("pareto", lambda module, given: module.non_dominated_ranks(given), points),
        ("differential", lambda module, given: module.best_members(given, 2), points[0]),
        (
            "genetic",
            lambda module, given: module.flip(given, stream_of(kernels), gene_rate=0.0),
            cells.astype(np.uint8),
        ),
        ("genetic", lambda module, given: module.swap(given, stream_of(kernels), rate=0.0), cells),
    ):
        module = kernels(family)
        np.testing.assert_array_equal(
            call(module, misaligned(array) if array.itemsize > 1 else array), call(module, array)
        )


def test_what_is_read_in_place_is_aligned() -> None:
    from gigaevo.kernels.checks import array_checks, swarm_checks

    floats, integers = misaligned(np.arange(4.0)), misaligned(np.arange(4))
    assert array_checks.float_array("given", floats, 1).flags.aligned
    assert array_checks.int_array("given", integers, 1).flags.aligned
    assert swarm_checks.draw_array(misaligned(np.zeros((2, 2), np.uint64)), (2, 2)).flags.aligned


@pytest.mark.parametrize("n", [2**63 - 1, 2**60])
def test_a_permutation_that_fits_no_memory_is_an_error(kernels: Callable[[str], ModuleType], n: int) -> None:
    with pytest.raises((ValueError, MemoryError)):
        stream_of(kernels).permutation(n)


def test_a_tournament_of_any_size_ends_and_the_best_wins_a_large_one(kernels: Callable[[str], ModuleType]) -> None:
    merits = np.array([0.0, 3.0, 1.0, 3.0])
    picks = kernels("selection").tournament(merits, 400, 2**62, stream_of(kernels))
    assert set(picks.tolist()) == {1, 3}  # equal ones are equally likely
    assert 140 < int((picks == 1).sum()) < 260
    codes = np.eye(4, dtype=np.uint8)
    children = kernels("breeding").breed_bits(
        codes, merits, 20, stream_of(kernels), size=2**62, pair_rate=0.0, flip_rate=0.0
    )
    assert {int(child.argmax()) for child in children} == {1, 3}


@pytest.mark.parametrize("codes", [np.ones((6, D), np.uint8)[::2], np.ones((3, D), np.uint8)[::-1]])
def test_rows_to_look_for_must_be_contiguous(kernels: Callable[[str], ModuleType], codes: Any) -> None:
    with pytest.raises(ValueError, match="codes must be a C-contiguous array"):
        kernels("breeding").repeated(np.ones((3, D), np.uint8), codes)


def test_rows_to_look_for_are_a_table(kernels: Callable[[str], ModuleType]) -> None:
    module = kernels("breeding")
    with pytest.raises(ValueError, match=r"codes has shape \(6,\)"):
        module.repeated(np.ones((3, D), np.uint8), np.ones(6, np.uint8))
    with pytest.raises(ValueError, match="children must be a C-contiguous array"):
        module.repeated(3, np.ones((3, D), np.uint8))


@pytest.mark.parametrize("dtypes", [("U1", "U9"), ("O", "O"), ("V4", "V9")])
def test_rows_that_are_copied_are_numbers(kernels: Callable[[str], ModuleType], dtypes: tuple[str, str]) -> None:
    codes, children = np.zeros((3, D), dtypes[0]), np.zeros((3, D), dtypes[1])
    for name, elites in (("compete", ()), ("succeed", (0,))):
        with pytest.raises(ValueError, match=r"codes is of .*, expected numbers"):
            getattr(kernels("breeding"), name)(codes, np.zeros(3), children, np.ones(3), *elites)


@pytest.mark.parametrize("name", ["compete", "succeed"])
def test_a_population_does_not_compete_with_itself(kernels: Callable[[str], ModuleType], name: str) -> None:
    codes, merits = np.zeros((4, D)), np.arange(4.0)
    contest = getattr(kernels("breeding"), name)
    with pytest.raises(ValueError, match="child_merits must be an array of its own"):
        contest(codes, merits, np.ones((4, D)), merits)
    with pytest.raises(ValueError, match="children must be an array of its own"):
        contest(codes, merits, codes, np.ones(4))


def test_rows_of_any_numbers_compete(kernels: Callable[[str], ModuleType]) -> None:
    codes, merits = np.zeros((2, 3), np.int64), np.array([1.0, 2.0])
    kernels("breeding").compete(codes, merits, np.ones((1, 3), np.int64), np.array([1.5]))
    assert codes.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert merits.tolist() == [1.5, 2.0]


def a_pool(capacity: int = 20, width: int = D) -> Pool:
    return Pool(np.zeros((capacity, width)), np.zeros(capacity), np.zeros(capacity, np.int64), np.arange(capacity))


def crossing(exchange: Any, number: int = 1) -> Crossing:
    return Crossing(exchange, 0.5, 1.0, number, False, np.arange(1, D), D)


def test_an_exchange_that_does_not_exist_is_refused(kernels: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="exchange is 77, expected 0 to 4"):
        kernels("strategy").cross_over(a_pool(), 10, crossing(77, 10**6), stream_of(kernels))


@pytest.mark.parametrize("genes", [np.float64(5.0), np.zeros(20), np.zeros((20, D, 1))])
def test_genes_that_are_no_rows_are_refused(kernels: Callable[[str], ModuleType], genes: Any) -> None:
    module, pool = kernels("strategy"), a_pool()._replace(genes=genes)
    laws = ValueLaws(np.full(D, GeneLaw.MOVE), *(np.full(D, value) for value in (-1.0, 1.0, -0.1, 0.1)))
    sets = np.zeros(D, np.int64), np.full(D, D)
    for name, told in (("mutate_values", (laws,)), ("mutate_swaps", sets)):
        with pytest.raises(ValueError, match="genes must be of shape"):
            getattr(module, name)(pool, 10, 0, 1.0, 1, 2, np.arange(D), *told, stream_of(kernels))
    with pytest.raises(ValueError, match="genes must be of shape"):
        module.mutate_bits(pool, 10, 0, 1.0, 1, 2, np.arange(D), D, stream_of(kernels))


def test_an_archive_is_not_restored_from_what_is_no_table(kernels: Callable[[str], ModuleType]) -> None:
    with pytest.raises((ValueError, IndexError)):
        kernels("archive").restored_archive(9, np.arange(3), np.zeros(3), None, np.zeros(3), np.zeros((3, 0)))


def test_ages_of_a_pool_are_not_its_order(kernels: Callable[[str], ModuleType]) -> None:
    pool = a_pool()._replace(ages=np.arange(20))
    with pytest.raises(ValueError, match="ages and order must be two arrays"):
        kernels("strategy").cross_over(pool._replace(order=pool.ages), 10, crossing(Exchange.HALF), stream_of(kernels))
    with pytest.raises(ValueError, match="expected 0 to 19"):
        kernels("strategy").cross_over(
            pool._replace(order=np.full(20, 20)), 10, crossing(Exchange.HALF), stream_of(kernels)
        )


def test_a_size_beyond_the_pool_is_told_before_memory_is_taken(kernels: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match="size must be in 0 to 20"):
        kernels("strategy").distinct_rows(a_pool(), 2**62)


def test_a_number_of_genes_to_change_is_below_2_to_31(kernels: Callable[[str], ModuleType]) -> None:
    laws = ValueLaws(np.full(D, GeneLaw.MOVE), *(np.full(D, value) for value in (-1.0, 1.0, -0.1, 0.1)))
    with pytest.raises(ValueError, match="must change 1 <= least <= most < "):
        kernels("strategy").mutate_values(a_pool(), 10, 0, 1.0, 1, 2**32, np.arange(D), laws, stream_of(kernels))


def test_genes_that_may_change_may_be_named_more_often_than_there_are_rows(
    kernels: Callable[[str], ModuleType],
) -> None:
    laws = ValueLaws(np.full(D, GeneLaw.MOVE), *(np.full(D, value) for value in (-1.0, 1.0, -0.1, 0.1)))
    mutation = Mutation(Change.LAW, 1.0, 2, 3, np.arange(5000) % D, laws)
    goal = Goal(np.inf, -np.inf, 0, 0, 0, 3, False)
    plan = Plan(10, 0.5, 0.1, 0, 0, crossing(Exchange.HALF), mutation, Scoring(Score.SUM, 0, 1.0), goal)
    progress = Progress(10, 0, 0, 0, -np.inf, np.zeros(D), 0)
    kernels("strategy_loops").advance(a_pool(), progress, plan, stream_of(kernels))
    assert progress.generation == 3


def test_a_population_of_2_to_63_fits_no_pool(kernels: Callable[[str], ModuleType]) -> None:
    mutation = Mutation(Change.SWAP, 1.0, 1, 1, np.arange(D), None, np.zeros(D, np.int64), np.full(D, D))
    goal = Goal(np.inf, -np.inf, 0, 0, 0, 3, False)
    plan = Plan(2**63 - 1, 0.5, 0.1, 0, 0, crossing(Exchange.HALF), mutation, Scoring(Score.SUM, 0, 1.0), goal)
    with pytest.raises(ValueError, match="the capacity is 20, expected at least"):
        kernels("strategy_loops").advance(
            a_pool(), Progress(10, 0, 0, 0, -np.inf, np.zeros(D), 0), plan, stream_of(kernels)
        )


def test_functions_of_no_gene_are_refused(kernels: Callable[[str], ModuleType]) -> None:
    levy, nothing = 6, np.zeros(0)
    with pytest.raises(ValueError, match=r"genes has shape \(20, 0\)"):
        kernels("strategy").score_unknown(a_pool(width=0), 3, Scoring(Score.REAL, levy, 1.0))
    rows = np.zeros((4, 0))
    with pytest.raises(ValueError, match="genes is 0, expected 1"):
        kernels("swarm").advance(
            rows, rows.copy(), rows.copy(), np.zeros(4), np.arange(4), np.arange(4), Flight(0.7, 1.5, 1.5), nothing,
            nothing, nothing, None, 0, Task(levy, -1.0, 2, np.inf, -np.inf, nothing.copy()), stream_of(kernels),
        )  # fmt: skip


def test_extremes_are_never_kept_before_the_first(kernels: Callable[[str], ModuleType]) -> None:
    n, count = 3, 4
    state = CmaState(
        np.zeros(n), np.array([0.5]), np.ones(n), np.eye(n), np.eye(n), np.zeros(n), np.zeros(n)
    )  # fmt: skip
    rates = np.array([1.0, 0.3, 1.2, 0.3, 0.05, 0.1, 2.0, 1.6])
    bounds = np.full(n, -5.0), np.full(n, 5.0), np.full(n, 0.1)
    room = np.zeros((count, n)), np.zeros(count), np.zeros((5, 2))
    task = Task(0, -1.0, 2, np.inf, -np.inf, np.zeros(n))
    with pytest.raises(ValueError, match="kept is -1, expected 0 or more"):
        kernels("cma").cma_advance(
            stream_of(kernels), state, task, *bounds, np.array([0.6, 0.4, 0.0, 0.0]), rates, 0, 1, *room, -1,
        )  # fmt: skip


def test_alleles_are_counted_in_32_bits(kernels: Callable[[str], ModuleType]) -> None:
    with pytest.raises(ValueError, match=r"limits\[1\] is 4294967297, expected at most 2\*\*31 - 1"):
        kernels("genetic").reset(
            np.zeros((2, 2), np.int32), stream_of(kernels), limits=np.array([2, 2**32 + 1]), gene_rate=1.0
        )


@pytest.mark.parametrize("ends", [[], [2.5, D], [D - 1]])
def test_ends_of_sets_are_whole_numbers_up_to_the_last_gene(kernels: Callable[[str], ModuleType], ends: Any) -> None:
    rows = np.tile(np.arange(D, dtype=np.int32), (2, 1))
    with pytest.raises(ValueError, match="ends"):
        kernels("genetic").swap(rows, stream_of(kernels), ends=ends)


def test_equal_rows_of_very_many_objectives_are_one_front(kernels: Callable[[str], ModuleType]) -> None:
    rows = np.zeros((2, 300_000))
    assert kernels("pareto").non_dominated_ranks(rows).tolist() == [0, 0]
    rows[1, -1] = 1.0
    assert kernels("pareto").non_dominated_ranks(rows).tolist() == [1, 0]
