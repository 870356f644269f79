"""The backtest: fills a tick later, at the quoted price, with books that balance and nothing seen of the future."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.optimize.parameter_search.backtesting import Context, Quote, backtest, prices_of, quotes


def test_a_quote_is_filled_by_the_next_price_and_not_by_the_one_it_was_made_at() -> None:
    made_at: list[int] = []

    def step(context: Context) -> list[Quote]:
        made_at.append(context.tick)
        return quotes(fair=100.0, spread=2.0, size=3.0) if context.tick == 0 else []

    result = backtest([99.0, 98.5, 101.0], [step])
    assert made_at == [0, 1, 2]
    assert result.trades == 1  # bought at 99 when 98.5 came; the quote was gone when 101 came
    assert result.equity.tolist() == [10_000.0, 10_000.0 + 3 * (98.5 - 99.0), 10_000.0 + 3 * (101.0 - 99.0)]


@given(prices=st.lists(st.floats(1.0, 100.0), min_size=1, max_size=30), spread=st.floats(0.0, 5.0))
def test_the_books_balance(prices: list[float], spread: float) -> None:
    seen: list[Context] = []

    def step(context: Context) -> list[Quote]:
        seen.append(context)
        return quotes(context.feed.price, spread, 2.0)

    result = backtest(prices, [step], fee=0.001)
    for context, equity in zip(seen, result.equity, strict=True):
        assert math.isclose(context.cash + context.position * context.feed.price, equity, rel_tol=1e-9)


def test_a_step_sees_prices_up_to_now_and_cannot_change_them() -> None:
    def step(context: Context) -> None:
        assert context.feed.prices.tolist() == [float(tick) for tick in range(1, context.tick + 2)]
        assert context.feed.price == context.feed.prices[-1]
        with pytest.raises(ValueError, match="read-only"):
            context.feed.prices[0] = 0.0

    backtest([1.0, 2.0, 3.0], [step])


def test_a_step_is_given_what_the_one_before_returned() -> None:
    given_on: list[object] = []
    backtest([1.0], [lambda context: 0.25, lambda context: given_on.append(context.previous)])
    assert given_on == [0.25]


def test_sharpe_return_and_drawdown_are_those_of_the_equity() -> None:
    def buy_once(context: Context) -> list[Quote]:
        return [Quote(bid=1_000.0, ask=math.inf, size=1.0)] if context.tick == 0 else []

    result = backtest([100.0, 100.0, 110.0, 99.0, 121.0], [buy_once], capital=1_000.0, periods_per_year=4.0)
    equity = np.array([1000.0, 100.0, 110.0, 99.0, 121.0])  # bought for 1000 what is worth the price
    assert result.equity.tolist() == equity.tolist()
    gains = np.diff(equity, prepend=1_000.0)
    assert result.sharpe_ratio == pytest.approx(gains.mean() / gains.std() * 2.0)
    assert result.total_return == pytest.approx(-0.879)
    assert result.max_drawdown == pytest.approx(0.901)
    assert result["max_drawdown"] == result.max_drawdown


def test_nothing_traded_is_a_sharpe_of_0() -> None:
    result = backtest([1.0, 2.0], [lambda context: []])
    assert (result.sharpe_ratio, result.total_return, result.max_drawdown, result.trades) == (0.0, 0.0, 0.0, 0)
    assert backtest([], []).sharpe_ratio == 0.0


class Tick:
    def __init__(self, price: float) -> None:
        self.price = price


class Column(np.ndarray):
    """A column of a table, as data frames have them: its keys are its rows."""

    def keys(self) -> list[int]:
        return [100, 101]

    def __getitem__(self, key: Any) -> Any:
        raise KeyError(key)

    def __iter__(self) -> Any:
        return iter(self.view(np.ndarray))


@pytest.mark.parametrize(
    "data",
    [
        [1.0, 2.0],
        np.array([1.0, 2.0]).view(Column),
        np.array([(1.0, 5), (2.0, 6)], [("price", "f8"), ("volume", "i8")]),
        np.array([Tick(1.0), Tick(2.0)], object),
        np.array([1, 2]),
        {"price": [1.0, 2.0], "volume": [3, 4]},
        [{"price": 1.0}, {"price": 2.0}],
        [Tick(1.0), Tick(2.0)],
    ],
    ids=["list", "column", "structured", "array of objects", "array", "table", "records", "objects"],
)
def test_prices_come_in_any_of_the_usual_forms(data: object) -> None:
    assert prices_of(data).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([1.0, float("nan")], "price 1 is nan"),
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        ({"close": [1.0]}, "columns \\['close'\\]"),
        (["a", "b"], "data must be prices"),
    ],
)
def test_what_holds_no_prices_is_an_error(data: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        prices_of(data)


def test_a_quote_must_have_a_size_and_no_negative_spread() -> None:
    with pytest.raises(ValueError, match="spread is -1"):
        quotes(1.0, -1.0, 1.0)
    with pytest.raises(ValueError, match="size is 0"):
        quotes(1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="capital is 0"):
        backtest([1.0], [], capital=0.0)


def test_a_pipeline_is_a_list_of_functions() -> None:
    with pytest.raises(ValueError, match=r"the pipeline is <function .*, expected a list of steps"):
        backtest([1.0], lambda context: [])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="step 1 of the pipeline is 5, expected a function of a context"):
        backtest([1.0], [lambda context: [], 5])  # type: ignore[list-item]


def test_what_comes_later_is_not_even_behind_the_view_that_a_step_is_given() -> None:
    seen: list[np.ndarray] = []

    def prying(context: Context) -> None:
        view = context.feed.prices
        while view.base is not None:
            view = view.base
        seen.append(np.array(view))

    backtest([1.0, 2.0, 3.0], [prying])
    np.testing.assert_array_equal(seen, [[1.0, np.nan, np.nan], [1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])


def test_a_record_without_a_price_is_named() -> None:
    with pytest.raises(ValueError, match=r"data\[1\] is \{'close': 2.0\}, expected a record with a price"):
        backtest([{"price": 1.0}, {"close": 2.0}], [])
