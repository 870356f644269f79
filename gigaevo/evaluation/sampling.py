"""Noisy fitness: several runs of a program make one evaluation, and what is to be trusted is run more often."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gigaevo.evaluation.base import Evaluation, Evaluator, ParentStudy, Refresher
from gigaevo.programs import Cost, Metrics, Program, ProgramError
from gigaevo.programs.metrics import GRADED_VALIDITY_KEY, VALIDITY_KEY

SAMPLE = "sample"  # where a program's metadata says which of its runs is meant; that is the seed of the run
SAMPLES = "samples"  # the artifact with the metrics of each run, a table


class SampledEvaluator:
    """Evaluates a program ``samples`` times, in runs with the seeds 0, 1, ..., and takes means.

    All programs get the same seeds, so that they are compared on the same cases where the seed decides about the noise.
    For each metric that the problem declares there are also ``<metric>_deviation``, the sample standard deviation, and
    ``<metric>_samples``. A program is valid if every run is; the first that is not ends the evaluation.

    Args:
        evaluator: Makes one run's evaluation.
        metrics: The problem's metrics.
        samples: Runs of an evaluation, at least 1.
        confirmations: Further runs before a program is trusted, with seeds that come next.
        first_seed: Seed of the first run.
    """

    def __init__(
        self, evaluator: Evaluator, *, metrics: Metrics, samples: int, confirmations: int, first_seed: int = 0
    ) -> None:
        self._evaluator = evaluator
        self._sampled = [key for key in metrics.declared if key not in (VALIDITY_KEY, GRADED_VALIDITY_KEY)]
        self._primary = metrics.primary_key
        self._samples = samples
        self._confirmations = confirmations
        self._first_seed = first_seed

    async def evaluate(self, program: Program) -> Evaluation:
        """See ``gigaevo.evaluation.base.Evaluator``."""
        return await self._look(program, range(self._first_seed, self._first_seed + self._samples), earlier=())

    def is_confirmed(self, program: Program) -> bool:
        """See ``gigaevo.evaluation.base.Confirmer``."""
        return len(self._rows(program.artifacts)) >= self._samples + self._confirmations

    async def confirm(self, program: Program) -> Evaluation:
        """See ``gigaevo.evaluation.base.Confirmer``. The mean is that of all runs, the first ones included."""
        earlier = self._rows(program.artifacts)
        first = self._first_seed + len(earlier)
        evaluation = await self._look(program, range(first, first + self._confirmations), earlier=earlier)
        if evaluation.error is not None:
            return evaluation
        kept = {key: evaluation.metrics[key] for key in self._names(evaluation.metrics)}
        return Evaluation(metrics=kept, artifacts={SAMPLES: evaluation.artifacts[SAMPLES]}, cost=evaluation.cost)

    @property
    def depends_on_descendants(self) -> bool:
        """See ``gigaevo.evaluation.base.Refresher``."""
        return isinstance(self._evaluator, Refresher) and self._evaluator.depends_on_descendants

    async def refresh(self, program: Program, descendants: Sequence[Program]) -> Evaluation:
        """See ``gigaevo.evaluation.base.Refresher``. It is computed once."""
        assert isinstance(self._evaluator, Refresher)
        return await self._evaluator.refresh(program, descendants)

    @property
    def studies_parents(self) -> bool:
        """See ``gigaevo.evaluation.base.ParentStudy``."""
        return isinstance(self._evaluator, ParentStudy) and self._evaluator.studies_parents

    async def study(self, program: Program, ancestors: Sequence[Program]) -> Evaluation:
        """See ``gigaevo.evaluation.base.ParentStudy``. It is done once."""
        assert isinstance(self._evaluator, ParentStudy)
        return await self._evaluator.study(program, ancestors)

    async def _look(self, program: Program, seeds: range, earlier: Sequence[Mapping[str, float]]) -> Evaluation:
        """Runs with these seeds, one after the other; their means, with the rows of earlier ones counted in."""
        looks: list[Evaluation] = []
        for seed in seeds:
            look = await self._evaluator.evaluate(
                program.model_copy(update={"metadata": {**program.metadata, SAMPLE: seed}})
            )
            looks.append(look)
            if look.error is not None or self._primary not in look.metrics:
                return replace(look, error=_with_seed(look.error, seed), cost=_total_cost(looks))
        rows = [*earlier, *(self._row(look.metrics) for look in looks)]
        shared = [key for key in looks[0].metrics if all(key in look.metrics for look in looks)]
        metrics = {key: statistics.fmean(look.metrics[key] for look in looks) for key in shared}
        for key in (key for key in self._sampled if all(key in row for row in rows)):
            values = [row[key] for row in rows]
            metrics[key] = statistics.fmean(values)
            metrics[f"{key}_deviation"] = statistics.stdev(values) if len(values) > 1 else 0.0
            metrics[f"{key}_samples"] = float(len(values))
        return Evaluation(
            metrics=metrics,
            artifacts={**looks[0].artifacts, SAMPLES: _table(rows)},
            output=looks[0].output,
            cost=_total_cost(looks),
        )

    def _row(self, metrics: Mapping[str, float]) -> dict[str, float]:
        return {key: metrics[key] for key in self._sampled if key in metrics}

    def _names(self, metrics: Mapping[str, float]) -> list[str]:
        """Names of the sampled metrics and of what is derived from them."""
        names = [name for key in self._sampled for name in (key, f"{key}_deviation", f"{key}_samples")]
        return [name for name in names if name in metrics]

    @staticmethod
    def _rows(artifacts: Mapping[str, Any]) -> list[dict[str, float]]:
        """The runs that a program's artifacts tell of."""
        table = artifacts.get(SAMPLES)
        if table is None:
            return []
        return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _with_seed(error: ProgramError | None, seed: int) -> ProgramError | None:
    """``error`` with the run that it happened in, so that it can be made to happen again."""
    return None if error is None else error.model_copy(update={"message": f"with seed {seed}: {error.message}"})


def _table(rows: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    columns = [key for key in rows[0] if all(key in row for row in rows)]
    return {"columns": columns, "rows": [[row[key] for key in columns] for row in rows]}


def _total_cost(looks: Sequence[Evaluation]) -> Cost:
    costs = [look.cost for look in looks]
    return Cost(
        wall_time_s=sum(cost.wall_time_s for cost in costs),
        cpu_time_s=sum(cost.cpu_time_s for cost in costs),
        peak_memory_mb=max(cost.peak_memory_mb for cost in costs),
        validate_calls=sum(cost.validate_calls for cost in costs),
    )
