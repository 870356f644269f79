"""What ``pipeline=benchmark`` refuses, before anything starts."""

from __future__ import annotations

import pytest

from tests.config.subjects import Built


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("fitness.performance_weight=-1", "performance.weight: Input should be greater than or equal to 0"),
        ("pipeline.stages.4.dimensions.correctness.metrics=[speed]", "correctness: unknown metric 'speed'"),
        ("+pipeline.stages.4.dimensions.beauty={weight: 1, metrics: []}", "unknown dimension 'beauty'"),
        ("pipeline.stages.4.scales.memory_usage=0", "the scale of memory_usage is 0"),
        ("pipeline.stages.4.growth_tolerance=0", "growth_tolerance is 0"),
        ("fitness.repeats=0", "repeats is 0; it must be at least 1"),
        ("fitness.seconds=0", "seconds is 0; it must be above 0"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_it(change: str, complaint: str) -> None:
    error = Built.of(["problem.name=sorting", "pipeline=benchmark", change]).error
    assert error is not None
    assert error.startswith(("pipeline.stages[4] (", "pipeline.stages.4 (")), error
    assert complaint in error


def test_as_shipped_it_is_built_for_problems_with_and_without_a_benchmark() -> None:
    for problem in ("sorting", "toy_example"):
        assert Built.of([f"problem.name={problem}", "pipeline=benchmark"]).error is None
