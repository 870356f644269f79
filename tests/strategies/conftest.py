"""Programs, metrics and islands for the tests of strategies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gigaevo.evolution.randomness import RandomSource
from gigaevo.evolution.strategies.map_elites import BehaviorSpace, IslandConfig, StrategyContext
from gigaevo.programs import Metrics, MetricSpec, Program, ProgramState

ProgramMaker = Callable[..., Program]
ContextMaker = Callable[..., StrategyContext]
ConfigMaker = Callable[..., IslandConfig]


@pytest.fixture
def make_program() -> ProgramMaker:
    """A valid, evaluated program with the given metrics."""

    def make(program_id: str, **metrics: float) -> Program:
        return Program(id=program_id, source="", state=ProgramState.COMPLETED, metrics=metrics)

    return make


@pytest.fixture
def make_context() -> ContextMaker:
    """A run whose primary metric is ``fitness`` and that measures ``x`` and ``y``, both in [0, 10]."""

    def make(
        *,
        higher_is_better: bool = True,
        lower_bound: float | None = 0.0,
        upper_bound: float | None = 100.0,
        seed: int = 0,
        behavior_keys: tuple[str, ...] = (),
    ) -> StrategyContext:
        axis = {"lower_bound": 0.0, "upper_bound": 10.0}
        metrics = Metrics(
            {
                "fitness": MetricSpec(
                    description="f",
                    is_primary=True,
                    higher_is_better=higher_is_better,
                    lower_bound=lower_bound,
                    upper_bound=upper_bound,
                ),
                "x": MetricSpec(description="x", **axis),
                "y": MetricSpec(description="y", **axis),
                "unbounded": MetricSpec(description="u"),
            }
        )
        return StrategyContext(metrics=metrics, random=RandomSource(seed), behavior_keys=behavior_keys)

    return make


@pytest.fixture
def make_config() -> ConfigMaker:
    """An island of 10 cells along ``x``, ten wide in all."""

    def make(**settings: object) -> IslandConfig:
        space = BehaviorSpace(feature_bounds={"x": (0.0, 10.0)}, resolution={"x": 10})
        return IslandConfig(**{"island_id": "main", "behavior_space": space, **settings})  # type: ignore[arg-type]

    return make
