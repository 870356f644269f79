"""Ending an evaluation early: a cheap stage gave a bound, and no archive could keep a program that is no better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gigaevo.evaluation.base import Keeper
from gigaevo.evaluation.stage import Stage, StageResult
from gigaevo.programs import Metrics, Program


class EarlyEnd:
    """Asks whether the rest of an evaluation is worth its cost. Where that is in doubt, it is.

    Args:
        keeper: Who knows what archives could keep. One that raises is taken to say that they could.
        metrics: The problem's metrics.
        stages: All stages of the pipeline.
    """

    def __init__(self, keeper: Keeper, metrics: Metrics, stages: Sequence[Stage]) -> None:
        self._keeper = keeper
        self._metrics = metrics
        self._stages = stages
        self._bounds = {
            f"{key}_{'upper' if metrics.higher_is_better(key) else 'lower'}_bound": key for key in metrics.specs
        }
        self._keeper_raised = False

    def is_news(self, result: StageResult) -> bool:
        """Whether a result says how good a metric can get at best."""
        return not self._bounds.keys().isdisjoint(result.metrics)

    def why(self, program: Program, results: Mapping[str, StageResult]) -> str | None:
        """Why the rest can be left out; None where it cannot.

        Args:
            program: An initial program is never given up.
            results: Those so far, by stage.
        """
        if program.number < 0:
            return None
        measured: dict[str, float] = {}
        for stage in self._stages:
            if stage.name in results:
                measured.update(results[stage.name].metrics)
        given = {key: measured[name] for name, key in self._bounds.items() if name in measured}
        bounds = {key: value for key, value in given.items() if math.isfinite(value)}
        if not bounds or self._could_keep(self._final(measured, results), bounds):
            return None
        limits = ", ".join(
            f"{key} {'at most' if self._metrics.higher_is_better(key) else 'at least'} {value:g}"
            for key, value in bounds.items()
        )
        return f"no archive could keep a program of {limits}"

    def _final(self, measured: Mapping[str, float], results: Mapping[str, StageResult]) -> dict[str, float]:
        """Metrics that no stage to come can change: a validator may return any that its problem declares."""
        to_come = {name for stage in self._stages if stage.name not in results for name in stage.measures}
        changing = to_come | self._metrics.declared.keys()
        return {key: value for key, value in measured.items() if key not in changing}

    def _could_keep(self, metrics: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
        try:
            return self._keeper.could_keep(metrics, bounds)
        except Exception as fault:
            if not self._keeper_raised:
                from loguru import logger

                self._keeper_raised = True
                logger.opt(exception=fault).error(
                    "{}.could_keep raised; evaluations go on to their end", type(self._keeper).__name__
                )
            return True
