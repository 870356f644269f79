"""A market maker's spread and size, by a backtest on synthetic prices: trained on the first part, judged on the rest.

The price swings around a value that wanders slowly. A narrow spread trades often and earns little each time, a wide one
seldom trades. A large size earns more each time, and makes the quotes lean further against what is held.
"""

import numpy as np

from gigaevo.optimize import backtest, quotes
from gigaevo.optimize.parameter_search.walk_forward import split

TICKS = 1000
FRACTION_TRAIN = 0.7
FEE = 2e-5  # share of the traded value
MEMORY = 8  # prices whose mean is taken for the value
LEAN = 2e-4  # by which the fair price falls for each unit that is held


def synthetic_prices(seed, ticks=TICKS):
    """Prices near 100: a random walk, and swings around it that fade by half in two ticks."""
    rng = np.random.default_rng(seed)
    value = 100.0 + np.cumsum(rng.normal(0.0, 0.004, ticks))
    swing, shocks = np.zeros(ticks), rng.normal(0.0, 0.02, ticks)
    for tick in range(1, ticks):
        swing[tick] = 0.7 * swing[tick - 1] + shocks[tick]
    return value + swing


TRAIN, HELD_OUT = split(synthetic_prices(seed=7), FRACTION_TRAIN)


def fair_price(context):
    """The mean of the last prices, lower the more is held, so that what is held is sold sooner."""
    recent = context.feed.prices[-MEMORY:]
    return recent.sum() / len(recent) - LEAN * context.position


def market_making(params):
    """A pipeline of two steps: what the value is, and a quote around it."""
    return [
        fair_price,
        lambda context: quotes(fair=context.previous, spread=params["spread"], size=params["size"]),
    ]


def fitness(params):
    """Sharpe ratio on the part that is trained on; nothing of the held-out part is seen."""
    return backtest(TRAIN, market_making(params), fee=FEE).sharpe_ratio


def report(params):
    """How the best parameters did on what came afterwards."""
    result = backtest(HELD_OUT, market_making(params), fee=FEE)
    return {
        "held_out_sharpe": result.sharpe_ratio,
        "held_out_return": result.total_return,
        "held_out_drawdown": result.max_drawdown,
    }
