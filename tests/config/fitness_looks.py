"""What is seen of the fitness stage in ``config/pipeline/benchmark.yaml``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from gigaevo.evaluation.stage import Inputs, StageResult
from gigaevo.programs import Program
from gigaevo.programs.fitness_metrics import DIMENSIONS
from gigaevo.storage.base import StorageError
from tests.config.effects import Effect
from tests.config.looks import asked_spare, limits_of_stages
from tests.config.subjects import Built

TEXT = "def entrypoint(items=(), before=None):\n" + "    if items: before()\n" * 25 + "    return 0.25\n"
KNOWN = {"cpu_time_s": 0.3, "peak_memory_mb": 48.0, "validity": 1.0}
STAGE = "pipeline.stages.4"


def result(built: Built, parents: Sequence[str] = ()) -> StageResult:
    """What the stage makes of a program."""
    program = Program(id="1", source=TEXT, parents=list(parents))
    found = asyncio.run(built.node("pipeline.stages[4]").run(program, Inputs(run=StageResult(metrics=KNOWN))))
    assert isinstance(found, StageResult)
    return found


def metric(name: str) -> Callable[[Built], float]:
    return lambda built: round(result(built).metrics[name], 6)


def weight(name: str) -> Callable[[Built], float]:
    """The share of a dimension in the overall fitness."""

    def seen(built: Built) -> float:
        evaluator = built.node("pipeline.stages[4]").evaluator
        share = evaluator.calculate_composite_fitness({key: float(key == name) for key in DIMENSIONS})
        return round(share, 6)

    return seen


def is_clarity_alone(dimension: str) -> Callable[[Built], bool]:
    def seen(built: Built) -> bool:
        metrics = result(built).metrics
        return metrics[dimension] == metrics["code_clarity"]

    return seen


def verdict_on_time(built: Built) -> str:
    return str(result(built).artifacts["performance_targets"]["time_complexity"]["verdict"])


def asked(key: str) -> Callable[[Built], Any]:
    """What the driver is told."""

    def seen(built: Built) -> Any:
        result(built)
        return built.given["program_server"].driven[0][key]

    return seen


def exercised_by_spare(built: Built) -> int:
    result(built)
    return len(built.given["spare"].driven)


def parents_looked_up_in_spare(built: Built) -> list[str]:
    with contextlib.suppress(StorageError):  # the storage of the configuration was not opened
        result(built, parents=["0"])
    return built.given["spare"].looked_up


def is_exercised(built: Built) -> bool:
    result(built)
    return bool(built.given["program_server"].driven)


TOLD = {
    "fitness.repeats": "7",
    "fitness.seconds": "9",
    "fitness.growth_seconds": "8",
    f"{STAGE}.seed": "6",
    f"{STAGE}.call_timeout_s": "4",
}
TOLD_DIRECTLY = {f"{STAGE}.repeats": "5", f"{STAGE}.seconds": "3", f"{STAGE}.growth_seconds": "2"}
SCALES = {
    f"{STAGE}.scales.memory_usage": "32",
    f"{STAGE}.scales.cpu_cycles": "700",
    f"{STAGE}.scales.cyclomatic_complexity": "25",
    f"{STAGE}.growth_tolerance": "0.6",
}
METRICS = {f"{STAGE}.dimensions.{name}.metrics": "[code_clarity]" for name in DIMENSIONS}
SPARES = {f"{STAGE}.server": "${ref:spare}", f"{STAGE}.programs": "${ref:spare}"}


def sorting(changes: dict[str, str], key: str, seen: Callable[[Built], Any], after: Any) -> Effect:
    """One of several changes that are made at once."""
    shared = " ".join(f"{name}={value}" for name, value in changes.items())
    return Effect(changes[key], seen, after, base="problem.name=sorting pipeline=benchmark", shared=shared)


def toy(value: str, seen: Callable[[Built], Any], after: Any) -> Effect:
    return Effect(value, seen, after, base="problem.name=toy_example pipeline=benchmark")


def _weights() -> dict[str, Effect]:
    rows = {}
    for name, dimension in DIMENSIONS.items():
        after = round((dimension.weight + 1.0) / 2.0, 6)  # of weights that sum to 2
        for key in (f"fitness.{name}_weight", f"{STAGE}.dimensions.{name}.weight"):
            rows[key] = sorting({key: f"{dimension.weight + 1.0:g}"}, key, weight(name), after)
        key = f"{STAGE}.dimensions.{name}.metrics"
        rows[key] = sorting(METRICS, key, is_clarity_alone(name), True)
    return rows


def _told() -> dict[str, Effect]:
    rows = {}
    for changes in (TOLD, TOLD_DIRECTLY):
        for key, value in changes.items():
            rows[key] = sorting(changes, key, asked(key.rpartition(".")[2]), int(value))
    return rows


BENCHMARK = {
    **_weights(),
    **_told(),
    "pipeline.stages.1.server": toy("${ref:spare}", asked_spare, (1, 0)),
    "pipeline.stages.2.workers": toy("${ref:spare}", asked_spare, (0, 1)),
    "pipeline.stages.2.call_timeout_s": toy("4", limits_of_stages, (10, 4)),
    f"{STAGE}.server": sorting(SPARES, f"{STAGE}.server", exercised_by_spare, 1),
    f"{STAGE}.programs": sorting(SPARES, f"{STAGE}.programs", parents_looked_up_in_spare, ["0"]),
    f"{STAGE}.problem": sorting({f"{STAGE}.problem": "${ref:spare_problem}"}, f"{STAGE}.problem", is_exercised, False),
    f"{STAGE}.growth_tolerance": sorting(SCALES, f"{STAGE}.growth_tolerance", verdict_on_time, "holds"),
    f"{STAGE}.scales.execution_time": toy("0.3", metric("execution_time_fitness"), 0.5),
    **{
        f"{STAGE}.scales.{name}": sorting(SCALES, f"{STAGE}.scales.{name}", metric(f"{name}_fitness"), 0.5)
        for name in ("memory_usage", "cpu_cycles", "cyclomatic_complexity")
    },
}
