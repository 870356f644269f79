"""The ranking of changing values: its order, its sums, the shares it draws by, and what it refuses."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.conftest import compiled

# Few of them, so that ties are common; zeros of both signs are equal; ends of the float range overflow any sum.
VALUES = st.one_of(
    st.sampled_from([-0.0, 0.0, 1.0, 2.0]),
    st.floats(-3, 3),
    st.floats(1e9, 1e9 + 1e-3),
    st.floats(allow_nan=False, allow_infinity=False),
)
UNIFORMS = np.concatenate([np.linspace(0.0, 1.0, 61)[:-1], [5e-324, 1e-12, math.nextafter(1.0, 0.0)]])


@pytest.fixture(params=["_ranking", "ranking_python"], scope="session")
def ranking(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``ValueRanking``."""
    return compiled(request.param)


@pytest.fixture(scope="session")
def both_rankings() -> tuple[ModuleType, ModuleType]:
    return compiled("_ranking"), compiled("ranking_python")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[float], list[tuple[Any, ...]]]:
    """Values to begin with, and calls that a ranking of these can take."""
    values = draw(st.lists(VALUES, max_size=12))
    rows, calls = len(values), []
    for _ in range(draw(st.integers(0, 25))):
        call = draw(st.sampled_from(["append", "append", "replace", "remove", "clear"]))
        if call == "clear":
            rows = 0
            calls.append(("clear",))
        elif call == "append" or not rows:
            rows += 1
            calls.append(("append", draw(VALUES)))
        elif call == "replace":
            calls.append(("replace", draw(st.integers(0, rows - 1)), draw(VALUES)))
        else:
            calls.append(("remove", draw(st.integers(0, rows - 1))))
            rows -= 1
    return values, calls


def apply_to_list(values: list[float], call: str, *arguments: Any) -> None:
    """The same change of a plain list."""
    if call == "append":
        values.append(*arguments)
    elif call == "replace":
        row, value = arguments
        values[row] = value
    elif call == "remove":
        values[arguments[0]] = values[-1]
        values.pop()
    else:
        values.clear()


def contents(ours: Any) -> dict[str, Any]:
    """Everything that can be seen of a ranking."""
    rows = np.arange(len(ours))
    seen = {
        "values": ours.values.tolist(),
        "order": ours.rows_at(rows).tolist(),
        "ranks": ours.ranks_of(rows).tolist(),
        "below": [ours.count_below(value) for value in (*ours.values.tolist(), -math.inf, 0.5, math.inf)],
        "at most": [ours.count_at_most(value) for value in (*ours.values.tolist(), -math.inf, 0.5, math.inf)],
        "total": ours.total,
        "smallest": ours.smallest(3).tolist(),
        "largest": ours.largest(3).tolist(),
    }
    if len(ours):
        seen["ends"] = (ours.minimum, ours.maximum)
        for higher in (True, False):
            seen[f"sample {higher}"] = ours.sample_proportional(UNIFORMS, higher_is_better=higher).tolist()
    return seen


@pytest.mark.filterwarnings("ignore:overflow encountered")
@given(history=histories())
@settings(max_examples=150, deadline=None)
def test_both_implementations_agree_to_the_last_bit_after_every_call(both_rankings, history):
    values, calls = history
    sides = [module.ValueRanking(values) for module in both_rankings]
    for call, *arguments in calls:
        for side in sides:
            getattr(side, call)(*arguments)
        # repr: -0.0 is not 0.0, nan is nan, and every bit of a float shows.
        assert repr(contents(sides[0])) == repr(contents(sides[1]))


@pytest.mark.filterwarnings("ignore:overflow encountered")
@given(history=histories())
@settings(max_examples=100, deadline=None)
def test_a_ranking_is_what_sorting_gives_and_has_no_memory_of_how_it_came_about(ranking: ModuleType, history):
    model, calls = history
    ours = ranking.ValueRanking(model)
    for call, *arguments in calls:
        getattr(ours, call)(*arguments)
        apply_to_list(model, call, *arguments)
    order = sorted(range(len(model)), key=lambda row: (model[row], row))
    assert len(ours) == len(model) and ours.values.tolist() == model
    assert ours.rows_at(range(len(model))).tolist() == order
    assert ours.ranks_of(order).tolist() == list(range(len(model)))
    assert ours.smallest(3).tolist() == order[:3] and ours.largest(3).tolist() == order[::-1][:3]
    for value in [*model, 0.5, -math.inf]:
        assert ours.count_below(value) == sum(other < value for other in model)
        assert ours.count_at_most(value) == sum(other <= value for other in model)
    if model:
        assert (ours.minimum, ours.maximum) == (min(model), max(model))
    if max(map(abs, model), default=0.0) < 1e300:
        assert ours.total == pytest.approx(math.fsum(model), rel=1e-12, abs=1e-12 * sum(map(abs, model)))
    assert repr(contents(ours)) == repr(contents(ranking.ValueRanking(model)))


def weights_of(values: list[float], higher_is_better: bool) -> list[float]:
    """The law of selection in proportion, as it reads."""
    if higher_is_better and min(values) > 0.0:
        return values
    worst = min(values) if higher_is_better else max(values)
    weights = [abs(value - worst) for value in values]
    return weights if any(weights) else [1.0] * len(values)


def check_shares(values: list[float], higher_is_better: bool, order: list[int], drawn: np.ndarray) -> None:
    """Each of ``UNIFORMS`` must have drawn the row in whose share of the unit interval it lies."""
    weights = weights_of(values, higher_is_better)
    whole = math.fsum(weights)
    ends = [math.fsum(weights[row] for row in order[: place + 1]) / whole for place in range(len(order))]
    for uniform, row in zip(UNIFORMS.tolist(), drawn.tolist(), strict=True):
        assert weights[row] > 0.0
        place = order.index(row)
        start = ends[place - 1] if place else 0.0
        assert start - 1e-9 <= uniform <= ends[place] + 1e-9


NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(-5, 5).map(lambda value: round(value, 6)))


@given(values=st.lists(NUMBERS, min_size=1, max_size=40), shift=st.sampled_from([0.0, 6.0, 1e6]), higher=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_row_is_drawn_by_its_share_of_the_unit_interval_laid_out_from_worst_to_best(
    ranking: ModuleType, values, shift, higher
):
    values = [value + shift for value in values]
    ours = ranking.ValueRanking(values)
    order = ours.rows_at(range(len(values))).tolist()
    if len(set(values)) > 1 and not higher:
        order.reverse()
    check_shares(values, higher, order, ours.sample_proportional(UNIFORMS, higher_is_better=higher))


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        [1.0 + step * 2.0**-52 for step in (0, 3, 1, 7, 0, 0, 5)],
        [-1e15 + step / 8 for step in (0, 3, 1, 7, 0, 0, 5)],
        [-1e15] * 500 + [-1e15 + 0.125],
    ],
    ids=["last bits of one", "far from zero", "one ahead of a crowd"],
)
def test_shares_are_exact_where_values_are_close_together_and_far_from_zero(ranking: ModuleType, values, higher):
    ours = ranking.ValueRanking(values)
    order = ours.rows_at(range(len(values))).tolist()
    drawn = ours.sample_proportional(UNIFORMS, higher_is_better=higher)
    check_shares(values, higher, order if higher else order[::-1], drawn)


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize(
    ("values", "exponent"),
    [
        ([-1.7e308, 1.7e308, 0.0, 1.7e308], -1000),
        ([1.7e308, 1.6e308, 1.5e308], -1000),
        ([5e-324, 0.0, 2e-323, 5e-324], 1074),
        ([4e-300, 1e-300], 1000),
    ],
    ids=["overflowing distance", "overflowing sum", "least floats", "sum of few digits"],
)
def test_the_law_holds_where_no_sum_of_weights_can_be_kept(ranking: ModuleType, values, exponent, higher):
    drawn = ranking.ValueRanking(values).sample_proportional(UNIFORMS, higher_is_better=higher)
    # A power of two makes the weights numbers that add up, and leaves their shares as they are.
    check_shares([math.ldexp(value, exponent) for value in values], higher, list(range(len(values))), drawn)


def test_what_rounding_leaves_over_goes_to_the_best(ranking: ModuleType):
    rng = np.random.default_rng(0)
    for _ in range(60):
        ours = ranking.ValueRanking(rng.random(rng.integers(2, 300)) - 0.5)
        for higher, best in ((True, ours.largest(1)), (False, ours.smallest(1))):
            last = ours.sample_proportional([math.nextafter(1.0, 0.0)], higher_is_better=higher)
            assert last.tolist() == best.tolist()


def test_rows_of_the_worst_value_are_never_drawn(ranking: ModuleType):
    ours = ranking.ValueRanking([0.0, 5.0, 0.0, 0.1, 0.0])
    assert set(ours.sample_proportional(UNIFORMS, higher_is_better=True).tolist()) == {1, 3}
    assert set(ours.sample_proportional(UNIFORMS, higher_is_better=False).tolist()) == {0, 2, 3, 4}


def test_equal_values_are_drawn_uniformly(ranking: ModuleType):
    ours = ranking.ValueRanking([3.0] * 4)
    for higher in (True, False):
        drawn = ours.sample_proportional([0.0, 0.2499, 0.25, 0.5, 0.99], higher_is_better=higher)
        assert drawn.tolist() == [0, 0, 1, 2, 3]


def test_an_empty_ranking_has_nothing_to_show(ranking: ModuleType):
    ours = ranking.ValueRanking()
    assert len(ours) == 0 and ours.total == 0.0 and ours.count_below(1.0) == 0 and ours.count_at_most(1.0) == 0
    for rows in (ours.rows_at([]), ours.ranks_of([]), ours.smallest(2), ours.largest(2), ours.values):
        assert rows.tolist() == []
    drawn = ours.sample_proportional([], higher_is_better=True)
    assert drawn.dtype == np.int64 and drawn.tolist() == []


def test_sorted_values_are_as_cheap_to_change_as_any(ranking: ModuleType):
    # A plain search tree would be a chain here, and recursion along it would end in a crash.
    ours = ranking.ValueRanking(np.arange(3000.0))
    for row in range(3000, 5000):
        ours.append(float(row))
    for row in range(2000):
        ours.remove(row)
    assert ours.total == sum(range(2000, 5000)) and (ours.minimum, ours.maximum) == (2000.0, 4999.0)


def test_a_view_of_values_is_read_only_and_the_given_array_is_not_touched(ranking: ModuleType):
    given_values = np.array([1.0, 2.0])
    ours = ranking.ValueRanking(given_values)
    ours.replace(0, 9.0)
    assert given_values.tolist() == [1.0, 2.0]
    view = ours.values
    for _ in range(10):
        ours.append(3.0)
    assert view.tolist() == [9.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 0.0


REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("append", (math.nan,), {}, "value is nan, expected a finite number"),
    ("replace", (0, math.inf), {}, "value is inf, expected a finite number"),
    ("replace", (3, 1.0), {}, "row is 3, expected 0 to 2"),
    ("remove", (-1,), {}, "row is -1, expected 0 to 2"),
    ("rows_at", ([0, 3],), {}, r"ranks\[1\] is 3, expected 0 to 2"),
    ("rows_at", ([[0]],), {}, r"ranks has shape \(1, 1\), expected 1 dimension"),
    ("rows_at", ([0.5],), {}, r"ranks must be integers \(int64\), not float64"),
    ("ranks_of", ([-1],), {}, r"rows\[0\] is -1, expected 0 to 2"),
    ("count_below", (math.nan,), {}, "value is nan, expected a number"),
    ("count_at_most", (math.nan,), {}, "value is nan, expected a number"),
    ("smallest", (-1,), {}, "n is -1, expected 0 or more"),
    ("largest", (-1,), {}, "n is -1, expected 0 or more"),
    (
        "sample_proportional",
        ([0.5, 1.0],),
        {"higher_is_better": True},
        r"uniforms\[1\] is 1.0, expected a number in \[0, 1\)",
    ),
    ("sample_proportional", ([math.nan],), {"higher_is_better": False}, r"uniforms\[0\] is nan, expected a number in"),
]


@pytest.mark.parametrize(("method", "arguments", "named", "message"), REFUSED)
def test_what_does_not_fit_is_refused_by_name_and_changes_nothing(
    ranking: ModuleType, method, arguments, named, message
):
    ours = ranking.ValueRanking([1.0, 3.0, 2.0])
    before = contents(ours)
    with pytest.raises(ValueError, match=message):
        getattr(ours, method)(*arguments, **named)
    assert contents(ours) == before


@pytest.mark.parametrize(("method", "arguments", "named", "message"), REFUSED)
def test_both_implementations_refuse_with_the_same_words(both_rankings, method, arguments, named, message):
    texts = []
    for module in both_rankings:
        with pytest.raises(ValueError, match=message) as caught:
            getattr(module.ValueRanking([1.0, 3.0, 2.0]), method)(*arguments, **named)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, math.nan], r"values\[1\] is nan, expected a finite number"),
        ([[0.0]], r"values has shape \(1, 1\), expected 1 dimension"),
        (["a"], r"values must be real numbers \(float64\), not <U1"),
    ],
)
def test_values_that_have_no_order_are_refused(ranking: ModuleType, values, message):
    with pytest.raises(ValueError, match=message):
        ranking.ValueRanking(values)


def test_nothing_can_be_asked_of_no_rows(ranking: ModuleType):
    ours = ranking.ValueRanking([1.0])
    ours.clear()
    for ask in (
        lambda: ours.minimum,
        lambda: ours.maximum,
        lambda: ours.sample_proportional([0.5], higher_is_better=True),
    ):
        with pytest.raises(ValueError, match="the ranking is empty"):
            ask()
    with pytest.raises(ValueError, match="row is 0, but there are no rows yet"):
        ours.remove(0)
    with pytest.raises(ValueError, match=r"ranks\[0\] is 0, but there are no rows yet"):
        ours.rows_at([0])
