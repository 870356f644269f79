"""Noisy problems: what is to be trusted is looked at again, in the order of the run and within its limits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigaevo.evaluation.base import Evaluation, Evaluator
from gigaevo.evaluation.sampling import SAMPLE, SampledEvaluator
from gigaevo.evolution.engine.events import Limits
from gigaevo.evolution.engine.settings import EngineSettings
from gigaevo.programs import Program
from tests.engine.harness import METRICS, Jitter, NumberEvaluator, World, value_of


class Noisy(NumberEvaluator):
    """Adds noise of deviation 0.05 to the score, which follows from the number and the seed of the run."""

    async def evaluate(self, program: Program) -> Evaluation:
        evaluation = await super().evaluate(program)
        if evaluation.error is not None:
            return evaluation
        value, seed = value_of(program), program.metadata[SAMPLE]
        noise = np.random.default_rng([int(value * 1e6), seed]).normal(0.0, 0.05)
        metrics = {**evaluation.metrics, "fitness": evaluation.metrics["fitness"] + noise}
        return Evaluation(metrics=metrics, cost=evaluation.cost)


SAMPLES, CONFIRMATIONS = 2, 5


def sampled(evaluator: Evaluator | None = None) -> SampledEvaluator:
    return SampledEvaluator(evaluator or Noisy(), metrics=METRICS, samples=SAMPLES, confirmations=CONFIRMATIONS)


def settings(**more: object) -> EngineSettings:
    return EngineSettings(samples=SAMPLES, confirmations=CONFIRMATIONS, reevaluate_duplicates=True, **more)  # type: ignore[arg-type]


def world(folder: Path, limits: Limits, **more: object) -> World:
    more.setdefault("evaluator", sampled())
    more.setdefault("settings", settings())
    folder.mkdir(exist_ok=True)
    return World(folder, limits=limits, initial=(0.8, 0.55), operator=Jitter(digits=2), **more)  # type: ignore[arg-type]


LOOPS = {
    "steady": settings(max_evaluations_in_flight=4),
    "deterministic": settings(deterministic=True),
    "generational": settings(loop="generational", generation_size=7),
}


@pytest.mark.parametrize("loop", LOOPS)
async def test_every_elite_and_every_best_was_looked_at_again(tmp_path: Path, loop: str) -> None:
    this = world(tmp_path, Limits(max_mutants=60), settings=LOOPS[loop])
    await this.run()
    whole = SAMPLES + CONFIRMATIONS
    bests = [progress.best for _, _, progress in this.memory.programs if progress.best is not None]
    assert {best.metrics["fitness_samples"] for best in bests} == {whole}
    programs = [program for program in await this.stored() if program.error is None]
    inserted = {program.id for program, outcome, _ in this.memory.programs if outcome == "accepted"}
    assert {p.metrics["fitness_samples"] for p in programs if p.id in inserted} == {whole}
    assert SAMPLES in {p.metrics["fitness_samples"] for p in programs}, "what nobody keeps costs no more than it must"
    assert all(p.cost.validate_calls == p.metrics["fitness_samples"] for p in programs)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("limit", [14, 15, 40, 61])
async def test_a_limit_on_evaluations_counts_every_look(tmp_path: Path, loop: str, limit: int) -> None:
    evaluator = Noisy()
    this = world(tmp_path, Limits(max_evaluations=limit), settings=LOOPS[loop], evaluator=sampled(evaluator))
    report = await this.run()
    assert report.stop_reason == "max_evaluations"
    assert report.progress.validate_calls == sum(p.cost.validate_calls for p in await this.stored())
    assert limit - (SAMPLES + CONFIRMATIONS) < report.progress.validate_calls <= limit


async def test_the_same_seed_gives_the_same_programs(tmp_path: Path) -> None:
    stored = []
    for name, pool in (("a", 1), ("b", 5)):
        chosen = settings(deterministic=True, max_evaluations_in_flight=pool, max_mutations_in_flight=pool)
        evaluator = sampled(Noisy(scramble=pool))
        this = world(tmp_path / name, Limits(max_mutants=40), settings=chosen, evaluator=evaluator)
        await this.run()
        stored.append([(p.id, p.source, p.state, p.metrics) for p in await this.stored()])
    assert stored[0] == stored[1]


async def test_a_resumed_run_goes_on_with_confirmed_values(tmp_path: Path) -> None:
    chosen = settings(deterministic=True, snapshot_interval=5)
    first = (await world(tmp_path, Limits(max_mutants=20), settings=chosen).run()).progress
    second = (await world(tmp_path, Limits(max_mutants=20), settings=chosen).run()).progress
    assert first.best is not None and second.best is not None
    assert second.best.metrics == first.best.metrics
    assert second.population.to_dict() == first.population.to_dict()
    assert second.validate_calls == first.validate_calls


async def test_looking_again_keeps_lucky_draws_out(tmp_path: Path) -> None:
    """The best of a run is worth what it says, within what seven looks can tell; without a second look it is not."""
    errors = {}
    for confirmations in (0, 14):
        chosen = EngineSettings(samples=1, confirmations=confirmations, reevaluate_duplicates=True, deterministic=True)
        found = []
        for seed in range(6):
            evaluator = SampledEvaluator(Noisy(), metrics=METRICS, samples=1, confirmations=confirmations)
            folder = tmp_path / f"{confirmations}_{seed}"
            this = world(folder, Limits(max_mutants=40), settings=chosen, evaluator=evaluator, seed=seed)
            best = (await this.run()).progress.best
            assert best is not None
            found.append(best.metrics["fitness"] + (value_of(best) - 0.3) ** 2)
        errors[confirmations] = float(np.mean(found))
    assert errors[0] > 0.05
    assert errors[14] < errors[0] / 2
