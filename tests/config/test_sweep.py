"""``-m`` with real runs: every combination, each in a folder of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.config.command import ROOT

SHORT = ("mutation=no_freeze", "max_mutants=10", "hydra.sweep.dir=all")


def sweep(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "run.py"), "-m", *arguments, *SHORT]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100)


def summaries(folder: Path) -> dict[str, Any]:
    return {path.parent.name: json.loads(path.read_text()) for path in folder.glob("*/summary.json")}


def test_each_job_of_a_sweep_is_a_whole_run_of_its_own(tmp_path: Path) -> None:
    done = sweep("problem.name=toy_example", "seed=0,1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = summaries(tmp_path / "all")
    assert sorted(found) == ["0", "1"]
    assert [found[job]["seed"] for job in "01"] == [0, 1]
    assert [found[job]["counts"]["mutants"] for job in "01"] == [10, 10]
    children = [(tmp_path / "all" / job / "metrics.jsonl").read_text() for job in "01"]
    assert children[0] != children[1]
    for job in "01":
        files = {path.name for path in (tmp_path / "all" / job).iterdir()}
        assert {"best_program.py", "config.yaml", "metrics.jsonl", "run.db", "run.log", "summary.json"} <= files
    assert "Traceback" not in done.stderr and "[HYDRA]" not in done.stdout


def test_a_job_that_fails_stops_no_other_and_gives_the_sweep_its_status(tmp_path: Path) -> None:
    done = sweep("problem.name=nonexistent,toy_example", "seed=3", cwd=tmp_path)
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "problem.name=nonexistent: no such problem" in errors[0]
    assert "Traceback" not in done.stderr
    found = summaries(tmp_path / "all")
    assert {job: summary["problem"] for job, summary in found.items()} == {"1": "toy_example"}
    assert [path.name for path in (tmp_path / "all").iterdir() if path.is_dir()] == ["1"]
