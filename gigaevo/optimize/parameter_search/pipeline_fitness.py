"""The fitness of parameters: what a backtest of their pipeline says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import numpy as np

from gigaevo.optimize.arguments import brief
from gigaevo.optimize.parameter_search.parameters import params_of
from gigaevo.optimize.search.fitness import FitnessError, described

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

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

    Raises:
        TypeError: One of these is no function.
    """

    def __init__(
        self,
        data: Any,
        pipeline_factory: Callable[[dict[str, Any]], Any],
        genotype: MultiRangeGenotype,
        backtest: Callable[[Any, Any], Any],
        measure: Callable[[Any], Any],
    ) -> None:
        for name, given in (("pipeline_factory", pipeline_factory), ("backtest", backtest), ("fitness_fn", measure)):
            if not callable(given):
                raise TypeError(f"{name} is {given!r}, expected a function")
        self._data = data
        self._factory = pipeline_factory
        self._genotype = genotype
        self._backtest = backtest
        self._measure = measure
        self._known: dict[bytes, Any] = {}

    def __call__(self, genome: NDArray[np.float64]) -> Any:
        key = genome.tobytes()
        if key not in self._known:
            self._known[key] = self._tested(params_of(self._genotype, genome))
        return self._known[key]

    def _tested(self, params: dict[str, Any]) -> Any:
        """What the backtest says of ``params``.

        Raises:
            FitnessError: A function of the user raised; the message says which, and of which parameters.
        """
        at_work = "pipeline_factory"
        try:
            pipeline = self._factory(dict(params))
            at_work = "backtest"
            result = self._backtest(self._data, pipeline)
            at_work = "fitness_fn"
            return self._measure(result)
        except FitnessError:
            raise
        except Exception as error:
            shown = ", ".join(f"{name}={value:.6g}" for name, value in params.items())
            raise FitnessError(f"{at_work} raised {described(error)} for {shown}") from error


class Once(Executor):
    """An executor to which equal parameters are sent once: other processes do not know what was tested before.

    Args:
        executor: Who does it. It must be able to take what it is sent.

    Raises:
        TypeError: It is no executor.
    """

    def __init__(self, executor: Executor) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(f"executor is {brief(executor)}, expected one of concurrent.futures")
        self._executor = executor
        self._sent: dict[bytes, Future[Any]] = {}

    def submit(self, fitness: Any, /, genome: Any) -> Future[Any]:  # type: ignore[override]
        """See ``concurrent.futures.Executor``; the fitness must be the same every time."""
        key = genome.tobytes()
        if key not in self._sent:
            self._sent[key] = self._executor.submit(fitness, genome)
        return self._sent[key]


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
    """The number of that name: an item of a mapping, else an attribute. NaN for None, which is no number yet.

    Raises:
        FitnessError: There is none, or it is no number.
    """
    if isinstance(result, Mapping) and name in result:
        found = result[name]
    elif hasattr(result, name):
        found = getattr(result, name)
    else:
        raise FitnessError(f"the backtest's result {type(result).__name__} has no {name!r}")
    try:
        return math.nan if found is None else float(found)
    except (TypeError, ValueError):
        raise FitnessError(f"{name} of the backtest's result is {brief(found)}, expected a number or None") from None


def sharpe(result: Any) -> float:
    """The default fitness: the Sharpe ratio of a backtest's result."""
    return metric(result, "sharpe_ratio")
