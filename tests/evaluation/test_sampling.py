"""Several runs make one evaluation: means, deviations, and what happens when one of them fails."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigaevo.evaluation.base import Confirmer, Evaluation, Refresher
from gigaevo.evaluation.sampling import SAMPLE, SampledEvaluator
from gigaevo.programs import Cost, ErrorKind, Metrics, MetricSpec, Program, ProgramError

METRICS = Metrics(
    {
        "fitness": MetricSpec(description="score", is_primary=True),
        "spread": MetricSpec(description="how it behaves"),
    }
)
NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6)


class Scripted:
    """Gives a program the score at the place of its seed; None fails."""

    def __init__(self, *scores: float | None) -> None:
        self._scores = scores
        self.seeds: list[int] = []

    async def evaluate(self, program: Program) -> Evaluation:
        seed = program.metadata[SAMPLE]
        self.seeds.append(seed)
        score = self._scores[seed]
        cost = Cost(cpu_time_s=0.5, peak_memory_mb=10.0 + seed, validate_calls=1)
        if score is None:
            error = ProgramError(kind=ErrorKind.INVALID, message="too wide", stage="validate")
            return Evaluation(error=error, cost=cost, metrics={"is_valid": 0.0})
        metrics = {"fitness": score, "spread": -score, "is_valid": 1.0, "lines": 3.0}
        return Evaluation(metrics=metrics, artifacts={"artifact": f"run {seed}"}, output=f"{seed}", cost=cost)


def program() -> Program:
    return Program(id="p", source="", metadata={"proposal": 4})


@given(NUMBERS, NUMBERS)
def test_the_mean_is_that_of_all_runs_however_they_are_divided(first: list[float], further: list[float]) -> None:
    import asyncio

    every = [*first, *further]
    evaluator = SampledEvaluator(Scripted(*every), metrics=METRICS, samples=len(first), confirmations=len(further))
    this = program()
    evaluation = asyncio.run(evaluator.evaluate(this))
    assert evaluation.metrics["fitness"] == statistics.fmean(first)
    this.metrics, this.artifacts = dict(evaluation.metrics), dict(evaluation.artifacts)
    assert not evaluator.is_confirmed(this)
    again = asyncio.run(evaluator.confirm(this))
    this.metrics |= again.metrics
    this.artifacts |= again.artifacts
    assert evaluator.is_confirmed(this)
    assert this.metrics["fitness"] == statistics.fmean(every)
    assert this.metrics["spread"] == statistics.fmean([-value for value in every])
    assert this.metrics["fitness_deviation"] == statistics.stdev(every)
    assert this.metrics["fitness_samples"] == len(every)
    assert this.artifacts["samples"]["rows"] == [[value, -value] for value in every]


async def test_runs_have_seeds_of_their_own_and_the_program_is_not_changed() -> None:
    inner, this = Scripted(*range(9)), program()
    evaluator = SampledEvaluator(inner, metrics=METRICS, samples=3, confirmations=2, first_seed=4)
    evaluation = await evaluator.evaluate(this)
    assert inner.seeds == [4, 5, 6]
    assert this == program().model_copy(update={"created_at": this.created_at})
    assert (evaluation.output, evaluation.artifacts["artifact"]) == ("4", "run 4")
    assert evaluation.cost == Cost(cpu_time_s=1.5, peak_memory_mb=16.0, validate_calls=3)
    assert evaluation.metrics["lines"] == 3.0
    assert "lines_samples" not in evaluation.metrics and "is_valid_samples" not in evaluation.metrics


@pytest.mark.parametrize(("scores", "seeds"), [((None, 1, 1), [0]), ((1, None, 1), [0, 1]), ((1, 1, None), [0, 1, 2])])
async def test_a_program_that_fails_once_has_failed(scores: tuple[float | None, ...], seeds: list[int]) -> None:
    inner = Scripted(*scores)
    evaluation = await SampledEvaluator(inner, metrics=METRICS, samples=3, confirmations=0).evaluate(program())
    assert inner.seeds == seeds
    assert evaluation.error is not None
    assert evaluation.error.message == f"with seed {seeds[-1]}: too wide"
    assert "fitness" not in evaluation.metrics
    assert evaluation.cost.validate_calls == len(seeds)


async def test_a_failure_on_the_second_look_is_a_failure() -> None:
    evaluator = SampledEvaluator(Scripted(1, 2, None), metrics=METRICS, samples=2, confirmations=1)
    this, evaluation = program(), await evaluator.evaluate(program())
    this.artifacts = dict(evaluation.artifacts)
    again = await evaluator.confirm(this)
    assert again.error is not None and again.error.message == "with seed 2: too wide"


async def test_one_sample_has_no_deviation() -> None:
    evaluation = await SampledEvaluator(Scripted(7), metrics=METRICS, samples=1, confirmations=0).evaluate(program())
    assert (evaluation.metrics["fitness"], evaluation.metrics["fitness_deviation"]) == (7, 0)


def test_it_is_all_that_an_evaluator_may_be() -> None:
    evaluator = SampledEvaluator(Scripted(), metrics=METRICS, samples=1, confirmations=0)
    assert isinstance(evaluator, Confirmer)
    assert isinstance(evaluator, Refresher)
    assert not evaluator.depends_on_descendants
