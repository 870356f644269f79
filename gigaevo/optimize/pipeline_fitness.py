"""The fitness of parameters: what a backtest of their pipeline says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.parameters import params_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigaevo.optimize.genotypes import MultiRangeGenotype


class PipelineFitness:
    """Backtests the pipeline that a factory makes of parameters.

    Equal parameters on the same data are tested once.

    Args:
        data: What the backtest is given.
        pipeline_factory: Makes a pipeline of parameters by name.
        genotype: The parameters.
        backtest: Function of (data, pipeline).
        measure: Makes a fitness of what the backtest returned: a number, or one for each objective.
    """

    def __init__(
        self,
        data: Any,
        pipeline_factory: Callable[[dict[str, Any]], Any],
        genotype: MultiRangeGenotype,
        backtest: Callable[[Any, Any], Any],
        measure: Callable[[Any], Any],
    ) -> None:
        self._data = data
        self._factory = pipeline_factory
        self._genotype = genotype
        self._backtest = backtest
        self._measure = measure
        self._known: dict[bytes, Any] = {}

    def __call__(self, genome: NDArray[np.float64]) -> Any:
        key = genome.tobytes()
        if key not in self._known:
            pipeline = self._factory(params_of(self._genotype, genome))
            self._known[key] = self._measure(self._backtest(self._data, pipeline))
        return self._known[key]


class Metrics:
    """Numbers of a backtest's result, by name.

    Args:
        names: What is read, as attribute or item.
    """

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def __call__(self, result: Any) -> list[float]:
        return [metric(result, name) for name in self._names]


def metric(result: Any, name: str) -> float:
    """The number of that name: an item of a mapping, else an attribute.

    Raises:
        ValueError: There is none.
    """
    if isinstance(result, Mapping) and name in result:
        return float(result[name])
    if hasattr(result, name):
        return float(getattr(result, name))
    raise ValueError(f"the backtest's result {type(result).__name__} has no {name!r}")


def sharpe(result: Any) -> float:
    """The default fitness: the Sharpe ratio of a backtest's result."""
    return metric(result, "sharpe_ratio")
