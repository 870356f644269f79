"""``pipeline=benchmark`` from the command line: fitness in every dimension, and islands that go by it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from gigaevo.programs.fitness_metrics import DIMENSIONS, FITNESS_METRICS, OVERALL
from tests.end_to_end.command import ROOT, metrics_lines, run, summary

QUICK = ("max_seconds=null", "fitness.growth_seconds=0.2", "fitness.repeats=1", "mutation=no_freeze")


def programs(folder: Path) -> list[dict[str, Any]]:
    with sqlite3.connect(f"file:{folder / 'run.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT record FROM records ORDER BY position").fetchall()
    return [json.loads(record) for (record,) in rows]


def test_a_run_measures_every_dimension_and_its_islands_can_go_by_them(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ended = run(
        "problem.name=sorting",
        "pipeline=benchmark",
        "algorithm=multi_island",
        "simplicity_behavior_space.keys=[maintainability,adaptability]",
        "simplicity_behavior_space.bounds=[null,null]",
        "simplicity_behavior_space.binning_types=[LINEAR,LINEAR]",
        "max_mutants=8",
        *QUICK,
        f"hydra.run.dir={folder}",
    )
    assert ended.returncode == 0, ended.stderr
    valid = [line["metrics"] for line in metrics_lines(folder) if line["error"] is None]
    assert valid
    for metrics in valid:
        assert {OVERALL, *DIMENSIONS} <= set(metrics)
        assert all(0.0 <= metrics[key] <= 1.0 for key in metrics if FITNESS_METRICS.get(key, _ANY).upper_bound == 1.0)
    best = summary(folder)["best"]["metrics"]
    assert best["correctness"] == 1.0
    stored = [program for program in programs(folder) if program["error"] is None]
    assert all("cpu_cycles" in program["metrics"] or program["artifacts"]["unavailable"] for program in stored)
    assert all("cache_efficiency" in program["artifacts"]["performance_targets"] for program in stored)
    assert all("performance" not in program["metrics"] for program in programs(folder) if program["error"])


_ANY = FITNESS_METRICS["execution_time"]


def test_a_problem_may_name_a_dimension_as_behaviour(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "problems" / "toy_example", tmp_path / "toy")
    (tmp_path / "toy" / "problem.yaml").write_text("behavior_keys: [maintainability]\n")
    command = (f"problem.dir={tmp_path / 'toy'}", "max_mutants=2", "max_seconds=null", "mutation=no_freeze")
    ended = run(*command, "pipeline=benchmark", f"hydra.run.dir={tmp_path / 'with'}")
    assert ended.returncode == 0, ended.stderr
    assert summary(tmp_path / "with")["best"]["metrics"]["maintainability"] > 0.5
    ended = run(*command, f"hydra.run.dir={tmp_path / 'without'}")
    assert ended.returncode != 0
    assert "behaviour keys are metrics that this problem's programs have" in ended.stderr
