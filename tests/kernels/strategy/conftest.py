"""The two implementations of the strategy's kernels."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.kernels.conftest import compiled


@pytest.fixture(params=["_strategy", "strategy_numpy"], scope="module")
def strategy(request: pytest.FixtureRequest) -> ModuleType:
    """The module of ``select_elite``, ``cross_over``, ``mutate_bits``, ``score_unknown`` and their like."""
    return compiled(request.param)


@pytest.fixture(scope="module")
def strategy_random(strategy: ModuleType) -> ModuleType:
    """The module of the ``RandomStream`` that ``strategy`` draws from."""
    return compiled("_random" if strategy.__name__.endswith("._strategy") else "random_numpy")


@pytest.fixture(scope="module")
def both_strategies() -> tuple[ModuleType, ModuleType]:
    return compiled("_strategy"), compiled("strategy_numpy")
