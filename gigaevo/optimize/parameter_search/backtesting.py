"""A small backtest: prices go by one at a time, a pipeline of steps quotes, and the next price fills.

It is there so that ``evolve`` and its like have something to optimise at once (``evolutionary_optimizer`` document);
any function of (data, pipeline) can take its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief, check_number
from gigaevo.optimize.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


# Quotes, feeds and contexts are made at every tick: with slots and not frozen they take a third of the time.


@dataclass(slots=True)
class Quote:
    """An offer to buy at ``bid`` and to sell at ``ask``, ``size`` units each; good for the next tick."""

    bid: float
    ask: float
    size: float


@dataclass(slots=True)
class Feed:
    """What the market tells.

    Attributes:
        price: The last price.
        prices: All prices up to and including it, read-only. None comes after it: there is no look ahead.
    """

    price: float
    prices: NDArray[np.float64]


@dataclass(slots=True)
class Context:
    """What a step of a pipeline sees.

    Attributes:
        feed: The market.
        tick: Number of the tick, from 0.
        position: Units held; below 0: owed.
        cash: Money held.
        equity: Cash and the position at the last price.
        previous: What the step before this one returned, None for the first.
    """

    feed: Feed
    tick: int
    position: float
    cash: float
    equity: float
    previous: Any = None


@dataclass(frozen=True, repr=False, eq=False)
class BacktestResult(Record):
    """How a pipeline did.

    Attributes:
        equity: After each tick, float64 of shape (ticks,).
        trades: Quotes that were filled, each side for itself.
        capital: Money at the beginning.
        periods_per_year: Ticks of a year.
    """

    equity: NDArray[np.float64]
    trades: int
    capital: float
    periods_per_year: float = field(default=252.0)

    @property
    def total_return(self) -> float:
        """Gain as a share of the capital."""
        return float(self.equity[-1] / self.capital - 1.0) if self.equity.size else 0.0

    @property
    def sharpe_ratio(self) -> float:
        """Mean over standard deviation of the gains per tick, annualised; 0 where nothing was gained or lost."""
        gains = np.diff(self.equity, prepend=self.capital)
        spread = float(gains.std()) if gains.size else 0.0
        return float(gains.mean()) / spread * self.periods_per_year**0.5 if spread > 0.0 else 0.0

    @property
    def max_drawdown(self) -> float:
        """The largest fall from an earlier peak of the equity, as a share of that peak; 0 or more."""
        if not self.equity.size:
            return 0.0
        peak = np.maximum(np.maximum.accumulate(self.equity), self.capital)
        return float(((peak - self.equity) / peak).max())

    def __repr__(self) -> str:
        return (
            f"BacktestResult(sharpe_ratio={self.sharpe_ratio:.4g}, total_return={self.total_return:.4g}, "
            f"max_drawdown={self.max_drawdown:.4g}, trades={self.trades}, ticks={self.equity.size})"
        )


def quotes(fair: float, spread: float, size: float) -> list[Quote]:
    """One quote around a fair price, as a step of a pipeline returns it.

    Args:
        fair: The middle of the quote.
        spread: Distance of bid and ask, in units of the price, 0 or more.
        size: Units offered on each side, above 0.

    Raises:
        ValueError: One of them is no finite number, ``spread`` is negative or ``size`` is not above 0.
    """
    try:
        if spread >= 0.0 and 0.0 < size < math.inf and math.isfinite(fair + spread):
            return [Quote(fair - spread / 2.0, fair + spread / 2.0, size)]
    except (TypeError, ValueError):
        pass
    check_number("fair", fair)
    check_number("spread", spread, 0.0)
    check_number("size", size, 0.0, above=True)
    raise ValueError(f"fair and spread are {fair!r} and {spread!r}, expected less than float64 can tell")


def prices_of(data: Any) -> NDArray[np.float64]:
    """The prices of ``data``, float64 of shape (ticks,).

    Args:
        data: Prices themselves; a table with a column ``price``; or a sequence of records with a ``price`` as item or
            attribute.

    Raises:
        ValueError: It is none of these, or a price is not finite.
    """
    given = data
    if not hasattr(data, "__len__"):
        raise ValueError(
            f"data is {brief(data)}, expected prices, a table with a column price, or records with a price"
        )
    columns = columns_of(data)
    if columns is not None:
        if "price" not in columns:
            raise ValueError(f"data has the columns {brief(columns)}, expected one that is called price")
        given = data["price"]
    elif isinstance(first := next(iter(data), None), dict) or hasattr(first, "price"):
        given = [_price_of(tick, record) for tick, record in enumerate(data)]
    try:
        prices = np.array(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError("data must be prices, a table with a column price, or records with a price") from None
    if prices.ndim != 1:
        raise ValueError(f"data has shape {prices.shape}, expected prices of shape (ticks,)")
    if not np.isfinite(prices).all():
        raise ValueError(f"price {int(np.argmin(np.isfinite(prices)))} is {prices[~np.isfinite(prices)][0]}")
    return prices


def columns_of(data: Any) -> list[Any] | None:
    """The names of the columns of a table; None where it is none, such as a single column, whose keys are its rows."""
    names = getattr(getattr(data, "dtype", None), "names", None)
    if names is not None:
        return list(names)
    is_table = hasattr(data, "columns") or (hasattr(data, "keys") and getattr(data, "ndim", 0) != 1)
    return list(data) if is_table else None


def _price_of(tick: int, record: Any) -> Any:
    """The price of a record, as item or attribute."""
    try:
        return record["price"] if isinstance(record, dict) else record.price
    except (KeyError, AttributeError):
        raise ValueError(f"data[{tick}] is {brief(record)}, expected a record with a price") from None


def backtest(
    data: Any,
    pipeline: Sequence[Callable[[Context], Any]],
    *,
    capital: float = 10_000.0,
    fee: float = 0.0,
    periods_per_year: float = 252.0,
) -> BacktestResult:
    """Let prices go by and trade what the pipeline quotes.

    At each tick the quotes of the tick before are filled first: a bid where the price is not above it, an ask where it
    is not below it, each whole and at its own price. Then each step is called with the context. The quotes that steps
    return hold until the next tick; other things they return are for the next step (``Context.previous``).

    Args:
        data: See ``prices_of``.
        pipeline: Steps, in their order: functions of a ``Context``.
        capital: Money at the beginning, above 0.
        fee: Share of the traded value that a trade costs, 0 or more.
        periods_per_year: Ticks of a year, for the Sharpe ratio, above 0.

    Raises:
        ValueError: An argument is out of its range.
    """
    check_number("capital", capital, 0.0, above=True)
    check_number("fee", fee, 0.0)
    check_number("periods_per_year", periods_per_year, 0.0, above=True)
    if not isinstance(pipeline, Sequence):
        raise ValueError(f"the pipeline is {pipeline!r}, expected a list of steps")
    for index, step in enumerate(pipeline):
        if not callable(step):
            raise ValueError(f"step {index} of the pipeline is {step!r}, expected a function of a context")
    prices = prices_of(data)
    past = np.full(len(prices), np.nan)  # no price is in it before its tick, whatever a step does with its view
    shown = past.view()
    shown.flags.writeable = False
    worth: list[float] = []
    cash, position, trades = capital, 0.0, 0
    open_quotes: list[Quote] = []
    for tick, price in enumerate(prices.tolist()):
        for quote in open_quotes:
            if price <= quote.bid:
                cash -= quote.bid * quote.size * (1.0 + fee)
                position += quote.size
                trades += 1
            if price >= quote.ask:
                cash += quote.ask * quote.size * (1.0 - fee)
                position -= quote.size
                trades += 1
        past[tick] = price
        equity = cash + position * price
        worth.append(equity)
        open_quotes = _quoted(pipeline, Context(Feed(price, shown[: tick + 1]), tick, position, cash, equity))
    return BacktestResult(np.array(worth, np.float64), trades, capital, periods_per_year)


def _quoted(pipeline: Sequence[Callable[[Context], Any]], context: Context) -> list[Quote]:
    """The quotes of all steps."""
    found: list[Quote] = []
    for step in pipeline:
        returned = step(context)
        context.previous = returned
        if isinstance(returned, Quote):
            found.append(returned)
        elif isinstance(returned, (list, tuple)):
            found.extend([item for item in returned if isinstance(item, Quote)])
    return found
