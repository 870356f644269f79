"""Fronts, crowding, survivors and tournaments: what they are, and that pymoo and moocore find the same."""

from __future__ import annotations

from types import ModuleType

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from scipy import stats

from tests.kernels.conftest import compiled

FEW_VALUES = [-np.inf, -2.0, -0.0, 0.0, 0.5, 1.0, 2.0, np.inf]


def stream_of(module: ModuleType, seed: int = 0):
    """A random stream of the same backend as ``module``."""
    return compiled("_random" if module.__name__.endswith("._pareto") else "random_numpy").RandomStream(
        np.random.SeedSequence(seed)
    )


@st.composite
def populations(draw: st.DrawFn, *, infinite: bool = False) -> np.ndarray:
    """Up to 300 rows of 1 to 6 objectives: a cloud, one front, or a few values with many ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m = int(rng.integers(draw(st.sampled_from([10, 301])))), int(rng.integers(1, 7))
    kind = draw(st.sampled_from(["cloud", "front", "ties", "few values"] if infinite else ["cloud", "front", "ties"]))
    if kind == "cloud":
        return rng.random((n, m)) * 10.0 ** draw(st.integers(-5, 5))
    if kind == "front":
        rows = np.abs(rng.normal(size=(n, m))) + 1e-9
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
    if kind == "ties":
        return rng.integers(-3, draw(st.integers(-2, 6)), (n, m)).astype(np.float64)
    return rng.choice(FEW_VALUES, (n, m))


def dominates(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a >= b).all() and (a > b).any())


@given(populations(infinite=True), st.data())
@settings(max_examples=100, deadline=None)
def test_both_implementations_give_the_same(both_pareto, objectives, data):
    compiled_kernels, twin = both_pareto
    keep = data.draw(st.integers(0, len(objectives)))
    np.testing.assert_array_equal(
        compiled_kernels.non_dominated_ranks(objectives), twin.non_dominated_ranks(objectives), strict=True
    )
    for ours, theirs in zip(
        (*compiled_kernels.ranks_and_crowding(objectives), *compiled_kernels.survivors(objectives, keep)),
        (*twin.ranks_and_crowding(objectives), *twin.survivors(objectives, keep)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs, strict=True)


@given(populations(infinite=True), st.data())
@settings(max_examples=50, deadline=None)
def test_rows_in_any_order_are_taken_as_one_front(both_pareto, objectives, data):
    compiled_kernels, twin = both_pareto
    rows = data.draw(st.lists(st.integers(0, max(0, len(objectives) - 1)), max_size=len(objectives)))
    front = np.array(rows, np.int64)
    np.testing.assert_array_equal(
        compiled_kernels.crowding(objectives, front), twin.crowding(objectives, front), strict=True
    )


@given(populations())
@settings(max_examples=60, deadline=None)
def test_fronts_are_those_of_pymoo_and_of_moocore(pareto, objectives):
    ranks = pareto.non_dominated_ranks(objectives)
    if len(objectives) == 0:
        assert ranks.shape == (0,)
        return
    fronts = NonDominatedSorting().do(-objectives) if objectives.shape[1] > 1 else None
    for number, front in enumerate(fronts or []):
        assert set(front.tolist()) == set(np.flatnonzero(ranks == number).tolist())
    if objectives.shape[1] > 1:
        np.testing.assert_array_equal(ranks, moocore.pareto_rank(objectives, maximise=True))
    else:
        np.testing.assert_array_equal(ranks, np.unique(-objectives[:, 0], return_inverse=True)[1])


@given(populations())
@settings(max_examples=60, deadline=None)
def test_crowding_is_that_of_pymoo(pareto, objectives):
    ranks, crowding = pareto.ranks_and_crowding(objectives)
    np.testing.assert_array_equal(ranks, pareto.non_dominated_ranks(objectives))
    theirs = get_crowding_function("cd")
    for front in range(int(ranks.max(initial=-1)) + 1):
        rows = np.flatnonzero(ranks == front)
        np.testing.assert_allclose(crowding[rows], theirs.do(-objectives[rows]), rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(crowding[rows], pareto.crowding(objectives, rows))


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 5)), elements=st.sampled_from(FEW_VALUES)))
@settings(max_examples=150, deadline=None)
def test_a_front_holds_what_nothing_dominates_once_the_fronts_before_are_gone(pareto, objectives):
    ranks = pareto.non_dominated_ranks(objectives)
    left = set(range(len(objectives)))
    for front in range(int(ranks.max()) + 1):
        free = {row for row in left if not any(dominates(objectives[other], objectives[row]) for other in left)}
        assert free == set(np.flatnonzero(ranks == front).tolist())
        left -= free
    assert not left


def test_a_chain_has_a_front_for_each_row_and_a_line_has_one(pareto):
    steps = np.arange(700.0)[:, None]
    for axes in (1, 2, 3, 4):
        rows = np.random.default_rng(axes).permutation(700)
        chain = np.repeat(steps, axes, axis=1)[rows]
        np.testing.assert_array_equal(pareto.non_dominated_ranks(chain), 699 - rows)
        if axes > 1:
            line = np.concatenate([steps, -np.repeat(steps, axes - 1, axis=1)], axis=1)
            assert not pareto.non_dominated_ranks(line[rows]).any()


def test_more_rows_than_dominators_are_kept_at_a_time():
    """Above 16,384 rows sets of dominators are made block by block."""
    kernels = compiled("_pareto")
    objectives = np.random.default_rng(0).integers(0, 40, (20_000, 4)).astype(np.float64)
    np.testing.assert_array_equal(
        kernels.non_dominated_ranks(objectives), moocore.pareto_rank(objectives, maximise=True)
    )


@pytest.mark.parametrize("axes", [1, 2, 3, 5])
def test_an_outlier_that_spoils_the_buckets_changes_nothing(both_pareto, axes):
    objectives = np.random.default_rng(axes).random((400, axes))
    objectives[7] = [1e300, *[-1e300] * (axes - 1)]
    compiled_kernels, twin = both_pareto
    for ours, theirs in zip(
        compiled_kernels.ranks_and_crowding(objectives), twin.ranks_and_crowding(objectives), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_rows_with_a_nan_are_one_last_front_without_crowding(pareto):
    objectives = [[1.0, 2.0], [np.nan, 9.0], [2.0, 1.0], [0.0, -np.inf], [9.0, np.nan]]
    ranks, crowding = pareto.ranks_and_crowding(objectives)
    assert ranks.tolist() == [0, 2, 0, 1, 2]
    assert crowding.tolist() == [np.inf, 0.0, np.inf, np.inf, 0.0]
    assert pareto.survivors(objectives, 3)[0].tolist() == [0, 2, 3]
    assert pareto.crowding(objectives, [1, 0]).tolist() == [0.0, np.inf]
    assert pareto.non_dominated_ranks([[np.nan, 1.0]] * 2).tolist() == [0, 0]


def test_distances_are_gaps_over_the_width_of_the_front(pareto):
    objectives = [[0.0, 4.0], [1.0, 3.0], [3.0, 1.0], [4.0, 0.0]]
    assert pareto.crowding(objectives, [0, 1, 2, 3]).tolist() == [np.inf, 0.75, 0.75, np.inf]


def test_of_equal_rows_the_first_and_the_last_have_the_neighbours(pareto):
    objectives = [[0.0, 2.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [2.0, 0.0]]
    assert pareto.crowding(objectives, range(5)).tolist() == [np.inf, 0.5, 0.0, 0.5, np.inf]


def test_whole_fronts_survive_and_the_least_crowded_of_the_next(pareto):
    objectives = [[0.0, 4.0], [1.0, 3.1], [1.2, 3.0], [3.0, 1.0], [4.0, 0.0], [5.0, 5.0]]
    rows, ranks, crowding = pareto.survivors(objectives, 4)
    assert rows.tolist() == [0, 3, 4, 5]
    assert ranks.tolist() == [1, 1, 1, 0]
    np.testing.assert_array_equal(crowding, pareto.ranks_and_crowding(objectives)[1][rows])


def test_of_equally_crowded_rows_the_first_survive(pareto):
    square = [[0.0, 8.0], [2.0, 6.0], [4.0, 4.0], [6.0, 2.0], [8.0, 0.0]]
    assert pareto.survivors(square, 3)[0].tolist() == [0, 1, 4]
    assert pareto.survivors(square, 1)[0].tolist() == [0]


@given(populations(infinite=True), st.data())
@settings(max_examples=60, deadline=None)
def test_nobody_who_goes_is_better_than_one_who_stays(pareto, objectives, data):
    keep = data.draw(st.integers(0, len(objectives)))
    rows, kept_ranks, _ = pareto.survivors(objectives, keep)
    ranks, crowding = pareto.ranks_and_crowding(objectives)
    assert len(set(rows.tolist())) == keep
    gone = np.setdiff1d(np.arange(len(objectives)), rows)
    if keep and len(gone):
        worst = max((rank, -distance) for rank, distance in zip(ranks[rows], crowding[rows], strict=True))
        assert all((ranks[row], -crowding[row]) >= worst for row in gone)
    np.testing.assert_array_equal(kept_ranks, ranks[rows])


def test_everybody_takes_part_as_often_and_the_better_wins(pareto):
    ranks, crowding = np.arange(10), np.zeros(10)
    winners = pareto.crowded_tournament(ranks, crowding, 5 * 2000, stream_of(pareto))
    counts = np.bincount(winners, minlength=10)
    assert counts[0] == 2000  # in each of 2000 deals it meets one other, and wins
    assert counts[9] == 0  # it always loses
    # Contestant k is dealt once each time, and beats 9 - k of the nine others it may meet.
    expected = 2000 * (9 - np.arange(10)) / 9
    assert stats.chisquare(counts[1:9], expected[1:9] * counts[1:9].sum() / expected[1:9].sum()).pvalue > 1e-4


def test_in_one_front_the_larger_distance_wins_and_equals_share(pareto):
    stream = stream_of(pareto, 1)
    winners = pareto.crowded_tournament([0, 0], [1.0, np.inf], 100, stream)
    assert set(winners.tolist()) == {1}
    equals = np.bincount(pareto.crowded_tournament([0, 0], [1.0, 1.0], 4000, stream), minlength=2)
    assert stats.chisquare(equals).pvalue > 1e-4


def test_one_row_meets_itself_and_no_tournament_needs_nobody(pareto):
    stream = stream_of(pareto)
    assert pareto.crowded_tournament([0], [np.inf], 3, stream).tolist() == [0, 0, 0]
    assert pareto.crowded_tournament(np.empty(0, np.int64), [], 0, stream).shape == (0,)


def test_same_stream_same_winners(pareto):
    ranks, crowding = np.zeros(50, np.int64), np.arange(50.0)
    one, two = (pareto.crowded_tournament(ranks, crowding, 30, stream_of(pareto, 3)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda k: k.non_dominated_ranks(np.zeros(3)), r"objectives has shape \(3,\), expected 2 dimensions"),
        (lambda k: k.non_dominated_ranks(np.zeros((3, 0))), r"objectives has shape \(3, 0\), expected one column"),
        (lambda k: k.ranks_and_crowding([["a"]]), "objectives must be real numbers"),
        (lambda k: k.crowding(np.zeros((3, 2)), [0, 3]), r"front\[1\] is 3, expected 0 to 2"),
        (lambda k: k.crowding(np.zeros((3, 2)), [0.5]), "front must be integers"),
        (lambda k: k.survivors(np.zeros((3, 2)), 4), "n is 4, expected 0 to 3"),
        (lambda k: k.survivors(np.zeros((3, 2)), -1), "n is -1, expected 0 to 3"),
        (lambda k: k.crowded_tournament([0, 1], [0.0], 1, stream_of(k)), r"crowding has shape \(1,\), expected \(2,\)"),
        (lambda k: k.crowded_tournament([0], [0.0], -1, stream_of(k)), "count is -1, expected 0 or more"),
        (lambda k: k.crowded_tournament([], [], 1, stream_of(k)), "ranks is empty"),
    ],
)
def test_what_does_not_fit_is_named(pareto, call, message):
    with pytest.raises(ValueError, match=message):
        call(pareto)


def test_a_number_of_survivors_must_be_whole(pareto):
    with pytest.raises(TypeError):
        pareto.survivors(np.zeros((3, 2)), 1.5)
