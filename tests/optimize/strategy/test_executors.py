"""Where fitness functions are called in parallel."""

from __future__ import annotations

from typing import Any

import pytest

from gigaevo.optimize import functions
from gigaevo.optimize.strategy import CountTrue
from gigaevo.optimize.strategy.executors import fitness_executor


class Simulation:
    """A function of one chromosome whose author has another use for the word ``evaluate``."""

    def __call__(self, genes: Any) -> float:
        return float(sum(genes))

    def evaluate(self) -> None:
        """Nothing of ours."""


def test_a_function_of_one_chromosome_is_called_in_parallel_whatever_else_it_can_do() -> None:
    with fitness_executor(Simulation(), parallel=True, vectorized=False) as executor:
        assert executor is not None
        assert executor.submit(Simulation(), [1, 2]).result() == 3.0


@pytest.mark.parametrize(
    ("fitness", "parallel", "vectorized"),
    [
        (Simulation(), False, False),
        (Simulation(), True, True),
        (CountTrue(), True, False),
        (functions.sphere, True, False),
    ],
)
def test_what_is_not_to_be_called_in_parallel_or_takes_all_at_once_needs_no_executor(
    fitness: Any, parallel: bool, vectorized: bool
) -> None:
    with fitness_executor(fitness, parallel=parallel, vectorized=vectorized) as executor:
        assert executor is None
